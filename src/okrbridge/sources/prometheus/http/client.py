"""One Prometheus over HTTP: queries, the server's own parser, and look-ups.

``prometheus-api-client`` owns the session and answers the look-ups. Queries go over that session as form POSTs of
our own, because the package puts even a POSTed query into the URL, drops result type and warnings, has no total
deadline, and multiplies expensive queries by retrying time-outs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from okrbridge.domain.ledger import IntArray
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.connection import Connection, authentication, open_session, pooled_adapter
from okrbridge.sources.prometheus.http.envelope import Answer, Asked, Reply, raise_for_overload, read_answer, read_data
from okrbridge.sources.prometheus.http.levels import Levels, read_levels
from okrbridge.sources.prometheus.http.retrying import MOST_ATTEMPTS, Deadline, retried
from okrbridge.sources.prometheus.http.transport import Transport, network_failure

_QUERY, _QUERY_RANGE, _FORMAT_QUERY = "/api/v1/query", "/api/v1/query_range", "/api/v1/format_query"
_QUERY_EXEMPLARS = "/api/v1/query_exemplars"
_WHOLE_ANSWER = MappingProxyType({"partial_response": "false"})
"""Thanos would otherwise count what part of its stores know, and say so only in a warning."""
_BUILD_INFO = "/api/v1/status/buildinfo"
_VICTORIA_METRICS = re.compile(rb'^vm_app_version{[^}]*short_version="([^"]*)"', re.MULTILINE)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NOT_FOUND = 404
_LARGEST_ANSWER = 64 * 1024 * 1024
_REMEMBERED_AWAY = 30.0
"""Seconds for which questions to a server that could not be reached are tried only once."""

Tracing = Callable[[str, Mapping[str, str]], AbstractContextManager[object]]
"""Opens a span of that name with those attributes around a step."""


def untraced(_name: str, _attributes: Mapping[str, str]) -> AbstractContextManager[object]:
    """Trace nothing."""
    return nullcontext()


class PrometheusClient:
    """Asks one server; safe to use from several threads.

    Args:
        source: the source's declared name, for errors.
        concurrency: how many connections to keep open.
        deadline: the longest a question may take, retries included.
        largest_answer: in bytes, unpacked; a larger answer is refused.
        tracing: opens a span around each query.

    Raises:
        ConfigurationError: the connection cannot work as declared.
    """

    def __init__(
        self,
        source: str,
        connection: Connection,
        *,
        concurrency: int = 8,
        deadline: timedelta = timedelta(seconds=30),
        largest_answer: int = _LARGEST_ANSWER,
        tracing: Tracing = untraced,
    ) -> None:
        checked = connection.checked()
        self._asked = Asked(source, checked.url)
        self._seconds = deadline.total_seconds()
        self._away_since: float | None = None
        self._tracing = tracing
        session, auth = open_session(checked), authentication(checked)
        if urlsplit(checked.url).hostname in _LOOPBACK:
            # Packing and unpacking megabytes takes longer than handing them over inside one machine.
            session.headers["Accept-Encoding"] = "identity"
        self._connect = PrometheusConnect(checked.url, session=session, auth=auth, timeout=self._seconds)
        # The constructor mounted an adapter of its own for this very URL, with a small pool and its own retries.
        session.mount(checked.url, pooled_adapter(concurrency))
        self._transport = Transport(session, auth, largest_answer)

    def __repr__(self) -> str:
        return f"PrometheusClient({self._asked.source!r}, {self.url!r})"

    @property
    def source(self) -> str:
        """The source's declared name."""
        return self._asked.source

    @property
    def url(self) -> str:
        """The server's address, without credentials."""
        return self._asked.host

    def query(self, promql: str, at: datetime) -> Answer:
        """Evaluate at an instant.

        Raises:
            SourceError: no usable answer.
        """
        return self._evaluate(_QUERY, {"query": promql, "time": _timestamp(at)})

    def query_range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> Answer:
        """Evaluate at every step from start to end, both included.

        Raises:
            SourceError: no usable answer.
        """
        times = {"start": _timestamp(start), "end": _timestamp(end), "step": f"{step.total_seconds():g}"}
        return self._evaluate(_QUERY_RANGE, {"query": promql, **times})

    def levels(self, promql: str, ends: IntArray) -> Levels:
        """Evaluate at instants one step apart, given in epoch seconds, and keep the answer in few large pieces.

        Raises:
            SourceError: no usable answer.
        """
        if len(ends) == 1:
            form, path = {"query": promql, "time": f"{ends[0]}"}, _QUERY
        else:
            times = {"start": f"{ends[0]}", "end": f"{ends[-1]}", "step": f"{ends[1] - ends[0]}"}
            form, path = {"query": promql, **times}, _QUERY_RANGE
        asked = self._asked.about(promql)
        with self._traced(path, asked):
            return read_levels(self._reply(path, {**form, **_WHOLE_ANSWER}, asked), asked, ends)

    def read_by_server(self, promql: str) -> None:
        """Let the server's own parser read an expression.

        Raises:
            SourceError: the server refuses it, with the position as ``1:4:``, or does not answer.
        """
        asked = self._asked.about(promql)
        reply = self._reply(_FORMAT_QUERY, {"query": promql}, asked)
        if reply.status == _NOT_FOUND:
            # Servers without a formatter parse before they evaluate, and at the epoch there is nothing to evaluate.
            reply = self._reply(_QUERY, {"query": promql, "time": "0"}, asked)
        read_data(reply, asked)

    def exemplars(self, promql: str, start: datetime, end: datetime) -> tuple[Any, Asked]:
        """The exemplars of the series that an expression selects, as the server sends them, and whom to blame for it.

        Raises:
            SourceError: no usable answer.
        """
        asked = self._asked.about(promql)
        form = {"query": promql, "start": _timestamp(start), "end": _timestamp(end)}
        data, _warnings = read_data(self._reply(_QUERY_EXEMPLARS, form, asked), asked)
        return data, asked

    def server(self) -> str:
        """Name and version of the server, such as ``Prometheus 2.42.0``, as far as it tells them.

        Prometheus and its relatives tell what they were built from. VictoriaMetrics tells nothing of that there, and
        names itself among its own metrics.

        Raises:
            SourceError: no usable answer.
        """
        reply = self._reply(_BUILD_INFO, {}, self._asked)
        told = read_data(reply, self._asked)[0] if reply.status != _NOT_FOUND else {}
        if isinstance(told, dict) and told.get("revision"):
            return f"{told.get('application') or 'Prometheus'} {told.get('version', '')}".strip()
        own = _VICTORIA_METRICS.search(self._reply("/metrics", {}, self._asked).body)
        return "" if own is None else f"VictoriaMetrics {own.group(1).decode(errors='replace').lstrip('v')}".strip()

    def metric_names(self) -> list[str]:
        """The names of all metrics the server holds.

        Raises:
            SourceError: no usable answer.
        """
        try:
            return [str(name) for name in self._connect.all_metrics()]
        except requests.exceptions.JSONDecodeError as error:
            message = "answered the question for metric names with something that is not JSON"
            raise self._asked.failure(SourceFailureReason.BAD_ANSWER, message) from error
        except (requests.RequestException, OSError) as error:
            raise network_failure(error, self._asked, self._seconds) from error
        except (PrometheusApiClientException, KeyError, TypeError) as error:
            message = "did not tell the names of its metrics"
            raise self._asked.failure(SourceFailureReason.BAD_ANSWER, message) from error

    def close(self) -> None:
        """Let go of connections."""
        self._connect.close()

    def _evaluate(self, path: str, form: Mapping[str, str]) -> Answer:
        asked = self._asked.about(form["query"])
        with self._traced(path, asked):
            return read_answer(self._reply(path, {**form, **_WHOLE_ANSWER}, asked), asked)

    def _traced(self, path: str, asked: Asked) -> AbstractContextManager[object]:
        attributes = {"okrbridge.source": asked.source, "db.query.text": asked.query or "", "url.path": path}
        return self._tracing("okrbridge.query", attributes)

    def _reply(self, path: str, form: Mapping[str, str], asked: Asked) -> Reply:
        deadline = Deadline(self._seconds)

        def attempt() -> Reply:
            timeout = f"{max(1, round(deadline.remaining() * 1000))}ms"
            reply = self._transport.send(self.url + path, {**form, "timeout": timeout}, asked, deadline)
            raise_for_overload(reply, asked)
            return reply

        try:
            reply = retried(attempt, deadline, 1 if self._is_known_away() else MOST_ATTEMPTS)
        except SourceError as error:
            self._away_since = time.monotonic() if error.reason is SourceFailureReason.UNREACHABLE else None
            raise
        self._away_since = None
        return reply

    def _is_known_away(self) -> bool:
        """Whether the server could not be reached a moment ago.

        A tick asks a dozen questions; were each of them tried four times, a server that is down would cost more than
        the time between ticks.
        """
        return self._away_since is not None and time.monotonic() - self._away_since < _REMEMBERED_AWAY


def _timestamp(at: datetime) -> str:
    return f"{at.timestamp():.3f}"
