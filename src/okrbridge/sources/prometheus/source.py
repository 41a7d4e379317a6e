"""Prometheus as a metric source."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TypeVar

import numpy as np

from okrbridge.application.ports import (
    Counted,
    CountRequest,
    PlannedQuery,
    Reading,
    SourceFailure,
    ValueRequest,
)
from okrbridge.domain.ledger import SliceTable
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, epoch_seconds, from_epoch
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import metric_names
from okrbridge.promql.syntax import PromqlSyntaxError
from okrbridge.sources.prometheus.batches import Batches
from okrbridge.sources.prometheus.carry.carrying import Carry
from okrbridge.sources.prometheus.expressions import AsWritten
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.methods import Server, counting_method
from okrbridge.sources.prometheus.planner import Limits, Planner, Way, chosen, rows_of
from okrbridge.sources.prometheus.push_down.push_down import PushDown
from okrbridge.sources.prometheus.push_down.walking import Walker
from okrbridge.sources.prometheus.readers import RowReader
from okrbridge.sources.prometheus.readings import as_reading

_Asked = TypeVar("_Asked")
_Answered = TypeVar("_Answered")


class PrometheusSource:
    """Implements ``application.ports.MetricSource`` over one Prometheus.

    Args:
        name: the declared name.
        concurrency: how many questions are under way at once.
        replica_labels: labels that tell copies of one series apart, as those of a highly available pair do.
        limits: up to how many series are carried.
    """

    def __init__(
        self,
        name: str,
        client: PrometheusClient,
        grid: Grid,
        concurrency: int = 8,
        *,
        replica_labels: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> None:
        self._name, self._client, self._grid = name, client, grid
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"source-{name}")
        batches = Batches(RowReader(client), self._pool)
        self._planner, self._server = Planner(batches, limits), Server(client)
        self._ways: dict[str, Way] = {}
        self._carry = Carry(client, grid, self._pool, replica_labels=replica_labels, sizes=self._planner.series)
        # Odd targets have a carry of their own, so that they do not push out what the other has in memory.
        odd = Carry(client, grid, self._pool, replica_labels=replica_labels)
        self._push_down = PushDown(batches, grid, Walker(batches, odd, grid.step), replica_labels=replica_labels)
        self._expressions = AsWritten(batches, grid)

    @property
    def name(self) -> str:
        """The declared name; also the origin of the slices it counts."""
        return self._name

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order; one failing request leaves the others alone."""
        self._server.ask()
        parts: list[list[tuple[Sequence[int], Counted]]] = [[] for _ in requests]
        for way, places, rows, asked in self._split(requests):
            for place, own, answer in zip(places, rows, self._answer(way, asked), strict=True):
                parts[place].append((own, answer))
        return [joined(request, self._grid, part) for request, part in zip(requests, parts, strict=True)]

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""
        return self._side_by_side(self._value, requests)

    def check_query(self, query: str) -> SourceFailure | None:
        """Let the server's own parser read an expression, and look whether it knows the metrics in it.

        A metric the server does not know is a failure only when its name is close to one that it knows: a counter
        of errors is unknown before the first error.
        """
        try:
            self._client.read_by_server(query)
        except SourceError as error:
            return _failure(error)
        return self._misspelt_metric(query)

    def counting_query(self, sli: Sli) -> str:
        """The questions that count an ordinary slice of an SLI, one a line, as if it was asked alone."""
        return "\n".join(planned.query for planned in self._planned([sli], [Way.of(sli)]))

    def counting_method(self, sli: Sli) -> str:
        """How this source counts an SLI, in a few words for ``explain``."""
        way = self._ways.get(sli.key, Way.of(sli))
        return counting_method(sli, way, self._server.name, self._grid.step)

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """The questions that count an ordinary slice of these SLIs, each with the SLIs it serves."""
        self._server.ask()
        return self._planned(slis, self._ways_of(tuple(slis), from_epoch(time.time())))

    def close(self) -> None:
        """Let go of connections; questions under way are finished first."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _split(
        self, requests: Sequence[CountRequest]
    ) -> Iterator[tuple[Way, list[int], list[Sequence[int]], list[CountRequest]]]:
        """For each way the requests' places, the rows of each that go this way, and what is asked."""
        ways = [self._ways_of(one.slis, one.interval.end) for one in requests]
        for way in Way:
            rows = [rows_of(one, way) for one in ways]
            places = [place for place, own in enumerate(rows) if own]
            asked = [replace(requests[place], slis=chosen(requests[place].slis, rows[place])) for place in places]
            yield way, places, [rows[place] for place in places], asked

    def _ways_of(self, slis: tuple[Sli, ...], at: datetime) -> list[Way]:
        """How each SLI is counted; remembered where it is not the usual way."""
        ways = self._planner.ways(self._carry.layout(slis), at)
        for sli, way in zip(slis, ways, strict=True):
            if way is Way.PUSH_DOWN:
                self._ways[sli.key] = way
            elif self._ways:
                self._ways.pop(sli.key, None)
        return ways

    def _answer(self, way: Way, requests: Sequence[CountRequest]) -> list[Counted]:
        if way is Way.CARRY:
            return self._carry.count_all(requests)
        one_by_one = self._push_down.count if way is Way.PUSH_DOWN else self._expressions.count
        return [one_by_one(request) for request in requests]

    def _planned(self, slis: Sequence[Sli], ways: Sequence[Way]) -> list[PlannedQuery]:
        carried, pushed, written = (chosen(slis, rows_of(ways, way)) for way in Way)
        return [
            *(self._planned_reads(carried) if carried else ()),
            *(self._push_down.plan(pushed) if pushed else ()),
            *(self._expressions.plan(written) if written else ()),
        ]

    def _planned_reads(self, slis: tuple[Sli, ...]) -> Iterator[PlannedQuery]:
        layout = self._carry.layout(slis)
        told = [self._planner.series(read) for read in layout.reads]
        for query, groups in self._carry.questions.levels_queries(layout.reads, [one or 1 for one in told]):
            rows = sorted({row for group in groups for row in layout.touched(group)})
            keys = tuple(slis[row].key for row in rows)
            known = [one for group in groups if (one := told[group]) is not None]
            series = sum(known) if len(known) == len(groups) else None
            yield PlannedQuery(query, Way.CARRY, keys, series, _reading_note(len(rows), len(groups)))

    def _value(self, request: ValueRequest) -> Reading:
        try:
            return as_reading(request, self._client.query(request.query, request.at))
        except SourceError as error:
            return Reading(request, None, failure=_failure(error))

    def _misspelt_metric(self, query: str) -> SourceFailure | None:
        try:
            asked_for = metric_names(query)
            known = set(self._client.metric_names()) if asked_for else set()
        except (PromqlSyntaxError, SourceError):
            return None  # a hint only: the server has accepted the query, perhaps in syntax newer than the parser's
        for metric in asked_for:
            if metric not in known and (close := get_close_matches(metric, known, n=1, cutoff=0.85)):
                message = (
                    f"no series matches: the metric {metric!r} is unknown to {self._client.url}; "
                    f"did you mean {close[0]!r}?"
                )
                return SourceFailure(SourceFailureReason.BAD_QUERY, message)
        return None

    def _side_by_side(self, answer: Callable[[_Asked], _Answered], requests: Sequence[_Asked]) -> list[_Answered]:
        # Each thread gets the caller's context, so that log lines and spans keep their tick.
        running = [self._pool.submit(copy_context().run, answer, request) for request in requests]
        return [one.result() for one in running]


def joined(request: CountRequest, grid: Grid, answers: Sequence[tuple[Sequence[int], Counted]]) -> Counted:
    """One answer out of those for some rows each."""
    if len(answers) == 1 and len(answers[0][0]) == len(request.slis):
        return replace(answers[0][1], request=request)
    starts = np.arange(epoch_seconds(request.interval.start), epoch_seconds(request.interval.end), grid.step_seconds)
    table = SliceTable.unknown(starts.astype(np.int64), len(request.slis))
    failures: dict[int, SourceFailure] = {}
    warnings: dict[int, tuple[str, ...]] = {}
    for rows, answer in answers:
        table.good[rows], table.total[rows] = answer.table.good, answer.table.total
        table.states[rows] = answer.table.states
        failures |= {rows[row]: failure for row, failure in answer.failures.items()}
        warnings |= {rows[row]: told for row, told in answer.warnings.items()}
    return Counted(request, table, failures, warnings)


def _reading_note(slis: int, reads: int) -> str:
    taken = "1 SLI takes in" if slis == 1 else f"{slis} SLIs take in"
    metrics = f" of {reads} metrics" if reads > 1 else ""
    return f"the levels of all series{metrics} that {taken}, subtracted in okrbridge"


def _failure(error: SourceError) -> SourceFailure:
    return SourceFailure(error.reason, str(error))
