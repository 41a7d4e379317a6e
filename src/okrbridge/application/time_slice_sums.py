"""Sums of judged time slices over windows, kept by the hour so that a month is not judged again at every tick."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Ledger
from okrbridge.domain.ledger import FloatArray, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.time_slices import BoolArray, MemberSlices, SliceRule, tally
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch

SETTLED_AFTER = timedelta(minutes=30)
"""Slices younger than this may well be written again, so what is derived from them is not kept."""

_HOUR = 3600

Exclusions = Callable[[Interval], Sequence[Interval]]
"""The excluded time inside an interval, on the grid."""


@dataclass
class KeptBlocks:
    """Sums of judged slices over blocks of time, of one indicator under one rule.

    Attributes:
        first: number of the block in row 0 of ``sums``.
        sums: shape (blocks, rows of a packed tally).
        is_known: whether a block was summed; shape (blocks,).
        before: end of the time whose revision was noted.
        revisions: of each member's slices before that.
    """

    first: int = 0
    sums: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    is_known: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    before: datetime | None = None
    revisions: tuple[int, ...] = ()


class TimeSliceSums:
    """Sums up judged slices of one indicator.

    Args:
        ledger: holds the slices.
        grid: of the ledger.
        members: the indicators that are counted.
        rule: how they are judged.
        exclusions: what is left out.
        kept: what was summed before, for the same indicator, rule and exclusions.
    """

    def __init__(
        self,
        ledger: Ledger,
        grid: Grid,
        *,
        members: Sequence[Sli],
        rule: SliceRule,
        exclusions: Exclusions,
        kept: KeptBlocks,
    ) -> None:
        self._ledger = ledger
        self._grid = grid
        self._members = members
        self._rule = rule
        self._exclusions = exclusions
        self._kept = kept
        self._block_seconds = math.lcm(_HOUR, rule.slice_seconds, grid.step_seconds)

    def sums(self, intervals: Sequence[Interval]) -> FloatArray:
        """Sums of the packed tally over intervals with ends on the grid; shape (rows, intervals)."""
        if intervals:
            self._renew(max(interval.end for interval in intervals) - SETTLED_AFTER)
        columns = [self._sum(interval) for interval in intervals]
        return np.array(columns).T if columns else np.zeros((self._rows, 0))

    def judged(self, interval: Interval) -> FloatArray:
        """The packed tally of every slice of the grid in an interval; shape (rows, slices)."""
        # A time slice that began before the interval is judged by all that is known of it.
        whole_start = epoch_seconds(interval.start) // self._rule.slice_seconds * self._rule.slice_seconds
        slices = self._read(Interval(from_epoch(whole_start), interval.end))
        begun = (epoch_seconds(interval.start) - whole_start) // self._grid.step_seconds
        return tally(slices, self._rule).packed()[:, begun:]

    @property
    def _rows(self) -> int:
        return 5 + 2 * len(self._members)

    def _sum(self, interval: Interval) -> FloatArray:
        start, end, block = epoch_seconds(interval.start), epoch_seconds(interval.end), self._block_seconds
        settled = epoch_seconds(self._kept.before) if self._kept.before else start
        first, last = -(-start // block), min(end, settled) // block
        if last <= first:
            return self._sum_of_judged(interval)
        self._fill(first, last)
        rows = self._kept.sums[first - self._kept.first : last - self._kept.first]
        before, after = (
            Interval(interval.start, from_epoch(first * block)),
            Interval(from_epoch(last * block), interval.end),
        )
        total: FloatArray = rows.sum(axis=0) + self._sum_of_judged(before) + self._sum_of_judged(after)
        return total

    def _sum_of_judged(self, interval: Interval) -> FloatArray:
        if interval.length <= timedelta(0):
            return np.zeros(self._rows)
        total: FloatArray = self.judged(interval).sum(axis=1)
        return total

    def _renew(self, settled: datetime) -> None:
        """Forget what was summed when slices that it was made of were written again."""
        kept, block = self._kept, self._block_seconds
        if kept.before is not None and self._revisions(kept.before) != kept.revisions:
            kept.is_known[:] = False
        before = from_epoch(epoch_seconds(settled) // block * block)
        kept.before = before if kept.before is None else max(before, kept.before)
        kept.revisions = self._revisions(kept.before)

    def _revisions(self, before: datetime) -> tuple[int, ...]:
        return tuple(self._ledger.revision(member.key, before) for member in self._members)

    def _fill(self, first: int, last: int) -> None:
        """Sum the blocks that are not known yet, each run of them in one reading."""
        kept, block = self._kept, self._block_seconds
        self._make_room(first, last)
        unknown = np.flatnonzero(~kept.is_known[first - kept.first : last - kept.first]) + first
        for run in np.split(unknown, np.flatnonzero(np.diff(unknown) > 1) + 1):
            if not len(run):
                continue
            judged = self.judged(Interval(from_epoch(int(run[0]) * block), from_epoch((int(run[-1]) + 1) * block)))
            places = run - kept.first
            kept.sums[places] = judged.reshape(self._rows, len(run), -1).sum(axis=2).T
            kept.is_known[places] = True

    def _make_room(self, first: int, last: int) -> None:
        """Hold the blocks asked for beside those held already; an hour takes about 60 bytes."""
        kept = self._kept
        end = kept.first + len(kept.is_known)
        if len(kept.is_known) and kept.first <= first and last <= end:
            return
        new_first = min(first, kept.first) if len(kept.is_known) else first
        new_last = max(last, end) if len(kept.is_known) else last
        sums = np.zeros((new_last - new_first, self._rows))
        is_known = np.zeros(new_last - new_first, dtype=np.bool_)
        if len(kept.is_known):
            old = slice(kept.first - new_first, end - new_first)
            sums[old], is_known[old] = kept.sums, kept.is_known
        kept.first, kept.sums, kept.is_known = new_first, sums, is_known

    def _read(self, interval: Interval) -> MemberSlices:
        """The members' slices without holes; what the ledger does not hold was not asked for."""
        step, count = self._grid.step_seconds, self._grid.slices(interval)
        starts = epoch_seconds(interval.start) + step * np.arange(count, dtype=np.int64)
        shape = (len(self._members), count)
        good, total, measured, asked = np.zeros(shape), np.zeros(shape), np.zeros(shape, bool), np.zeros(shape, bool)
        for row, member in enumerate(self._members):
            slices = self._ledger.slices(member.key, interval)
            places = (slices.starts - starts[0]) // step if count else slices.starts
            is_measured = slices.states == SliceState.MEASURED
            good[row, places] = np.where(is_measured, slices.good, 0.0)
            total[row, places] = np.where(is_measured, slices.total, 0.0)
            measured[row, places] = is_measured
            asked[row, places] = slices.states != SliceState.UNKNOWN
        in_force = np.ones(count, dtype=np.bool_)
        for hole in self._exclusions(interval):
            inside = np.searchsorted(starts, [epoch_seconds(hole.start), epoch_seconds(hole.end)])
            in_force[inside[0] : inside[1]] = False
        return MemberSlices(starts, good, total, measured, asked, in_force)
