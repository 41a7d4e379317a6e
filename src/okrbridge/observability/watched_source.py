"""A source that counts its failures and traces its answers; the source behind it stays about its subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from okrbridge.application.ports import (
    Counted,
    CountRequest,
    MetricSource,
    PlannedQuery,
    Reading,
    SourceFailure,
    Telemetry,
    ValueRequest,
    ValueSource,
)
from okrbridge.domain.sli import Sli


class WatchedValues:
    """Wraps a ValueSource with the same interface."""

    def __init__(self, source: ValueSource, telemetry: Telemetry) -> None:
        self._values = source
        self._telemetry = telemetry

    @property
    def name(self) -> str:
        """The declared name."""
        return self._values.name

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""
        with self._telemetry.span("okrbridge.values", self._attributes(len(requests))) as span:
            readings = self._values.values(requests)
            span.set_attribute("okrbridge.failures", self._tell(reading.failure for reading in readings))
        return readings

    def close(self) -> None:
        """Let go of connections."""
        self._values.close()

    def _attributes(self, requests: int) -> dict[str, str | int]:
        return {"okrbridge.source": self.name, "okrbridge.requests": requests}

    def _tell(self, failures: Iterable[SourceFailure | None]) -> int:
        found = [failure for failure in failures if failure is not None]
        for failure in found:
            self._telemetry.source_failed(self.name, failure.reason)
        return len(found)


class WatchedSource(WatchedValues):
    """Wraps a MetricSource with the same interface."""

    def __init__(self, source: MetricSource, telemetry: Telemetry) -> None:
        super().__init__(source, telemetry)
        self._source = source

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order."""
        with self._telemetry.span("okrbridge.count", self._attributes(len(requests))) as span:
            answers = self._source.count(requests)
            failures = self._tell(failure for answer in answers for failure in answer.failures.values())
            span.set_attribute("okrbridge.failures", failures)
        return answers

    def check_query(self, query: str) -> SourceFailure | None:
        """Let the source itself read an expression."""
        return self._source.check_query(query)

    def counting_query(self, sli: Sli) -> str:
        """The question that counts an ordinary slice."""
        return self._source.counting_query(sli)

    def counting_method(self, sli: Sli) -> str:
        """How the source counts an SLI."""
        return self._source.counting_method(sli)

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """The questions that count an ordinary slice of these SLIs."""
        return self._source.plan(slis)
