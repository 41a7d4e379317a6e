"""Which slices an origin answered for, and how, for many SLIs at once.

Days that are answered as a whole are passed over by their sums, hours likewise; slices are looked at only where an
hour is mixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from okrbridge.domain.ledger import IntArray, SliceState
from okrbridge.storage.blocks import BLOCK_SLOTS, MEASURED, read_hour_sums
from okrbridge.storage.ledger_cache import SECONDS_PER_DAY, LastEnds, floor_hour, grown
from okrbridge.storage.ledger_rows import COUNTED_TWICE
from okrbridge.storage.ledger_sums import LedgerSums, places_of, slots_of
from okrbridge.storage.packing import Numbers
from okrbridge.storage.slice_runs import NEVER, Runs
from okrbridge.storage.spans import Span, lattice, slices_in_hours
from okrbridge.storage.tables import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which slices are looked for.

    Attributes:
        state: of each such slice.
        number: how many there are, of the slices answered for, those measured, and all there are.
    """

    state: int
    number: Callable[[Numbers, Numbers, int], Numbers]


MISSING = Wanted(SliceState.UNKNOWN, lambda asked, _, full: full - asked.astype(np.int64))
GAPS = Wanted(SliceState.GAP, lambda asked, measured, _: asked.astype(np.int64) - measured)


@dataclass(frozen=True, slots=True)
class LedgerAnswers:
    """Answers in the ledger at one state.

    SLIs are given as ``numbers``; rows in what comes back are indexes into them.
    """

    sums: LedgerSums
    origin: str | None
    """None for any origin, which only ``last_ends`` knows."""

    def missing(self, numbers: IntArray, span: Span) -> Runs:
        """Runs of slices without an answer."""
        return self._runs(numbers, span, MISSING)

    def gaps(self, numbers: IntArray, span: Span) -> Runs:
        """Runs of slices answered with a gap."""
        return self._runs(numbers, span, GAPS)

    def measured_until(self, numbers: IntArray, runs: Runs) -> IntArray:
        """End of the last measured slice before each run, NEVER unless all slices between were answered for."""
        ends = np.full(len(runs.rows), NEVER, dtype=np.int64)
        for start in np.unique(runs.starts):
            which = np.flatnonzero(runs.starts == start)
            ends[which] = self._measured_until(numbers[runs.rows[which]], int(start))
        return ends

    def last_ends(self, numbers: IntArray, before: int) -> IntArray:
        """End of the last measured slice that starts before an instant, NEVER for none."""
        hour = floor_hour(before)
        ends = self._last_in_hour(numbers, Span(hour, before))
        rest = np.flatnonzero(ends == NEVER)
        if len(rest):
            ends[rest] = self._before_hour(numbers[rest], hour)
        return ends

    def _measured_until(self, numbers: IntArray, start: int) -> IntArray:
        step = self.sums.step
        last = Span(start - step, start)
        ends = np.where(self._states(numbers, last, floor_hour(last.start))[-1] == MEASURED, start, NEVER)
        rest = np.flatnonzero(ends == NEVER)
        if len(rest) == 0:
            return ends
        found = self.last_ends(numbers[rest], start)
        for end in np.unique(found[found != NEVER]):
            which = np.flatnonzero(found == end)
            open_ones = self.missing(numbers[rest[which]], Span(int(end), start)).rows
            found[which[open_ones]] = NEVER
        ends[rest] = found
        return ends

    def _runs(self, numbers: IntArray, span: Span, wanted: Wanted) -> Runs:
        whole, edges = span.cut_at_hours()
        rows = np.arange(len(numbers), dtype=np.int64)
        parts = [part for edge in edges for part in self._in_slices(numbers, rows, edge, wanted)]
        if whole is not None:
            parts += self._in_days(numbers, rows, whole, wanted)
        return Runs.joined(parts)

    def _in_days(self, numbers: IntArray, rows: IntArray, span: Span, wanted: Wanted) -> list[Runs]:
        first = -(-span.start // SECONDS_PER_DAY) * SECONDS_PER_DAY
        end = span.end // SECONDS_PER_DAY * SECONDS_PER_DAY
        if first >= end:
            return self._in_hours(numbers, rows, span, wanted)
        parts = self._in_hours(numbers, rows, Span(span.start, first), wanted)
        parts += self._in_hours(numbers, rows, Span(end, span.end), wanted)
        starts = range(first, end, SECONDS_PER_DAY)
        blocks, slots = _blocks_of(numbers[rows])
        for start, day in zip(starts, self.sums.days(starts, blocks), strict=True):
            inside = Span(start, start + SECONDS_PER_DAY)
            held = day.slices.get(self.origin or "")
            asked, measured = (
                held[:, blocks].reshape(2, -1)[:, slots] if held is not None else np.zeros((2, len(rows)), np.int64)
            )
            some, found = self._sorted_out(rows, inside, wanted, asked, measured)
            parts += [*found, *self._in_hours(numbers, some, inside, wanted)]
        return parts

    def _in_hours(self, numbers: IntArray, rows: IntArray, span: Span, wanted: Wanted) -> list[Runs]:
        if len(rows) == 0 or span.start >= span.end:
            return []
        parts = []
        blocks, slots = _blocks_of(numbers[rows])
        for start, (asked, measured) in self._by_hour(span, blocks, slots):
            inside = Span(start, start + SECONDS_PER_HOUR)
            some, found = self._sorted_out(rows, inside, wanted, asked, measured)
            parts += [*found, *self._in_slices(numbers, some, inside, wanted)]
        return parts

    def _sorted_out(
        self, rows: IntArray, span: Span, wanted: Wanted, asked: Numbers, measured: Numbers
    ) -> tuple[IntArray, list[Runs]]:
        """The rows that must be looked into, and the run of those that are hit as a whole."""
        full = _slices_between(span, self.sums.step)
        found = wanted.number(asked, measured, full)
        if span.start < self.sums.cache.state.slices_from:
            # Another origin may have counted what is no longer held in slices; only a closer look tells.
            return rows[found > 0], []
        every = rows[found == full] if full else rows[:0]
        some = rows[(found > 0) & (found < full)]
        return some, [Runs.of(every, _on_grid(span, self.sums.step))] if len(every) else []

    def _in_slices(self, numbers: IntArray, rows: IntArray, span: Span, wanted: Wanted) -> list[Runs]:
        """Runs inside one hour."""
        starts = lattice(span, self.sums.step)
        if len(rows) == 0 or len(starts) == 0:
            return []
        hour = floor_hour(span.start)
        states = self._states(numbers[rows], span, hour)
        hit = states == wanted.state
        if hour < self.sums.cache.state.slices_from:
            hit &= ~self._expired(numbers[rows], hour)
        columns = np.flatnonzero(hit.any(axis=0))
        if len(columns) == 0:
            return []
        padded = np.zeros((len(columns), len(starts) + 2), dtype=np.int8)
        padded[:, 1:-1] = hit[:, columns].T
        turns = np.diff(padded, axis=1)
        who, begins = np.nonzero(turns == 1)
        lasts = np.nonzero(turns == -1)[1] - 1
        return [Runs(rows[columns[who]], starts[begins], starts[lasts] + self.sums.step)]

    def _states(self, numbers: IntArray, span: Span, hour: int) -> Numbers:
        """States of the slices of a span inside one hour; shape (slices, SLIs). Of any origin, measured goes first."""
        blocks, slots = _blocks_of(numbers)
        places = places_of(span, self.sums.step)
        nothing = np.zeros((places.stop - places.start, BLOCK_SLOTS), dtype=np.uint8)
        states = []
        for held in self.sums.held(hour, blocks):
            own = [one.states[places] for by, one in held.items() if self.origin in (None, by)]
            # Of MEASURED 1, GAP 2 and UNKNOWN 0 the lowest above zero counts: taken off 1, 0 turns into the highest.
            states.append(own[0] if len(own) == 1 else _lowest(own) if own else nothing)
        table = states[0] if len(states) == 1 else np.concatenate(states, axis=1)
        return table[:, slots]

    def _expired(self, numbers: IntArray, hour: int) -> npt.NDArray[np.bool_]:
        """Which SLIs have sums of an hour whose slices are no longer held: nobody can answer for those again."""
        blocks, slots = _blocks_of(numbers)
        asked = self.sums.hour(hour, blocks)[0][3].reshape(-1)[slots]
        known = [
            np.any([one.states.any(axis=0) for one in held.values()], axis=0) if held else np.zeros(BLOCK_SLOTS, bool)
            for held in self.sums.held(hour, blocks)
        ]
        gone: npt.NDArray[np.bool_] = (asked > 0) & ~np.concatenate(known)[slots]
        return gone

    def _by_hour(
        self, span: Span, blocks: Sequence[int], slots: IntArray | slice
    ) -> Iterable[tuple[int, tuple[Numbers, Numbers]]]:
        """Slices answered for and measured in each whole hour of a span, newest hour first."""
        hours = range(span.end - SECONDS_PER_HOUR, span.start - 1, -SECONDS_PER_HOUR)
        places = {block: place for place, block in enumerate(blocks)}
        found = np.zeros((len(hours), 2, len(blocks), BLOCK_SLOTS), dtype=np.uint16)
        for rows in self.sums.rows.hours(blocks, span.start, span.end):
            own = [row for row in rows if row.origin != COUNTED_TWICE and self.origin in (None, row.origin)]
            values, _ = read_hour_sums([row.blob for row in own])
            for row, sums in zip(own, values, strict=True):
                index = (span.end - row.hour_start) // SECONDS_PER_HOUR - 1
                found[index, :, places[row.block]] += sums[3:1:-1].astype(np.uint16)
        for index, hour in enumerate(hours):
            asked, measured = found[index].reshape(2, -1)[:, slots]
            yield hour, (asked, measured)

    def _last_in_hour(self, numbers: IntArray, span: Span) -> IntArray:
        starts = lattice(span, self.sums.step)
        if len(starts) == 0:
            return np.full(len(numbers), NEVER, dtype=np.int64)
        measured = self._states(numbers, span, floor_hour(span.start)) == MEASURED
        ends = np.where(measured[-1], starts[-1] + self.sums.step, NEVER)
        rest = np.flatnonzero(ends == NEVER)
        if len(rest):
            own = measured[:, rest]
            last = len(starts) - 1 - np.argmax(own[::-1], axis=0)
            ends[rest] = np.where(own.any(axis=0), starts[last] + self.sums.step, NEVER)
        return ends

    def _before_hour(self, numbers: IntArray, hour: int) -> IntArray:
        """Last ends before a full hour, remembered for the newest one asked for."""
        cache, blocks = self.sums.cache, _blocks_of(numbers)[0]
        memory = cache.last_ends.get(self.origin)
        if memory is not None and memory.hour > hour:
            return self._searched(numbers, hour)
        size = cache.highest // BLOCK_SLOTS + 1
        if memory is None or hour - memory.hour > SECONDS_PER_DAY:
            memory = LastEnds(hour, np.zeros(size, np.bool_), np.full((size, BLOCK_SLOTS), NEVER, dtype=np.int64))
        elif memory.hour < hour:
            memory = self._advanced(memory, hour)
        absent = [block for block in blocks if block >= len(memory.known) or not memory.known[block]]
        if absent:
            memory = replace(memory, known=grown(memory.known, size), ends=grown(memory.ends, size))
            own = np.arange(1, cache.highest + 1)
            own = own[np.isin(own // BLOCK_SLOTS, absent)]
            memory.ends.reshape(-1)[own] = self._searched(own, hour)
            memory.known[absent] = True
        cache.last_ends[self.origin] = memory
        return memory.ends.reshape(-1)[numbers]

    def _advanced(self, memory: LastEnds, hour: int) -> LastEnds:
        own = np.arange(1, self.sums.cache.highest + 1)
        blocks = own // BLOCK_SLOTS
        own = own[(blocks < len(memory.known)) & memory.known[np.minimum(blocks, len(memory.known) - 1)]]
        ends = memory.ends.copy()
        if len(own):
            newer = self._searched(own, hour, oldest=memory.hour)
            ends.reshape(-1)[own] = np.where(newer == NEVER, ends.reshape(-1)[own], newer)
        return LastEnds(hour, memory.known, ends)

    def _searched(self, numbers: IntArray, hour: int, oldest: int | None = None) -> IntArray:
        """Last ends before a full hour, looked for back in time."""
        ends = np.full(len(numbers), NEVER, dtype=np.int64)
        blocks = _blocks_of(numbers)[0]
        if oldest is None:
            oldest = min(self.sums.rows.first_hours(blocks).values(), default=hour)
        day = hour - hour % SECONDS_PER_DAY
        self._search_hours(numbers, ends, Span(max(day, oldest), hour))
        while day > oldest and (ends == NEVER).any():
            day -= SECONDS_PER_DAY
            pending = np.flatnonzero(ends == NEVER)
            inner, slots = _blocks_of(numbers[pending])
            (sums,) = self.sums.days([day], inner)
            measured = sum(
                held[1, inner].reshape(-1)[slots]
                for by, held in sums.slices.items()
                if by != COUNTED_TWICE and self.origin in (None, by)
            )
            hit = pending[np.flatnonzero(np.broadcast_to(measured, len(pending)))]
            found = ends[hit]
            self._search_hours(numbers[hit], found, Span(max(day, oldest), day + SECONDS_PER_DAY))
            ends[hit] = found
        return ends

    def _search_hours(self, numbers: IntArray, ends: IntArray, span: Span) -> None:
        """Fill in the ends that lie in a span of whole hours."""
        if span.start >= span.end or len(numbers) == 0:
            return
        blocks, slots = _blocks_of(numbers)
        for hour, (_, measured) in self._by_hour(span, blocks, slots):
            hit = np.flatnonzero((measured > 0) & (ends == NEVER))
            if len(hit) == 0:
                continue
            inside = Span(hour, hour + SECONDS_PER_HOUR)
            found = self._last_in_hour(numbers[hit], inside)
            # Where slices are no longer held, all that is known is the hour.
            ends[hit] = np.where(found == NEVER, _on_grid(inside, self.sums.step).end, found)
            if not (ends == NEVER).any():
                return


def _blocks_of(numbers: IntArray) -> tuple[list[int], IntArray | slice]:
    """The blocks of SLIs, ascending, and where each SLI stands in them."""
    blocks = np.unique(numbers // BLOCK_SLOTS)
    return blocks.tolist(), slots_of(numbers, blocks.tolist())


def _lowest(states: Sequence[Numbers]) -> Numbers:
    ranked = np.minimum.reduce([np.subtract(one, 1, dtype=np.uint8) for one in states])
    lowest: Numbers = np.add(ranked, 1, dtype=np.uint8)
    return lowest


def _slices_between(span: Span, step: int) -> int:
    """How many slices start in a span of whole hours."""
    return int(slices_in_hours(np.arange(span.start, span.end, SECONDS_PER_HOUR, dtype=np.int64), step).sum())


def _on_grid(span: Span, step: int) -> Span:
    """From the first slice that starts in a span to the end of the last one."""
    return Span(-(-span.start // step) * step, -(-span.end // step) * step)
