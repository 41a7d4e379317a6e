"""One okrbridge that runs: definitions, database, sources, and the evaluator over them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from okrbridge import __version__
from okrbridge.application.evaluate import Evaluator
from okrbridge.application.okr_records import Edition, StoredDocument
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Storage, Telemetry, ValueSource
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.application.sync_definitions import sync_definitions
from okrbridge.application.time_slice_sums import require_whole_slices
from okrbridge.bootstrap.clock import utc_now
from okrbridge.bootstrap.databases import open_storage, stored_documents
from okrbridge.bootstrap.sources import OpenSources, close_all, open_all
from okrbridge.definitions.loader import Loaded
from okrbridge.definitions.stored import LoadedTogether, load_together, load_what_fits
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.errors import ConfigurationError, OkrbridgeError, StorageError
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.observability.tracing import tracer_provider
from okrbridge.publishing.metrics import MetricsPage
from okrbridge.scheduling.ticker import Ticker
from okrbridge.settings import Settings

log = structlog.get_logger(__name__)


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
            close_all(self._retired)
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
        sources = OpenSources({}, {})
        try:
            stored = stored_documents(self.parts.storage)
            loaded = load_together(self.settings.config, stored, self.settings.grid)
            sources = open_all(loaded.definitions, self.settings, telemetry)
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
        close_all([*self._retired, *self.parts.askable.values()])

    def ticker(self) -> Ticker:
        """The ticker that runs this service."""
        return Ticker(self.tick, self.settings.grid, self.settings.ingest_delay)


def _editions(stored: Iterable[StoredDocument]) -> frozenset[Edition]:
    return frozenset(one.edition for one in stored)


def _parts(settings: Settings, storage: Storage, sources: OpenSources, telemetry: Telemetry) -> Parts:
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
        keep_records=settings.keep_records,
        keep_record_hours=settings.keep_record_hours,
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
        parts = _parts(settings, storage, open_all(loaded.definitions, settings, telemetry), telemetry)
        snapshots = SnapshotHolder()
        evaluator = Evaluator(parts, loaded.definitions, snapshots)
        service = Service(settings, loaded, parts, metrics, snapshots, evaluator, _editions(stored))
        opened.callback(service.close_sources)
        sync_definitions(parts, loaded.definitions)
        telemetry.reloaded(succeeded=True, at=utc_now())
        yield service
