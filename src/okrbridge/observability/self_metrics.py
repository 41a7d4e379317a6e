"""Metrics of okrbridge itself, kept by the Prometheus client library and appended to ``/metrics``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from okrbridge.application.metric_catalogue import BY_NAME
from okrbridge.errors import SourceFailureReason


class SelfMetrics:
    """Counters and gauges of this process; names, help and labels are the catalogue's."""

    def __init__(self) -> None:
        # The library would add a ``…_created`` gauge to every counter; the catalogue has none.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left this one untyped
        self._registry = CollectorRegistry()
        self._ticks = self._counter("okrbridge_ticks_total")
        self._tick_failures = self._counter("okrbridge_tick_failures_total")
        self._duration = self._histogram("okrbridge_tick_duration_seconds")
        self._lateness = self._gauge("okrbridge_tick_lateness_seconds")
        self._source_failures = self._counter("okrbridge_source_failures_total")
        self._reload_successful = self._gauge("okrbridge_definitions_last_reload_successful")
        self._reload_timestamp = self._gauge("okrbridge_definitions_last_reload_success_timestamp_seconds")

    def _counter(self, name: str) -> Counter:
        metric = BY_NAME[name]
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, name: str) -> Gauge:
        metric = BY_NAME[name]
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, name: str) -> Histogram:
        metric = BY_NAME[name]
        return Histogram(metric.name, metric.help, metric.labels, registry=self._registry)

    def tick_finished(self, *, duration: Mapping[str, float], lateness: float, succeeded: bool) -> None:
        """Count a tick, its seconds by phase, and its lateness."""
        self._ticks.inc()
        if not succeeded:
            self._tick_failures.inc()
        for phase, seconds in duration.items():
            self._duration.labels(phase=phase).observe(seconds)
        self._lateness.set(max(0.0, lateness))

    def source_failed(self, source: str, reason: SourceFailureReason) -> None:
        """Count a failed question to a source."""
        self._source_failures.labels(source=source, reason=reason.value).inc()

    def reloaded(self, *, succeeded: bool, at: datetime) -> None:
        """Note the outcome of the last loading of definitions, and when one last succeeded."""
        self._reload_successful.set(1 if succeeded else 0)
        if succeeded:
            self._reload_timestamp.set(at.timestamp())

    def render(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)
