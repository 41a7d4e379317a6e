"""Prometheus as a metric source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from difflib import get_close_matches
from typing import TypeVar

from okrbridge.application.ports import Counted, CountRequest, Reading, SourceFailure, ValueRequest
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, format_duration
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import metric_names
from okrbridge.promql.syntax import PromqlSyntaxError
from okrbridge.sources.prometheus.client import PrometheusClient
from okrbridge.sources.prometheus.counters import survey_query
from okrbridge.sources.prometheus.counting import Count
from okrbridge.sources.prometheus.readings import as_reading

POINTS_PER_QUERY = 10_000
"""Prometheus refuses more than 11,000 points a series."""

_Asked = TypeVar("_Asked")
_Answered = TypeVar("_Answered")


class PrometheusSource:
    """Implements ``application.ports.MetricSource`` over one Prometheus.

    Args:
        name: the declared name.
        concurrency: how many questions are under way at once.
    """

    def __init__(
        self,
        name: str,
        client: PrometheusClient,
        grid: Grid,
        concurrency: int = 8,
        *,
        points_per_query: int = POINTS_PER_QUERY,
    ) -> None:
        self._name, self._client, self._grid = name, client, grid
        self._points_per_query = points_per_query
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"source-{name}")

    @property
    def name(self) -> str:
        """The declared name; also the origin of the slices it counts."""
        return self._name

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order; one failing request leaves the others alone."""
        return self._side_by_side(self._count, requests)

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
        """The question that counts an ordinary slice of an SLI; slices with births or restarts are asked in full."""
        return survey_query(sli, self._grid.step)

    def counting_method(self, sli: Sli) -> str:
        """How this source counts an SLI, in a few words for ``explain``."""
        part = "good" if sli.good is not None else "bad"
        step = format_duration(self._grid.step)
        return (
            f"exact increase of the {part} and total counters in each slice of {step}, from their raw samples: "
            "last in the slice minus last before it, with resets and births of series counted, nothing extrapolated"
        )

    def close(self) -> None:
        """Let go of connections; questions under way are finished first."""
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _count(self, request: CountRequest) -> Counted:
        count = Count(self._client, self._grid, request, self._points_per_query)
        try:
            slices = count.slices()
        except SourceError as error:
            failure = _failure(error)
        except ValueError as error:
            failure = SourceFailure(SourceFailureReason.BAD_QUERY, str(error))
        else:
            return Counted(request, slices, query=count.query, warnings=tuple(count.warnings))
        return Counted(request, None, failure=failure, query=count.query, warnings=tuple(count.warnings))

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


def _failure(error: SourceError) -> SourceFailure:
    return SourceFailure(error.reason, str(error))
