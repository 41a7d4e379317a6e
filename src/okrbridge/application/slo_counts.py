"""The counts of an SLO's windows, whatever makes them: time slices, composites, exclusions, missing data.

The ledger holds what was measured; everything else is put on top of it here, at read time, so a maintenance window
that is declared afterwards, or another way of budgeting, changes the answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.maintenance_times import MaintenanceTimes
from okrbridge.application.ports import Buckets, Ledger
from okrbridge.application.slo_groups import Asked, Manner, Question, SloGroup, sorted_by_manner
from okrbridge.application.time_slice_sums import KeptBlocks, TimeSliceSums
from okrbridge.domain.composite import composite_counts, weighted_mean
from okrbridge.domain.error_budget import quotient
from okrbridge.domain.exclusions import remaining, time_in_force
from okrbridge.domain.ledger import FloatArray, IntArray, WindowCounts, WindowSums
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.no_data import Known, decided_events, decided_time_slices
from okrbridge.domain.slo import NoDataPolicy, Slo
from okrbridge.domain.time_slices import SliceTally, known_of
from okrbridge.domain.windows import Grid, Interval, RollingWindow, epoch_seconds

_Exclusion = tuple[MaintenanceWindow, ...]


@dataclass
class CountMemory:
    """What may be kept from one tick to the next, for one set of definitions and one ledger; for one thread at a time.

    Attributes:
        times: when maintenance takes place.
        blocks: sums of judged slices, by what makes the judgement.
    """

    times: MaintenanceTimes | None = None
    blocks: dict[tuple[object, ...], KeptBlocks] = field(default_factory=dict)


class SloCounts:
    """Sums up the windows of SLOs.

    Args:
        ledger: holds the slices.
        grid: of the ledger.
        maintenance: all declared windows.
        memory: what was kept at the tick before; without it the same numbers come more slowly.
    """

    def __init__(
        self,
        ledger: Ledger,
        grid: Grid,
        maintenance: Sequence[MaintenanceWindow] = (),
        memory: CountMemory | None = None,
    ) -> None:
        self._ledger = ledger
        self._grid = grid
        self._memory = memory or CountMemory()
        if self._memory.times is None:
            self._memory.times = MaintenanceTimes(maintenance, grid)
        self._times = self._memory.times
        self._excluded: dict[tuple[tuple[str, ...], Interval], list[Interval]] = {}

    def is_plain(self, slo: Slo, at: datetime | None = None) -> bool:
        """Whether the ledger's own sums of the SLO's indicator over rolling windows are the SLO's counts.

        Args:
            slo: the SLO.
            at: the instant at which the windows end; maintenance that is not in the SLO's window then does not count.
                Without it any maintenance that is left out counts.
        """
        if not isinstance(slo.window, RollingWindow):
            return False
        manner = self._manner(slo)
        if manner.is_plain or at is None:
            return manner.is_plain
        return replace(manner, excluding=()).is_plain and not self.excluded(slo, slo.window.at(at))

    def sorted_by_manner(self, asked: Sequence[tuple[Slo, Question]]) -> list[Asked[Question]]:
        """SLOs, each with what is asked about it, put together where ``sums`` can answer for many at once."""
        return sorted_by_manner(asked, self.group, self._manner)

    def group(self, slos: Sequence[Slo]) -> SloGroup:
        """SLOs that are counted in one manner."""
        return SloGroup(tuple(slos), self._manner(slos[0]), self._times.excluding(slos[0]))

    def sums(self, group: SloGroup, intervals: Sequence[Interval]) -> Known:
        """Good and total of intervals with ends on the grid; arrays of shape (SLOs, intervals).

        Time slices count as events; a composite counts the events of all its members, divided by its error ratio.
        ``in_force`` is the time that is not excluded, ``measured`` the time of it that the counts speak for: silent
        time included when the SLO's no-data policy says what it means.
        """
        return self._judged_windows(group, intervals) if group.manner.rule else self._event_windows(group, intervals)

    def asked_ratio(self, group: SloGroup, interval: Interval) -> FloatArray:
        """Share of the time in force that was asked for of every indicator behind an SLO; shape (SLOs,)."""
        sums, in_force = self._ledger_sums(group, [interval])
        asked = sums.asked_seconds[:, 0][group.places].min(axis=0)
        return quotient(asked, np.broadcast_to(in_force[0], asked.shape), otherwise=1.0)

    def window_counts(self, slo: Slo, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """The sums of one SLO, in order."""
        known = self.sums(self.group([slo]), intervals)
        return [window_counts_of(known, 0, place) for place in range(len(intervals))]

    def buckets(self, slo: Slo, interval: Interval, step: timedelta) -> Buckets:
        """Sums over equal steps, a multiple of the grid's, counted from the interval's start.

        Silent time that the no-data policy counts is taken at the mean traffic of the whole interval, so that the
        steps add up to what ``window_counts`` says of it.
        """
        group = self.group([slo])
        if group.manner.is_plain:
            return self._ledger.buckets(slo.sli.key, interval, step)
        starts = epoch_seconds(interval.start) + int(step.total_seconds()) * np.arange(interval.length // step)
        steps = [
            Interval(interval.start + step * place, interval.start + step * (place + 1)) for place in range(len(starts))
        ]
        if group.manner.rule:
            known = self._judged_steps(group, interval, len(steps))
        else:
            known = self._event_windows(group, steps, traffic_of=interval)
        return Buckets(starts.astype(np.int64), known.good[0], known.total[0], known.measured[0])

    def excluded(self, slo: Slo, interval: Interval) -> list[Interval]:
        """The time of an interval that the SLO leaves out: on the grid, ascending, apart."""
        return self._left_out(self._times.excluding(slo), interval)

    def active_maintenance(self, slo: Slo, at: datetime) -> list[MaintenanceWindow]:
        """The maintenance windows for an SLO at an instant; its alerts are held, be the time left out or not."""
        return self._times.active(slo, at)

    def held_alerts(self, at: datetime) -> tuple[MaintenanceWindow, ...]:
        """All maintenance windows that hold an instant; each holds the alerts of the SLOs it is for."""
        return self._times.all_active(at)

    def _manner(self, slo: Slo) -> Manner:
        return Manner.of(slo, self._times.excluding(slo), self._grid.step_seconds)

    def _left_out(self, windows: _Exclusion, interval: Interval) -> list[Interval]:
        if not windows:
            return []
        key = (tuple(window.name for window in windows), interval)
        if key not in self._excluded:
            self._excluded[key] = self._times.excluded(windows, interval)
        return self._excluded[key]

    def _in_force(self, group: SloGroup, intervals: Sequence[Interval]) -> FloatArray:
        """Seconds of each interval that are not excluded; shape (intervals,)."""
        times = (time_in_force(each, self._left_out(group.excluding, each)) for each in intervals)
        return np.array([time.total_seconds() for time in times])

    def _ledger_sums(self, group: SloGroup, intervals: Sequence[Interval]) -> tuple[WindowSums, FloatArray]:
        """Sums of a group's indicators over intervals without the excluded time, and the seconds in force.

        Returns:
            Sums of shape (indicators, intervals); seconds of shape (intervals,).
        """
        if not group.excluding:
            lengths = np.array([interval.length.total_seconds() for interval in intervals])
            return self._ledger.window_sums(group.keys, intervals), lengths
        parts = [remaining(interval, self._left_out(group.excluding, interval)) for interval in intervals]
        found = self._ledger.window_sums(group.keys, [part for each in parts for part in each])
        counts = np.array([len(each) for each in parts], dtype=np.int64)
        values = (found.good, found.total, found.measured_seconds, found.asked_seconds)
        return WindowSums(*(_folded(each, counts) for each in values)), self._in_force(group, intervals)

    def _event_windows(
        self, group: SloGroup, intervals: Sequence[Interval], traffic_of: Interval | None = None
    ) -> Known:
        """Counts of events, of indicators or of weighted or worst composites."""
        sums, in_force = self._ledger_sums(group, [*intervals, traffic_of] if traffic_of else intervals)
        known = Known(
            sums.good,
            sums.total,
            sums.measured_seconds,
            np.maximum(sums.asked_seconds - sums.measured_seconds, 0.0),
            np.broadcast_to(in_force, sums.good.shape),
        )
        policy = group.manner.no_data
        decided = decided_events(known, policy, self._grid.step.total_seconds())
        if traffic_of:
            decided = _at_mean_of_last(known, decided, policy)
        return _of_slos(decided, group)

    def _judged_windows(self, group: SloGroup, intervals: Sequence[Interval]) -> Known:
        """Counts of time slices."""
        return self._known_slices(group, self._judge(group).sums(intervals), self._in_force(group, intervals))

    def _judged_steps(self, group: SloGroup, interval: Interval, steps: int) -> Known:
        rows = self._judge(group).judged(interval)
        folded = rows.reshape(*rows.shape[:2], steps, -1).sum(axis=-1) if steps else rows[..., :0]
        length = interval.length.total_seconds() / max(steps, 1)
        return self._known_slices(group, folded, np.full(steps, length))

    def _known_slices(self, group: SloGroup, tallies: FloatArray, in_force: FloatArray) -> Known:
        rule = group.manner.rule
        if rule is None:
            raise ValueError("SLOs without time slices are not judged")
        known = known_of(SliceTally.unpacked(tallies), np.broadcast_to(in_force, tallies.shape[1:]))
        return decided_time_slices(known, group.manner.no_data, rule.slice_seconds)

    def _judge(self, group: SloGroup) -> TimeSliceSums:
        kept = self._memory.blocks.setdefault(group.judged_alike, KeptBlocks())
        return TimeSliceSums(
            self._ledger, self._grid, group, exclusions=lambda at: self._left_out(group.excluding, at), kept=kept
        )


def window_counts_of(known: Known, row: int, column: int) -> WindowCounts:
    """One number of each array."""
    return WindowCounts(
        good=float(known.good[row, column]),
        total=float(known.total[row, column]),
        measured=timedelta(seconds=float(known.measured[row, column])),
        in_force=timedelta(seconds=float(known.in_force[row, column])),
    )


def _of_slos(known: Known, group: SloGroup) -> Known:
    """From counts of indicators to those of the SLOs: of each its own, of a composite its members' together."""
    places = group.places
    if group.manner.mode is None:
        return Known(*(values[places[0]] for values in _arrays(known)))
    good, total, measured, silent, in_force = (values[places] for values in _arrays(known))
    weights = group.targets.weights
    good, total = composite_counts(group.manner.mode, good, total, weights)
    return Known(good, total, *(weighted_mean(times, weights) for times in (measured, silent, in_force)))


def _arrays(known: Known) -> tuple[FloatArray, ...]:
    return known.good, known.total, known.measured, known.silent, known.in_force


def _at_mean_of_last(known: Known, decided: Known, policy: NoDataPolicy) -> Known:
    """Steps whose silent time is counted at the traffic of the last column, which covers them all; without it."""
    if policy in (NoDataPolicy.GOOD, NoDataPolicy.BAD):
        last = np.s_[:, -1:]
        per_second = quotient(decided.total[last] - known.total[last], known.silent[last], otherwise=0.0)
        events = known.silent * per_second
        good = known.good + events if policy is NoDataPolicy.GOOD else known.good
        decided = Known(good, known.total + events, decided.measured, decided.silent, decided.in_force)
    return Known(*(values[:, :-1] for values in _arrays(decided)))


def _folded(values: FloatArray, counts: IntArray) -> FloatArray:
    """Sums over neighbouring columns, so many for each entry of ``counts``; 0 where there are none."""
    folded = np.zeros((len(values), len(counts)))
    some = np.flatnonzero(counts)
    if len(some):
        firsts = np.cumsum(counts)[some] - counts[some]
        folded[:, some] = np.add.reduceat(values, firsts, axis=1)
    return folded
