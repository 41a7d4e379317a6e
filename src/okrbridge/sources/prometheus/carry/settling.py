"""One slice after the other: from levels to what every SLI grew by, with the odd series settled by their samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.sources.prometheus.carry.births import Created, born, view_begins
from okrbridge.sources.prometheus.carry.created import MOST_ASKED, Points, may_have_moved, scraped, shared
from okrbridge.sources.prometheus.carry.facts import TargetFacts
from okrbridge.sources.prometheus.carry.increase import (
    BoolArray,
    Growth,
    Memory,
    Walk,
    growth,
    merged,
    remembered,
    was_away,
)
from okrbridge.sources.prometheus.carry.oddities import Oddities
from okrbridge.sources.prometheus.carry.recalling import recalled, recalled_ups
from okrbridge.sources.prometheus.carry.tally import Tally
from okrbridge.sources.prometheus.carry.tracking import Block, Known, Pairs, Tracker
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK
from okrbridge.sources.prometheus.push_down.settlements import LONGEST_LOOK_BACK, RETURN_LOOK_BACK

_MOST_CELLS_AHEAD = 100_000
"""Series times slices whose samples are asked for at once."""


def advanced(tracker: Tracker, known: Known, block: Block, pairs: Pairs, tally: Tally | None) -> Known:
    """Go through the slices of a block; what they bring is entered in the tally, if there is one."""
    ahead = _asked_ahead(tracker, known, block, pairs) if tally is not None and len(block.ends) > 1 else None
    for column, end in enumerate(block.ends.tolist()):
        known = _Slice(tracker, block, pairs, column, end, ahead).settled(known, tally)
    return Known(known.series, known.ups, known.broken | block.failures.keys())


def _asked_ahead(tracker: Tracker, known: Known, block: Block, pairs: Pairs) -> Oddities | None:
    """The samples of odd series under way for all slices at once, as far as levels tell which series are odd.

    None where they would be too many; then each slice asks for its own.
    """
    odd, slices = np.zeros(len(tracker.book), dtype=np.bool_), len(block.ends)
    for column, end in enumerate(block.ends.tolist()):
        known, found = _Slice(tracker, block, pairs, column, end, None).foreseen(known)
        odd |= found
    if not odd.any() or odd.sum() * slices > _MOST_CELLS_AHEAD:
        return None
    return Oddities.asked(tracker, np.flatnonzero(odd), int(block.ends[-1]), slices)


@dataclass(frozen=True, slots=True, eq=False)
class _Created:
    """When series were created.

    Attributes:
        at: of each series; NaN where not told.
        moves: what was told around the slice of series that may have been created anew.
    """

    at: FloatArray
    moves: Mapping[int, Points]


@dataclass(frozen=True, slots=True, eq=False)
class _Slice:
    tracker: Tracker
    block: Block
    pairs: Pairs
    column: int
    end: int
    ahead: Oddities | None

    @property
    def step(self) -> int:
        return self.tracker.questions.step_seconds

    def settled(self, known: Known, tally: Tally | None) -> Known:
        known, level = self._read(known)
        is_bad = np.isinf(level) | (level < 0)
        if tally is not None and is_bad.any():
            tally.fail_values(self.pairs, is_bad, level, self.end)
        level = np.where(is_bad, np.nan, level)
        facts = self._facts(known)
        if tally is not None:
            known, facts = self._recalled(known, level, facts, tally)
        found, after = self._compared(known.series, level, facts)
        self._note_returns(known.series, found)
        if tally is not None:
            counted, first = found.counted, np.where(found.new, level, 0.0)
            created = self._created(known.series, found, facts)
            for row, told in self._walks(found.odd, known.series, tally, created.moves).items():
                counted[row], after.start[row] = told.grown, told.start
                first[row] = told.first
            counts = tally.sums(self.pairs.slots, self.pairs.signs * counted[self.pairs.rows])
            if found.new.any():
                counts += self._new(np.where(found.new, first, np.nan), facts, created.at, known, tally)
            tally.enter(self.end, self.pairs, counts, after.seen)
        return Known(after, known.ups.after(self._ups(), self.end), known.broken)

    def foreseen(self, known: Known) -> tuple[Known, BoolArray]:
        """Which series are odd, and what will be known afterwards, as far as levels tell."""
        known, level = self._read(known)
        level = np.where(np.isinf(level) | (level < 0), np.nan, level)
        found, after = self._compared(known.series, level, self._facts(known))
        return Known(after, known.ups, known.broken), found.odd

    def _compared(self, memory: Memory, level: FloatArray, facts: TargetFacts) -> tuple[Growth, Memory]:
        """By how much the levels grew, and what is known afterwards."""
        start = facts.start[self.tracker.book.targets]
        flagged = self.block.flagged[:, self.column] | was_away(memory, self.step, self.block.window)
        if self.tracker.creations.is_told:
            flagged |= may_have_moved(memory, self.block.created[:, self.column], start, self.step)
        found = growth(memory, level, start, flagged, self.step)
        after = remembered(memory, self.end, found, start, self.block.levels[:, self.column])
        if self.block.without_facts is not None:
            after.start[:] = memory.start
        return found, after

    def _created(self, memory: Memory, found: Growth, facts: TargetFacts) -> _Created:
        """When series were created: the late ones are told, and single ones asked about that are new or odd."""
        creations, at = self.tracker.creations, self.block.created[:, self.column].copy()
        if not (creations.is_told and found.odd.any()):
            return _Created(at, {})
        start = facts.start[self.tracker.book.targets]
        unsure = found.odd & creations.tells
        new = np.flatnonzero(unsure & found.new & np.isnan(at)).tolist()
        if 0 < len(new) <= MOST_ASKED:
            for row, value in creations.of_new(new, self.end).items():
                at[row] = value
        is_away = np.isnan(start) & was_away(memory, self.step, self.block.window)
        moved = unsure & ~found.new & (is_away | may_have_moved(memory, at, start, self.step))
        rows = np.flatnonzero(moved).tolist()
        return _Created(at, creations.around(rows, memory, self.end) if 0 < len(rows) <= MOST_ASKED else {})

    def _walks(
        self, is_odd: BoolArray, memory: Memory, tally: Tally, created: Mapping[int, Points]
    ) -> Mapping[int, Walk]:
        """What the samples of the odd series tell; where they cannot be read, the slice is given up for their SLIs."""
        odd = np.flatnonzero(is_odd)
        if not len(odd):
            return {}
        rows = odd.tolist()
        is_foreseen = self.ahead is not None and self.ahead.odd.issuperset(rows)
        asked = self.ahead if self.ahead is not None and is_foreseen else Oddities.asked(self.tracker, odd, self.end)
        told = asked.told(memory, rows, self.end, created)
        if told.failure is not None:
            failed = np.zeros(len(is_odd), dtype=np.bool_)
            failed[list(told.lacking)] = True
            tally.fail_series(self.pairs, failed, self.end, told.failure)
        return told.walks

    def _read(self, known: Known) -> tuple[Known, FloatArray]:
        """What was known, with room for all series; and the levels in the slice."""
        book = self.tracker.book
        memory = known.series.grown(len(book), len(book.copy_rows))
        level = self.block.levels[:, self.column]
        if book.has_copies:
            level, memory = merged(memory, level, book.row_of_copies)
        return Known(memory, known.ups.grown(self.tracker.facts.up_rows), known.broken), level

    def _facts(self, known: Known) -> TargetFacts:
        """What the slice tells of targets."""
        numbers, starts = self.block.starts
        told = (numbers, starts[:, self.column])
        return self.tracker.facts.facts(known.ups, self._ups(), told, self.end)

    def _ups(self) -> FloatArray:
        """The value of each ``up`` in the slice, with room for those that were entered since it was read."""
        more = self.tracker.facts.up_rows - len(self.block.ups)
        return np.concatenate([self.block.ups[:, self.column], np.full(more, np.nan)])

    def _note_returns(self, memory: Memory, found: Growth) -> None:
        live = ~np.isnan(found.level)
        away = live & was_away(memory, self.step, 2 * self.step) & ~found.new
        if away.any():
            self.tracker.note_returns(self.end, self.end - memory.seen[away], int(live.sum()))

    def _recalled(self, known: Known, level: FloatArray, facts: TargetFacts, tally: Tally) -> tuple[Known, TargetFacts]:
        """With the last levels of the series that come into view, where they may have been known before.

        A process that started within the look-back shows nothing that is older.
        """
        memory, targets = known.series, self.tracker.book.targets
        slice_start = self.end - self.step
        is_young = facts.start[targets] > slice_start - LOOK_BACK.total_seconds()
        new = ~np.isnan(level) & np.isneginf(memory.seen) & ~is_young
        if not new.any():
            return known, facts
        until = tally.measured.until[self.pairs.slots[new[self.pairs.rows]] % tally.slis]
        oldest = float(np.nanmin(until)) if (~np.isnan(until)).any() else slice_start
        since_measured = timedelta(seconds=slice_start - oldest) + LOOK_BACK
        over = min(max(RETURN_LOOK_BACK, since_measured), LONGEST_LOOK_BACK)
        told = recalled(self.tracker, memory, np.flatnonzero(new).tolist(), over, slice_start)
        if told.failure is not None:
            failed = np.zeros(len(level), dtype=np.bool_)
            failed[told.failed] = True
            tally.fail_series(self.pairs, failed, self.end, told.failure)
        instants = np.unique(until[until - LOOK_BACK.total_seconds() < known.ups.since])
        ups = known.ups
        if len(instants) and oldest < slice_start:
            ups = recalled_ups(self.tracker, ups, np.unique(targets[new]).tolist(), instants.tolist())
        known = Known(told.memory, ups, known.broken)
        return known, self._facts(known)

    def _new(
        self, first: FloatArray, facts: TargetFacts, created: FloatArray, known: Known, tally: Tally
    ) -> FloatArray:
        """What the new series bring to each slot; nothing is known of them where nothing is told of the targets."""
        if (failure := self.block.without_facts) is not None:
            tally.fail_series(self.pairs, ~np.isnan(first), self.end, failure)
        return self._births(first, facts, created, known.series, tally)

    def _births(
        self, first: FloatArray, facts: TargetFacts, created: FloatArray, memory: Memory, tally: Tally
    ) -> FloatArray:
        """What the new series bring to each slot: their first value where they were born.

        Args:
            first: of each series; NaN for those that are not new.
            created: when each series was created; NaN where not told.
        """
        chosen = np.flatnonzero(~np.isnan(first[self.pairs.rows]))
        rows, slis = self.pairs.rows[chosen], self.pairs.slots[chosen] % tally.slis
        slice_start = self.end - self.step
        book = self.tracker.book
        targets = book.targets[rows]
        creation = Created(created[rows], shared(rows, book, created), scraped(book, memory.seen)[targets])
        is_born, may_be = born(slis, targets, slice_start, facts, tally.measured, created=creation)
        if may_be.any():
            unsure = np.flatnonzero(may_be)
            views = view_begins(slis[unsure], slice_start, tally.measured)
            is_born[unsure] = self._has_sibling(slis[unsure], rows[unsure], views, memory.seen, tally.slis)
        values = np.where(is_born, self.pairs.signs[chosen] * first[rows], 0.0)
        return tally.sums(self.pairs.slots[chosen], values)

    def _has_sibling(
        self, slis: IntArray, rows: IntArray, views: FloatArray, seen: FloatArray, count: int
    ) -> BoolArray:
        """Whether another series of the same SLI's total was in view on the same target."""
        targets = self.tracker.book.targets
        is_asked = np.zeros(count, dtype=np.bool_)
        is_asked[slis] = True
        totals = np.flatnonzero(self.pairs.slots >= count)
        totals = totals[is_asked[self.pairs.slots[totals] - count]]
        owners, series = self.pairs.slots[totals] - count, self.pairs.rows[totals]
        width = max(1, len(self.tracker.targets))
        keys, inverse = np.unique(owners * width + targets[series], return_inverse=True)
        latest = np.full(len(keys) + 1, -np.inf)
        np.maximum.at(latest, inverse, seen[series])
        wanted = slis * width + targets[rows]
        places = np.searchsorted(keys, wanted)
        found = np.append(keys, -1)[places] == wanted
        in_view: BoolArray = found & (latest[places] > views)
        return in_view
