"""One slice after the other: from levels to what every SLI grew by, with the odd series settled by their samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.asking import RawQuestion, on_targets, raw_questions
from okrbridge.sources.prometheus.births import born, view_begins
from okrbridge.sources.prometheus.facts import PROCESS_START, TargetFacts, UpMemory
from okrbridge.sources.prometheus.increase import (
    BoolArray,
    Growth,
    Memory,
    Walk,
    growth,
    merged,
    remembered,
    walk,
)
from okrbridge.sources.prometheus.tally import Tally
from okrbridge.sources.prometheus.tracking import Block, Known, Pairs, Tracker

Points = Sequence[tuple[float, float]]


def advanced(tracker: Tracker, known: Known, block: Block, pairs: Pairs, tally: Tally | None) -> Known:
    """Go through the slices of a block; what they bring is entered in the tally, if there is one.

    Raises:
        SourceError: the samples of odd series could not be read.
    """
    for column, end in enumerate(block.ends.tolist()):
        known = _Slice(tracker, block, pairs, column, end).settled(known, tally)
    return known


def from_far(tracker: Tracker, block: Block, begin: float, *, is_usable: bool) -> Known:
    """What one reading over a longer time tells, of series that may be out of view since.

    Args:
        begin: where that time began. A process that started after it may not be the one that gave the level: then it
            is taken for another one.
        is_usable: whether increases since those levels are to be counted.
    """
    end = int(block.ends[0])
    empty = Known(Memory.empty(end), UpMemory.empty())
    slice_ = _Slice(tracker, block, Pairs.none(), 0, end)
    known, facts, level = slice_.read(empty)
    start = facts.start[tracker.book.targets]
    found = Growth(level, level * 0, level < 0, level < 0)
    series = remembered(known.series, end, found, start, block.levels[:, 0])
    is_young = start > begin
    series = Memory(
        end,
        series.level if is_usable else np.full(len(level), np.nan),
        np.where(is_young, np.nan, start),
        np.where(is_young, np.minimum(series.seen, begin), series.seen),
        series.copies,
        series.fallen,
    )
    return Known(series, known.ups.after(block.ups[:, 0], end))


@dataclass(frozen=True, slots=True, eq=False)
class _Slice:
    tracker: Tracker
    block: Block
    pairs: Pairs
    column: int
    end: int

    def settled(self, known: Known, tally: Tally | None) -> Known:
        known, facts, level = self.read(known)
        memory, step = known.series, int(self.tracker.questions.step_seconds)
        is_bad = np.isinf(level) | (level < 0)
        if tally is not None and is_bad.any():
            tally.fail_values(self.pairs, is_bad, level)
        level = np.where(is_bad, np.nan, level)
        start = facts.start[self.tracker.book.targets]
        found = growth(memory, level, start, self.block.flagged[:, self.column], step)
        after = remembered(memory, self.end, found, start, self.block.levels[:, self.column])
        counted, first = found.counted, np.where(found.new, level, 0.0)
        # Before what is counted, series without a level are no oddity: everything is seen for the first time.
        odd = found.odd if tally is not None else found.odd & ~np.isnan(memory.level)
        if odd.any():
            for row, told in self._walks(np.flatnonzero(odd).tolist(), memory, step).items():
                counted[row], after.start[row] = told.grown, told.start
                first[row] = told.first
        if tally is not None:
            counts = tally.sums(self.pairs.slots, self.pairs.signs * counted[self.pairs.rows])
            if found.new.any():
                counts += self._births(np.where(found.new, first, np.nan), facts, memory, tally)
            tally.enter(self.end, self.pairs, counts, after.seen)
        return Known(after, known.ups.after(self.block.ups[:, self.column], self.end))

    def read(self, known: Known) -> tuple[Known, TargetFacts, FloatArray]:
        """What was known, with room for all series; what the slice tells of targets; and the levels in it."""
        book, facts = self.tracker.book, self.tracker.facts
        memory = known.series.grown(len(book), len(book.copy_rows))
        ups = known.ups.grown(facts.up_rows)
        numbers, starts = self.block.starts
        told = facts.facts(ups, self.block.ups[:, self.column], (numbers, starts[:, self.column]), self.end)
        level = self.block.levels[:, self.column]
        if book.has_copies:
            level, memory = merged(memory, level, np.array(book.copy_rows, dtype=np.int64))
        return Known(memory, ups), told, level

    def _births(self, first: FloatArray, facts: TargetFacts, memory: Memory, tally: Tally) -> FloatArray:
        """What the new series bring to each slot: their first value where they were born.

        Args:
            first: of each series; NaN for those that are not new.
        """
        chosen = np.flatnonzero(~np.isnan(first[self.pairs.rows]))
        rows, slis = self.pairs.rows[chosen], self.pairs.slots[chosen] % tally.slis
        slice_start = self.end - tally.step
        is_born, may_be = born(slis, self.tracker.book.targets[rows], slice_start, facts, tally.measured)
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

    def _walks(self, odd: Sequence[int], memory: Memory, step: int) -> dict[int, Walk]:
        samples, targets = self._samples(odd), self.tracker.book.targets
        starts = self._starts({int(targets[row]) for row in samples})
        walks: dict[int, Walk] = {}
        for row, copies in samples.items():
            told = starts.get(int(targets[row]), ())
            before = (float(memory.level[row]), float(memory.start[row]), float(memory.seen[row]))
            found = [walk(one, started(told, one), before, step) for one in copies]
            walks[row] = max(found, key=lambda one: one.first + one.grown)
        return walks

    def _samples(self, odd: Sequence[int]) -> dict[int, list[Points]]:
        """The samples of each copy of the odd series."""
        book, wanted = self.tracker.book, set(odd)
        rows: dict[int, list[Points]] = defaultdict(list)
        questions = list(self._raw_questions(odd))
        answers = self.tracker.samples([question.selector for question in questions], self.end)
        for question, answer in zip(questions, answers, strict=True):
            for series in answer:
                row = book.row(question.group, series.labels)
                if row in wanted:
                    rows[row].append(series.points)
        return rows

    def _raw_questions(self, odd: Sequence[int]) -> Iterable[RawQuestion]:
        book = self.tracker.book
        sizes = np.bincount(book.targets, minlength=len(self.tracker.targets))
        by_group: dict[int, list[tuple[dict[str, str], int]]] = defaultdict(list)
        for row in odd:
            by_group[int(book.groups[row])].append((book.labels(row), int(sizes[book.targets[row]])))
        for group, series in by_group.items():
            yield from raw_questions(group, self.tracker.reads[group], series)

    def _starts(self, targets: set[int]) -> Mapping[int, Points]:
        """The process starts that each target told, where it is one process that tells them."""
        names = self.tracker.targets.names
        by_job: dict[str, list[str]] = defaultdict(list)
        for target in targets:
            by_job[names[target][0]].append(names[target][1])
        everything = Selector(PROCESS_START)
        selectors = [on_targets(everything, job, instances) for job, instances in by_job.items()]
        told: dict[int, list[Points]] = defaultdict(list)
        for answer in self.tracker.samples(selectors, self.end):
            for series in answer:
                told[self.tracker.targets.number(series.labels)].append(series.points)
        return {target: one[0] for target, one in told.items() if len(one) == 1}


def started(told: Points, samples: Points) -> list[float]:
    """When the process behind each sample had started: what was told last, at or before the sample; else NaN."""
    if not told:
        return [float("nan")] * len(samples)
    instants, values = (np.array(one) for one in zip(*told, strict=True))
    places = np.searchsorted(instants, [at for at, _ in samples], side="right") - 1
    return [float(values[place]) if place >= 0 else float("nan") for place in places]
