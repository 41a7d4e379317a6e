"""The one place that picks concrete parts and joins them into a running okrbridge."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from fastapi import FastAPI

from okrbridge import __version__
from okrbridge.api.app import create_app
from okrbridge.api.dependencies import ApiServices, ReadinessCheck
from okrbridge.application.evaluate import Evaluator
from okrbridge.application.okr_records import Edition, StoredDocument
from okrbridge.application.parts import Parts
from okrbridge.application.ports import MetricSource, Storage, Telemetry, ValueSource
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.application.sync_definitions import sync_definitions
from okrbridge.application.time_slice_sums import require_whole_slices
from okrbridge.application.traces import TraceSource
from okrbridge.definitions.loader import Loaded
from okrbridge.definitions.stored import LoadedTogether, load_together, load_what_fits
from okrbridge.domain.definition_set import DEFAULT_SOURCE, DataSource, DefinitionSet
from okrbridge.errors import ConfigurationError, OkrbridgeError, StorageError
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.observability.tracing import tracer_provider
from okrbridge.observability.watched_source import WatchedSource, WatchedValues
from okrbridge.publishing.metrics import MetricsPage
from okrbridge.scheduling.ticker import Ticker
from okrbridge.settings import Settings
from okrbridge.sources.csv_file.source import csv_from_declaration
from okrbridge.sources.http_json.source import http_json_from_declaration
from okrbridge.sources.prometheus.declaration import from_declaration, traces_from_declaration
from okrbridge.sources.simulated.source import SIMULATED_SCHEME, SimulatedSource
from okrbridge.sources.sql.source import sql_from_declaration
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations.runner import ensure_ready

_VALUE_SOURCES = frozenset({"sql", "http", "csv"})
"""Types of sources that give values and count no events."""

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The current instant."""
    return datetime.now(UTC)


def open_storage(settings: Settings) -> Storage:
    """The database, made and migrated when it is an empty SQLite file.

    Raises:
        StorageError: it cannot be reached or written, or needs ``okrbridge db upgrade``.
    """
    storage = open_records(settings)
    storage.check()
    return storage


def open_records(settings: Settings) -> Storage:
    """The same for what has nothing to do with slices, however long those in it are.

    Raises:
        StorageError: as ``open_storage``.
    """
    ensure_ready(settings.database_url)
    return open_database(settings.database_url, grid=settings.grid)


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


def stored_documents(storage: Storage) -> list[StoredDocument]:
    """What was made over HTTP."""
    with storage.reading() as database:
        return database.documents.all()


def _with_stored(settings: Settings, stored: Sequence[StoredDocument]) -> Loaded:
    """What the files say, and what was made over HTTP and still fits beside them."""
    loaded, left_out = load_what_fits(settings.config, stored, settings.grid)
    for name in left_out:
        log.error("left out: it does not fit the files; change it or them, and reload", document=name)
    return loaded


@dataclass
class Service:
    """One okrbridge: definitions, database, sources, and the evaluator over them."""

    settings: Settings
    loaded: Loaded
    parts: Parts
    metrics: SelfMetrics
    snapshots: SnapshotHolder
    evaluator: Evaluator
    editions: frozenset[Edition] = frozenset()
    """What was made over HTTP of what is in force."""

    def __post_init__(self) -> None:
        self.metrics_page = MetricsPage(
            self.snapshots,
            utc_now,
            self.metrics.render,
            version=__version__,
            max_series=self.settings.metrics_max_series,
            max_age=max(timedelta(minutes=5), 5 * self.settings.grid.step),
        )
        self._reloading = threading.Lock()
        self._retired: list[ValueSource] = []

    @property
    def definitions(self) -> DefinitionSet:
        """The definitions in force."""
        return self.loaded.definitions

    def tick(self, stopping: threading.Event) -> None:
        """One run of the ticker: evaluate the newest boundary; then, until the next is near, upkeep and history."""
        self.hear_of_writes()
        with self._reloading:
            evaluator = self.evaluator
            # Sources of earlier definitions served the tick they were replaced in; now nobody asks them.
            _close(self._retired)
            self._retired = []
        snapshot = evaluator.tick()
        with self._reloading:
            # Definitions may have been replaced during the tick; what it counted stays counted.
            self.evaluator.events = evaluator.events
        log.info("tick", at=snapshot.at.isoformat(), slos=len(snapshot.slos), key_results=len(snapshot.key_results))
        for source in snapshot.sources:
            if source.failure:
                log.warning("source failed", source=source.name, reason=source.failure)
        next_tick = self.parts.boundary() + self.parts.grid.step + self.parts.ingest_delay
        enough = next_tick - 0.1 * self.parts.grid.step

        def keep_going() -> bool:
            return not stopping.is_set() and utc_now() < enough and self.evaluator is evaluator

        if keep_going():
            evaluator.upkeep(snapshot.at, keep_going)
        if evaluator.fill_history(snapshot.at, keep_going):
            log.info("history filled", share=round(self._filled_ratio(), 4))

    def _filled_ratio(self) -> float:
        return self.snapshots.current.history_filled_ratio if self.snapshots.current else 0.0

    def reload(self) -> None:
        """Load the definitions again; faulty ones are refused and the old ones stay.

        Raises:
            OkrbridgeError: why they were refused.
        """
        telemetry = self.parts.telemetry
        sources = _Opened({}, {})
        try:
            stored = stored_documents(self.parts.storage)
            loaded = load_together(self.settings.config, stored, self.settings.grid)
            sources = _open_all(loaded.definitions, self.settings, telemetry)
            parts = _parts(self.settings, self.parts.storage, sources, telemetry)
            sync_definitions(parts, loaded.definitions)
        except OkrbridgeError:
            sources.close()
            telemetry.reloaded(succeeded=False, at=utc_now())
            raise
        with self._reloading:
            self._retired += self.parts.askable.values()
            self.parts = parts
            self._swap(loaded, _editions(stored))
        telemetry.reloaded(succeeded=True, at=utc_now())
        log.info("definitions loaded", slos=len(loaded.definitions.slos), key_results=len(self.definitions.key_results))

    def hear_of_writes(self) -> None:
        """Put in force what another process on the same database wrote since; what does not load waits for a reload."""
        before = self.editions
        try:
            with self.parts.storage.reading() as database:
                now = database.documents.editions()
                stored = database.documents.all() if now != before else []
        except StorageError:
            # The tick that follows meets the same failure, and counts it.
            return
        if now != before:
            loaded = self._heard(stored)
            with self._reloading:
                # A write here in the meantime is newer.
                if self.editions is before:
                    self._swap(loaded or self.loaded, now)

    def _heard(self, stored: Sequence[StoredDocument]) -> Loaded | None:
        try:
            loaded = _with_stored(self.settings, stored)
            self._require_same_sources(loaded)
        except ConfigurationError as problem:
            log.warning("written elsewhere and not in force here: reload", problem=str(problem))
            return None
        log.info("definitions written elsewhere are in force", documents=len(stored))
        return loaded

    def prepare(self, stored: Sequence[StoredDocument]) -> LoadedTogether:
        """Load the files and these documents that were made over HTTP, for a write.

        Raises:
            ConfigurationError: they do not fit together, or the files say other sources than those in force.
        """
        loaded = load_together(self.settings.config, stored, self.settings.grid)
        self._require_same_sources(loaded)
        editions = _editions(stored)

        def put_in_force(written: Loaded) -> None:
            with self._reloading:
                self._swap(written, editions)

        return LoadedTogether(loaded, put_in_force)

    def _require_same_sources(self, loaded: Loaded) -> None:
        if loaded.definitions.sources != self.definitions.sources:
            raise ConfigurationError("the sources in the files have changed; reload before anything else is written")

    def _swap(self, loaded: Loaded, editions: frozenset[Edition]) -> None:
        """Let the next tick and every answer go by other definitions; call it under the lock."""
        if loaded is not self.loaded:
            self.evaluator = Evaluator(self.parts, loaded.definitions, self.snapshots, self.evaluator.events)
        self.loaded, self.editions = loaded, editions

    def close_sources(self) -> None:
        """Let go of the connections to all sources, those of earlier definitions too."""
        _close([*self._retired, *self.parts.askable.values()])

    def readiness(self) -> list[ReadinessCheck]:
        """What must hold before this process should get requests; a source being down is not among it."""
        return [self._database_check(), self._evaluation_check()]

    def _database_check(self) -> ReadinessCheck:
        try:
            self.parts.storage.check()
        except StorageError as problem:
            return ReadinessCheck("database", ok=False, detail=str(problem))
        return ReadinessCheck("database", ok=True, detail="reachable, schema current")

    def _evaluation_check(self) -> ReadinessCheck:
        done = self.snapshots.current is not None
        return ReadinessCheck("evaluation", ok=done, detail="done" if done else "the first tick has not finished")

    def ticker(self) -> Ticker:
        """The ticker that runs this service."""
        return Ticker(self.tick, self.settings.grid, self.settings.ingest_delay)

    def app(self) -> FastAPI:
        """The HTTP side."""
        return create_app(
            ApiServices(
                snapshots=self.snapshots,
                definitions=lambda: self.definitions,
                storage=self.parts.storage,
                clock=utc_now,
                metrics=self.metrics_page,
                is_ready=self.readiness,
                version=__version__,
                prepare=self.prepare,
                reload=self.reload if self.settings.enable_reload else None,
                grid=self.settings.grid,
                access=self.settings.access,
            )
        )


def _editions(stored: Iterable[StoredDocument]) -> frozenset[Edition]:
    return frozenset(one.edition for one in stored)


def _close(sources: Iterable[ValueSource]) -> None:
    for source in sources:
        source.close()


@dataclass(frozen=True)
class _Opened:
    """All sources that were opened for one set of definitions."""

    metric: Mapping[str, MetricSource]
    value: Mapping[str, ValueSource]

    def close(self) -> None:
        _close([*self.metric.values(), *self.value.values()])


def _open_all(definitions: DefinitionSet, settings: Settings, telemetry: Telemetry) -> _Opened:
    """All sources; when one cannot be opened, none stays open."""
    metric = open_sources(definitions, settings, telemetry)
    try:
        return _Opened(metric, open_value_sources(definitions, settings, telemetry))
    except OkrbridgeError:
        _close(metric.values())
        raise


def _parts(settings: Settings, storage: Storage, sources: _Opened, telemetry: Telemetry) -> Parts:
    return Parts(
        storage,
        sources.metric,
        settings.grid,
        utc_now,
        telemetry,
        settings.ingest_delay,
        late=settings.late,
        keep_slices=settings.keep_slices,
        keep_hours=settings.keep_hours,
        value_sources=sources.value,
    )


@contextmanager
def running(settings: Settings, loaded: Loaded) -> Iterator[Service]:
    """A service on its database and sources, closed at the end.

    Raises:
        StorageError: the database cannot be used.
        ConfigurationError: a setting cannot work, alone or with what is declared.
    """
    require_whole_slices(loaded.definitions.slos, settings.grid)
    metrics = SelfMetrics()
    with ExitStack() as opened:
        telemetry = ProcessTelemetry(metrics, tracer_provider())
        opened.callback(telemetry.close)
        storage = open_storage(settings)
        opened.callback(storage.close)
        stored = stored_documents(storage)
        loaded = _with_stored(settings, stored) if stored else loaded
        parts = _parts(settings, storage, _open_all(loaded.definitions, settings, telemetry), telemetry)
        snapshots = SnapshotHolder()
        evaluator = Evaluator(parts, loaded.definitions, snapshots)
        service = Service(settings, loaded, parts, metrics, snapshots, evaluator, _editions(stored))
        opened.callback(service.close_sources)
        sync_definitions(parts, loaded.definitions)
        telemetry.reloaded(succeeded=True, at=utc_now())
        yield service
