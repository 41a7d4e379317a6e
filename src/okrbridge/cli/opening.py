"""Opening a service for a command: settings, definitions, database, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from okrbridge.application.ports import MetricSource
from okrbridge.bootstrap.service import Service, running
from okrbridge.bootstrap.sources import open_sources
from okrbridge.cli.configured import load_configured
from okrbridge.cli.output import say
from okrbridge.definitions.loader import Loaded
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.observability.logs import configure_logging
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.settings import Settings, load_settings


@contextmanager
def opened(config: Path | None, database_url: str | None, **overrides: object) -> Iterator[Service]:
    """A service for the time of a command; warnings in the definitions are told on stderr.

    Raises:
        ConfigurationError: settings or definitions cannot work.
        StorageError: the database cannot be used.
    """
    settings = load_settings({"config": config, "database_url": database_url, **overrides})
    configure_logging(settings.log_level, settings.log_format)
    with opened_with(settings) as service:
        yield service


@contextmanager
def opened_sources(config: Path | None) -> Iterator[tuple[DefinitionSet, Mapping[str, MetricSource]]]:
    """The definitions and their sources, without a database.

    Raises:
        ConfigurationError: settings or definitions cannot work.
    """
    settings = load_settings({"config": config})
    loaded = load_configured(settings.config)
    with sources_of(loaded, settings) as sources:
        yield loaded.definitions, sources


@contextmanager
def sources_of(loaded: Loaded, settings: Settings) -> Iterator[Mapping[str, MetricSource]]:
    """The sources of definitions, by name, for the time of a command.

    Raises:
        ConfigurationError: a source cannot be opened as it is declared.
    """
    configure_logging(settings.log_level, settings.log_format)
    with ExitStack() as stack:
        telemetry = stack.enter_context(closing(ProcessTelemetry(SelfMetrics())))
        sources = open_sources(loaded.definitions, settings, telemetry)
        for source in sources.values():
            stack.enter_context(closing(source))
        yield sources


@contextmanager
def opened_with(settings: Settings) -> Iterator[Service]:
    """As ``opened``, with settings already made."""
    loaded = load_configured(settings.config)
    for warning in loaded.warnings:
        say(f"{warning} [warning]")
    with running(settings, loaded) as service:
        yield service
