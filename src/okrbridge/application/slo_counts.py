"""The counts of an SLO's windows, whatever makes them: time slices, composites, exclusions, missing data.

The ledger holds what was measured; everything else is put on top of it here, at read time, so a maintenance window
that is declared afterwards, or another way of budgeting, changes the answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.maintenance_times import MaintenanceTimes
from okrbridge.application.ports import Buckets, Ledger
from okrbridge.application.time_slice_sums import KeptBlocks, TimeSliceSums
from okrbridge.domain.composite import composite_counts, weighted_mean
from okrbridge.domain.error_budget import quotient
from okrbridge.domain.exclusions import remaining, time_in_force
from okrbridge.domain.ledger import FloatArray, IntArray, WindowCounts, WindowSums
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.no_data import Known, decided_events, decided_time_slices
from okrbridge.domain.sli import CompositeMode, SliKind
from okrbridge.domain.slo import Budgeting, NoDataPolicy, Slo
from okrbridge.domain.time_slices import SliceRule, SliceTally, known_of
from okrbridge.domain.windows import Grid, Interval, RollingWindow, epoch_seconds

_Exclusion = tuple[MaintenanceWindow, ...]


@dataclass
class CountMemory:
    """What may be kept from one tick to the next, for one set of definitions and one ledger.

    Attributes:
        times: when maintenance takes place.
        blocks: sums of judged slices, by indicator, rule and the names of the maintenance that is left out.
    """

    times: MaintenanceTimes | None = None
    blocks: dict[tuple[str, SliceRule, tuple[str, ...]], KeptBlocks] = field(default_factory=dict)


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
        if not _counts_events_as_they_are(slo) or not isinstance(slo.window, RollingWindow):
            return False
        excluding = self._times.excluding(slo)
        return not excluding or (at is not None and not self._left_out(excluding, slo.window.at(at)))

    def window_counts(self, slo: Slo, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """Good and total of intervals with ends on the grid, in order.

        Time slices count as events; a composite counts the events of all its members, divided by its error ratio.
        ``in_force`` is the time that is not excluded, ``measured`` the time of it that the counts speak for: silent
        time included when the SLO's no-data policy says what it means.
        """
        known = self._judged_windows(slo, intervals) if _is_judged(slo) else self._event_windows(slo, intervals)
        return [
            WindowCounts(
                good=float(known.good[place]),
                total=float(known.total[place]),
                measured=timedelta(seconds=float(known.measured[place])),
                in_force=timedelta(seconds=float(known.in_force[place])),
            )
            for place in range(len(intervals))
        ]

    def buckets(self, slo: Slo, interval: Interval, step: timedelta) -> Buckets:
        """Sums over equal steps, a multiple of the grid's, counted from the interval's start.

        Silent time that the no-data policy counts is taken at the mean traffic of the whole interval, so that the
        steps add up to what ``window_counts`` says of it.
        """
        if self._is_ledgers(slo):
            return self._ledger.buckets(slo.sli.key, interval, step)
        starts = epoch_seconds(interval.start) + int(step.total_seconds()) * np.arange(interval.length // step)
        steps = [
            Interval(interval.start + step * place, interval.start + step * (place + 1)) for place in range(len(starts))
        ]
        if _is_judged(slo):
            known = self._judged_steps(slo, interval, len(steps))
        else:
            known = self._event_windows(slo, steps, traffic_of=interval)
        return Buckets(starts.astype(np.int64), known.good, known.total, known.measured)

    def excluded(self, slo: Slo, interval: Interval) -> list[Interval]:
        """The time of an interval that the SLO leaves out: on the grid, ascending, apart."""
        return self._left_out(self._times.excluding(slo), interval)

    def active_maintenance(self, slo: Slo, at: datetime) -> list[MaintenanceWindow]:
        """The maintenance windows for an SLO at an instant; its alerts are held, be the time left out or not."""
        return self._times.active(slo, at)

    def held_alerts(self, at: datetime) -> tuple[MaintenanceWindow, ...]:
        """All maintenance windows that hold an instant; each holds the alerts of the SLOs it is for."""
        return self._times.all_active(at)

    def group_of(self, slo: Slo) -> tuple[MaintenanceWindow, ...] | None:
        """The maintenance that an SLO leaves out, when that alone stands between the ledger's sums and its counts.

        SLOs of one group can be summed together by ``group_sums``. None for time slices, composites and the like.
        """
        return self._times.excluding(slo) if _counts_events_as_they_are(slo) else None

    def group_sums(
        self, sli_keys: Sequence[str], intervals: Sequence[Interval], group: tuple[MaintenanceWindow, ...]
    ) -> tuple[WindowSums, FloatArray]:
        """Sums of many indicators over intervals without the group's excluded time, and the seconds in force.

        Returns:
            Sums of shape (indicators, intervals); seconds of shape (intervals,).
        """
        holes = [self._left_out(group, interval) for interval in intervals]
        parts = [remaining(interval, hole) for interval, hole in zip(intervals, holes, strict=True)]
        in_force = [time_in_force(interval, hole) for interval, hole in zip(intervals, holes, strict=True)]
        found = self._ledger.window_sums(sli_keys, [part for each in parts for part in each])
        counts = np.array([len(each) for each in parts], dtype=np.int64)
        sums = WindowSums(
            *(
                _folded(values, counts)
                for values in (found.good, found.total, found.measured_seconds, found.asked_seconds)
            )
        )
        return sums, np.array([length.total_seconds() for length in in_force])

    def _is_ledgers(self, slo: Slo) -> bool:
        return _counts_events_as_they_are(slo) and not self._times.excluding(slo)

    def _left_out(self, windows: _Exclusion, interval: Interval) -> list[Interval]:
        key = (tuple(window.name for window in windows), interval)
        if key not in self._excluded:
            self._excluded[key] = self._times.excluded(windows, interval) if windows else []
        return self._excluded[key]

    def _event_windows(self, slo: Slo, intervals: Sequence[Interval], traffic_of: Interval | None = None) -> Known:
        """Counts of events, of one indicator or of a weighted or worst composite."""
        members = slo.sli.members
        keys = [member.sli.key for member in members] or [slo.sli.key]
        asked = [*intervals, traffic_of] if traffic_of else intervals
        sums, in_force = self.group_sums(keys, asked, self._times.excluding(slo))
        known = Known(
            sums.good,
            sums.total,
            sums.measured_seconds,
            np.maximum(sums.asked_seconds - sums.measured_seconds, 0.0),
            np.broadcast_to(in_force, sums.good.shape),
        )
        step = self._grid.step.total_seconds()
        decided = decided_events(known, slo.no_data, step)
        if traffic_of:
            decided = _at_mean_of_last(known, decided, slo.no_data)
        if not members:
            return Known(*(values[0] for values in _arrays(decided)))
        weights = np.array([member.weight for member in members])
        good, total = composite_counts(slo.sli.mode, decided.good, decided.total, weights)
        times = (weighted_mean(values, weights) for values in (decided.measured, decided.silent, decided.in_force))
        return Known(good, total, *times)

    def _judged_windows(self, slo: Slo, intervals: Sequence[Interval]) -> Known:
        """Counts of time slices."""
        rule, judge = self._judge(slo)
        rows = judge.sums(intervals)
        in_force = [time_in_force(each, self.excluded(slo, each)).total_seconds() for each in intervals]
        known = known_of(SliceTally.unpacked(rows), np.array(in_force))
        return decided_time_slices(known, slo.no_data, rule.slice_seconds)

    def _judged_steps(self, slo: Slo, interval: Interval, steps: int) -> Known:
        rule, judge = self._judge(slo)
        rows = judge.judged(interval)
        folded = rows.reshape(len(rows), steps, -1).sum(axis=2) if steps else rows[:, :0]
        length = interval.length.total_seconds() / max(steps, 1)
        known = known_of(SliceTally.unpacked(folded), np.full(steps, length))
        return decided_time_slices(known, slo.no_data, rule.slice_seconds)

    def _judge(self, slo: Slo) -> tuple[SliceRule, TimeSliceSums]:
        step = self._grid.step_seconds
        length, target = step, 0.0
        if slo.time_slices is not None:
            length, target = int(slo.time_slices.length.total_seconds()), slo.time_slices.target_ratio
        rule = SliceRule.of(slo.sli, slo.budgeting, length, step, target)
        excluding = self._times.excluding(slo)
        key = (slo.sli.key, rule, tuple(window.name for window in excluding))
        kept = self._memory.blocks.setdefault(key, KeptBlocks())
        members = tuple(member.sli for member in slo.sli.members) or (slo.sli,)
        sums = TimeSliceSums(
            self._ledger,
            self._grid,
            members=members,
            rule=rule,
            exclusions=lambda at: self._left_out(excluding, at),
            kept=kept,
        )
        return rule, sums


def _is_judged(slo: Slo) -> bool:
    """Whether slices are judged before they are summed."""
    is_all = slo.sli.kind is SliKind.COMPOSITE and slo.sli.mode is CompositeMode.ALL
    return slo.budgeting is not Budgeting.OCCURRENCES or is_all


def _counts_events_as_they_are(slo: Slo) -> bool:
    return (
        slo.budgeting is Budgeting.OCCURRENCES
        and slo.sli.kind is not SliKind.COMPOSITE
        and slo.no_data is NoDataPolicy.UNKNOWN
    )


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
