"""What the pipeline behind a key result promises, one test a requirement: docs/reference/requirements.md has the list.

Those that need a real Prometheus are in tests/acceptance/test_pipeline_requirements.py.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from starlette.testclient import TestClient
from tests.fakes.bench import GRID, MIDDLE, Bench
from tests.fakes.definitions import API, CYCLE, START, budget, definitions, key_result, p99, slo, uptime
from tests.fakes.scripted_source import Script
from tests.unit.api.fakes import services
from tests.unit.definitions.samples import faults_of

from okrbridge.api.app import create_app
from okrbridge.api.schemas.key_results import InstrumentationItem
from okrbridge.application.evaluate import Evaluator
from okrbridge.application.explaining.explain import Explaining
from okrbridge.application.explaining.text import explanation_lines
from okrbridge.application.instrumentation import instrumentation_item, uninstrumented, unmapped
from okrbridge.application.key_result_history import fill_key_result_history
from okrbridge.application.metric_catalogue import CATALOGUE
from okrbridge.application.records import Quality
from okrbridge.application.reports import key_result_item, progress_row, slo_item
from okrbridge.application.retention import Retention
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_history import history_rows
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.application.sync_definitions import sync_definitions
from okrbridge.application.traces import Trace, newest, trace_item, traced_queries
from okrbridge.cli.traces import trace_lines
from okrbridge.domain import error_budget
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.key_results import Commitment
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.maintenance import MaintenanceReason, MaintenanceWindow
from okrbridge.domain.measures import IncidentMeasure, NoMeasure, SloMeasure
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.slo import SloState
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval, RollingWindow, epoch_seconds
from okrbridge.errors import SourceError
from okrbridge.publishing.metrics import render
from okrbridge.sources.prometheus.exemplars import PrometheusTraces
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.envelope import Asked

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def always() -> bool:
    return True


class Run:
    """An evaluator over fakes that has ticked at an instant; it knows an hour, or all that its windows need."""

    def __init__(
        self, declared: DefinitionSet, script: Script | None = None, *, at: datetime = MIDDLE, has_history: bool = False
    ) -> None:
        self.bench = Bench()
        if script is not None:
            self.bench.source.script = script
        self.declared = declared
        self.evaluator = Evaluator(self.bench.parts, declared, SnapshotHolder())
        self.tick(at)
        if has_history:
            self.evaluator.fill_history(at, always)

    def tick(self, at: datetime) -> Snapshot:
        self.bench.clock.now = at + timedelta(seconds=10)
        return self.evaluator.tick(at)

    @property
    def snapshot(self) -> Snapshot:
        assert self.evaluator.snapshots.current is not None
        return self.evaluator.snapshots.current

    @property
    def explaining(self) -> Explaining:
        return Explaining(self.snapshot, self.declared, self.bench.parts.storage, GRID, self.bench.clock())


def evenly(good: float, total: float) -> Script:
    return lambda _sli, _start: (good, total)


# R85


def objective(name: str, weight: float, *key_results) -> OkrObjective:
    own = tuple(replace(one, objective=name) for one in key_results)
    return OkrObjective(name, name, CYCLE.name, "backend", "maria", own, weight=weight)


def test_r85_what_nothing_measures_is_listed_by_priority_with_the_committed_first():
    nothing, incidents = NoMeasure(), IncidentMeasure()
    declared = DefinitionSet(
        slos=(slo(),),
        cycles=(CYCLE,),
        objectives=(
            objective("small", 1, key_result("light", nothing), uptime(), key_result("heavy", nothing, weight=3)),
            objective(
                "big",
                2,
                key_result("dream", nothing, weight=9, commitment=Commitment.ASPIRATIONAL),
                key_result("calls", incidents, weight=2),
                key_result("later", incidents, period=Interval(MIDDLE + DAY, MIDDLE + 9 * DAY)),
            ),
        ),
    )
    items = [instrumentation_item(one) for one in uninstrumented(Run(declared).snapshot)]
    # Priorities: 2 x 2, 3 x 1, 1 x 1; the aspirational one comes last for all its 9 x 2. What is measured is not
    # listed, nor what has not begun.
    assert [(item["key_result"], item["priority"], item["finding"]) for item in items] == [
        ("calls", 4, "never_measured"),
        ("heavy", 3, "unmapped"),
        ("light", 1, "unmapped"),
        ("dream", 18, "unmapped"),
    ]
    assert items[1]["reason"] == "unmapped: the key result has no measure"
    assert [one.name for one in unmapped(declared)] == ["heavy", "light", "dream"]


def test_r85_an_unmapped_key_result_has_no_data_and_its_reason_everywhere():
    run = Run(definitions(key_result("someday", NoMeasure())))
    (report,) = run.snapshot.key_results
    item = key_result_item(report, MIDDLE)
    assert (item["value"], item["progress_ratio"], item["quality"]) == (None, None, "no_data")
    assert item["error"] == "unmapped: the key result has no measure"
    explained = run.explaining.key_result("reliable", "someday")
    assert explained["measure"]["type"] == "none"
    assert "why no value  unmapped: the key result has no measure" in explanation_lines(explained)
    with TestClient(create_app(services(snapshot=run.snapshot))) as client:
        listed = client.get("/api/v1/instrumentation").json()
    assert [InstrumentationItem.model_validate(one).key_result for one in listed["items"]] == ["someday"]
    assert listed["next"] is None


# R86


def test_r86_metrics_api_and_explanation_speak_of_one_evaluation():
    run = Run(definitions(uptime()))
    for at in (MIDDLE, MIDDLE + MINUTE):
        snapshot = run.tick(at)
        page = b"".join(render(snapshot)).decode()
        explained = run.explaining.key_result("reliable", "uptime")
        item = key_result_item(snapshot.key_results[0], at)
        assert item["evaluation_id"] == explained["evaluation_id"] == snapshot.evaluation_id
        assert item["evaluated_at"] == explained["evaluated_at"] == at.isoformat().replace("+00:00", "Z")
        assert f"okrbridge_evaluation_timestamp_seconds {epoch_seconds(at)}\n" in page
        assert f'okrbridge_slo_evaluated_timestamp_seconds{{slo="api-availability"}} {epoch_seconds(at)}\n' in page


# R87


def test_r87_the_query_its_revision_and_the_alert_thresholds_stand_with_the_key_result():
    run = Run(definitions(uptime(), p99()))
    documents = (
        DeclaredDocument("SLO", "api-availability", '{"a": 1}', "slos.yaml:1"),
        DeclaredDocument("Objective", "reliable", '{"b": 1}', "okrs.yaml:1"),
    )
    for content in ('{"a": 0}', '{"a": 1}'):
        run.declared = replace(run.declared, documents=(replace(documents[0], content=content), documents[1]))
        sync_definitions(run.bench.parts, run.declared)
    explained = run.explaining.key_result("reliable", "uptime")
    behind = explained["measured_by"]
    assert (behind["indicator"]["bad"], behind["indicator"]["total"]) == (API.bad, API.total)
    assert (behind["target_ratio"], behind["definition"]["revision"]) == (0.999, 2)
    # The workbook's page at 30 days: 2 % of the budget in an hour is a burn of 14.4.
    assert (behind["burn_policy"][0]["long_window"], behind["burn_policy"][0]["factor"]) == ("1h", pytest.approx(14.4))
    assert explained["definition"]["revision"] == 1
    assert explained["declared"]["target_value"] == 0.9995
    assert run.explaining.key_result("reliable", "p99")["measure"]["query"] == "p99"


def test_r87_a_revision_that_came_after_the_evaluation_did_not_measure_it():
    run = Run(definitions(uptime()))
    document = DeclaredDocument("Objective", "reliable", '{"b": 1}', "okrs.yaml:1")
    for later, content in ((timedelta(0), '{"b": 1}'), (MINUTE, '{"b": 2}')):
        run.bench.clock.now = run.snapshot.published_at + later
        run.declared = replace(run.declared, documents=(replace(document, content=content),))
        sync_definitions(run.bench.parts, run.declared)
    assert run.explaining.key_result("reliable", "uptime")["definition"]["revision"] == 1


# R88: a real server refuses several series in the acceptance test.


def test_r88_metrics_keep_the_rules_of_names_and_labels():
    labels = {label for metric in CATALOGUE for label in metric.labels}
    for metric in CATALOGUE:
        assert re.fullmatch(r"okrbridge_[a-z0-9]+(_[a-z0-9]+)*", metric.name)
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert ("quantile" in metric.labels) == (metric.type == "summary")
    # One word for one thing, and no label whose values change with every evaluation.
    assert labels == {
        "slo", "slo_service", "window", "budgeting", "outcome", "state",
        "okr_objective", "key_result", "cycle", "team", "kind", "unit", "status", "quality", "quantile",
        "source", "reason", "phase", "version", "pythonversion",
    }  # fmt: skip


# R89


def test_r89_a_window_shows_whether_it_rolls_or_follows_the_calendar():
    month = CalendarWindow(CalendarUnit.MONTH, "Europe/Berlin", datetime(2026, 1, 1))  # noqa: DTZ001 - wall clock
    declared = definitions(slos=(slo("rolling"), replace(slo("monthly"), window=month)))
    rolling, monthly = (slo_item(report, MIDDLE) for report in Run(declared).snapshot.slos)
    assert (rolling["window"], rolling["window_start"]) == ("30d", "2026-01-16T00:00:00Z")
    # The month began at midnight in Berlin, an hour before midnight in UTC.
    assert (monthly["window"], monthly["window_start"]) == ("calendar 1M", "2026-01-31T23:00:00Z")


def test_r89_a_budget_unspent_on_day_3_of_the_month_is_not_an_achievement():
    third = datetime(2026, 2, 4, tzinfo=UTC)
    february = Interval(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    run = Run(definitions(replace(budget(), period=february)), evenly(10.0, 10.0), at=third, has_history=True)
    (report,) = run.snapshot.key_results
    assert (report.progress.value, report.status) == (0.0, KeyResultStatus.ON_TRACK)
    explained = run.explaining.key_result("reliable", "budget")
    assert explained["window"] == {"from": "2026-02-01T00:00:00Z", "to": "2026-02-04T00:00:00Z"}
    assert explained["measure"]["over"] == "the key result's period to date"


# R90


@pytest.mark.parametrize(
    ("labels", "owner"), [({"owner": "maria", "team": "web"}, "maria"), ({"team": "web"}, "web"), ({}, None)]
)
def test_r90_the_rationale_and_the_owner_of_an_slo_are_shown_or_shown_to_be_missing(labels, owner):
    reason = "Checkout loses 3 orders a minute when it is down" if owner else ""
    run = Run(definitions(slos=(replace(slo(), description=reason, labels=labels),)))
    item = slo_item(run.snapshot.slos[0], MIDDLE)
    assert (item["description"], item["owner"]) == (reason, owner)
    explained = run.explaining.slo("api-availability")
    assert (explained["rationale"], explained["owner"]) == (reason or None, owner)


# R91


def test_r91_half_of_131_04_minutes_is_half_of_the_budget():
    # 99.9 % of 91 days may be down for 131.04 minutes.
    quarter = timedelta(days=91)
    assert error_budget.allowed_downtime(0.999, quarter) == timedelta(minutes=131.04)
    minutes = quarter / MINUTE
    consumed = error_budget.consumed_ratio(65.52, minutes, 0.999)
    assert consumed == pytest.approx(0.5)
    assert error_budget.remaining_ratio(consumed) == pytest.approx(0.5)


# R94


def test_r94_half_an_hour_without_samples_is_no_data_and_never_0():
    silence = MIDDLE - 30 * MINUTE
    half_an_hour = SloMeasure("api-availability", over=RollingWindow(30 * MINUTE))
    declared = definitions(key_result("recent", half_an_hour), p99())
    run = Run(declared, lambda _sli, start: None if start >= epoch_seconds(silence) else (9.0, 10.0), has_history=True)
    recent, latency = run.snapshot.key_results
    assert (recent.measurement.quality, recent.measurement.value) == (Quality.NO_DATA, None)
    assert (latency.measurement.quality, latency.measurement.value) == (Quality.NO_DATA, None)
    # The month behind it is known, so the SLO is stale, and its short windows are unknown.
    (report,) = run.snapshot.slos
    assert report.state is SloState.STALE
    assert (report.burn_rates["5m"], report.burn_rates["30m"]) == (None, None)
    assert report.burn_rates["1h"] == pytest.approx(100)
    # The value shown is yesterday's, and says so; there is no 0 on the page, and nothing for the key result
    # that never had a value.
    assert recent.progress.value == pytest.approx(0.9)
    assert recent.progress.measured_at == MIDDLE - DAY
    assert recent.status is KeyResultStatus.STALE
    page = b"".join(render(run.snapshot)).decode()
    assert 'okrbridge_slo_error_ratio{slo="api-availability",window="30m"}' not in page
    assert 'okrbridge_key_result_value{okr_objective="reliable",key_result="p99"}' not in page


def test_r94_gaps_are_gaps_in_the_history():
    silence = Interval(MIDDLE - 40 * MINUTE, MIDDLE - 10 * MINUTE)
    declared = definitions()
    hidden = range(epoch_seconds(silence.start), epoch_seconds(silence.end))
    run = Run(declared, lambda _sli, start: None if start in hidden else (9.0, 10.0))
    with run.bench.parts.storage.reading() as database:
        counts = SloCounts(database.ledger, GRID)
        rows = history_rows(counts, declared.slos[0], Interval(MIDDLE - HOUR, MIDDLE), 10 * MINUTE, GRID)
    assert [row["sli_ratio"] for row in rows] == [0.9, 0.9, None, None, None, 0.9]
    assert [row["coverage_ratio"] for row in rows] == [1, 1, 0, 0, 0, 1]


# R95


def test_r95_slices_are_kept_30_days_and_sums_of_hours_13_months():
    bench = Bench()
    ages = (10, 100, 390, 400)
    with bench.parts.storage.transaction() as database:
        for days in ages:
            start = epoch_seconds(MIDDLE - days * DAY)
            slices = Slices.of([(start + 60 * minute, 9.0, 10.0, SliceState.MEASURED) for minute in range(60)])
            database.ledger.write([API], "prometheus", SliceTable.of_one(slices))
    Retention(bench.parts, definitions()).run(MIDDLE)
    hours = {days: Interval(MIDDLE - days * DAY, MIDDLE - days * DAY + HOUR) for days in ages}
    with bench.parts.storage.reading() as database:
        kept = {days: len(database.ledger.slices(API.key, hour)) for days, hour in hours.items()}
        totals = [one.total for one in database.ledger.window_counts(API.key, list(hours.values()))]
    # 60 slices of 10 events each; their sum outlives them, exactly.
    assert kept == {10: 60, 100: 0, 390: 0, 400: 0}
    assert totals == [600, 600, 600, 0]


# R96: a real Prometheus keeps the exemplars in the acceptance test.


def test_r96_the_newest_traces_are_shown_once_each():
    traces = [Trace(name, MIDDLE + seconds * MINUTE, 0.1, {}) for name, seconds in (("a", 1), ("b", 2), ("a", 3))]
    assert [(one.trace_id, one.at) for one in newest(traces)] == [
        ("a", MIDDLE + 3 * MINUTE),
        ("b", MIDDLE + 2 * MINUTE),
    ]


def test_r96_traces_are_looked_for_behind_every_query_of_the_measure():
    declared = definitions(uptime(), p99(), key_result("none", NoMeasure()))
    assert [traced_queries(one, declared) for one in declared.key_results] == [
        [("prometheus", API.bad), ("prometheus", API.total)],
        [("prometheus", "p99")],
        [],
    ]


def test_r96_a_trace_is_shown_by_its_link_or_its_id_and_none_says_why():
    traces = [Trace("a", MIDDLE, 0.1, {}, "https://traces.example/a"), Trace("b", MIDDLE, 0.1, {})]
    assert trace_lines([trace_item(one) for one in traces])[2:] == [
        "  2026-02-15T00:00:00Z  https://traces.example/a",
        "  2026-02-15T00:00:00Z  b",
    ]
    assert trace_lines([])[2].startswith("  none: the source keeps no exemplars")


@pytest.mark.parametrize("address", ["https://traces.example/", "ftp://traces.example/{trace_id}"])
def test_r96_an_address_of_traces_that_cannot_lead_to_one_is_refused(address: str):
    source = (
        "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: p}\nspec:\n  type: Prometheus\n"
        f"  connectionDetails: {{url: 'http://p', traceUrl: '{address}'}}\n"
    )
    (fault,) = faults_of(source)
    assert f"traceUrl: '{address}' is no address of a trace, such as https://" in fault


class Client:
    """Answers as the client of a Prometheus does."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def exemplars(self, promql: str, _start: datetime, _end: datetime) -> tuple[Any, Asked]:
        return self.data, Asked("prom", "http://prom", promql)


def traces_in(data: Any) -> Sequence[Trace]:
    client = cast("PrometheusClient", Client(data))
    window = Interval(MIDDLE, MIDDLE + MINUTE)
    return PrometheusTraces(client, "https://traces.example/{trace_id}").traces("requests_total", window)


def test_r96_exemplars_are_read_whatever_their_trace_label_is_called():
    series = {
        "seriesLabels": {"__name__": "requests_total"},
        "exemplars": [
            {"labels": {"traceID": "a b"}, "value": "0.5", "timestamp": 1_700_000_000.5},
            {"labels": {"trace_id": "c"}, "value": "1", "timestamp": 1_700_000_001},
            {"labels": {"user": "jo"}, "value": "1", "timestamp": 1_700_000_002},
        ],
    }
    found = traces_in([series])
    assert [(one.trace_id, one.link, one.value) for one in found] == [
        ("a b", "https://traces.example/a%20b", 0.5),
        ("c", "https://traces.example/c", 1.0),
    ]


@pytest.mark.parametrize(
    "data",
    [None, [{"exemplars": 1}], [{"seriesLabels": {}, "exemplars": [{"labels": {"traceID": "a"}, "value": "x"}]}]],
)
def test_r96_exemplars_that_cannot_be_read_are_a_failure_of_the_source(data):
    with pytest.raises(SourceError, match="http://prom answered with exemplars that cannot be read"):
        traces_in(data)


# R98


@pytest.mark.parametrize(("is_excluded", "bad"), [(True, 0), (False, 60)])
def test_r98_maintenance_holds_alerts_and_is_left_out_or_counted_by_its_flag(is_excluded, bad):
    patching = Interval(MIDDLE - HOUR, MIDDLE + HOUR)
    window = MaintenanceWindow("patching", title="Patching", once=(patching,), is_excluded=is_excluded)
    declared = replace(definitions(uptime(), slos=(slo(target=0.9),)), maintenance=(window,))
    down = range(epoch_seconds(patching.start), epoch_seconds(patching.end))
    run = Run(declared, lambda _sli, start: (9.0, 10.0) if start in down else (10.0, 10.0))
    (report,) = run.snapshot.slos
    # One bad request in each of the 60 minutes of the window that have passed.
    assert report.counts.bad == bad
    assert report.excluded == (HOUR if is_excluded else timedelta(0))
    assert report.details.alerts_frozen == "maintenance patching is active"
    for explained in (run.explaining.slo("api-availability"), run.explaining.key_result("reliable", "uptime")):
        assert explained["maintenance"] == [
            {
                "name": "patching",
                "title": "Patching",
                "reason": "maintenance",
                "is_excluded": is_excluded,
                "from": "2026-02-14T23:00:00Z",
                "to": "2026-02-15T01:00:00Z",
            }
        ]


# R99


def test_r99_freshness_is_the_age_of_the_events_and_not_of_their_storing():
    silence = MIDDLE - 2 * HOUR
    declared = definitions(uptime())
    run = Run(declared, lambda _sli, start: None if start >= epoch_seconds(silence) else (9.0, 10.0), has_history=True)
    # The whole month was stored just now; the newest event is two hours old, and 10 s of ingest delay.
    item = slo_item(run.snapshot.slos[0], run.bench.clock())
    assert item["last_measured_at"] == "2026-02-14T22:00:00Z"
    assert item["data_age_seconds"] == 2 * 3600 + 10


def test_r99_what_was_measured_afterwards_is_marked():
    run = Run(definitions(uptime()), has_history=True)
    run.tick(MIDDLE + MINUTE)
    assert fill_key_result_history(run.bench.parts, run.declared, MIDDLE + MINUTE, always).is_complete
    with run.bench.parts.storage.reading() as database:
        records = database.progress.history("reliable/uptime", Interval(START, MIDDLE + HOUR), 100)
    marks = [(progress_row(record)["time"], progress_row(record)["is_backfilled"]) for record in records]
    # 44 days before the first tick, and two ticks.
    assert [is_marked for _, is_marked in marks] == [True] * 44 + [False] * 2
    assert marks[-2:] == [("2026-02-15T00:00:00Z", False), ("2026-02-15T00:01:00Z", False)]


# R100


@pytest.mark.parametrize(("is_excluded", "ratio"), [(True, 1.0), (False, 1 - 120 / (1440 * 45))])
def test_r100_a_game_day_is_listed_and_is_no_evidence_when_it_is_flagged(is_excluded, ratio):
    exercise = Interval(MIDDLE - 5 * HOUR, MIDDLE - 3 * HOUR)
    window = MaintenanceWindow(
        "failover", "Failover exercise", MaintenanceReason.GAME_DAY, once=(exercise,), is_excluded=is_excluded
    )
    declared = replace(definitions(uptime()), maintenance=(window,))
    down = range(epoch_seconds(exercise.start), epoch_seconds(exercise.end))
    run = Run(declared, lambda _sli, start: (0.0, 10.0) if start in down else (10.0, 10.0), has_history=True)
    (report,) = run.snapshot.key_results
    # Down for 120 of the 64,800 minutes of the cycle's 45 days so far.
    assert report.progress.value == pytest.approx(ratio)
    explained = run.explaining.key_result("reliable", "uptime")
    assert [(one["reason"], one["is_excluded"]) for one in explained["maintenance"]] == [("game-day", is_excluded)]
    shown = "left out" if is_excluded else "counts"
    assert f"game-day      Failover exercise, 2026-02-14T19:00:00Z to 2026-02-14T21:00:00Z: {shown}" in (
        explanation_lines(explained)
    )
