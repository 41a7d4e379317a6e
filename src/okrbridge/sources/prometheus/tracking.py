"""The series behind one set of reads, and what is known of them between one slice and the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.asking import Questions, Samples
from okrbridge.sources.prometheus.facts import FactReader, UpMemory
from okrbridge.sources.prometheus.increase import BoolArray, Memory
from okrbridge.sources.prometheus.levels import Levels
from okrbridge.sources.prometheus.members import Members
from okrbridge.sources.prometheus.reads import TOTAL, Layout
from okrbridge.sources.prometheus.series import SeriesBook, Targets

_KEPT = 2


class Known(NamedTuple):
    """What is known at a slice's end, of series and of targets."""

    series: Memory
    ups: UpMemory


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """An entry for each series of each term of each SLI.

    Attributes:
        slots: the SLI's row, plus the number of SLIs where the term belongs to the total.
        rows: the series.
        signs: whether its events are added or taken away.
    """

    slots: IntArray
    rows: IntArray
    signs: IntArray
    series: int

    @classmethod
    def none(cls) -> Pairs:
        """No SLI takes in any series."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the server told of several slices.

    Attributes:
        levels: of each copy of each series; shape (copies, slices).
        flagged: series that the server saw reset near a slice; shape (series, slices).
        ups: of each ``up`` known; shape (ups, slices).
        starts: the targets and values of process starts; the values of shape (told, slices).
        failures: by read.
    """

    ends: IntArray
    levels: FloatArray
    flagged: BoolArray
    ups: FloatArray
    starts: tuple[IntArray, FloatArray]
    failures: dict[int, SourceError] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Questions about several slices that are under way: levels and resets by read, and the facts of targets."""

    ends: IntArray
    levels: Sequence[Future[Levels]]
    resets: Sequence[Future[Levels]]
    facts: Future[Levels]


class Tracker:
    """Knows the series of a set of reads.

    Args:
        reads: what is read, one selector a metric.
        pool: runs the questions of one block side by side.
    """

    def __init__(
        self, reads: Sequence[Selector], questions: Questions, pool: ThreadPoolExecutor, replicas: Sequence[str]
    ) -> None:
        self.reads, self.questions, self._pool = tuple(reads), questions, pool
        self.targets = Targets()
        self.book = SeriesBook(self.targets, replicas)
        self.facts = FactReader(self.targets)
        self._members = Members(self.book)
        self._layout: tuple[Layout, IntArray] | None = None
        self._pairs: Pairs | None = None
        self._known: dict[int, Known] = {}

    def known_at(self, end: int) -> Known | None:
        """What is known at a slice's end; None when that was not kept."""
        return self._known.get(end)

    def keep(self, known: Known) -> None:
        """Keep what is known for the slices that follow; of older states only the one before."""
        self._known[known.series.end] = known
        for end in sorted(self._known)[:-_KEPT]:
            del self._known[end]

    def pairs(self, wanted: Layout) -> Pairs:
        """The series of every term, worked out anew only when the terms or the series are others."""
        if self._layout is None or self._layout[0] is not wanted:
            entered = zip(wanted.groups.tolist(), wanted.selectors, strict=True)
            numbers = np.array([self._members.number(group, one) for group, one in entered], dtype=np.int64)
            self._layout, self._pairs = (wanted, numbers), None
        if self._pairs is None or self._pairs.series != len(self.book):
            self._pairs = _joined(wanted, self._layout[1], *self._members.pairs(), len(self.book))
        return self._pairs

    def ask(self, ends: IntArray) -> Asked:
        """Begin to ask for the levels in some slices, and for what tells births and resets."""
        asking = self.questions
        levels = [self._ask(partial(asking.levels, read, ends)) for read in self.reads]
        resets = [self._ask(partial(asking.resets, read, ends)) for read in self.reads]
        return Asked(ends, levels, resets, self._ask(partial(asking.facts, self.reads, ends)))

    def ask_within(self, over: timedelta, end: int) -> Asked:
        """Begin to ask for the last level within a longer time that ends at a boundary."""
        asking, ends = self.questions, np.array([end], dtype=np.int64)
        levels = [self._ask(partial(asking.levels_within, read, over, end)) for read in self.reads]
        resets = [self._ask(partial(nothing, 1)) for _ in self.reads]
        return Asked(ends, levels, resets, self._ask(partial(asking.facts, self.reads, ends, over)))

    def answered(self, asked: Asked) -> Block:
        """Wait for the answers; a read that failed gives no series.

        Raises:
            SourceError: nothing is known of the targets.
        """
        failures: dict[int, SourceError] = {}
        answers: list[tuple[Levels, Levels]] = []
        for group, (levels, resets) in enumerate(zip(asked.levels, asked.resets, strict=True)):
            try:
                answers.append((levels.result(), resets.result()))
            except SourceError as error:
                failures[group] = error
                answers.append((nothing(len(asked.ends)), nothing(len(asked.ends))))
        return self._sorted(asked.ends, answers, asked.facts.result(), failures)

    def samples(self, selectors: Sequence[Selector], end: int) -> list[list[Samples]]:
        """The series of each selector with their samples in the slice that ends then, asked side by side.

        Raises:
            SourceError: no usable answer.
        """
        asked = [self._pool.submit(copy_context().run, self.questions.samples, one, end) for one in selectors]
        return [one.result() for one in asked]

    def _sorted(
        self, ends: IntArray, answers: Sequence[tuple[Levels, Levels]], facts: Levels, failures: dict[int, SourceError]
    ) -> Block:
        copies = [self.book.copies(group, levels.texts) for group, (levels, _) in enumerate(answers)]
        resets = [self.book.copies(group, resets.texts, once=True) for group, (_, resets) in enumerate(answers)]
        values = np.full((len(self.book.copy_rows), len(ends)), np.nan)
        flagged = np.zeros((len(self.book), len(ends)), dtype=np.bool_)
        rows = np.array(self.book.copy_rows, dtype=np.int64)
        for own, reset, (levels, found) in zip(copies, resets, answers, strict=True):
            values[own] = levels.values
            np.logical_or.at(flagged, rows[reset], ~np.isnan(found.values))
        ups, starts = self.facts.sorted(facts)
        told = [one.warnings for pair in answers for one in pair] + [facts.warnings]
        warnings = tuple(dict.fromkeys(text for texts in told for text in texts))
        return Block(ends, values, flagged, ups, starts, failures, warnings)

    def _ask(self, question: Callable[[], Levels]) -> Future[Levels]:
        # Each thread gets the caller's context, so that log lines and spans keep their tick.
        return self._pool.submit(copy_context().run, question)


def nothing(ends: int) -> Levels:
    """No series."""
    return Levels([], np.zeros((0, ends)))


def _joined(wanted: Layout, numbers: IntArray, selectors: IntArray, series: IntArray, count: int) -> Pairs:
    """Join the terms of SLIs with the series of their selectors."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    first, last = np.searchsorted(ordered, selectors), np.searchsorted(ordered, selectors, side="right")
    times = last - first
    begins = np.repeat(first - np.concatenate([[0], np.cumsum(times)[:-1]]), times) if len(times) else times
    terms = order[begins + np.arange(int(times.sum()))]
    slots = wanted.rows + np.where(wanted.parts == TOTAL, len(wanted.slis), 0)
    return Pairs(slots[terms], np.repeat(series, times), wanted.signs[terms], count)
