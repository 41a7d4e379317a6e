"""The fleet's counters at any instant: whole numbers, reproducible from the seed, the anchor and the instant.

Every pod counts its requests by code and by latency in whole minutes; inside a minute they are spread evenly.
A history that one process writes and an exporter that another one serves therefore agree to the last request.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt

from okrbridge.promql.selectors import Selector
from okrbridge.sources.simulated.chance import key, uniform
from okrbridge.sources.simulated.schedule import MINUTE, SERVICES, PodLife, pod_lives
from okrbridge.sources.simulated.story import BOUNDS, PLOTS, Story

Counts = npt.NDArray[np.int64]

Labels = tuple[tuple[str, str], ...]
"""Sorted pairs of label name and value, without the metric's name."""

JOB = "fleet"
CODES = ("200", "404", "500", "503")
REQUESTS = "http_requests_total"
BUCKET = "http_request_duration_seconds_bucket"
SUM = "http_request_duration_seconds_sum"
COUNT = "http_request_duration_seconds_count"
STARTED = "process_start_time_seconds"

DEFAULT_SEED = 20_260

_BIN_MILLISECONDS = np.array([25, 75, 175, 375, 750, 1750, 4000], dtype=np.int64)
"""What a request in each bucket is taken to have lasted, for the sum of durations."""
_LIVES_KEPT = 1024
_SHARE_500 = 0.6


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one pod life at some instants.

    Attributes:
        labels: ``job`` and ``instance`` included.
        values: its value at each instant.
        is_there: whether it is exposed at each instant; a counter is only from its first event on.
    """

    name: str
    labels: Labels
    values: npt.NDArray[np.float64]
    is_there: npt.NDArray[np.bool_]

    def is_meant_by(self, selector: Selector) -> bool:
        """Whether a selector selects it."""
        return self.name == selector.metric and selector.matches(dict(self.labels))


@dataclass
class Fleet:
    """Three services with three pods each.

    Attributes:
        story: what happens to it.
        begins: epoch seconds since when the fleet can be observed; its pods may be older.
    """

    story: Story
    begins: int
    _counted: OrderedDict[PodLife, Counts] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def lives(self, start: int, end: int) -> list[PodLife]:
        """The pod lives that overlap ``[start, end]``, by service."""
        return [life for service in SERVICES for life in pod_lives(self.story.seed, service, start, end)]

    def counted(self, life: PodLife) -> Counts:
        """Events since the life's start, by code and then by latency bin; one row for each whole minute it served."""
        with self._lock:
            if life not in self._counted:
                while len(self._counted) >= _LIVES_KEPT:
                    self._counted.popitem(last=False)
                self._counted[life] = _count(self.story, life)
            self._counted.move_to_end(life)
            return self._counted[life]

    def counts_at(self, life: PodLife, instants: Counts) -> Counts:
        """Events since the life's start up to each instant; columns as in ``counted``."""
        rows = self.counted(life)
        served = np.clip(instants, life.serves_from, life.serves_until) - life.serves_from
        minute, second = served // MINUTE, served % MINUTE
        before = rows[minute]
        within = rows[np.minimum(minute + 1, len(rows) - 1)] - before
        return before + within * second[:, np.newaxis] // MINUTE

    def series(self, life: PodLife, instants: Counts) -> list[Series]:
        """What the pod exposes at instants while it is up, without ``up``, which scrapers add."""
        counts = self.counts_at(life, instants)
        return [*_request_series(life, counts), *_latency_series(life, counts), _started_series(life, len(instants))]

    def true_counts(self, service: str, start: int, end: int) -> TrueCounts:
        """The events in ``(start, end]``, as a reader of every sample would count them."""
        edges = np.array([start, end], dtype=np.int64)
        total = np.zeros(len(CODES) + len(BOUNDS), dtype=np.int64)
        for life in pod_lives(self.story.seed, service, start, end):
            at_start, at_end = self.counts_at(life, edges)
            total += at_end - at_start
        return TrueCounts(
            by_code=dict(zip(CODES, total[: len(CODES)].tolist(), strict=True)),
            by_bound=dict(zip(BOUNDS, np.cumsum(total[len(CODES) :]).tolist(), strict=True)),
        )


@dataclass(frozen=True, slots=True)
class TrueCounts:
    """What really happened.

    Attributes:
        by_code: requests by status code.
        by_bound: requests no slower than each bound, cumulative as in a histogram.
    """

    by_code: dict[str, int]
    by_bound: dict[str, int]

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(self.by_code.values())

    @property
    def failed(self) -> int:
        """Requests answered 5xx."""
        return sum(count for code, count in self.by_code.items() if code.startswith("5"))


def _count(story: Story, life: PodLife) -> Counts:
    minutes = np.arange(life.serves_from, life.serves_until, MINUTE, dtype=np.int64)

    def dice(what: str) -> npt.NDArray[np.float64]:
        return uniform(key(story.seed, life.pod, what), minutes)

    plot = PLOTS[life.service]
    requests = np.floor(story.requests(life.service, minutes) + dice("requests"))
    failing = story.failing(life.service, minutes)
    failed_500 = np.floor(requests * failing * _SHARE_500 + dice("500"))
    failed_503 = np.floor(requests * failing * (1 - _SHARE_500) + dice("503"))
    failed_503 = np.minimum(failed_503, requests - np.minimum(failed_500, requests))
    failed_500 = np.minimum(failed_500, requests)
    missed = np.minimum(np.floor(requests * plot.not_found + dice("404")), requests - failed_500 - failed_503)
    succeeded = requests - missed - failed_500 - failed_503
    # One throw for all bounds keeps the cumulated counts in order and their expectation exact.
    throw = dice("latency")[:, np.newaxis]
    within = np.floor(requests[:, np.newaxis] * (1 - story.slower(life.service, minutes)) + throw)
    cumulated = np.minimum(np.column_stack([within, requests]), requests[:, np.newaxis])
    bins = np.diff(cumulated, axis=1, prepend=0.0)
    per_minute = np.column_stack([succeeded, missed, failed_500, failed_503, bins]).astype(np.int64)
    return np.concatenate([np.zeros((1, per_minute.shape[1]), dtype=np.int64), np.cumsum(per_minute, axis=0)])


def _labels(life: PodLife, **more: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"job": JOB, "instance": life.pod, **more}.items()))


def _request_series(life: PodLife, counts: Counts) -> list[Series]:
    columns = counts[:, : len(CODES)].T
    return [
        Series(REQUESTS, _labels(life, service=life.service, code=code), values.astype(np.float64), values > 0)
        for code, values in zip(CODES, columns, strict=True)
    ]


def _latency_series(life: PodLife, counts: Counts) -> list[Series]:
    bins = counts[:, len(CODES) :]
    cumulated = np.cumsum(bins, axis=1)
    observed = cumulated[:, -1] > 0
    labels = _labels(life, service=life.service)
    buckets = [
        Series(BUCKET, _labels(life, service=life.service, le=bound), values.astype(np.float64), observed)
        for bound, values in zip(BOUNDS, cumulated.T, strict=True)
    ]
    seconds = (bins @ _BIN_MILLISECONDS) / 1000
    count = cumulated[:, -1].astype(np.float64)
    return [*buckets, Series(SUM, labels, seconds, observed), Series(COUNT, labels, count, observed)]


def _started_series(life: PodLife, instants: int) -> Series:
    started = np.full(instants, float(life.started_at))
    return Series(STARTED, _labels(life), started, np.ones(instants, dtype=np.bool_))
