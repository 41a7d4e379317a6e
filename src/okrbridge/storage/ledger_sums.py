"""Sums over windows for many SLIs at once, by plain addition and remembered on the way.

A window is its whole hours and its ragged edges. Edges are summed from slices. Whole hours are summed from days and
hours, and the sum is remembered until one of its hours is written anew. A window that has moved on by an hour adds the
hour that came and takes off the one that went, where both and the sum are whole numbers, which is exact; where they
are fractions it is summed anew, so nothing drifts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.storage.blocks import BLOCK_SLOTS, HourBlock, counted_twice, read_hour_sums
from okrbridge.storage.ledger_cache import (
    SECONDS_PER_DAY,
    Blocks,
    DaySums,
    LedgerCache,
    RangeSums,
    empty_day,
    floor_hour,
    grown,
)
from okrbridge.storage.ledger_rows import COUNTED_TWICE, LedgerRows, PackedRow
from okrbridge.storage.spans import Span, slices_in
from okrbridge.storage.tables import SECONDS_PER_HOUR

_MOVES = ((0, SECONDS_PER_HOUR), (SECONDS_PER_HOUR, 0), (SECONDS_PER_HOUR, SECONDS_PER_HOUR))
"""How much earlier a remembered range may begin and end. A window that ends inside an hour moves its ends in turn."""

_AHEAD_AT_ONCE = 12
"""Blocks read for the next hour at a tick: about 4 ms."""

_Hours = dict[tuple[Span, tuple[int, ...]], tuple[FloatArray, Blocks]]
"""Sums over hours that were read for one question, by span and blocks; not to be written to."""


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """Sums of the ledger at one state, with its cache.

    Arrays it gives have the shape (4, blocks asked for, 256): good, total, measured and answered slices.
    """

    cache: LedgerCache
    rows: LedgerRows
    step: int

    def windows(self, spans: Sequence[Span], blocks: Sequence[int]) -> Iterator[FloatArray]:
        """Sums over spans with ends on the grid; an edge that several share is summed once."""
        known: dict[Span, FloatArray] = {}
        hours: _Hours = {}
        for span in spans:
            whole, edges = span.cut_at_hours()
            values = np.zeros((4, len(blocks), BLOCK_SLOTS)) if whole is None else self._range(whole, blocks, hours)
            for edge in edges:
                if edge not in known:
                    known[edge] = self._edge(edge, blocks)
                values = values + known[edge]
            yield values
        if not self._asks_for_few(blocks):
            self._look_ahead([span.start for span in spans], blocks)

    def held(self, hour: int, blocks: Sequence[int]) -> list[dict[str, HourBlock]]:
        """The slices of one hour, by origin, for each block."""
        found = {block: self.cache.used_block(hour, block) for block in blocks}
        absent = [block for block, held in found.items() if held is None]
        if absent:
            number = slices_in(hour, self.step)
            read: dict[int, dict[str, HourBlock]] = {block: {} for block in absent}
            for row in self.rows.slices_at(absent, hour):
                read[row.block][row.origin] = HourBlock.of(row.blob, number)
            for block, held in read.items():
                self.cache.keep_block(hour, block, held)
            found.update(read)
        return [found[block] or {} for block in blocks]

    def hour(self, hour: int, blocks: Sequence[int]) -> tuple[FloatArray, Blocks]:
        """Sums over one whole hour, and which blocks hold whole numbers only."""
        return self._hours_read(Span(hour, hour + SECONDS_PER_HOUR), list(blocks))

    def days(self, days: Sequence[int], blocks: Sequence[int]) -> list[DaySums]:
        """Sums over whole days; of all blocks, at least those asked for are known."""
        size = self.cache.highest // BLOCK_SLOTS + 1
        found = [self.cache.days.get(day) or empty_day(size) for day in days]
        unknown = [_unknown(day.known, blocks) for day in found]
        incomplete = [place for place, absent in enumerate(unknown) if absent]
        if not incomplete:
            return found
        for place in incomplete:
            found[place] = _with_room(found[place], size, unknown[place])
        by_day = {days[place]: (found[place], set(unknown[place])) for place in incomplete}
        first, end = days[incomplete[0]], days[incomplete[-1]] + SECONDS_PER_DAY
        absent = sorted({block for place in incomplete for block in unknown[place]})
        for rows in self.rows.hours(absent, first, end):
            for (block, start), hours in itertools.groupby(rows, key=_block_and_day):
                day = by_day.get(start)
                if day is not None and block in day[1]:
                    _add_to_day(day[0], block, list(hours))
        for place in incomplete:
            found[place].known[unknown[place]] = True
            self.cache.keep_day(days[place], found[place])
        return found

    def _asks_for_few(self, blocks: Sequence[int]) -> bool:
        return 2 * len(blocks) < self.cache.highest // BLOCK_SLOTS + 1

    def _look_ahead(self, starts: Sequence[int], blocks: Sequence[int]) -> None:
        """Read some of the slices at which these windows will begin in the next hour.

        Windows that move on need them all at the turn of the hour; read bit by bit, no tick waits for them.
        """
        wanted: dict[int, int] = {}
        for start in starts:
            hour = floor_hour(start)
            done = -(-len(blocks) * (start - hour + self.step) // SECONDS_PER_HOUR)
            wanted[hour + SECONDS_PER_HOUR] = max(done, wanted.get(hour + SECONDS_PER_HOUR, 0))
        left = _AHEAD_AT_ONCE
        for hour, done in wanted.items():
            absent = [block for block in blocks[:done] if (hour, block) not in self.cache.blocks][:left]
            if absent:
                self.held(hour, absent)
            left -= len(absent)

    def _range(self, span: Span, blocks: Sequence[int], hours: _Hours) -> FloatArray:
        """Sums over whole hours; ``hours`` holds what was read for other ranges."""
        sums = self.cache.ranges.get((span.start, span.end))
        absent = list(blocks) if sums is None else _unknown(sums.known, blocks)
        size = self.cache.highest // BLOCK_SLOTS + 1
        if sums is None and self._asks_for_few(blocks):
            # A question about one SLI must not push out what every tick needs.
            return self._summed(span, list(blocks), hours)[0]
        if absent:
            values, whole = self._moved(span, absent, hours)
            sums = _filled(sums, size, absent, values, whole)
            self.cache.keep_range(span.start, span.end, sums)
        assert sums is not None, "blocks that are not asked for need no sums"  # noqa: S101 - narrows the type
        return sums.values if len(blocks) == sums.values.shape[1] else sums.values[:, list(blocks)]

    def _moved(self, span: Span, blocks: list[int], read: _Hours) -> tuple[FloatArray, Blocks]:
        """From the sums an hour before where that is exact, from days and hours where it is not."""
        values, whole = np.empty((4, len(blocks), BLOCK_SLOTS)), np.zeros(len(blocks), dtype=np.bool_)
        for went, came in _MOVES:
            before = self.cache.ranges.get((span.start - went, span.end - came))
            rest = np.flatnonzero(~whole)
            places = rest[[before is not None and _is_whole(before, blocks[place]) for place in rest]]
            if before is None or len(places) == 0:
                continue
            moving = [blocks[place] for place in places]
            moved, exact = before.values[:, moving], np.ones(len(moving), dtype=np.bool_)
            hours = [(span.start - went, -1.0)] if went else []
            hours += [(span.end - came, 1.0)] if came else []
            for start, sign in hours:
                hour, hour_whole = self._hours(Span(start, start + SECONDS_PER_HOUR), moving, read)
                moved, exact = moved + sign * hour, exact & hour_whole
            values[:, places], whole[places] = moved, exact
        rest = np.flatnonzero(~whole)
        if len(rest):
            values[:, rest], whole[rest] = self._summed(span, [blocks[place] for place in rest], read)
        return values, whole

    def _summed(self, span: Span, blocks: list[int], read: _Hours) -> tuple[FloatArray, Blocks]:
        """From days and hours."""
        first_day = -(-span.start // SECONDS_PER_DAY) * SECONDS_PER_DAY
        end_day = span.end // SECONDS_PER_DAY * SECONDS_PER_DAY
        if first_day >= end_day:
            return self._hours(span, blocks, read)
        first, first_whole = self._hours(Span(span.start, first_day), blocks, read)
        values, whole = first.copy(), first_whole.copy()
        for day in self.days(range(first_day, end_day, SECONDS_PER_DAY), blocks):
            values[:2] += day.counts[:, blocks]
            for origin, slices in day.slices.items():
                sign = -1.0 if origin == COUNTED_TWICE else 1.0
                values[3] += sign * slices[0, blocks]
                values[2] += sign * slices[1, blocks]
            whole &= day.whole[blocks]
        rest, rest_whole = self._hours(Span(end_day, span.end), blocks, read)
        return values + rest, whole & rest_whole

    def _hours(self, span: Span, blocks: list[int], read: _Hours) -> tuple[FloatArray, Blocks]:
        """From hours; windows that end alike share what they hold of their last day."""
        key = (span, tuple(blocks))
        if key not in read:
            read[key] = self._hours_read(span, blocks)
        return read[key]

    def _hours_read(self, span: Span, blocks: list[int]) -> tuple[FloatArray, Blocks]:
        values, whole = np.zeros((4, len(blocks), BLOCK_SLOTS)), np.ones(len(blocks), dtype=np.bool_)
        places = {block: place for place, block in enumerate(blocks)}
        if span.start < span.end:
            for rows in self.rows.hours(blocks, span.start, span.end):
                _add_rows(values, whole, places, rows)
        return values, whole

    def _edge(self, span: Span, blocks: Sequence[int]) -> FloatArray:
        """Sums over a part of one hour."""
        places = places_of(span, self.step)
        values = np.zeros((4, len(blocks), BLOCK_SLOTS))
        for place, held in enumerate(self.held(floor_hour(span.start), blocks)):
            for block in held.values():
                values[:, place] += block.sums(places)
            if len(held) > 1:
                parts = (HourBlock(one.states[places], one.part[places], one.total[places]) for one in held.values())
                twice = counted_twice(parts)
                values[2, place] -= twice[0]
                values[3, place] -= twice[1]
        return values


def places_of(span: Span, step: int) -> slice:
    """Which slices of its hour start in a span that lies inside one hour."""
    first = -(-floor_hour(span.start) // step) * step
    return slice(max(0, -(-(span.start - first) // step)), max(0, -(-(span.end - first) // step)))


def slots_of(numbers: IntArray, blocks: Sequence[int]) -> IntArray | slice:
    """Where SLIs stand in the flattened (blocks, 256) of some blocks, ascending; a slice, which is quick, if it can."""
    slots: IntArray = np.searchsorted(blocks, numbers // BLOCK_SLOTS) * BLOCK_SLOTS + numbers % BLOCK_SLOTS
    if len(slots) and bool((np.diff(slots) == 1).all()):
        return slice(int(slots[0]), int(slots[-1]) + 1)
    return slots


def _add_rows(values: FloatArray, whole: Blocks, places: Mapping[int, int], rows: Sequence[PackedRow]) -> None:
    """Add hours to sums of shape (4, blocks, 256); what was counted twice holds no events and is taken off."""
    for row, sums, is_whole in zip(rows, *read_hour_sums([row.blob for row in rows]), strict=True):
        place = places[row.block]
        values[:, place] += -sums if row.origin == COUNTED_TWICE else sums
        whole[place] &= is_whole


def _block_and_day(row: PackedRow) -> tuple[int, int]:
    return row.block, row.hour_start - row.hour_start % SECONDS_PER_DAY


def _add_to_day(day: DaySums, block: int, hours: Sequence[PackedRow]) -> None:
    sums, whole = read_hour_sums([row.blob for row in hours])
    day.whole[block] = whole.all()
    origins = [row.origin for row in hours]
    for origin in sorted(set(origins)):
        own = sums if len(set(origins)) == 1 else sums[[one == origin for one in origins]]
        summed = own.sum(axis=0)
        day.counts[:, block] += summed[:2]
        if origin not in day.slices:
            # An hour has at most 3600 slices, so a day has fewer than 2**32.
            day.slices[origin] = np.zeros(day.counts.shape, dtype=np.uint32)
        day.slices[origin][:, block] = summed[3:1:-1]


def _with_room(day: DaySums, size: int, blocks: list[int]) -> DaySums:
    """A copy to be filled: large enough, and zero in the blocks that are to be summed."""
    room = DaySums(
        grown(day.known, size),
        grown(day.whole, size),
        grown(day.counts, size, axis=1),
        {origin: grown(slices, size, axis=1) for origin, slices in day.slices.items()},
    )
    room.whole[blocks] = True
    room.counts[:, blocks] = 0
    for slices in room.slices.values():
        slices[:, blocks] = 0
    return room


def _filled(sums: RangeSums | None, size: int, blocks: list[int], values: FloatArray, whole: Blocks) -> RangeSums:
    if sums is None:
        nothing = np.zeros(size, dtype=np.bool_)
        sums = RangeSums(nothing, nothing, np.zeros((4, size, BLOCK_SLOTS)))
    filled = RangeSums(grown(sums.known, size), grown(sums.whole, size), grown(sums.values, size, axis=1))
    filled.known[blocks] = True
    filled.whole[blocks] = whole
    filled.values[:, blocks] = values
    return filled


def _unknown(known: Blocks, blocks: Sequence[int]) -> list[int]:
    return [block for block in blocks if block >= len(known) or not known[block]]


def _is_whole(sums: RangeSums, block: int) -> bool:
    return block < len(sums.known) and bool(sums.known[block] and sums.whole[block])
