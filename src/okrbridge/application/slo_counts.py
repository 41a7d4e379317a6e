"""The counts of an SLO's windows, whatever makes them: time slices, composites, exclusions, missing data.

The ledger holds what was measured; everything else is put on top of it here, at read time, so a maintenance window
that is declared afterwards, or another way of budgeting, changes the answer at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.maintenance_times import MaintenanceTimes
from okrbridge.application.ports import Buckets, Ledger
from okrbridge.application.segments import Segments, segment_sums
from okrbridge.application.slo_groups import Asked, Question, SloBatch, SloGroup, put_together
from okrbridge.application.time_slice_sums import KeptBlocks, TimeSliceSums
from okrbridge.domain.composite import composite_counts, weighted_mean
from okrbridge.domain.error_budget import quotient
from okrbridge.domain.exclusions import remaining, time_in_force
from okrbridge.domain.ledger import FloatArray, IntArray, WindowCounts, WindowSums
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.no_data import Known, decided_events, decided_time_slices
from okrbridge.domain.slo import NoDataPolicy, Slo
from okrbridge.domain.time_slices import BoolArray, SliceTally, known_of
from okrbridge.domain.windows import Grid, Interval, RollingWindow, epoch_seconds, from_epoch

_Exclusion = tuple[MaintenanceWindow, ...]

_AT_ONCE_SECONDS = 2 * 86400
"""How long a stretch of one SLO's slices is judged at once."""


@dataclass
class CountMemory:
    """What may be kept from one tick to the next, for one set of definitions and one ledger; for one thread at a time.

    Attributes:
        times: when maintenance takes place.
        blocks: sums of judged slices, by what makes the judgement.
    """

    times: MaintenanceTimes | None = None
    blocks: dict[tuple[object, ...], KeptBlocks] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class GroupSums:
    """What is known of windows of the SLOs of a group; arrays of shape (SLOs, windows).

    Attributes:
        asked_ratio: share of the time that is not excluded that was asked for of every indicator behind an SLO; 1 for
            a window that holds no time.
    """

    known: Known
    asked_ratio: FloatArray

    def counts(self, row: int, column: int) -> WindowCounts:
        """Those of one window of one SLO."""
        known = self.known
        return WindowCounts(
            good=float(known.good[row, column]),
            total=float(known.total[row, column]),
            measured=timedelta(seconds=float(known.measured[row, column])),
            in_force=timedelta(seconds=float(known.in_force[row, column])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What the ledger holds of a batch's indicators; arrays of shape (indicators, windows)."""

    known: Known
    asked_ratio: FloatArray

    @classmethod
    def of(cls, sums: WindowSums, in_force: FloatArray) -> _Read:
        """From the ledger's sums and the seconds in force of each window."""
        silent = np.maximum(sums.asked_seconds - sums.measured_seconds, 0.0)
        seconds = np.broadcast_to(in_force, sums.good.shape)
        known = Known(sums.good, sums.total, sums.measured_seconds, silent, seconds)
        return cls(known, quotient(sums.asked_seconds, seconds, otherwise=1.0))

    def of_places(self, places: IntArray) -> Known:
        """Those of members; shape (members, SLOs, windows)."""
        return Known(*(values[places] for values in _arrays(self.known)))


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
        manner = self._one(slo).groups[0].manner
        if manner.is_plain or at is None:
            return manner.is_plain
        return replace(manner, excluding=()).is_plain and not self.excluded(slo, slo.window.at(at))

    def put_together(self, asked: Sequence[tuple[Slo, Question]]) -> list[Asked[Question]]:
        """SLOs, each with what is asked about it, put together where ``sums`` can answer for many at once."""
        return put_together(asked, self._times.excluding, self._grid.step_seconds)

    def sums(self, batch: SloBatch, intervals: Sequence[Interval]) -> list[GroupSums]:
        """What the ledger holds of intervals with ends on the grid, by group.

        Time slices count as events; a composite counts the events of all its members, divided by its error ratio.
        ``in_force`` is the time that is not excluded, ``measured`` the time of it that the counts speak for: silent
        time included when the SLO's no-data policy says what it means.
        """
        read = self._read(batch, intervals)
        judged = self._judged_windows(batch, intervals, read.known.in_force[0])
        found = []
        for group, places in zip(batch.groups, batch.places, strict=True):
            known = judged.get(group) or self._of_events(group, read, places)
            found.append(GroupSums(known, read.asked_ratio[places].min(axis=0)))
        return found

    def window_counts(self, slo: Slo, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """The sums of one SLO, in order."""
        [found] = self.sums(self._one(slo), intervals)
        return [found.counts(0, place) for place in range(len(intervals))]

    def along(self, slo: Slo, intervals: Sequence[Interval]) -> Known:
        """The sums of one SLO over several intervals that lie close together or overlap; shape (intervals,).

        A time slice is judged by all that is known of it, also where an interval ends inside it.
        """
        batch = self._one(slo)
        known = self._judged_along(batch, intervals) if batch.judged else self._events_along(batch, intervals)
        return Known(*(values[0] for values in _arrays(known)))

    def buckets(self, slo: Slo, interval: Interval, step: timedelta) -> Buckets:
        """Sums over equal steps, a multiple of the grid's, counted from the interval's start.

        Silent time that the no-data policy counts is taken at the mean traffic of the whole interval, so that the
        steps add up to what ``window_counts`` says of it.
        """
        batch = self._one(slo)
        if batch.groups[0].manner.is_plain:
            return self._ledger.buckets(slo.sli.key, interval, step)
        numbers = np.arange(interval.length // step, dtype=np.int64)
        starts = epoch_seconds(interval.start) + int(step.total_seconds()) * numbers
        steps = [
            Interval(interval.start + step * place, interval.start + step * (place + 1)) for place in range(len(starts))
        ]
        if not steps:
            return Buckets(starts, *np.zeros((3, 0)))
        if batch.judged:
            known = self._judged_along(batch, steps)
        else:
            known = self._events_along(batch, [*steps, interval], add_up=True)
        return Buckets(starts, known.good[0], known.total[0], known.measured[0])

    def excluded(self, slo: Slo, interval: Interval) -> list[Interval]:
        """The time of an interval that the SLO leaves out: on the grid, ascending, apart."""
        return self._left_out(self._times.excluding(slo), interval)

    def held_alerts(self, at: datetime) -> tuple[MaintenanceWindow, ...]:
        """All maintenance windows that hold an instant; each holds the alerts of its SLOs, excluded or not."""
        return self._times.active(at)

    def _one(self, slo: Slo) -> SloBatch:
        return self.put_together([(slo, None)])[0].batch

    def _left_out(self, windows: _Exclusion, interval: Interval) -> list[Interval]:
        if not windows:
            return []
        key = (tuple(window.name for window in windows), interval)
        if key not in self._excluded:
            self._excluded[key] = self._times.excluded(windows, interval)
        return self._excluded[key]

    def _read(self, batch: SloBatch, intervals: Sequence[Interval]) -> _Read:
        """Sums of a batch's indicators over intervals without the excluded time."""
        if not batch.excluding:
            lengths = np.array([interval.length.total_seconds() for interval in intervals])
            return _Read.of(self._ledger.window_sums(batch.keys, intervals), lengths)
        holes = [self._left_out(batch.excluding, interval) for interval in intervals]
        parts = [remaining(interval, hole) for interval, hole in zip(intervals, holes, strict=True)]
        found = self._ledger.window_sums(batch.keys, [part for each in parts for part in each])
        counts = np.array([len(each) for each in parts], dtype=np.int64)
        values = (found.good, found.total, found.measured_seconds, found.asked_seconds)
        in_force = [time_in_force(interval, hole) for interval, hole in zip(intervals, holes, strict=True)]
        seconds = np.array([length.total_seconds() for length in in_force])
        return _Read.of(WindowSums(*(_folded(each, counts) for each in values)), seconds)

    def _of_events(self, group: SloGroup, read: _Read, places: IntArray, *, add_up: bool = False) -> Known:
        """Counts of events, of indicators or of weighted or worst composites; shape (SLOs, windows).

        Args:
            group: the SLOs.
            read: what the ledger holds of its batch.
            places: of the members in it.
            add_up: the last window covers all others; their silent time is counted at its traffic, and it is left out.
        """
        known, policy = read.of_places(places), group.manner.no_data
        decided = decided_events(known, policy, self._grid.step.total_seconds())
        if add_up:
            decided = _at_mean_of_last(known, decided, policy)
        if group.manner.mode is None:
            return Known(*(values[0] for values in _arrays(decided)))
        weights = group.targets.weights
        good, total = composite_counts(group.manner.mode, decided.good, decided.total, weights)
        times = (decided.measured, decided.silent, decided.in_force)
        return Known(good, total, *(weighted_mean(each, weights) for each in times))

    def _judged_windows(
        self, batch: SloBatch, intervals: Sequence[Interval], in_force: FloatArray
    ) -> Mapping[SloGroup, Known]:
        """Counts of time slices, for the groups that count them; shape (SLOs, intervals)."""
        found = {}
        for judged in batch.judged:
            for group, tallies in zip(judged.groups, self._judge(judged).sums(intervals), strict=True):
                found[group] = _known_slices(group, tallies, in_force)
        return found

    def _events_along(self, batch: SloBatch, intervals: Sequence[Interval], *, add_up: bool = False) -> Known:
        segments, is_in_force = self._segments(batch, intervals)
        step = self._grid.step_seconds
        sums = segment_sums(self._ledger, batch.keys, segments, is_in_force, step)
        values = (sums.good, sums.total, sums.measured_seconds, sums.asked_seconds)
        seconds = segments.windows(np.where(is_in_force, segments.seconds, 0.0))
        read = _Read.of(WindowSums(*(segments.windows(each) for each in values)), seconds)
        return self._of_events(batch.groups[0], read, batch.places[0], add_up=add_up)

    def _judged_along(self, batch: SloBatch, intervals: Sequence[Interval]) -> Known:
        [judged] = batch.judged
        [group] = judged.groups
        at_once = judged.block_seconds * -(-_AT_ONCE_SECONDS // judged.block_seconds)
        segments, is_in_force = self._segments(batch, intervals, at_once)
        judge = self._judge(judged)
        parts = []
        for run in segments.runs(np.ones(len(segments), dtype=np.bool_), at_once):
            edges = segments.edges[run.start : run.stop + 1]
            [tallies] = judge.judged(Interval(from_epoch(int(edges[0])), from_epoch(int(edges[-1]))))
            firsts = (edges[:-1] - edges[0]) // self._grid.step_seconds
            parts.append(np.add.reduceat(tallies, firsts, axis=-1))
        seconds = segments.windows(np.where(is_in_force, segments.seconds, 0.0))
        return _known_slices(group, segments.windows(np.concatenate(parts, axis=-1)), seconds)

    def _segments(
        self, batch: SloBatch, intervals: Sequence[Interval], every: int | None = None
    ) -> tuple[Segments, BoolArray]:
        """The time between the ends of intervals, cut at maintenance and every so many seconds; what is in force."""
        whole = Interval(min(each.start for each in intervals), max(each.end for each in intervals))
        holes = self._left_out(batch.excluding, whole)
        cuts = [epoch_seconds(end) for hole in holes for end in (hole.start, hole.end)]
        if every:
            first = epoch_seconds(whole.start) // every * every
            cuts += range(first, epoch_seconds(whole.end), every)
        segments = Segments.of(intervals, cuts)
        return segments, segments.outside(holes)

    def _judge(self, batch: SloBatch) -> TimeSliceSums:
        kept = [self._memory.blocks.setdefault(group.judged_alike, KeptBlocks()) for group in batch.groups]
        return TimeSliceSums(
            self._ledger, self._grid, batch, exclusions=lambda at: self._left_out(batch.excluding, at), kept=kept
        )


def _known_slices(group: SloGroup, tallies: FloatArray, in_force: FloatArray) -> Known:
    """Time slices from summed tallies; ``in_force`` has one entry a window."""
    slice_seconds = group.manner.rule.slice_seconds if group.manner.rule else 0
    known = known_of(SliceTally.unpacked(tallies), np.broadcast_to(in_force, tallies.shape[1:]))
    return decided_time_slices(known, group.manner.no_data, slice_seconds)


def _arrays(known: Known) -> tuple[FloatArray, ...]:
    return known.good, known.total, known.measured, known.silent, known.in_force


def _at_mean_of_last(known: Known, decided: Known, policy: NoDataPolicy) -> Known:
    """Steps whose silent time is counted at the traffic of the last column, which covers them all; without it."""
    if policy in (NoDataPolicy.GOOD, NoDataPolicy.BAD):
        last = np.s_[..., -1:]
        per_second = quotient(decided.total[last] - known.total[last], known.silent[last], otherwise=0.0)
        events = known.silent * per_second
        good = known.good + events if policy is NoDataPolicy.GOOD else known.good
        decided = Known(good, known.total + events, decided.measured, decided.silent, decided.in_force)
    return Known(*(values[..., :-1] for values in _arrays(decided)))


def _folded(values: FloatArray, counts: IntArray) -> FloatArray:
    """Sums over neighbouring columns, so many for each entry of ``counts``; 0 where there are none."""
    folded = np.zeros((len(values), len(counts)))
    some = np.flatnonzero(counts)
    if len(some):
        firsts = np.cumsum(counts)[some] - counts[some]
        folded[:, some] = np.add.reduceat(values, firsts, axis=1)
    return folded
