import json
import sys
from io import StringIO

import pytest
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from okrbridge.errors import ConfigurationError
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.observability.tracing import tracer_provider

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
CONSOLE = {"OTEL_TRACES_EXPORTER": "console"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OTEL_SDK_DISABLED",
        "OTEL_TRACES_EXPORTER",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
        *ENDPOINT,
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": ""},
        {"OTEL_TRACES_EXPORTER": "none", **ENDPOINT},
        {"OTEL_SDK_DISABLED": "true", **CONSOLE},
        {"OTEL_SDK_DISABLED": "TRUE", **ENDPOINT},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_tracing_is_off(environment: dict[str, str]):
    assert tracer_provider(environment) is None


@pytest.mark.parametrize(
    ("environment", "processors"),
    [
        (CONSOLE, [SimpleSpanProcessor]),
        (ENDPOINT, [BatchSpanProcessor]),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, [BatchSpanProcessor]),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, [BatchSpanProcessor]),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, [SimpleSpanProcessor, BatchSpanProcessor]),
        ({"OTEL_SDK_DISABLED": "false", **CONSOLE}, [SimpleSpanProcessor]),
    ],
)
def test_the_standard_variables_switch_tracing_on(environment: dict[str, str], processors: list[type]):
    provider = tracer_provider(environment)
    assert provider is not None
    assert [type(one) for one in provider._active_span_processor._span_processors] == processors
    provider.shutdown()


def test_an_unknown_exporter_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="OTEL_TRACES_EXPORTER=zipkin: write otlp, console or none"):
        tracer_provider({"OTEL_TRACES_EXPORTER": "zipkin"})


@pytest.mark.parametrize(("variables", "name"), [({}, "okrbridge"), ({"OTEL_SERVICE_NAME": "okr-eu"}, "okr-eu")])
def test_spans_go_to_stderr_under_the_service_s_name(monkeypatch, variables: dict[str, str], name: str):
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    telemetry = ProcessTelemetry(SelfMetrics(), tracer_provider({**CONSOLE, **variables}))
    with telemetry.span("okrbridge.tick", {"okrbridge.at": "2026-11-21T12:00:00+00:00"}):
        pass
    telemetry.close()
    span = json.loads(stream.getvalue())
    assert span["name"] == "okrbridge.tick"
    assert span["attributes"] == {"okrbridge.at": "2026-11-21T12:00:00+00:00"}
    assert span["resource"]["attributes"]["service.name"] == name


def test_the_sampler_follows_its_standard_variable(monkeypatch):
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    telemetry = ProcessTelemetry(SelfMetrics(), tracer_provider(CONSOLE))
    with telemetry.span("okrbridge.tick"):
        pass
    telemetry.close()
    assert stream.getvalue() == ""


def test_without_tracing_spans_are_accepted_and_forgotten():
    telemetry = ProcessTelemetry(SelfMetrics())
    with telemetry.span("okrbridge.tick") as span:
        span.set_attribute("okrbridge.failures", 1)
        span.record_exception(RuntimeError("no"))
    telemetry.close()
