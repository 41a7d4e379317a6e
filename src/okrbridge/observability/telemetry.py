"""The Telemetry port: spans by OpenTelemetry, counters by the Prometheus client library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span as OpenTelemetrySpan
from opentelemetry.trace import Status, StatusCode

from okrbridge.application.ports import Attribute, Span
from okrbridge.errors import SourceFailureReason
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.tracing import tracer


class _RecordingSpan:
    """An OpenTelemetry span that counts as failed once an exception was recorded on it."""

    def __init__(self, span: OpenTelemetrySpan) -> None:
        self._span = span

    def set_attribute(self, key: str, value: Attribute) -> None:
        self._span.set_attribute(key, value)

    def record_exception(self, exception: Exception) -> None:
        self._span.record_exception(exception)
        self._span.set_status(Status(StatusCode.ERROR, str(exception)))


class ProcessTelemetry:
    """Tells about this process."""

    def __init__(self, metrics: SelfMetrics, provider: TracerProvider | None = None) -> None:
        self._metrics = metrics
        self._provider = provider
        self._tracer = tracer(provider)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Attribute] | None = None) -> Iterator[Span]:
        """Trace a step; spans opened inside it are its children."""
        with self._tracer.start_as_current_span(name, attributes=attributes, record_exception=False) as span:
            yield _RecordingSpan(span)

    def tick_finished(self, *, duration: Mapping[str, float], lateness: float, succeeded: bool) -> None:
        """Count a tick."""
        self._metrics.tick_finished(duration=duration, lateness=lateness, succeeded=succeeded)

    def source_failed(self, source: str, reason: SourceFailureReason) -> None:
        """Count a failed question to a source."""
        self._metrics.source_failed(source, reason)

    def reloaded(self, *, succeeded: bool, at: datetime) -> None:
        """Note that definitions were loaded, or were refused."""
        self._metrics.reloaded(succeeded=succeeded, at=at)

    def close(self) -> None:
        """Send the spans that wait."""
        if self._provider is not None:
            self._provider.shutdown()
