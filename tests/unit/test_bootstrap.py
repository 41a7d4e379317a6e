"""A service joined from its real parts: an SQLite file and the built-in fleet."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs
from tests.fakes.process_state import settings_in_environment

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.snapshot import Snapshot
from okrbridge.bootstrap.clock import utc_now
from okrbridge.bootstrap.databases import open_storage
from okrbridge.bootstrap.http import http_app, readiness
from okrbridge.bootstrap.service import Service, running
from okrbridge.bootstrap.sources import open_sources, open_value_sources
from okrbridge.definitions.loader import load, load_text
from okrbridge.domain.definition_set import DataSource, DefinitionSet
from okrbridge.errors import ConfigurationError, DefinitionError, SchemaOutdatedError
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.observability.watched_source import WatchedSource
from okrbridge.settings import Settings, load_settings
from okrbridge.sources.prometheus.source import PrometheusSource
from okrbridge.sources.simulated.source import SimulatedSource

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: NAME}
spec:
  service: api
  indicator:
    metadata: {name: api-requests}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {metricSourceRef: prometheus, spec: {query: 'http_requests_total{code="500"}'}}}
        total: {metricSource: {metricSourceRef: prometheus, spec: {query: http_requests_total}}}
  timeWindow: [{duration: 1h, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9}]
"""
STOPPED = threading.Event()
STOPPED.set()


def named(*names: str) -> str:
    return "---\n".join(SLO.replace("NAME", name) for name in names)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in settings_in_environment():
        monkeypatch.delenv(name)
    config = tmp_path / "slos.yaml"
    config.write_text(named("first"))
    url = f"sqlite:///{tmp_path}/test.db"
    return load_settings({"config": config, "database_url": url, "prometheus_url": "simulated:"})


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    with running(settings, load([settings.config])) as service:
        yield service


def tick(service: Service) -> Snapshot:
    """One tick without history."""
    service.tick(STOPPED)
    assert service.snapshots.current is not None
    return service.snapshots.current


def page(service: Service) -> str:
    return service.metrics.render().decode()


def test_a_tick_publishes_the_snapshot_of_the_definitions(service: Service):
    assert [report.slo.name for report in tick(service).slos] == ["first"]


def test_reloaded_definitions_are_in_force_from_the_next_tick_on(service: Service, settings: Settings):
    tick(service)
    settings.config.write_text(named("first", "second"))
    service.reload()
    assert list(service.definitions.slo_by_name) == ["first", "second"]
    # The old snapshot stands until the tick.
    assert service.snapshots.current is not None
    assert len(service.snapshots.current.slos) == 1
    assert [report.slo.name for report in tick(service).slos] == ["first", "second"]


@pytest.mark.parametrize("content", ["spec: [", named("first", "first"), named("UPPER CASE"), "", "# nothing\n"])
def test_faulty_definitions_are_refused_and_the_old_ones_stay(service: Service, settings: Settings, content: str):
    before, evaluator = service.definitions, service.evaluator
    settings.config.write_text(content)
    with pytest.raises(DefinitionError):
        service.reload()
    assert service.definitions is before
    assert service.evaluator is evaluator
    assert "okrbridge_definitions_last_reload_successful 0.0" in page(service)
    settings.config.write_text(named("first"))
    service.reload()
    assert "okrbridge_definitions_last_reload_successful 1.0" in page(service)


def test_a_source_that_cannot_work_refuses_the_reload(service: Service, settings: Settings):
    before = service.definitions
    source = (
        "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: prometheus}\n"
        "spec: {type: Prometheus, connectionDetails: {url: $NO_SUCH_VARIABLE}}\n---\n"
    )
    settings.config.write_text(source + named("first"))
    with pytest.raises(ConfigurationError, match="NO_SUCH_VARIABLE"):
        service.reload()
    assert service.definitions is before


def test_events_counted_so_far_survive_a_reload(service: Service, settings: Settings):
    before = tick(service).slo_by_name["first"].events_good_total
    assert before > 0
    settings.config.write_text(named("first", "second"))
    service.reload()
    assert tick(service).slo_by_name["first"].events_good_total >= before


def test_events_counted_by_a_tick_survive_a_reload_during_it(service: Service, monkeypatch: pytest.MonkeyPatch):
    old = service.evaluator
    evaluate = cast("Callable[[], Snapshot]", old.tick)

    def reloaded_meanwhile() -> Snapshot:
        service.reload()
        return evaluate()

    monkeypatch.setattr(old, "tick", reloaded_meanwhile)
    first = tick(service).slo_by_name["first"].events_good_total
    assert service.evaluator is not old
    assert tick(service).slo_by_name["first"].events_good_total >= first > 0


def test_what_is_taken_away_during_a_tick_is_shown_until_the_next(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    settings.config.write_text(named("first", "second"))
    service.reload()
    old = service.evaluator
    evaluate = cast("Callable[[], Snapshot]", old.tick)

    def reloaded_meanwhile() -> Snapshot:
        settings.config.write_text(named("first"))
        service.reload()
        return evaluate()

    monkeypatch.setattr(old, "tick", reloaded_meanwhile)
    assert [report.slo.name for report in tick(service).slos] == ["first", "second"]
    assert list(service.definitions.slo_by_name) == ["first"]
    assert [report.slo.name for report in tick(service).slos] == ["first"]


class Closed:
    """Remembers which sources were closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ids: list[int] = []
        original = WatchedSource.close

        def close(source: WatchedSource) -> None:
            self.ids.append(id(source))
            original(source)

        monkeypatch.setattr(WatchedSource, "close", close)


def test_sources_are_closed_at_the_end(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    closed = Closed(monkeypatch)
    with running(settings, load([settings.config])) as service:
        sources = list(service.parts.sources.values())
        assert closed.ids == []
    assert closed.ids == [id(source) for source in sources]


def test_sources_are_closed_although_the_service_failed(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    closed = Closed(monkeypatch)
    with pytest.raises(RuntimeError), running(settings, load([settings.config])):
        raise RuntimeError("broken")
    assert len(closed.ids) == 1


def test_replaced_sources_are_closed_when_no_tick_can_ask_them_any_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
):
    closed = Closed(monkeypatch)
    old = [id(source) for source in service.parts.sources.values()]
    service.reload()
    # A tick that began before the reload may still be asking them.
    assert closed.ids == []
    tick(service)
    assert closed.ids == old


def test_sources_replaced_after_the_last_tick_are_closed_at_the_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    closed = Closed(monkeypatch)
    with running(settings, load([settings.config])) as service:
        first = [id(source) for source in service.parts.sources.values()]
        service.reload()
        second = [id(source) for source in service.parts.sources.values()]
    assert closed.ids == [*first, *second]


def test_it_is_ready_after_the_first_tick(service: Service):
    checks = {check.name: check for check in readiness(service)}
    assert (checks["database"].ok, checks["evaluation"].ok) == (True, False)
    assert checks["evaluation"].detail == "the first tick has not finished"
    tick(service)
    assert {check.name: check.ok for check in readiness(service)} == {"database": True, "evaluation": True}


def test_a_database_of_another_version_makes_it_unready_and_is_named(service: Service, tmp_path: Path):
    tick(service)
    connection = sqlite3.connect(tmp_path / "test.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
    connection.close()
    checks = {check.name: check for check in readiness(service)}
    assert (checks["database"].ok, checks["evaluation"].ok) == (False, True)
    assert "newer okrbridge" in checks["database"].detail


def test_an_older_database_is_refused_and_not_migrated(settings: Settings, tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "test.db")
    connection.execute("CREATE TABLE somebody_elses (id INTEGER)")
    connection.close()
    with pytest.raises(SchemaOutdatedError, match="okrbridge db upgrade"), running(settings, load([settings.config])):
        pass


def test_the_start_counts_as_a_successful_load(service: Service):
    assert "okrbridge_definitions_last_reload_successful 1.0" in page(service)


def test_history_is_not_filled_when_the_service_is_stopping(service: Service, monkeypatch: pytest.MonkeyPatch):
    asked: list[bool] = []

    def fill_history(_evaluator: Evaluator, _at: datetime, keep_going: Callable[[], bool]) -> bool:
        asked.append(keep_going())
        return False

    monkeypatch.setattr(Evaluator, "fill_history", fill_history)
    service.tick(STOPPED)
    assert asked == [False]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_reloading_over_http_is_off_unless_enabled(service: Service, is_enabled: bool):  # noqa: FBT001 - a parameter of the table
    service.settings.enable_reload = is_enabled
    services = http_app(service).state.services
    assert (services.reload is not None) == is_enabled


def opened(definitions: DefinitionSet, settings: Settings) -> dict[str, object]:
    """The sources behind the watched ones, by name."""
    telemetry = ProcessTelemetry(SelfMetrics())
    sources = open_sources(definitions, settings, telemetry)
    for source in sources.values():
        source.close()
    return {name: cast("WatchedSource", source)._source for name, source in sources.items()}


def test_the_default_source_is_made_from_its_setting(settings: Settings):
    [(name, source)] = opened(DefinitionSet(), settings).items()
    assert name == "prometheus"
    assert isinstance(source, SimulatedSource)
    settings.prometheus_url = "http://127.0.0.1:9"
    assert isinstance(opened(DefinitionSet(), settings)["prometheus"], PrometheusSource)


def test_a_declared_source_named_prometheus_wins_over_the_setting(settings: Settings):
    declared = DataSource("prometheus", "Prometheus", {"url": "http://127.0.0.1:9"})
    source = opened(DefinitionSet(sources=(declared,)), settings)["prometheus"]
    assert isinstance(source, PrometheusSource)
    assert source._client.url == "http://127.0.0.1:9"


def test_declared_sources_stand_beside_the_default_one(settings: Settings):
    declared = DataSource("eu", "Prometheus", {"url": "http://127.0.0.1:9"})
    assert set(opened(DefinitionSet(sources=(declared,)), settings)) == {"eu", "prometheus"}


def test_databases_documents_and_files_are_opened_by_their_type(settings: Settings):
    declared = (
        DataSource("eu", "Prometheus", {"url": "http://127.0.0.1:9"}),
        DataSource("billing", "SQL", {"url": "sqlite://"}),
        DataSource("survey", "HTTP", {"url": "http://127.0.0.1:9/api"}),
        DataSource("scan", "CSV", {"path": "findings.csv"}),
    )
    definitions = DefinitionSet(sources=declared)
    assert set(opened(definitions, settings)) == {"eu", "prometheus"}
    sources = open_value_sources(definitions, settings, ProcessTelemetry(SelfMetrics()))
    for source in sources.values():
        source.close()
    assert list(sources) == ["billing", "survey", "scan"]


@pytest.mark.parametrize("url", ["nonsense", "ftp://db", "simulated:soon", ""])
def test_an_address_of_the_default_source_that_cannot_work_is_refused(settings: Settings, url: str):
    settings.prometheus_url = url
    with pytest.raises(ConfigurationError):
        opened(DefinitionSet(), settings)


def test_the_clock_of_the_process_is_utc():
    assert utc_now().utcoffset() is not None
    assert utc_now().tzname() == "UTC"


def test_definitions_from_text_can_be_served_too(settings: Settings):
    with running(settings, load_text(named("third"), "<stdin>")) as service:
        assert list(service.definitions.slo_by_name) == ["third"]


TEAM = StoredDocument(
    "Team",
    "web",
    json.dumps({"apiVersion": "okrbridge.dev/v1", "kind": "Team", "metadata": {"name": "web"}, "spec": {}}),
    1,
    *(2 * (datetime(2026, 2, 1, tzinfo=UTC), "jo")),
)


def write_elsewhere(settings: Settings, *documents: StoredDocument) -> None:
    """As another process on the same database does it."""
    with closing(open_storage(settings)) as storage, storage.transaction() as database:
        for one in documents:
            database.documents.put(one)


def test_what_another_process_wrote_is_in_force_from_the_next_tick_on(service: Service, settings: Settings):
    tick(service)
    before = service.evaluator
    write_elsewhere(settings, TEAM)
    tick(service)
    assert [team.name for team in service.definitions.teams] == ["web"]
    heard = service.evaluator
    assert heard is not before
    assert tick(service).slos
    assert service.evaluator is heard
    with service.parts.storage.transaction() as database:
        database.documents.delete("Team", "web", 1)
    tick(service)
    assert service.definitions.teams == ()


def test_what_was_written_here_is_not_loaded_again(service: Service):
    with service.parts.storage.transaction() as database:
        database.documents.put(TEAM)
        prepared = service.prepare(database.documents.all())
    prepared.put_in_force()
    written = service.evaluator
    tick(service)
    assert service.evaluator is written


def test_what_another_process_wrote_waits_while_the_files_have_faults(service: Service, settings: Settings):
    tick(service)
    content = settings.config.read_text()
    settings.config.write_text("spec: [")
    write_elsewhere(settings, TEAM)
    with capture_logs() as logs:
        assert tick(service).slos
        tick(service)
    # Told once, and not at every tick.
    assert len([one for one in logs if one["event"].startswith("written elsewhere")]) == 1
    settings.config.write_text(content)
    service.reload()
    assert [team.name for team in service.definitions.teams] == ["web"]
