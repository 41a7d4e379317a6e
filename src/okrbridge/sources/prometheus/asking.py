"""The questions of carrying, as PromQL, and their answers as numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.domain.windows import format_duration, from_epoch
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.sources.prometheus.client import PrometheusClient
from okrbridge.sources.prometheus.facts import PROCESS_START, UP
from okrbridge.sources.prometheus.levels import Levels

_MILLISECOND = timedelta(milliseconds=1)
_TARGET_LABELS = frozenset({"job", "instance"})
_PROBE, _PROBE_AT = "count_over_time(vector(1)[1m:30s])", 1_700_000_040
_CLOSED = 3.0
TOGETHER = 50
"""How many targets one question for raw samples names."""
_ALONE_BELOW = 1 / 20
"""Share of a target's series below which each is asked for by all its labels."""


@dataclass(frozen=True, slots=True)
class RawQuestion:
    """Asks for the samples of some series of a read, word for word a selector without its range."""

    group: int
    selector: Selector


@dataclass(frozen=True, slots=True)
class Samples:
    """One series with its samples: instants in epoch seconds and values."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Questions:
    """Asks one server.

    Args:
        step: length of a slice.
    """

    def __init__(self, client: PrometheusClient, step: timedelta) -> None:
        self._client, self._step = client, step
        self._is_closed: bool | None = None

    @property
    def step_seconds(self) -> int:
        """Length of a slice."""
        return int(self._step.total_seconds())

    def levels(self, read: Selector, ends: IntArray) -> Levels:
        """The last value of each series in each slice.

        Raises:
            SourceError: no usable answer.
        """
        return self._client.levels(self.levels_query(read), ends)

    def levels_query(self, read: Selector, over: timedelta | None = None) -> str:
        """What ``levels`` asks."""
        return f"last_over_time({read.over(self._range(over or self._step))})"

    def levels_within(self, read: Selector, over: timedelta, end: int) -> Levels:
        """The last value of each series in a longer time.

        Raises:
            SourceError: no usable answer.
        """
        return self._client.levels(self.levels_query(read, over), np.array([end], dtype=np.int64))

    def resets(self, read: Selector, ends: IntArray) -> Levels:
        """The series that the server saw reset in or shortly before each slice.

        Raises:
            SourceError: no usable answer.
        """
        return self._client.levels(f"resets({read.over(format_duration(2 * self._step))}) > 0", ends)

    def facts(self, reads: Sequence[Selector], ends: IntArray, over: timedelta | None = None) -> Levels:
        """``up`` and process starts of the targets.

        Raises:
            SourceError: no usable answer.
        """
        shared = set(reads[0].matchers).intersection(*(read.matchers for read in reads[1:]))
        texts = [matcher.text for matcher in sorted(shared) if matcher.label in _TARGET_LABELS]
        names = ",".join([f'__name__=~"{UP}|{PROCESS_START}"', *texts])
        return self._client.levels(f"last_over_time({{{names}}}[{self._range(over or self._step)}])", ends)

    def samples(self, selector: Selector, end: int) -> list[Samples]:
        """The series of a selector with their samples in one slice.

        Raises:
            SourceError: no usable answer.
        """
        answer = self._client.query(selector.over(self._range(self._step)), from_epoch(end))
        return [Samples(row.labels, row.points) for row in answer.rows if row.points]

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


def raw_questions(group: int, read: Selector, odd: Sequence[tuple[dict[str, str], int]]) -> Iterator[RawQuestion]:
    """As few questions as possible that give the samples of some series.

    Args:
        odd: labels of each series, and how many series of the read its target has.
    """
    by_target: dict[tuple[str, str], list[tuple[dict[str, str], int]]] = defaultdict(list)
    for one in odd:
        by_target[one[0].get("job", ""), one[0].get("instance", "")].append(one)
    whole: dict[str, list[str]] = defaultdict(list)
    for (job, instance), series in by_target.items():
        if len(series) < series[0][1] * _ALONE_BELOW:
            yield from (RawQuestion(group, exact(read.metric, labels)) for labels, _ in series)
        else:
            whole[job].append(instance)
    for job, instances in whole.items():
        for first in range(0, len(instances), TOGETHER):
            yield RawQuestion(group, on_targets(read, job, instances[first : first + TOGETHER]))


def exact(metric: str, labels: dict[str, str]) -> Selector:
    """A selector of the series with these labels."""
    return Selector(metric, tuple(Matcher(name, "=", value) for name, value in sorted(labels.items())))


def on_targets(read: Selector, job: str, instances: Iterable[str]) -> Selector:
    """A selector of what a read takes in on some targets of a job."""
    named = "|".join(re.escape(instance) for instance in instances)
    return Selector(read.metric, (*read.matchers, Matcher("job", "=", job), Matcher("instance", "=~", named)))
