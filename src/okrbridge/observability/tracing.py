"""Traces through the OpenTelemetry SDK: off by default, switched by the standard ``OTEL_*`` variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor

from okrbridge import __version__
from okrbridge.errors import ConfigurationError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def tracer_provider(environment: Mapping[str, str] = os.environ) -> TracerProvider | None:
    """The provider the environment asks for, or None when tracing is off.

    ``OTEL_TRACES_EXPORTER`` is ``otlp``, ``console`` or ``none``; without it, a set OTLP endpoint switches
    ``otlp`` (over HTTP) on. ``OTEL_SDK_DISABLED=true`` wins. Sampling and resource attributes follow their
    standard variables inside the SDK.

    Raises:
        ConfigurationError: an exporter that is not one of the three.
    """
    processors = [_processor(name) for name in _exporters(environment)]
    if not processors:
        return None
    resource = Resource.create(
        {SERVICE_NAME: environment.get("OTEL_SERVICE_NAME", "okrbridge"), SERVICE_VERSION: __version__}
    )
    provider = TracerProvider(resource=resource)
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def _exporters(environment: Mapping[str, str]) -> list[str]:
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    default = "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    names = environment.get("OTEL_TRACES_EXPORTER", default).split(",")
    return [name.strip() for name in names if name.strip() not in ("", "none")]


def _processor(exporter: str) -> SpanProcessor:
    if exporter == "otlp":
        # Loading it, protobuf included, takes longer than all else of tracing, which most never switch on.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above

        return BatchSpanProcessor(OTLPSpanExporter())
    if exporter == "console":
        return SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr))
    raise ConfigurationError(f"OTEL_TRACES_EXPORTER={exporter}: write otlp, console or none")


def tracer(provider: TracerProvider | None) -> trace.Tracer:
    """The tracer of okrbridge; one that records nothing when tracing is off."""
    chosen = provider or trace.NoOpTracerProvider()
    return chosen.get_tracer("okrbridge", __version__)
