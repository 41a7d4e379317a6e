"""The spans of a whole tick, with an exporter in memory."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.fakes.definitions import START, definitions, p99, slo, uptime
from tests.fakes.scripted_source import ScriptedSource, SettableClock, steady

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, SourceFailure, Telemetry
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.domain.windows import Grid
from okrbridge.errors import SourceFailureReason, StorageError
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.observability.watched_source import WatchedSource
from okrbridge.storage.memory import MemoryStorage

GRID = Grid(timedelta(minutes=1))
MIDDLE = START + timedelta(days=45)


class QueryingSource(ScriptedSource):
    """Traces one query for each request, as the Prometheus source does."""

    telemetry: Telemetry

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        for _ in requests:
            with self.telemetry.span("okrbridge.query"):
                pass
        return super().count(requests)


class Traced:
    """An evaluator over fakes, with real telemetry."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metrics = SelfMetrics()
        self.telemetry = ProcessTelemetry(self.metrics, provider)
        self.source = QueryingSource(steady(9.0, 10.0))
        self.source.telemetry = self.telemetry
        watched = WatchedSource(self.source, self.telemetry)
        clock = SettableClock(MIDDLE + timedelta(seconds=10))
        self.storage = MemoryStorage(GRID)
        parts = Parts(self.storage, {"prometheus": watched}, GRID, clock, self.telemetry)
        declared = definitions(uptime(), p99(), slos=(slo(days=1),))
        self.evaluator = Evaluator(parts, declared, SnapshotHolder())

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def one(self, name: str) -> ReadableSpan:
        [span] = [span for span in self.spans if span.name == name]
        return span

    def parents(self) -> set[tuple[str, str | None]]:
        """Each span's name with the name of the span around it."""
        names = {span.context.span_id: span.name for span in self.spans if span.context}
        return {(span.name, names[span.parent.span_id] if span.parent else None) for span in self.spans}


@pytest.fixture
def traced() -> Traced:
    return Traced()


def test_the_spans_of_a_tick_stand_inside_one_another(traced: Traced):
    traced.evaluator.tick(MIDDLE)
    assert traced.parents() == {
        ("okrbridge.tick", None),
        ("okrbridge.count", "okrbridge.tick"),
        ("okrbridge.query", "okrbridge.count"),
        ("okrbridge.values", "okrbridge.tick"),
        ("okrbridge.write", "okrbridge.tick"),
    }


def test_spans_say_what_they_are_about(traced: Traced):
    traced.evaluator.tick(MIDDLE)
    assert traced.one("okrbridge.tick").attributes == {"okrbridge.at": MIDDLE.isoformat()}
    assert traced.one("okrbridge.count").attributes == {
        "okrbridge.source": "prometheus",
        "okrbridge.requests": 1,
        "okrbridge.failures": 0,
    }


def test_history_is_filled_in_spans_of_its_own(traced: Traced):
    traced.evaluator.tick(MIDDLE)
    traced.exporter.clear()
    traced.evaluator.fill_history(MIDDLE, lambda: True)
    assert ("okrbridge.backfill", None) in traced.parents()
    assert ("okrbridge.count", "okrbridge.backfill") in traced.parents()


def test_failures_of_the_source_are_counted_and_stand_on_its_span(traced: Traced):
    traced.source.failure = SourceFailure(SourceFailureReason.TIMEOUT, "no answer within 30 s")
    traced.evaluator.tick(MIDDLE)
    attributes = traced.one("okrbridge.count").attributes
    assert attributes is not None
    assert attributes["okrbridge.failures"] == 1
    # One question for counts and one for a value; the tick itself went well.
    page = traced.metrics.render().decode()
    assert 'okrbridge_source_failures_total{reason="timeout",source="prometheus"} 2.0' in page
    assert "okrbridge_tick_failures_total 0.0" in page
    assert traced.one("okrbridge.tick").status.status_code is not StatusCode.ERROR


def test_a_tick_that_fails_is_marked_and_counted(traced: Traced, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(traced.storage, "transaction", broken)
    with pytest.raises(StorageError):
        traced.evaluator.tick(MIDDLE)
    tick = traced.one("okrbridge.tick")
    assert tick.status.status_code is StatusCode.ERROR
    assert [event.name for event in tick.events] == ["exception"]
    assert "okrbridge_tick_failures_total 1.0" in traced.metrics.render().decode()


def test_the_watched_source_is_the_source(traced: Traced):
    watched = WatchedSource(traced.source, traced.telemetry)
    sli = slo().sli
    assert watched.name == traced.source.name
    assert watched.counting_query(sli) == traced.source.counting_query(sli)
    assert watched.counting_method(sli) == traced.source.counting_method(sli)
    assert watched.check_query("p99") is None
