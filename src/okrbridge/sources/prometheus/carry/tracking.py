"""The series behind one set of reads, and what is known of them between one slice and the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from okrbridge.application.ports import SourceFailure
from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.asking import Questions, Waiting
from okrbridge.sources.prometheus.carry.created import AskedCreations, Creations
from okrbridge.sources.prometheus.carry.facts import FactReader, UpMemory
from okrbridge.sources.prometheus.carry.increase import BoolArray, Memory
from okrbridge.sources.prometheus.carry.members import Members
from okrbridge.sources.prometheus.carry.reads import TOTAL, Layout, takes_in
from okrbridge.sources.prometheus.carry.series import SeriesBook, Targets
from okrbridge.sources.prometheus.http.levels import Levels
from okrbridge.sources.prometheus.outcomes import lacking
from okrbridge.sources.prometheus.push_down.counters import KNOWN_FOR, LOOK_BACK

_KEPT_STATES, _KEPT_LAYOUTS = 3, 4
_FORGET_FROM = 1_000
"""Series that are gone are forgotten once there are so many, and half as many as all."""
_WIDE_FOR = 900
"""Seconds for which resets are looked for over a longer time after many series came back at once."""
_MANY = 0.1

Sizes = Callable[[Selector], int | None]
"""About how many series a read has; None where that is not known."""


class Known(NamedTuple):
    """What is known at a slice's end, of series and of targets.

    Attributes:
        broken: the reads of which a slice before it is not known.
    """

    series: Memory
    ups: UpMemory
    broken: frozenset[int] = frozenset()


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

    @classmethod
    def none(cls) -> Pairs:
        """No SLI takes in any series."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What the server told of several slices.

    Attributes:
        levels: of each copy of each series; shape (copies, slices).
        flagged: series that the server saw reset near a slice; shape (series, slices).
        window: how many seconds before a slice's end the server looked for resets.
        created: when each series was created, where that was told and is late; shape (series, slices).
        ups: of each ``up`` known; shape (ups, slices).
        starts: the targets and values of process starts; the values of shape (told, slices).
        failures: of levels, by read.
        without_resets: why resets are not told, by read.
        without_facts: why nothing is told of the targets; None when they are.
        warnings: by read.
    """

    ends: IntArray
    levels: FloatArray
    flagged: BoolArray
    window: int
    created: FloatArray
    ups: FloatArray
    starts: tuple[IntArray, FloatArray]
    failures: dict[int, SourceFailure] = field(default_factory=dict)
    without_resets: dict[int, SourceFailure] = field(default_factory=dict)
    without_facts: SourceFailure | None = None
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Questions about several slices that are under way: levels and resets by read, creations, and facts of targets."""

    ends: IntArray
    window: int
    levels: Waiting
    resets: Waiting
    facts: Waiting
    creations: AskedCreations


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """Where a layout's reads and terms stand in a tracker; None where it reads something else.

    Attributes:
        groups: of each read of the layout, the read of the tracker.
        numbers: of each term of the layout, its selector's number.
    """

    layout: Layout
    groups: IntArray | None
    numbers: IntArray


class Tracker:
    """Knows the series of a set of reads.

    Args:
        reads: what is read, one selector a metric.
        sizes: about how many series a read has, before it was read.
    """

    def __init__(self, reads: Sequence[Selector], questions: Questions, replicas: Sequence[str], sizes: Sizes) -> None:
        self.reads, self.questions, self._sizes = tuple(reads), questions, sizes
        self.targets = Targets()
        self.book = SeriesBook(self.targets, replicas)
        self.facts = FactReader(self.targets)
        self.creations = Creations(self.reads, questions, self.book)
        self._members = Members(self.book)
        self._served: list[_Served] = []
        self._pairs: dict[Layout, tuple[int, Pairs]] = {}
        self._known: dict[int, Known] = {}
        self._window, self._wide_until = 2 * questions.step_seconds, 0

    @property
    def newest(self) -> int:
        """The latest end at which something is known; -1 for none."""
        return max(self._known, default=-1)

    def known_at(self, end: int, groups: IntArray) -> Known | None:
        """What is known at a slice's end of the series of some reads; None when that was not kept."""
        known = self._known.get(end)
        return None if known is None or not known.broken.isdisjoint(groups.tolist()) else known

    def keep(self, known: Known) -> None:
        """Keep what is known for the slices that follow, and some states before it, for what is asked again."""
        before = self._known.get(known.series.end)
        if before is None or not before.broken < known.broken:
            self._known[known.series.end] = known
        for end in sorted(self._known)[:-_KEPT_STATES]:
            del self._known[end]

    def groups_of(self, wanted: Layout) -> IntArray | None:
        """Where the reads of a layout stand here; None when this does not read all that is wanted."""
        return self._serving(wanted).groups

    def pairs(self, wanted: Layout) -> Pairs:
        """The series of every term, worked out anew only when the terms or the series are others."""
        version, found = self._pairs.get(wanted, (-1, Pairs.none()))
        if version != self.book.version:
            numbers = self._serving(wanted).numbers
            found = _joined(wanted, numbers, *self._members.pairs())
            self._pairs = {one.layout: self._pairs[one.layout] for one in self._served if one.layout in self._pairs}
            self._pairs[wanted] = (self.book.version, found)
        return found

    def ask(self, ends: IntArray) -> Asked:
        """Begin to ask for the levels in some slices, and for what tells births and resets."""
        asking, sizes = self.questions, self.sizes()
        if int(ends[0]) > self._wide_until:
            self._window = 2 * asking.step_seconds
        levels, resets = asking.levels(self.reads, sizes, ends), asking.resets(self.reads, sizes, ends, self._window)
        facts, creations = asking.facts(self.reads, ends), self.creations.ask(ends, self._window)
        return Asked(ends, self._window, levels, resets, facts, creations)

    def answered(self, asked: Asked) -> Block:
        """Wait for the answers; a read that failed gives no series."""
        levels, failures = _usable(asked.levels(), len(asked.ends))
        resets, without_resets = _usable(asked.resets(), len(asked.ends))
        [told], without_facts = _usable(asked.facts(), len(asked.ends))
        values, flagged = self._sorted(asked.ends, levels, resets)
        ups, starts = self.facts.sorted(told)
        warnings = {
            group: texts
            for group, (one, other) in enumerate(zip(levels, resets, strict=True))
            if (texts := tuple(dict.fromkeys((*one.warnings, *other.warnings, *told.warnings))))
        }
        return Block(
            asked.ends,
            values,
            flagged,
            asked.window,
            self.creations.answered(asked.creations, len(asked.ends)),
            ups,
            starts,
            failures,
            without_resets,
            without_facts.get(0),
            warnings,
        )

    def note_returns(self, end: int, away: FloatArray, live: int) -> None:
        """Look for resets over a longer time, when many series are scraped more seldom than slices end.

        Args:
            away: for how many seconds each of the series was away that came back.
            live: how many series have a sample.
        """
        if len(away) > _MANY * live:
            step = self.questions.step_seconds
            needed = int(np.quantile(away, 1 - _MANY)) + step
            self._window = max(self._window, min(needed, int(LOOK_BACK.total_seconds()) + step))
            self._wide_until = end + _WIDE_FOR

    def without_the_gone(self, known: Known) -> Known:
        """Forget series that were not seen for an hour, once they are many; what is still known afterwards."""
        memory = known.series.grown(len(self.book), len(self.book.copy_rows))
        oldest = known.series.end - KNOWN_FOR.total_seconds()
        kept = memory.seen >= oldest
        gone = len(kept) - int(kept.sum())
        if gone < max(_FORGET_FROM, len(kept) // 2):
            return known
        ups = known.ups.grown(self.facts.up_rows)
        kept_ups = ups.seen >= oldest
        used = np.zeros(len(self.targets), dtype=np.bool_)
        used[self.book.targets[kept]] = True
        used[self.facts.up_targets[kept_ups]] = True
        self._members.forget(kept)
        targets = self.targets.forget(used)
        self.facts.forget(kept_ups, targets)
        copies = self.book.forget(kept, targets)
        self._known.clear()
        left = UpMemory(ups.value[kept_ups], ups.seen[kept_ups], max(ups.since, oldest))
        return Known(memory.chosen(kept, copies), left, known.broken)

    def sizes(self) -> list[int]:
        """About how many series each read has."""
        counts = np.bincount(self.book.groups, minlength=len(self.reads)).tolist()
        return [count or self._sizes(read) or 1 for count, read in zip(counts, self.reads, strict=True)]

    def _serving(self, wanted: Layout) -> _Served:
        for served in self._served:
            if served.layout is wanted:
                return served
        groups, numbers = self._groups(wanted), np.zeros(0, dtype=np.int64)
        if groups is not None:
            entered = zip(groups[wanted.groups].tolist(), wanted.selectors, strict=True)
            numbers = np.array([self._members.number(group, one) for group, one in entered], dtype=np.int64)
        found = _Served(wanted, groups, numbers)
        self._served = [found, *self._served[: _KEPT_LAYOUTS - 1]]
        return found

    def _groups(self, wanted: Layout) -> IntArray | None:
        if wanted.reads == self.reads:
            return np.arange(len(self.reads))
        places = {read.metric: place for place, read in enumerate(self.reads)}
        groups = [places.get(read.metric, -1) for read in wanted.reads]
        terms = zip(wanted.groups.tolist(), wanted.selectors, strict=True)
        if -1 in groups or not all(takes_in(self.reads[groups[group]], one) for group, one in terms):
            return None
        return np.array(groups, dtype=np.int64)

    def _sorted(
        self, ends: IntArray, levels: Sequence[Levels], resets: Sequence[Levels]
    ) -> tuple[FloatArray, BoolArray]:
        copies = [self.book.copies(group, one.texts) for group, one in enumerate(levels)]
        fallen = [
            self.book.copies(group, one.texts, once=True) if one.texts else None for group, one in enumerate(resets)
        ]
        values = np.full((len(self.book.copy_rows), len(ends)), np.nan)
        flagged = np.zeros((len(self.book), len(ends)), dtype=np.bool_)
        rows = self.book.row_of_copies
        for own, one in zip(copies, levels, strict=True):
            values[own] = one.values
        for reset, one in zip(fallen, resets, strict=True):
            if reset is not None:
                np.logical_or.at(flagged, rows[reset], ~np.isnan(one.values))
        return values, flagged


def _usable(answers: Sequence[Levels | SourceError], ends: int) -> tuple[list[Levels], dict[int, SourceFailure]]:
    """The answers, with no series in place of those that cannot be counted on; and why, by place."""
    found, failures = [], {}
    for place, answer in enumerate(answers):
        warnings: tuple[str, ...] = ()
        if isinstance(answer, SourceError):
            failures[place] = SourceFailure(answer.reason, str(answer))
        elif (message := lacking(answer.warnings)) is not None:
            failures[place], warnings = SourceFailure(SourceFailureReason.BAD_ANSWER, message), answer.warnings
        else:
            found.append(answer)
            continue
        found.append(Levels([], np.zeros((0, ends)), warnings))
    return found, failures


def _joined(wanted: Layout, numbers: IntArray, selectors: IntArray, series: IntArray) -> Pairs:
    """Join the terms of SLIs with the series of their selectors."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    first, last = np.searchsorted(ordered, selectors), np.searchsorted(ordered, selectors, side="right")
    times = last - first
    begins = np.repeat(first - np.concatenate([[0], np.cumsum(times)[:-1]]), times) if len(times) else times
    terms = order[begins + np.arange(int(times.sum()))]
    slots = wanted.rows + np.where(wanted.parts == TOTAL, len(wanted.slis), 0)
    return Pairs(slots[terms], np.repeat(series, times), wanted.signs[terms])
