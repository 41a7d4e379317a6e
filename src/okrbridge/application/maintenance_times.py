"""Which maintenance concerns which SLO, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from okrbridge.application.recurrence import occurrences
from okrbridge.domain.exclusions import merged, on_grid
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Grid, Interval

_AHEAD = timedelta(days=1)
"""Repeated windows are worked out so far past what was asked, so that each tick need not do it again."""
_MOMENT = timedelta(microseconds=1)


class MaintenanceTimes:
    """The maintenance windows of one set of definitions; what was worked out is kept for the next question."""

    def __init__(self, windows: Sequence[MaintenanceWindow], grid: Grid) -> None:
        self._windows = windows
        self._grid = grid
        self._excluding: dict[str, tuple[MaintenanceWindow, ...]] = {}
        self._times: dict[str, tuple[Interval, list[Interval]]] = {}

    def excluding(self, slo: Slo) -> tuple[MaintenanceWindow, ...]:
        """The windows whose time an SLO leaves out."""
        if slo.name not in self._excluding:
            windows = (window for window in self._windows if window.is_excluded and window.applies_to(slo))
            self._excluding[slo.name] = tuple(windows)
        return self._excluding[slo.name]

    def excluded(self, windows: Sequence[MaintenanceWindow], interval: Interval) -> list[Interval]:
        """The time of an interval that windows leave out: on the grid, ascending, apart, inside the interval."""
        times = [
            on_grid(time, self._grid).clipped(interval) for window in windows for time in self._of(window, interval)
        ]
        return merged(times)

    def active(self, at: datetime) -> tuple[MaintenanceWindow, ...]:
        """The windows that hold an instant, whichever SLO they are for."""
        moment = Interval(at, at + _MOMENT)
        return tuple(window for window in self._windows if any(at in time for time in self._of(window, moment)))

    def _of(self, window: MaintenanceWindow, interval: Interval) -> list[Interval]:
        """The times of a window that overlap an interval."""
        asked, times = self._times.get(window.name, (None, []))
        if asked is None or interval.start < asked.start or interval.end > asked.end:
            asked = Interval(interval.start, interval.end + _AHEAD)
            times = occurrences(window, asked)
            self._times[window.name] = (asked, times)
        return [time for time in times if time.start < interval.end and time.end > interval.start]
