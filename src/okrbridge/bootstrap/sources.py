"""Opening the sources that are declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from okrbridge.application.ports import MetricSource, Telemetry, ValueSource
from okrbridge.application.traces import TraceSource
from okrbridge.domain.definition_set import DEFAULT_SOURCE, DataSource, DefinitionSet
from okrbridge.errors import OkrbridgeError
from okrbridge.observability.watched_source import WatchedSource, WatchedValues
from okrbridge.settings import Settings
from okrbridge.sources.csv_file.source import csv_from_declaration
from okrbridge.sources.prometheus.declaration import from_declaration, traces_from_declaration
from okrbridge.sources.simulated.source import SIMULATED_SCHEME, SimulatedSource
from okrbridge.sources.sql.source import sql_from_declaration

_VALUE_SOURCES = frozenset({"sql", "http", "csv"})
"""Types of sources that give values and count no events."""


def open_sources(definitions: DefinitionSet, settings: Settings, telemetry: Telemetry) -> dict[str, MetricSource]:
    """The declared sources of events and the default one, by name; no connection is made yet."""
    return {
        name: WatchedSource(_open_source(source, settings, telemetry), telemetry)
        for name, source in _declared_sources(definitions, settings).items()
        if source.type.casefold() not in _VALUE_SOURCES
    }


def open_value_sources(definitions: DefinitionSet, settings: Settings, telemetry: Telemetry) -> dict[str, ValueSource]:
    """The declared databases, files and JSON documents, by name; nothing is asked yet.

    Raises:
        ConfigurationError: a source cannot be opened as it is declared.
    """
    return {
        source.name: WatchedValues(_open_values(source, settings), telemetry)
        for source in definitions.sources
        if source.type.casefold() in _VALUE_SOURCES
    }


def _open_values(source: DataSource, settings: Settings) -> ValueSource:
    seconds = settings.query_timeout_seconds
    match source.type.casefold():
        case "sql":
            return sql_from_declaration(source, seconds=seconds)
        case "http":
            # Few declare one, and all would wait for the library that reads JSONPath.
            from okrbridge.sources.http_json.source import http_json_from_declaration  # noqa: PLC0415 - see above

            return http_json_from_declaration(source, seconds=seconds)
    return csv_from_declaration(source)


def _declared_sources(definitions: DefinitionSet, settings: Settings) -> dict[str, DataSource]:
    default = DataSource(DEFAULT_SOURCE, "Prometheus", {"url": settings.prometheus_url})
    return {DEFAULT_SOURCE: default, **{source.name: source for source in definitions.sources}}


def _open_source(source: DataSource, settings: Settings, telemetry: Telemetry) -> MetricSource:
    if source.details["url"].startswith(SIMULATED_SCHEME):
        return SimulatedSource(source.name, settings.grid, source.details["url"])
    return from_declaration(
        source,
        settings.grid,
        concurrency=settings.query_concurrency,
        deadline=timedelta(seconds=settings.query_timeout_seconds),
        tracing=telemetry.span,
    )


@contextmanager
def open_traces(definitions: DefinitionSet, settings: Settings, name: str) -> Iterator[TraceSource | None]:
    """What finds traces behind a source's counters; None for the built-in fleet, which has none.

    Raises:
        ConfigurationError: the source cannot be opened as it is declared.
    """
    source = _declared_sources(definitions, settings)[name]
    if source.details["url"].startswith(SIMULATED_SCHEME):
        yield None
        return
    with closing(traces_from_declaration(source, deadline=timedelta(seconds=settings.query_timeout_seconds))) as found:
        yield found


def close_all(sources: Iterable[ValueSource]) -> None:
    """Let go of the connections of each."""
    for source in sources:
        source.close()


@dataclass(frozen=True)
class OpenSources:
    """All sources that were opened for one set of definitions."""

    metric: Mapping[str, MetricSource]
    value: Mapping[str, ValueSource]

    def close(self) -> None:
        """Let go of the connections of all."""
        close_all([*self.metric.values(), *self.value.values()])


def open_all(definitions: DefinitionSet, settings: Settings, telemetry: Telemetry) -> OpenSources:
    """All sources; when one cannot be opened, none stays open."""
    metric = open_sources(definitions, settings, telemetry)
    try:
        return OpenSources(metric, open_value_sources(definitions, settings, telemetry))
    except OkrbridgeError:
        close_all(metric.values())
        raise
