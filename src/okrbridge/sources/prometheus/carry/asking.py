"""The questions of carrying, as PromQL, and their answers as numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.domain.windows import EPOCH, format_duration, from_epoch
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.sources.prometheus.batches import Batches, Bounds, Member, Moments
from okrbridge.sources.prometheus.carry.facts import PROCESS_START, UP
from okrbridge.sources.prometheus.carry.series import NAME_LABEL, SeriesBook
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.levels import Levels
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK
from okrbridge.sources.prometheus.readers import LevelReader

_MILLISECOND = timedelta(milliseconds=1)
_TARGET_LABELS = frozenset({"job", "instance"})
_PROBE, _PROBE_AT = "count_over_time(vector(1)[1m:30s])", 1_700_000_040
_CLOSED = 3.0
_SAMPLED_EVERY, _SAMPLED_EVERY_AT_MOST = timedelta(seconds=30), timedelta(minutes=4)
_SAMPLINGS = 300
BOUNDS = Bounds(rows=5_000)
"""Reads of few series share a question; large ones go alone, where their labels are compared as they came."""
TOGETHER = 50
"""How many targets, and how many metrics, one question for raw samples names."""
_ALONE_BELOW = 1 / 20
"""Share of a target's series below which each is asked for by all its labels."""


@dataclass(frozen=True, slots=True)
class Some:
    """Some series of a read.

    Attributes:
        group: the read's index.
        series: the labels of each, and how many series of the read its target has.
    """

    group: int
    read: Selector
    series: Sequence[tuple[dict[str, str], int]]


@dataclass(frozen=True, slots=True)
class RawQuestion:
    """Asks about some series of some reads.

    Attributes:
        groups: the reads' indexes, by the names of their metrics.
        selector: PromQL without a range.
    """

    groups: Mapping[str, int]
    selector: str

    def copy(self, book: SeriesBook, labels: Mapping[str, str]) -> int:
        """The copy that a series of the answer is; -1 for one that was never entered."""
        only = next(iter(self.groups.values()))
        group = only if len(self.groups) == 1 else self.groups.get(labels.get(NAME_LABEL, ""), -1)
        return book.copy(group, labels)


@dataclass(frozen=True, slots=True)
class Samples:
    """One series with its samples: instants in epoch seconds and values."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


Waiting = Callable[[], list[Levels | SourceError]]
"""Waits for the answers to questions that are under way, one for each."""


class Questions:
    """Asks one server. Call it from outside the pool.

    Args:
        step: length of a slice.
        pool: runs questions side by side.
    """

    def __init__(self, client: PrometheusClient, step: timedelta, pool: ThreadPoolExecutor) -> None:
        self._client, self._step, self._pool = client, step, pool
        self._batches = Batches(LevelReader(client), pool, BOUNDS)
        self._is_closed: bool | None = None

    @property
    def step_seconds(self) -> int:
        """Length of a slice."""
        return int(self._step.total_seconds())

    def levels(self, reads: Sequence[Selector], sizes: Sequence[int], ends: IntArray) -> Waiting:
        """Begin to ask for the last value of each series in each slice.

        Args:
            sizes: about how many series each read has.
        """
        return self._begin([self._last(read) for read in reads], sizes, ends)

    def levels_queries(self, reads: Sequence[Selector], sizes: Sequence[int]) -> list[tuple[str, list[int]]]:
        """What ``levels`` asks about one slice, each question with the places of its reads."""
        moment = Moments(EPOCH, EPOCH, self._step)
        members = [Member(self._last(read), moment, size) for read, size in zip(reads, sizes, strict=True)]
        return self._batches.questions(members)

    def resets(self, reads: Sequence[Selector], sizes: Sequence[int], ends: IntArray, window: int) -> Waiting:
        """Begin to ask which series the server saw reset within some seconds before the end of each slice.

        Args:
            sizes: about how many series each read has.
        """
        over = format_duration(timedelta(seconds=window))
        return self._begin([f"resets({read.over(over)}) > 0" for read in reads], sizes, ends)

    def facts(self, reads: Sequence[Selector], ends: IntArray) -> Waiting:
        """Begin to ask for ``up`` and process starts of the targets, in one question."""
        shared = set(reads[0].matchers).intersection(*(read.matchers for read in reads[1:]))
        texts = [matcher.text for matcher in sorted(shared) if matcher.label in _TARGET_LABELS]
        names = ",".join([f'__name__=~"{UP}|{PROCESS_START}"', *texts])
        return self._begin([f"last_over_time({{{names}}}[{self._range(self._step)}])"], [1], ends)

    def existing(self, names: Sequence[str], at: float) -> Waiting:
        """Begin to ask which of some metrics have series in view at an instant; each gives one row with its name."""
        texts = [f"group by ({NAME_LABEL}) ({named(some, ())})" for some in _chunks(names)]
        return self._begin(texts, [TOGETHER] * len(texts), np.array([at], dtype=np.int64))

    def late(self, selectors: Sequence[Selector], ends: IntArray, window: int) -> Waiting:
        """Begin to ask which of some instants, in view at the end of each slice, lie within seconds before it."""
        over = format_duration(LOOK_BACK)
        texts = [f"last_over_time({one.over(over)}) > time() - {window}" for one in selectors]
        return self._begin(texts, [1] * len(texts), ends)

    def last(self, selectors: Sequence[str], seconds: int, at: float) -> Waiting:
        """Begin to ask for the last values within some seconds before an instant."""
        over = format_duration(timedelta(seconds=seconds))
        texts = [f"last_over_time({one}[{over}])" for one in selectors]
        return self._begin(texts, [1] * len(texts), np.array([at], dtype=np.int64))

    def recall(self, selectors: Sequence[str], over: timedelta, at: float) -> Waiting:
        """Begin to ask for the last levels within a longer time that ends at an instant, and then for their instants.

        When a series was sampled is read in steps, so that a series that ended between two of them is told a step early
        at most.
        """
        every = format_duration(min(max(over / _SAMPLINGS, min(_SAMPLED_EVERY, self._step)), _SAMPLED_EVERY_AT_MOST))
        length = format_duration(over)
        texts = [f"last_over_time({one}[{length}])" for one in selectors]
        texts += [f"max_over_time(timestamp({one})[{length}:{every}])" for one in selectors]
        return self._begin(texts, [1] * len(texts), np.array([at], dtype=np.int64))

    def in_view(self, selectors: Sequence[str], at: float) -> Waiting:
        """Begin to ask for the last values within the look-back before an instant."""
        return self.last(selectors, int(LOOK_BACK.total_seconds()), at)

    def samples(
        self, selectors: Sequence[str], end: int, slices: int = 1
    ) -> Callable[[], list[list[Samples] | SourceError]]:
        """Begin to ask for the series of each selector with their samples in the slices up to an end."""
        over = self._range(slices * self._step)
        asked = [self._pool.submit(copy_context().run, self._samples, f"{one}[{over}]", end) for one in selectors]
        return lambda: [one.result() for one in asked]

    def _samples(self, query: str, end: int) -> list[Samples] | SourceError:
        try:
            answer = self._client.query(query, from_epoch(end))
        except SourceError as error:
            return error
        return [Samples(row.labels, row.points) for row in answer.rows if row.points]

    def _begin(self, expressions: Sequence[str], sizes: Sequence[int], ends: IntArray) -> Waiting:
        moments = Moments(from_epoch(int(ends[0])), from_epoch(int(ends[-1])), self._step)
        members = [Member(text, moments, max(1, size)) for text, size in zip(expressions, sizes, strict=True)]
        return self._batches.begin(members)

    def _last(self, selector: Selector) -> str:
        return f"last_over_time({selector.over(self._range(self._step))})"

    def _range(self, length: timedelta) -> str:
        """A range that leaves out its very start, whose sample belongs to the slice before."""
        return format_duration(length - _MILLISECOND if self._closed else length)

    @property
    def _closed(self) -> bool:
        """Whether the server's ranges take in both their ends, as those of Prometheus 2 do."""
        if self._is_closed is None:
            try:
                answer = self._client.query(_PROBE, from_epoch(_PROBE_AT))
            except SourceError:
                return False  # asked again next time
            self._is_closed = bool(answer.rows) and answer.rows[0].points[0][1] == _CLOSED
        return self._is_closed


def raw_questions(asked: Sequence[Some], *, by_name: bool) -> Iterator[RawQuestion]:
    """As few questions as possible about some series.

    Args:
        by_name: the answers keep the names of metrics, so one question may be about several.
    """
    whole: dict[object, tuple[dict[str, int], Selector, str, dict[str, None]]] = {}
    for some in asked:
        for (job, instance), series in _by_target(some.series).items():
            if len(series) < series[0][1] * _ALONE_BELOW:
                for labels, _ in series:
                    yield RawQuestion({some.read.metric: some.group}, exact(some.read.metric, labels).text)
                continue
            key = (some.read.matchers if by_name else some.group, job)
            groups, _, _, instances = whole.setdefault(key, ({}, some.read, job, {}))
            groups[some.read.metric] = some.group
            instances[instance] = None
    for groups, read, job, instances in whole.values():
        for names in _chunks(sorted(groups)):
            for some_instances in _chunks(list(instances)):
                matchers = on_targets(read, job, some_instances).matchers
                yield RawQuestion({name: groups[name] for name in names}, named(names, matchers))


def _by_target(
    series: Sequence[tuple[dict[str, str], int]],
) -> Mapping[tuple[str, str], list[tuple[dict[str, str], int]]]:
    found: dict[tuple[str, str], list[tuple[dict[str, str], int]]] = defaultdict(list)
    for one in series:
        found[one[0].get("job", ""), one[0].get("instance", "")].append(one)
    return found


def _chunks(words: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(words), TOGETHER):
        yield words[first : first + TOGETHER]


def named(names: Sequence[str], matchers: Sequence[Matcher]) -> str:
    """A selector of several metrics, as PromQL."""
    if len(names) == 1:
        return Selector(names[0], tuple(matchers)).text
    pattern = Matcher(NAME_LABEL, "=~", "|".join(map(re.escape, names)))
    return "{" + ",".join(one.text for one in (pattern, *matchers)) + "}"


def exact(metric: str, labels: dict[str, str]) -> Selector:
    """A selector of the series with these labels."""
    return Selector(metric, tuple(Matcher(name, "=", value) for name, value in sorted(labels.items())))


def on_targets(read: Selector, job: str, instances: Iterable[str]) -> Selector:
    """A selector of what a read takes in on some targets of a job."""
    named = "|".join(re.escape(instance) for instance in instances)
    return Selector(read.metric, (*read.matchers, Matcher("job", "=", job), Matcher("instance", "=~", named)))
