"""Sums of judged time slices over windows, kept by the hour so that a month is not judged again at every tick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_groups import SloBatch
from okrbridge.domain.ledger import FloatArray, IntArray, SliceState, SliceTable
from okrbridge.domain.slo import Slo
from okrbridge.domain.time_slices import BoolArray, MemberSlices, SliceRule, SliceTargets, tally
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, format_duration, from_epoch
from okrbridge.errors import ConfigurationError

SETTLED_AFTER = timedelta(minutes=30)
"""Slices younger than this may well be written again, so what is derived from them is not kept."""

_MOST_AT_ONCE = 1_000_000
"""Slices of members that are read and judged in one go; each takes about a hundred bytes meanwhile."""

_SLOS_NAMED = 10

Exclusions = Callable[[Interval], Sequence[Interval]]
"""The excluded time inside an interval, on the grid."""


def require_whole_slices(slos: Sequence[Slo], grid: Grid) -> None:
    """Refuse time slices that are not made of whole slices of the grid.

    Raises:
        ConfigurationError: naming the SLOs.
    """
    wrong = {slo.name: slo.time_slices.length for slo in slos if slo.time_slices and slo.time_slices.length % grid.step}
    if wrong:
        named = ", ".join(f"{name} ({format_duration(length)})" for name, length in list(wrong.items())[:_SLOS_NAMED])
        more = f" and {len(wrong) - _SLOS_NAMED} more" if len(wrong) > _SLOS_NAMED else ""
        step = format_duration(grid.step)
        raise ConfigurationError(
            f"timeSliceWindow must be a multiple of the tick of {step}, and is not in the SLOs {named}{more}; "
            f"write a multiple of {step}, or set OKRBRIDGE_TICK_SECONDS so that it divides them"
        )


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


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One group: how it is judged, where its members stand among the keys, and what was summed before."""

    rule: SliceRule
    targets: SliceTargets
    places: IntArray
    kept: KeptBlocks

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of a packed tally, and SLOs."""
        members, slos = self.places.shape
        return 5 + 2 * members, slos


@dataclass(frozen=True, slots=True)
class _Parts:
    """An interval as whole blocks and what is left at its edges: (start, end) in epoch seconds."""

    blocks: tuple[int, int]
    edges: tuple[tuple[int, int], ...]


class TimeSliceSums:
    """Sums up judged slices of the groups of one batch, which have one length of a block.

    Args:
        ledger: holds the slices.
        grid: of the ledger.
        batch: groups whose time slices are judged.
        exclusions: what is left out.
        kept: what was summed before, for the same groups and exclusions.
    """

    def __init__(
        self, ledger: Ledger, grid: Grid, batch: SloBatch, *, exclusions: Exclusions, kept: Sequence[KeptBlocks]
    ) -> None:
        self._ledger = ledger
        self._grid = grid
        self._exclusions = exclusions
        self._keys = batch.keys
        self._groups = [
            _Judged(group.manner.rule, group.targets, places, own)
            for group, places, own in zip(batch.groups, batch.places, kept, strict=True)
            if group.manner.rule
        ]
        self._block_seconds = batch.block_seconds

    def sums(self, intervals: Sequence[Interval]) -> list[FloatArray]:
        """By group: sums of the packed tally over intervals with ends on the grid; shape (rows, SLOs, intervals)."""
        results = [np.zeros((*group.shape, len(intervals))) for group in self._groups]
        if not intervals:
            return results
        self._renew(max(interval.end for interval in intervals) - SETTLED_AFTER)
        parts = [self._parts(interval) for interval in intervals]
        wanted = [part.blocks for part in parts if part.blocks[0] < part.blocks[1]]
        for group in self._groups:
            _make_room(group, wanted)
        for first, last in wanted:
            self._fill(first, last)
        for group, result in zip(self._groups, results, strict=True):
            for column, part in enumerate(parts):
                first, last = (block - group.kept.first for block in part.blocks)
                if first < last:
                    result[..., column] = group.kept.sums[first:last].sum(axis=0)
        self._add_edges(results, parts)
        return results

    def judged(self, interval: Interval) -> Iterator[FloatArray]:
        """By group: the packed tally of every slice of the grid in an interval; shape (rows, SLOs, slices)."""
        # A time slice that began before the interval is judged by all that is known of it.
        start, end, step = epoch_seconds(interval.start), epoch_seconds(interval.end), self._grid.step_seconds
        read = Interval(
            from_epoch(start - max(start % group.rule.slice_seconds for group in self._groups)), interval.end
        )
        table, in_force = self._ledger.slices_of(self._keys, read), self._in_force(read)
        for group in self._groups:
            columns = (end - start + start % group.rule.slice_seconds) // step
            own = _members(table, in_force, group.places, np.s_[len(table.starts) - columns :])
            yield tally(own, group.rule, group.targets).packed()[..., columns - (end - start) // step :]

    def _parts(self, interval: Interval) -> _Parts:
        start, end, block = epoch_seconds(interval.start), epoch_seconds(interval.end), self._block_seconds
        before = self._groups[0].kept.before
        settled = epoch_seconds(before) if before else start
        first, last = -(-start // block), min(end, settled) // block
        if last <= first:
            return _Parts((0, 0), ((start, end),))
        return _Parts((first, last), ((start, first * block), (last * block, end)))

    def _add_edges(self, results: Sequence[FloatArray], parts: Sequence[_Parts]) -> None:
        """Add what is not in whole blocks. Edges with one end are judged together: most windows end at one instant."""
        by_end: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for column, part in enumerate(parts):
            for start, end in part.edges:
                if start < end:
                    by_end[end].append((start, column))
        for end, edges in by_end.items():
            judged = self.judged(Interval(from_epoch(min(edges)[0]), from_epoch(end)))
            for result, own in zip(results, judged, strict=True):
                for start, column in edges:
                    slices = (end - start) // self._grid.step_seconds
                    result[..., column] += own[..., own.shape[-1] - slices :].sum(axis=-1)

    def _renew(self, settled: datetime) -> None:
        """Forget what was summed when slices that it was made of were written again."""
        block = self._block_seconds
        before = from_epoch(epoch_seconds(settled) // block * block)
        known = [group.kept.before for group in self._groups if group.kept.before is not None]
        revisions = {at: self._ledger.revision(self._keys, at) for at in {*known, max([before, *known])}}
        for group in self._groups:
            kept = group.kept
            if kept.before is not None and revisions[kept.before] != kept.revision:
                kept.is_known[:] = False
            kept.before = max([before, *known])
            kept.revision = revisions[kept.before]

    def _fill(self, first: int, last: int) -> None:
        """Sum the blocks that are not known yet, some at a time."""
        block = self._block_seconds
        known = np.logical_and.reduce(
            [group.kept.is_known[first - group.kept.first : last - group.kept.first] for group in self._groups]
        )
        at_once = max(1, _MOST_AT_ONCE // (len(self._keys) * (block // self._grid.step_seconds)))
        unknown = np.flatnonzero(~known) + first
        for run in np.split(unknown, np.flatnonzero(np.diff(unknown) > 1) + 1):
            for place in range(0, len(run), at_once):
                some = run[place : place + at_once]
                time = Interval(from_epoch(int(some[0]) * block), from_epoch((int(some[-1]) + 1) * block))
                for group, judged in zip(self._groups, self.judged(time), strict=True):
                    folded = judged.reshape(*group.shape, len(some), -1).sum(axis=-1)
                    group.kept.sums[some - group.kept.first] = np.moveaxis(folded, -1, 0)
                    group.kept.is_known[some - group.kept.first] = True

    def _in_force(self, interval: Interval) -> BoolArray:
        """Whether each slice of an interval is not excluded."""
        in_force = np.ones(self._grid.slices(interval), dtype=np.bool_)
        for hole in self._exclusions(interval):
            in_force[
                (hole.start - interval.start) // self._grid.step : (hole.end - interval.start) // self._grid.step
            ] = False
        return in_force


def _make_room(group: _Judged, asked: Sequence[tuple[int, int]]) -> None:
    """Hold the blocks asked for; an hour of an SLO takes about 60 bytes. What time has left behind is let go."""
    if not asked:
        return
    kept, first, last = group.kept, min(asked)[0], max(last for _, last in asked)
    end = kept.first + len(kept.is_known)
    if kept.first <= first and last <= end:
        return
    new_last = max(last, end)
    sums = np.zeros((new_last - first, *group.shape))
    is_known = np.zeros(new_last - first, dtype=np.bool_)
    held = range(max(first, kept.first), end)
    if held:
        old, new = slice(held[0] - kept.first, None), slice(held[0] - first, end - first)
        sums[new], is_known[new] = kept.sums[old], kept.is_known[old]
    kept.first, kept.sums, kept.is_known = first, sums, is_known


def _members(table: SliceTable, in_force: BoolArray, places: IntArray, columns: slice) -> MemberSlices:
    """The slices of a group's members; what the ledger does not hold was not asked for."""
    states = table.states[:, columns][places]
    return MemberSlices(
        table.starts[columns],
        table.good[:, columns][places],
        table.total[:, columns][places],
        states == SliceState.MEASURED,
        states != SliceState.UNKNOWN,
        in_force[columns],
    )
