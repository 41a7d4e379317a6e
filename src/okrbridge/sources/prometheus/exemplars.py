"""Exemplars of a Prometheus: which traced requests stand behind a counter.

The server keeps them when it runs with ``--enable-feature=exemplar-storage`` and its targets answer in the OpenMetrics
format. Without the feature its answer is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from okrbridge.application.traces import Trace
from okrbridge.domain.windows import Interval, from_epoch
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.envelope import Asked

TRACE_ID = "{trace_id}"
"""What stands for the id in a declared address of traces."""


class PrometheusTraces:
    """Finds traces by the exemplars of one server.

    Args:
        client: asks the server.
        trace_url: address of a trace, with ``{trace_id}`` in the place of its id; empty for none.
    """

    def __init__(self, client: PrometheusClient, trace_url: str = "") -> None:
        self._client = client
        self._trace_url = trace_url

    def traces(self, query: str, interval: Interval) -> Sequence[Trace]:
        """The traces of the series that a query selects, in the server's order.

        Exemplars without a label named like a trace id, ``trace_id`` or ``traceID``, are passed over.

        Raises:
            SourceError: no usable answer.
        """
        data, asked = self._client.exemplars(query, interval.start, interval.end)
        try:
            return list(self._read(data))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _unreadable(asked) from error

    def _read(self, data: Sequence[Mapping[str, Any]]) -> Iterator[Trace]:
        for series in data:
            for exemplar in series["exemplars"]:
                if trace_id := _trace_id(exemplar["labels"]):
                    at, value = from_epoch(float(exemplar["timestamp"])), float(exemplar["value"])
                    yield Trace(trace_id, at, value, series["seriesLabels"], self._link(trace_id))

    def _link(self, trace_id: str) -> str:
        return self._trace_url.replace(TRACE_ID, quote(trace_id, safe=""))

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def _trace_id(labels: Mapping[str, str]) -> str:
    """The label that holds the trace's id, however it is spelt."""
    return next((value for name, value in labels.items() if name.lower().replace("_", "") == "traceid"), "")


def _unreadable(asked: Asked) -> Exception:
    return asked.failure(SourceFailureReason.BAD_ANSWER, "answered with exemplars that cannot be read")
