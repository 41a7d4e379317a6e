"""Sums of judged time slices over windows, kept by the hour so that a month is not judged again at every tick."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_groups import SloGroup
from okrbridge.domain.ledger import FloatArray, SliceState
from okrbridge.domain.time_slices import BoolArray, MemberSlices, SliceRule, tally
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch

SETTLED_AFTER = timedelta(minutes=30)
"""Slices younger than this may well be written again, so what is derived from them is not kept."""

_HOUR = 3600
_MOST_AT_ONCE = 1_000_000
"""Slices of members that are read and judged in one go; each takes about a hundred bytes meanwhile."""

Exclusions = Callable[[Interval], Sequence[Interval]]
"""The excluded time inside an interval, on the grid."""


@dataclass
class KeptBlocks:
    """Sums of judged slices over blocks of time, of one group of SLOs.

    Attributes:
        first: number of the block in row 0 of ``sums``.
        sums: shape (blocks, rows of a packed tally, SLOs).
        is_known: whether a block was summed; shape (blocks,).
        before: end of the time whose revision was noted.
        revision: of the members' slices before that.
    """

    first: int = 0
    sums: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 0)))
    is_known: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    before: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class _Parts:
    """An interval as whole blocks and what is left at its edges: (start, end) in epoch seconds."""

    blocks: tuple[int, int]
    edges: tuple[tuple[int, int], ...]


class TimeSliceSums:
    """Sums up judged slices of the SLOs of one group.

    Args:
        ledger: holds the slices.
        grid: of the ledger.
        group: SLOs whose time slices are judged.
        exclusions: what is left out.
        kept: what was summed before, for the same group and exclusions.
    """

    def __init__(
        self, ledger: Ledger, grid: Grid, group: SloGroup, *, exclusions: Exclusions, kept: KeptBlocks
    ) -> None:
        if group.manner.rule is None:
            raise ValueError("SLOs without time slices are not judged")
        self._ledger = ledger
        self._grid = grid
        self._group = group
        self._rule: SliceRule = group.manner.rule
        self._exclusions = exclusions
        self._kept = kept
        self._block_seconds = math.lcm(_HOUR, self._rule.slice_seconds, grid.step_seconds)

    def sums(self, intervals: Sequence[Interval]) -> FloatArray:
        """Sums of the packed tally over intervals with ends on the grid; shape (rows, SLOs, intervals)."""
        result = np.zeros((*self._shape, len(intervals)))
        if not intervals:
            return result
        self._renew(max(interval.end for interval in intervals) - SETTLED_AFTER)
        parts = [self._parts(interval) for interval in intervals]
        self._make_room([part.blocks for part in parts if part.blocks[0] < part.blocks[1]])
        for column, part in enumerate(parts):
            first, last = part.blocks
            if first < last:
                self._fill(first, last)
                result[..., column] = self._kept.sums[first - self._kept.first : last - self._kept.first].sum(axis=0)
        self._add_edges(result, parts)
        return result

    def judged(self, interval: Interval) -> FloatArray:
        """The packed tally of every slice of the grid in an interval; shape (rows, SLOs, slices)."""
        # A time slice that began before the interval is judged by all that is known of it.
        whole_start = epoch_seconds(interval.start) // self._rule.slice_seconds * self._rule.slice_seconds
        slices = self._read(Interval(from_epoch(whole_start), interval.end))
        begun = (epoch_seconds(interval.start) - whole_start) // self._grid.step_seconds
        return tally(slices, self._rule, self._group.targets).packed()[..., begun:]

    @property
    def _shape(self) -> tuple[int, int]:
        members, slos = self._group.places.shape
        return 5 + 2 * members, slos

    def _parts(self, interval: Interval) -> _Parts:
        start, end, block = epoch_seconds(interval.start), epoch_seconds(interval.end), self._block_seconds
        settled = epoch_seconds(self._kept.before) if self._kept.before else start
        first, last = -(-start // block), min(end, settled) // block
        if last <= first:
            return _Parts((0, 0), ((start, end),))
        return _Parts((first, last), ((start, first * block), (last * block, end)))

    def _add_edges(self, result: FloatArray, parts: Sequence[_Parts]) -> None:
        """Add what is not in whole blocks. Edges with one end are judged together: most windows end at one instant."""
        by_end: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for column, part in enumerate(parts):
            for start, end in part.edges:
                if start < end:
                    by_end[end].append((start, column))
        for end, edges in by_end.items():
            judged = self.judged(Interval(from_epoch(min(edges)[0]), from_epoch(end)))
            for start, column in edges:
                slices = (end - start) // self._grid.step_seconds
                result[..., column] += judged[..., judged.shape[-1] - slices :].sum(axis=-1)

    def _renew(self, settled: datetime) -> None:
        """Forget what was summed when slices that it was made of were written again."""
        kept, block = self._kept, self._block_seconds
        if kept.before is not None and self._revision(kept.before) != kept.revision:
            kept.is_known[:] = False
        before = from_epoch(epoch_seconds(settled) // block * block)
        if kept.before is None or before > kept.before:
            kept.before = before
        kept.revision = self._revision(kept.before)

    def _revision(self, before: datetime) -> int:
        return self._ledger.revision(self._group.keys, before)

    def _fill(self, first: int, last: int) -> None:
        """Sum the blocks that are not known yet, some at a time."""
        kept, block = self._kept, self._block_seconds
        slices = self._group.places.size * (block // self._grid.step_seconds)
        at_once = max(1, _MOST_AT_ONCE // slices)
        unknown = np.flatnonzero(~kept.is_known[first - kept.first : last - kept.first]) + first
        for run in np.split(unknown, np.flatnonzero(np.diff(unknown) > 1) + 1):
            for place in range(0, len(run), at_once):
                some = run[place : place + at_once]
                judged = self.judged(
                    Interval(from_epoch(int(some[0]) * block), from_epoch((int(some[-1]) + 1) * block))
                )
                folded = judged.reshape(*self._shape, len(some), -1).sum(axis=-1)
                kept.sums[some - kept.first] = np.moveaxis(folded, -1, 0)
                kept.is_known[some - kept.first] = True

    def _make_room(self, asked: Sequence[tuple[int, int]]) -> None:
        """Hold the blocks asked for; an hour of an SLO takes about 60 bytes. What time has left behind is let go."""
        if not asked:
            return
        kept, first, last = self._kept, min(asked)[0], max(last for _, last in asked)
        end = kept.first + len(kept.is_known)
        if kept.first <= first and last <= end:
            return
        new_last = max(last, end)
        sums = np.zeros((new_last - first, *self._shape))
        is_known = np.zeros(new_last - first, dtype=np.bool_)
        held = range(max(first, kept.first), end)
        if held:
            old, new = slice(held[0] - kept.first, None), slice(held[0] - first, end - first)
            sums[new], is_known[new] = kept.sums[old], kept.is_known[old]
        kept.first, kept.sums, kept.is_known = first, sums, is_known

    def _read(self, interval: Interval) -> MemberSlices:
        """The members' slices without holes; what the ledger does not hold was not asked for."""
        table, places = self._ledger.slices_of(self._group.keys, interval), self._group.places
        in_force = np.ones(len(table.starts), dtype=np.bool_)
        for hole in self._exclusions(interval):
            inside = np.searchsorted(table.starts, [epoch_seconds(hole.start), epoch_seconds(hole.end)])
            in_force[inside[0] : inside[1]] = False
        states = table.states[places]
        return MemberSlices(
            table.starts,
            table.good[places],
            table.total[places],
            states == SliceState.MEASURED,
            states != SliceState.UNKNOWN,
            in_force,
        )
