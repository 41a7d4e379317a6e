"""Slices of many SLIs as one table, each block decoded once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import IntArray, SliceState, SliceTable
from okrbridge.storage.blocks import BLOCK_SLOTS, MEASURED, HourBlock
from okrbridge.storage.ledger_cache import floor_hour
from okrbridge.storage.ledger_sums import LedgerSums
from okrbridge.storage.spans import Span, lattice, slices_in
from okrbridge.storage.tables import SECONDS_PER_HOUR

_REMEMBERED_SECONDS = 6 * SECONDS_PER_HOUR
"""Blocks of longer spans are not remembered: reading a month must not push out what every tick needs."""

_Places = IntArray | slice


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reads a table of SLIs, given by their numbers, over a span with ends on the grid."""

    sums: LedgerSums
    numbers: IntArray
    span: Span

    def read(self) -> SliceTable:
        """Slices summed over origins, a row for each number; UNKNOWN where no origin answered."""
        starts = lattice(self.span, self.sums.step)
        table = SliceTable.unknown(starts, len(self.numbers))
        if len(starts) == 0 or len(self.numbers) == 0:
            return table
        owners = self.numbers // BLOCK_SLOTS
        blocks = np.unique(owners).tolist()
        rows = {block: np.flatnonzero(owners == block) for block in blocks}
        places = {block: (_run(own), _run(self.numbers[own] % BLOCK_SLOTS)) for block, own in rows.items()}
        for hour, block, held in self._blocks(blocks):
            self._add(table, *places[block], hour, held)
        return table

    def _blocks(self, blocks: list[int]) -> Iterator[tuple[int, int, HourBlock]]:
        first = floor_hour(self.span.start)
        if self.span.end - first > _REMEMBERED_SECONDS:
            slots = (self.numbers % BLOCK_SLOTS).tolist()
            for row in self.sums.rows.slices(blocks, first, self.span.end):
                number = slices_in(row.hour_start, self.sums.step)
                yield row.hour_start, row.block, HourBlock.of(row.blob, number, slots)
            return
        for hour in range(first, self.span.end, SECONDS_PER_HOUR):
            for block, held in zip(blocks, self.sums.held(hour, blocks), strict=True):
                yield from ((hour, block, one) for one in held.values())

    def _add(self, table: SliceTable, rows: _Places, slots: _Places, hour: int, held: HourBlock) -> None:
        step = self.sums.step
        before = (-(-hour // step) * step - self.span.start) // step  # the column of the hour's first slice
        first, end = max(0, before), min(len(table.starts), before + len(held.states))
        if first >= end:
            return
        places = slice(first - before, end - before)
        columns = slice(first, end)
        states, total, part = (array[places].T[slots] for array in (held.states, held.total, held.part))
        into = (rows, columns)
        own = table.states[into]
        # MEASURED 1 goes before GAP 2 goes before UNKNOWN 0.
        measured = (own == MEASURED) | (states == MEASURED)
        table.states[into] = np.where(measured, SliceState.MEASURED, np.maximum(own, states))
        table.total[into] += total
        table.good[into] += np.subtract(total, part, dtype=np.float64) if held.part_is_bad else part


def _run(places: IntArray) -> _Places:
    """Indexes as a slice, which copies nothing, where they follow each other."""
    follow = bool((np.diff(places) == 1).all())
    return slice(int(places[0]), int(places[-1]) + 1) if follow else places
