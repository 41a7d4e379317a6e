"""When series themselves were created, where their clients tell it: ``x_created`` beside ``x_total``.

Clients that write OpenMetrics export, for each series of a counter, a gauge of the same labels with the unix time of
its birth; for a histogram or summary one for all its series, without ``le``. What it tells:

- a new series was born when it was created since its SLI was last measured, or since its target was last scraped,
  whatever is known of the target otherwise; not when a series of another target was created at that very instant,
  because a relabelled counter brings its creation along;
- a new series that was created before the look-back, and before its target was last scraped, merely came into view,
  though its target was up;
- a creation that moved is a reset, though the value did not fall.

The first two compare a process' clock with the server's. Their borders lie START_SLACK before what they stand for, so
that a clock that is off by up to a minute, or wavers, decides the same. A move compares what one process tells with
what the one before it told, and needs no clock; less than START_NOISE is no move. A creation within CLOCK_SKEW of its
process' start tells nothing of its own: some clients give every series the start of the process. Where that start is
not told, no creation is taken for old.

Only creations of the last minutes are asked for at each slice, which the server picks out; older ones are asked for of
single series. What fails is as if it was not told.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.asking import Questions, Some, Waiting, raw_questions
from okrbridge.sources.prometheus.carry.increase import CLOCK_SKEW, BoolArray, Memory
from okrbridge.sources.prometheus.carry.series import NAME_LABEL, SeriesBook
from okrbridge.sources.prometheus.http.levels import Levels
from okrbridge.sources.prometheus.push_down.counters import START_SLACK

_SUFFIX = re.compile("_(total|bucket|sum|count)$")
_BOUND = "le"
_BUCKET = "_bucket"
_REMEMBERED = 3600
"""Seconds for which it is remembered which metrics tell when their series were created."""
MOST_ASKED = 2_000
"""Series of one slice whose creations are asked for; beyond, they are counted as if they told nothing."""

Points = Sequence[tuple[float, float]]


def created_selector(read: Selector) -> Selector | None:
    """What tells when the series of a read were created; None where the name of its metric is of no such kind."""
    name = _SUFFIX.sub("_created", read.metric)
    if name == read.metric:
        return None
    return Selector(name, tuple(one for one in read.matchers if one.label != _BOUND))


def is_own(created: FloatArray, start: FloatArray) -> BoolArray:
    """Whether a creation may be the series' own: it is told, and was not told to be the start of its process.

    Args:
        created, start: of each series; NaN where not told.
    """
    own: BoolArray = ~np.isnan(created) & ~(created <= start + CLOCK_SKEW)
    return own


def may_have_moved(memory: Memory, created: FloatArray, start: FloatArray, step: int) -> BoolArray:
    """Whether series may have been created after their last sample."""
    with np.errstate(invalid="ignore"):
        after: BoolArray = is_own(created, start) & (created > memory.seen - step - CLOCK_SKEW)
    return after & ~np.isneginf(memory.seen)


def shared(rows: IntArray, book: SeriesBook, created: FloatArray) -> BoolArray:
    """Whether a series of the same metric on another target was created at the same instant as each of some series."""
    groups, targets, found = book.groups, book.targets, np.zeros(len(created), dtype=np.bool_)
    told = np.unique(rows[~np.isnan(created[rows])])
    for group in np.unique(groups[told]).tolist():
        own = told[groups[told] == group]
        same = np.flatnonzero((groups == group) & np.isin(created, created[own]))
        instants, which = np.unique(created[same], return_inverse=True)
        least, most = np.full(len(instants), len(created)), np.full(len(instants), -1)
        np.minimum.at(least, which, targets[same])
        np.maximum.at(most, which, targets[same])
        found[same] = (least != most)[which]
    of_rows: BoolArray = found[rows]
    return of_rows


def scraped(book: SeriesBook, seen: FloatArray) -> FloatArray:
    """When a series of each target was seen last; +inf where none was.

    Args:
        seen: when each series was seen last; -inf where never.
    """
    latest = np.full(int(book.targets.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(latest, book.targets, seen)
    return np.where(np.isneginf(latest), np.inf, latest)


@dataclass(frozen=True, slots=True, eq=False)
class AskedCreations:
    """Questions under way: which metrics tell creations, and the late creations of those that do.

    Attributes:
        names, at: the metrics asked about, and for which instant; ``told`` waits for the answer, if there are any.
        selectors: whose late creations are asked for.
    """

    names: Sequence[str]
    at: int
    told: Waiting | None
    selectors: Sequence[Selector]
    late: Waiting | None


class Creations:
    """Knows which reads tell when their series were created, and asks them."""

    def __init__(self, reads: Sequence[Selector], questions: Questions, book: SeriesBook) -> None:
        self._questions, self._book = questions, book
        self._groups: dict[Selector, list[int]] = defaultdict(list)
        self._selectors = [created_selector(read) for read in reads]
        self._has_bounds = [read.metric.endswith(_BUCKET) for read in reads]
        for group, selector in enumerate(self._selectors):
            if selector is not None:
                self._groups[selector].append(group)
        self._told: dict[str, tuple[int, bool]] = {}
        self._bounded: dict[int, tuple[int, Mapping[bytes, list[int]]]] = {}

    def ask(self, ends: IntArray, window: int) -> AskedCreations:
        """Begin to ask about some slices.

        Args:
            window: creations that are older, in seconds before a slice's end, are left out.
        """
        at = int(ends[0])
        names = sorted({one.metric for one in self._groups if not self._is_fresh(one.metric, at)})
        selectors = [one for one in self._groups if self._told.get(one.metric, (0, False))[1]]
        return AskedCreations(
            names,
            at,
            self._questions.existing(names, at) if names else None,
            selectors,
            self._questions.late(selectors, ends, int(window + START_SLACK.total_seconds())) if selectors else None,
        )

    def answered(self, asked: AskedCreations, slices: int) -> FloatArray:
        """Wait for the answers: the late creations of each series, shape (series, slices); NaN where none is told.

        What fails is as if it was not told. A metric about which the question failed is asked about again as late as
        the others, so that a server that cannot answer is not asked at each slice.
        """
        if asked.told is not None:
            answers = asked.told()
            found = {name for one in answers if not isinstance(one, SourceError) for name in _names(one)}
            self._told |= {name: (asked.at, name in found) for name in asked.names}
        created = np.full((len(self._book), slices), np.nan)
        for selector, late in zip(asked.selectors, asked.late() if asked.late else (), strict=True):
            for text, values in () if isinstance(late, SourceError) else zip(late.texts, late.values, strict=True):
                rows = self._rows(selector, orjson.loads(b"{" + text + b"}"))
                created[rows] = np.fmax(created[rows], np.where(np.isfinite(values), values, np.nan))
        return created

    @property
    def is_told(self) -> bool:
        """Whether any of the metrics tells when its series were created."""
        return any(exists for _, exists in self._told.values())

    @property
    def tells(self) -> BoolArray:
        """Whether something may tell when each series was created."""
        told = [one is not None and self._told.get(one.metric, (0, False))[1] for one in self._selectors]
        of_series: BoolArray = np.array(told, dtype=np.bool_)[self._book.groups]
        return of_series

    def of_new(self, rows: Sequence[int], end: int) -> Mapping[int, float]:
        """When some series were created, as told in the slice that ends then; those not told are left out."""
        return self._last(rows, self._questions.step_seconds, end)

    def around(self, rows: Sequence[int], memory: Memory, end: int) -> Mapping[int, Points]:
        """What was told of some series' creations in a slice, after what was told with their last sample before it."""
        start = end - self._questions.step_seconds
        since = min(float(memory.seen[row]) for row in rows) - self._questions.step_seconds
        before = self._last(rows, max(1, int(start - since)), start)
        found: dict[int, list[tuple[float, float]]] = defaultdict(list)
        selectors, texts = self._about(rows)
        for selector, answer in zip(selectors, self._questions.samples(texts, end)(), strict=True):
            for series in () if isinstance(answer, SourceError) else answer:
                for row in self._rows(selector, series.labels):
                    found[row] = list(series.points)
        return {row: [(float(start), value), *found[row]] for row, value in before.items()}

    def _last(self, rows: Sequence[int], seconds: int, at: int) -> Mapping[int, float]:
        found: dict[int, float] = {}
        selectors, texts = self._about(rows)
        for selector, answer in zip(selectors, self._questions.last(texts, seconds, at)(), strict=True):
            if not isinstance(answer, SourceError):
                for text, value in zip(answer.texts, answer.values[:, 0].tolist(), strict=True):
                    own = self._rows(selector, orjson.loads(b"{" + text + b"}")) if np.isfinite(value) else ()
                    found |= {row: max(value, found.get(row, value)) for row in own}
        return found

    def _about(self, rows: Sequence[int]) -> tuple[list[Selector], list[str]]:
        """What to ask about some series: the selectors that tell of them, and the parts of these, as PromQL."""
        book = self._book
        sizes = np.bincount(book.targets).tolist()
        series: dict[Selector, dict[bytes, tuple[dict[str, str], int]]] = defaultdict(dict)
        for row in rows:
            selector = self._selectors[int(book.groups[row])]
            if selector is not None:
                labels = {name: value for name, value in book.labels(row).items() if name != _BOUND}
                series[selector][_key(labels)] = (labels, sizes[int(book.targets[row])])
        about = [
            (selector, question.selector)
            for selector, own in series.items()
            for question in raw_questions([Some(0, selector, list(own.values()))], by_name=False)
        ]
        return [selector for selector, _ in about], [text for _, text in about]

    def _rows(self, selector: Selector, labels: Mapping[str, str]) -> Sequence[int]:
        """The series that were created when the series with these labels says."""
        found: list[int] = []
        for group in self._groups[selector]:
            if self._has_bounds[group]:
                found += self._rows_without_bound(group).get(_key(self._book.own_labels(labels)), ())
            elif (row := self._book.row(group, labels)) >= 0:
                found.append(row)
        return found

    def _rows_without_bound(self, group: int) -> Mapping[bytes, list[int]]:
        """The series of a histogram's buckets, by their other labels."""
        version, rows = self._bounded.get(group, (-1, {}))
        if version != self._book.version:
            rows = defaultdict(list)
            for row in np.flatnonzero(self._book.groups == group).tolist():
                rows[_key(self._book.labels(row))].append(row)
            self._bounded[group] = (self._book.version, rows)
        return rows

    def _is_fresh(self, metric: str, at: int) -> bool:
        return metric in self._told and 0 <= at - self._told[metric][0] < _REMEMBERED


def _names(levels: Levels) -> list[str]:
    return [orjson.loads(b"{" + text + b"}")[NAME_LABEL] for text in levels.texts]


def _key(labels: Mapping[str, str]) -> bytes:
    kept = {name: value for name, value in labels.items() if name != _BOUND}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
