"""The acceptance numbers of the metric catalogue and of the scenarios, measured with the templates themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from okrbridge.application.measuring.by_event import EventValues
from okrbridge.application.measuring.found import Found, measurement_of
from okrbridge.application.measuring.subjects import key_result_subject
from okrbridge.application.okr_records import Event
from okrbridge.application.ports import ValueRequest
from okrbridge.application.records import Measurement, Quality
from okrbridge.cli.template_files import template
from okrbridge.definitions.loader import load_text
from okrbridge.domain.aggregation import aggregate
from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.composition import capped, is_breached
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import Aggregation, CsvMeasure, EventMeasure, IncidentMeasure
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.sources.csv_file.source import CsvSource

NOW = datetime(2026, 11, 15, tzinfo=UTC)
CYCLE = "---\napiVersion: okrbridge.dev/v1\nkind: Cycle\nmetadata: {name: 2026-q4}\nspec: {}\n"
VALUES = {"cycle": "2026-q4", "team": "shop", "owner": "maria", "service": "shop", "state": "active"}


def key_result(name: str, key_result_name: str) -> KeyResult:
    """A key result of a template, as the loader reads it."""
    text = template(name).filled({**VALUES, "name": name}) + CYCLE
    return load_text(text, name).definitions.key_result_by_id[f"{name}/{key_result_name}"]


def measured(one: KeyResult, *events: Event, found: Found | None = None) -> Measurement:
    """What it measures of events, or of what a source gave."""
    cycle = load_text(CYCLE, "cycle").definitions.cycles[0]
    subject = key_result_subject(one, cycle, NOW)
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    values = EventValues(by_kind, NOW)
    if isinstance(one.measure, IncidentMeasure):
        found = values.incidents(subject, one.measure)
    elif isinstance(one.measure, EventMeasure):
        found = values.events_of(subject, one.measure)
    assert found is not None
    return measurement_of(subject, found, NOW, "e1")


def from_members(one: KeyResult, members: Mapping[str, float | None]) -> Measurement:
    cycle = load_text(CYCLE, "cycle").definitions.cycles[0]
    window = key_result_subject(one, cycle, NOW).window
    return measured(one, found=Found(window, "query", members=members))


def events(kind: str, count: int, **attributes: Any) -> list[Event]:
    """Events of the last hours."""
    start = NOW - timedelta(hours=2)
    tag = "-".join(map(str, attributes.values()))
    return [
        Event("ci", f"{kind}-{tag}-{n}", kind, start, NOW, subject=f"s{n}", service="shop", attributes=attributes)
        for n in range(count)
    ]


def progress(one: KeyResult, value: float) -> Progress:
    found = progress_of(one, value)
    assert found is not None
    return found


def from_table(one: KeyResult, table: str, folder: Path) -> float | None:
    """What a CSV file gives for it."""
    assert isinstance(one.measure, CsvMeasure)
    (folder / "table.csv").write_text(table, encoding="utf-8")
    request = ValueRequest("column", NOW, None, one.measure)
    return CsvSource("table", folder / "table.csv").values([request])[0].value


def test_r101_two_failed_probes_of_a_thousand_are_99_8_percent():
    uptime = key_result("uptime", "uptime")
    assert progress(uptime, 998 / 1000).ratio == 0  # 99.8 % is not 99.9 %
    assert progress(uptime, 0.999).ratio == 1
    assert is_breached(key_result("uptime", "probers"), 1.0)  # one prober may be the one that fails


def test_r102_too_little_traffic_breaches_the_guard_of_the_percentile():
    assert is_breached(key_result("p95-latency", "traffic"), 999.0)
    assert not is_breached(key_result("p95-latency", "traffic"), 1000.0)


def test_r103_the_worst_endpoint_is_shown_beside_the_whole():
    worst = from_members(key_result("error-rate", "worst-endpoint"), {"/": 0.001, "/pay": 0.08})
    assert worst.details["worst"] == {"name": "/pay", "value": 0.08, "unit": "ratio"}
    assert worst.details["missing"] == ["/pay"]
    assert progress(key_result("error-rate", "errors"), 0.005).ratio == 1  # 0.5 % as a whole holds


def test_r104_five_minutes_to_detect_and_fifteen_to_repair_are_twenty():
    start = NOW - timedelta(days=1)
    incidents = [
        Event("pager", f"i{n}", "incident", start, NOW, end=start + timedelta(minutes=20),
              detected_at=start + timedelta(minutes=5), service="shop", severity="sev1")
        for n in range(5)
    ]  # fmt: skip
    mttr = key_result("time-to-restore", "mttr")
    assert measured(mttr, *incidents).value == 1200  # seconds
    assert measured(mttr, *incidents[:4]).quality is Quality.INSUFFICIENT_SAMPLES


def test_r105_of_ten_deploys_six_trivial_ones_are_told_from_four():
    deploys = [*events("deploy", 6, size="trivial", service="shop"), *events("deploy", 4, size="real", service="shop")]
    assert measured(key_result("deploy-frequency", "real-deploys"), *deploys).value == 4
    assert measured(key_result("deploy-frequency", "failed"), *deploys).details["total"] == 10


def test_r106_a_retry_that_passes_shows_in_the_final_rate_only():
    builds = [
        *events("build", 8, outcome="success", attempt="first"),
        *events("build", 1, outcome="success", attempt="later"),
        *events("build", 1, outcome="failure", attempt="later"),
    ]
    assert measured(key_result("build-success", "builds"), *builds).value == pytest.approx(0.9)
    assert measured(key_result("build-success", "first-attempts"), *builds).value == pytest.approx(0.8)


def test_r107_three_times_the_sessions_breach_the_guard_of_the_conversion():
    sessions = resolve_baseline(key_result("conversion-rate", "sessions"), 100.0)
    value = measured(sessions, *events("session", 300)).value
    assert value == 300
    assert is_breached(sessions, value)  # the band is 50 to 150


def test_r108_untagged_spend_of_more_than_5_percent_breaches_the_guard(tmp_path: Path):
    untagged = key_result("cost-per-service", "untagged")
    value = from_table(untagged, "day,cost,requests,untagged_cost\n2026-11-01,100,5,6\n", tmp_path)
    assert value is not None
    assert value == pytest.approx(0.06)
    assert is_breached(untagged, value)


def test_r109_sixty_percent_of_the_budget_spent_is_a_progress_of_0_8():
    # what is left of the budget over what is left beyond the allowance: 0.4 of 0.5
    assert progress(key_result("error-budget", "budget"), 0.6).ratio == pytest.approx(0.8)


def test_r110_the_largest_lag_counts():
    lag = key_result("data-age", "lag")
    worst = aggregate([120.0, 180.0, 540.0], Aggregation.MAX)
    assert worst == 540  # seconds: 9 minutes
    assert progress(lag, worst / lag.unit.factor).ratio == 0


def test_r111_alerts_to_act_on_are_told_from_noise():
    alerts = [*events("alert", 8, actionable="yes"), *events("alert", 22, actionable="no")]
    assert measured(key_result("on-call-load", "actionable"), *alerts).value == 8
    assert measured(key_result("on-call-load", "noise"), *alerts).value == 22


def test_r112_one_engineer_who_logs_breaches_the_guard_of_toil(tmp_path: Path):
    logging = key_result("toil-hours", "logging")
    value = from_table(logging, "day,engineer,hours\n2026-11-14,ada,3\n2026-11-13,ada,4\n", tmp_path)
    assert value == 1
    assert is_breached(logging, value)


def test_r113_the_mean_of_the_closed_and_the_oldest_open_are_both_shown(tmp_path: Path):
    table = "state,age_days,severity\nclosed,10,high\nclosed,20,low\nopen,90,high\nopen,5,low\n"
    assert from_table(key_result("vulnerability-age", "remedied"), table, tmp_path) == 15
    assert from_table(key_result("vulnerability-age", "oldest"), table, tmp_path) == 90


def test_r114_twelve_answers_are_not_judged():
    satisfaction = key_result("customer-satisfaction", "satisfaction")
    few = measured(satisfaction, *events("survey", 12, score=44.0))
    assert (few.quality, few.value) == (Quality.INSUFFICIENT_SAMPLES, None)
    assert few.details["insufficient_value"] == 44
    told = few.details["mean_interval"]
    assert isinstance(told, dict)
    assert (told["n"], told["low"], told["high"]) == (12, 44.0, 44.0)  # twelve equal answers
    assert measured(satisfaction, *events("survey", 30, score=44.0)).value == 44


def test_r115_a_client_version_without_events_breaches_the_guard_of_adoption():
    used = [*events("feature-used", 20, feature="shop"), *events("active-user", 100)]
    assert measured(key_result("adoption", "users"), *used).value == pytest.approx(0.2)
    assert is_breached(key_result("adoption", "versions"), 0.9)


def test_r171_errors_after_deploy_are_half_way_and_a_slower_pace_does_not_hold():
    errors = resolve_baseline(key_result("kubernetes-rollout", "errors-after-deploy"), 0.008)
    assert progress(errors, 0.006).raw_ratio == pytest.approx(0.5)  # 0.8 % -> 0.4 %, now 0.6 %
    pace = resolve_baseline(key_result("kubernetes-rollout", "pace"), 10.0)
    assert progress(pace, 8.0).ratio == 0  # the band is 9 to 11


def test_r171_an_aborted_canary_shows_in_both():
    aborted = events("deploy", 1, outcome="aborted", error_ratio_1h=0.02, service="shop")
    assert measured(key_result("kubernetes-rollout", "errors-after-deploy"), *aborted).value == pytest.approx(0.02)
    assert measured(key_result("kubernetes-rollout", "pace"), *aborted).value == 1


def test_r172_latency_is_half_way_while_cost_rises():
    latency = resolve_baseline(key_result("serverless", "latency"), 0.120)
    assert progress(latency, 0.108).raw_ratio == pytest.approx(0.5)  # 12 of 24 ms
    cost = resolve_baseline(key_result("serverless", "cost"), 100.0)
    assert progress(cost, 104.0).raw_ratio == pytest.approx(-0.4)  # 4 the wrong way of 10


def test_r173_restore_is_half_way_and_the_late_postmortem_is_named():
    mttr = resolve_baseline(key_result("incident-response", "mttr"), 50 * 60.0)
    assert progress(mttr, 40 * 60.0).raw_ratio == pytest.approx(0.5)  # 10 of 20 minutes
    members: dict[str, float | None] = {f"inc-{n}": 1.0 for n in range(9)}
    share = from_members(key_result("incident-response", "postmortems"), {**members, "inc-9": 0.0, "inc-10": None})
    assert share.value == pytest.approx(0.9)
    assert share.details["missing"] == ["inc-9"]


def test_r174_cost_is_half_way_and_latency_breaches_its_guard():
    cost = resolve_baseline(key_result("cost-versus-performance", "cost"), 20_000.0)
    assert progress(cost, 18_500.0).raw_ratio == pytest.approx(0.5)  # 1,500 of 3,000
    assert cost.guards == ("cost-versus-performance/p95",)
    p95 = resolve_baseline(key_result("cost-versus-performance", "p95"), 0.400)
    assert is_breached(p95, 0.430)  # the limit is 0.420
    assert not is_breached(p95, 0.300)  # faster is not worse
    assert capped(KeyResultStatus.ON_TRACK, guard_breached=True) is KeyResultStatus.AT_RISK
