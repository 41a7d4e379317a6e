"""Writing slices: each block's hour is read, merged with what is new, and written with its sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import IntArray, SliceTable
from okrbridge.storage.blocks import BLOCK_SLOTS, HourBlock, HourSums, WrittenSlices, counted_twice
from okrbridge.storage.ledger_rows import COUNTED_TWICE, PackedRow
from okrbridge.storage.ledger_sums import LedgerSums
from okrbridge.storage.spans import slices_in
from okrbridge.storage.tables import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What one hour of a table holds."""

    hour: int
    columns: slice
    places: IntArray


@dataclass(frozen=True, slots=True)
class LedgerWriter:
    """Writes into the ledger at one state; the cache is the transaction's own."""

    sums: LedgerSums
    written: int

    def write(self, numbers: IntArray, origin: str, table: SliceTable) -> int:
        """Store a table whose rows are the SLIs with these numbers; returns how many slices were taken."""
        taken = 0
        order = np.argsort(numbers, kind="stable")
        blocks = np.unique(numbers // BLOCK_SLOTS).tolist()
        edges = np.searchsorted(numbers[order], [block * BLOCK_SLOTS for block in [*blocks, blocks[-1] + 1]])
        rows = {block: order[first:end] for block, first, end in zip(blocks, edges[:-1], edges[1:], strict=True)}
        for piece in _pieces(table.starts, self.sums.step):
            taken += self._write_hour(numbers, rows, origin, table, piece)
        return taken

    def _write_hour(
        self, numbers: IntArray, rows: dict[int, IntArray], origin: str, table: SliceTable, piece: _Piece
    ) -> int:
        taken = 0
        slices: list[PackedRow] = []
        hours: list[PackedRow] = []
        for (block, own), held in zip(rows.items(), self.sums.held(piece.hour, list(rows)), strict=True):
            new = WrittenSlices(
                table.states[own, piece.columns].T, table.good[own, piece.columns].T, table.total[own, piece.columns].T
            )
            slots = numbers[own] % BLOCK_SLOTS
            past = self._past(piece.hour, block, held)
            if past is not None:
                new = _without(new, past.values[3][slots] > 0)
            before = held.get(origin) or HourBlock.empty(slices_in(piece.hour, self.sums.step))
            merged, number = before.merged(piece.places, slots, new)
            if number == 0:
                continue
            taken += number
            now = {**held, origin: merged}
            self.sums.cache.keep_block(piece.hour, block, now)
            slices.append(PackedRow(block, piece.hour, origin, merged.packed(compress=merged.is_over)))
            hours += self._sums(block, piece.hour, origin, now)
        self.sums.rows.save_slices(slices)
        self.sums.rows.save_hours(hours, self.written)
        self.sums.cache.changed((row.block, row.hour_start) for row in hours)
        return taken

    def _sums(self, block: int, hour: int, origin: str, held: dict[str, HourBlock]) -> Iterator[PackedRow]:
        sums = held[origin].hour_sums()
        if hour < self.sums.cache.state.slices_from:
            sums = self._with_kept(sums, block, hour, origin, held[origin])
        yield PackedRow(block, hour, origin, sums.packed())
        if len(held) > 1:
            twice = np.zeros((4, BLOCK_SLOTS))
            twice[2:] = counted_twice(held.values())
            if hour < self.sums.cache.state.slices_from:
                held_any = np.any([one.states.any(axis=0) for one in held.values()], axis=0)
                old = self._stored(block, hour, COUNTED_TWICE)
                twice = np.where(held_any, twice, old.values)
            yield PackedRow(block, hour, COUNTED_TWICE, HourSums(twice, whole=True).packed())

    def _past(self, hour: int, block: int, held: dict[str, HourBlock]) -> HourSums | None:
        """Sums, of SLIs whose slices are no longer held, in an hour from which slices were removed."""
        if hour >= self.sums.cache.state.slices_from:
            return None
        values, _ = self.sums.hour(hour, [block])
        for one in held.values():
            values[:, 0, one.states.any(axis=0)] = 0
        return HourSums(values[:, 0], whole=False)

    def _with_kept(self, sums: HourSums, block: int, hour: int, origin: str, own: HourBlock) -> HourSums:
        old = self._stored(block, hour, origin)
        return HourSums(np.where(own.states.any(axis=0), sums.values, old.values), whole=sums.whole and old.whole)

    def _stored(self, block: int, hour: int, origin: str) -> HourSums:
        found = [row for row in self.sums.rows.hours_at([block], hour) if row.origin == origin]
        return HourSums.of(found[0].blob) if found else HourSums(np.zeros((4, BLOCK_SLOTS)), whole=True)


def _pieces(starts: IntArray, step: int) -> Iterator[_Piece]:
    """The hours of slices that ascend."""
    hours = starts - starts % SECONDS_PER_HOUR
    begins = np.flatnonzero(np.concatenate([[True], hours[1:] != hours[:-1]]))
    ends = np.concatenate([begins[1:], [len(starts)]])
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        hour = int(hours[begin])
        first = -(-hour // step) * step
        yield _Piece(hour, slice(begin, end), (starts[begin:end] - first) // step)


def _without(new: WrittenSlices, which: Sequence[bool]) -> WrittenSlices:
    states = new.states.copy()
    states[:, which] = 0
    return WrittenSlices(states, new.good, new.total)
