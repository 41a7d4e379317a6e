"""Every kind of key result, from its measure to its status."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import CYCLE, START, key_result, slo
from tests.fakes.okr_world import Values, event, world

from okrbridge.application.ports import Reading
from okrbridge.application.records import Quality
from okrbridge.domain.key_results import (
    BaselineFromHistory,
    Evidence,
    KeyResult,
    KeyResultKind,
    KeyResultState,
    Operator,
    Part,
    Visibility,
)
from okrbridge.domain.measures import (
    CsvMeasure,
    HttpMeasure,
    IncidentMeasure,
    IndicatorMeasure,
    KeyResultMeasure,
    NoMeasure,
    PromqlMeasure,
    SloMeasure,
    SloQuantity,
    SqlMeasure,
)
from okrbridge.domain.objectives import Indicator, OkrObjective
from okrbridge.domain.pacing import KeyResultStatus, StatusPolicy
from okrbridge.domain.units import PLAIN, RATIO, parse_unit
from okrbridge.domain.windows import Interval, RollingWindow, epoch_seconds

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MIDDLE = START + 45 * DAY
MS = parse_unit("ms")


def promql(query: str = "q", name: str = "one", **changes: Any) -> KeyResult:
    """From 0 to 100 by a query."""
    given: dict[str, Any] = {"unit": PLAIN, "baseline": 0.0, "target": 100.0}
    return key_result(name, PromqlMeasure(query, "prometheus"), **(given | changes))


@pytest.mark.parametrize(
    ("changes", "value", "progress", "status"),
    [
        (
            {"kind": KeyResultKind.BAND, "low": 9.0, "high": 11.0, "baseline": None, "target": None},
            8.0,
            0.0,
            "off_track",
        ),
        (
            {"kind": KeyResultKind.BAND, "low": 9.0, "high": 11.0, "baseline": None, "target": None},
            11.0,
            1.0,
            "on_track",
        ),
        ({"kind": KeyResultKind.REACH, "baseline": 0.0, "target": 10.0}, 5.0, 0.5, "on_track"),
        ({"kind": KeyResultKind.BASELINE, "baseline": None, "target": None}, 5.0, None, "too_early"),
        ({"kind": KeyResultKind.HYPOTHESIS, "baseline": 1.0, "target": 3.0}, 5.0, None, "too_early"),
    ],
)
def test_kinds_that_are_judged_by_their_value(
    changes: dict[str, Any], value: float, progress: float | None, status: str
):
    now = world(promql(**changes))
    now.source.readings["q"] = value
    report = now.report(MIDDLE)
    assert (report.progress.value, report.progress.progress_ratio, report.status) == (value, progress, status)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"kind": KeyResultKind.BINARY, "done": True}, 1.0),
        ({"kind": KeyResultKind.BINARY, "done": False}, 0.0),
        ({"kind": KeyResultKind.MILESTONE, "evidence": Evidence("https://x", MIDDLE - DAY)}, 1.0),
        ({"kind": KeyResultKind.MILESTONE, "evidence": Evidence("https://x", MIDDLE + DAY)}, 0.0),
        ({"kind": KeyResultKind.ORDINAL, "zone": "target"}, 0.7),
    ],
)
def test_r21_what_people_state_is_the_value(changes: dict[str, Any], value: float):
    given = {"unit": PLAIN, "baseline": None, "target": None} | changes
    report = world(key_result("one", NoMeasure(), **given)).report(MIDDLE)
    assert (report.progress.value, report.progress.progress_ratio) == (value, value)


def test_r28_a_share_lists_the_members_that_miss_it():
    repositories = tuple((f"repo-{number:02}", float(number >= 3)) for number in range(50))
    source = Values(lambda request: Reading(request, None, members=repositories))
    measure = SqlMeasure("SELECT name, has_sast FROM repos", "billing", has_members=True)
    now = world(key_result("one", measure, kind=KeyResultKind.SHARE, baseline=None, target=1.0), values=source)
    report = now.report(MIDDLE)
    # 47 of 50.
    assert report.progress.value == pytest.approx(0.94)
    assert report.measurement.details["missing"] == ["repo-00", "repo-01", "repo-02"]
    assert report.measurement.sample_count == 50


def test_a_number_for_each_member_is_refused_where_one_is_needed():
    source = Values(lambda request: Reading(request, None, members=(("a", 1.0),)))
    now = world(key_result("one", SqlMeasure("SELECT 1", "billing", has_members=True), unit=PLAIN), values=source)
    assert now.report(MIDDLE).quality is Quality.ERROR


@pytest.mark.parametrize(
    ("measure", "query"),
    [
        (SqlMeasure("SELECT 40, 12", "billing"), "SELECT 40, 12"),
        (HttpMeasure("$.nps", "billing", "/survey"), "/survey $.nps"),
        (CsvMeasure("billing", "cost"), "sum of cost"),
    ],
)
def test_databases_documents_and_files_are_asked_for_the_period_to_date(measure: SqlMeasure, query: str):
    source = Values(lambda request: Reading(request, 40.0, sample_count=12.0))
    report = world(key_result("one", measure, unit=PLAIN, baseline=0.0, target=100.0), values=source).report(MIDDLE)
    assert (report.progress.progress_ratio, report.measurement.sample_count) == (0.4, 12.0)
    assert report.measurement.query == query
    assert source.asked[0].window == Interval(START, MIDDLE)


def test_too_few_samples_keep_a_value_out_of_progress():
    source = Values(lambda request: Reading(request, 40.0, sample_count=12.0))
    measure = SqlMeasure("SELECT 1", "billing")
    now = world(key_result("one", measure, unit=PLAIN, baseline=0.0, target=100.0, min_samples=30), values=source)
    report = now.report(MIDDLE)
    assert (report.quality, report.progress.value) == (Quality.INSUFFICIENT_SAMPLES, None)
    assert report.measurement.error == "12 samples are fewer than the 30 asked for"
    assert report.measurement.details["insufficient_value"] == 40.0


def test_the_length_of_the_window_is_put_into_the_query():
    now = world(promql("increase(x[{{.window}}])"))
    now.source.readings["increase(x[86400s])"] = 7.0
    assert now.report(START + DAY).progress.value == 7.0


def test_r35_a_composite_is_the_weighted_mean_of_its_parts():
    parts = (Part("reliable/a", 2.0), Part("reliable/b"))
    whole = key_result(
        "one", NoMeasure(), kind=KeyResultKind.COMPOSITE, baseline=None, target=None, parts=parts, unit=RATIO
    )
    # Declared before its parts, and measured after them all the same.
    now = world(whole, promql("a", "a"), promql("b", "b"))
    now.source.readings |= {"a": 80.0, "b": 50.0}
    report = now.report(MIDDLE)
    # (2 x 0.8 + 0.5) / 3
    assert report.progress.progress_ratio == pytest.approx(0.7)
    assert report.measurement.details["parts"] == [
        {"key_result": "reliable/a", "weight": 2.0, "progress_ratio": 0.8},
        {"key_result": "reliable/b", "weight": 1.0, "progress_ratio": 0.5},
    ]


def test_a_key_result_can_follow_the_progress_of_another():
    now = world(key_result("one", KeyResultMeasure("reliable/a"), baseline=0.0, target=1.0), promql("a", "a"))
    now.source.readings["a"] = 80.0
    assert now.report(MIDDLE).progress.value == 0.8


def test_r27_a_breached_guard_caps_the_status_and_not_the_progress():
    guard = promql("p95", "guard", kind=KeyResultKind.BAND, unit=MS, baseline=400.0, target=None, low=None, high=420.0)
    now = world(
        promql("cost", baseline=20_000.0, target=17_000.0, guards=("reliable/guard",)),
        replace(guard, measure=PromqlMeasure("p95", "prometheus", MS)),
    )
    now.source.readings |= {"cost": 17_000.0, "p95": 428.0}
    report = now.report(MIDDLE)
    assert (report.progress.progress_ratio, report.status) == (1.0, KeyResultStatus.AT_RISK)
    assert (report.outlook.guard_breached, report.outlook.breached_guards) == (True, ("reliable/guard",))


def test_of_two_that_are_enough_the_further_one_counts():
    other = promql("half", "half", weight=0.0)
    now = world(promql("rate", best_of=("reliable/half",)), other)
    now.source.readings |= {"rate": 0.0, "half": 60.0}
    report = now.report(MIDDLE)
    assert (report.progress.progress_ratio, report.status) == (0.6, KeyResultStatus.ON_TRACK)


def test_r24_only_qualifying_weeks_count_in_compliance():
    week = timedelta(weeks=1)
    peaks = tuple(Interval(START + (number - 1) * week, START + number * week) for number in (3, 7))
    measure = SloMeasure("api-availability", over=RollingWindow(week))
    held = key_result(
        "one", measure, kind=KeyResultKind.MAINTAIN, baseline=None, target=0.999, operator=Operator.GE, qualifying=peaks
    )
    now = world(held, slos=(slo(),))
    bad = [epoch_seconds(START + 4 * week), epoch_seconds(START + 6 * week), epoch_seconds(START + 7 * week)]
    # Weeks 5 and 7 are at 99.85 %; week 5 is no peak.
    now.source.script = lambda _sli, at: (
        (9985.0, 10000.0) if bad[0] <= at < bad[0] + 604800 or bad[1] <= at < bad[2] else (10000.0, 10000.0)
    )
    report = now.filled(START + 10 * week).key_results[0]
    assert report.progress.progress_ratio == pytest.approx(0.5)
    assert report.measurement.details["compliance_ratio"] == pytest.approx(0.5)


def test_what_is_to_be_maintained_is_judged_by_the_time_its_measurements_stood_for():
    held = promql(kind=KeyResultKind.MAINTAIN, baseline=None, target=5.0, operator=Operator.LE)
    now = world(held)
    now.source.readings["q"] = 4.0
    assert now.report(MIDDLE).status is KeyResultStatus.TOO_EARLY
    for minute, value in ((3, 9.0), (4, 4.0), (5, 4.0)):
        now.source.readings["q"] = value
        report = now.report(MIDDLE + minute * MINUTE)
    # Good for three minutes and one more, bad for the minute between.
    assert report.progress.progress_ratio == pytest.approx(4 / 5)
    assert report.status is KeyResultStatus.ON_TRACK


def test_a_new_process_finds_the_same_compliance():
    held = promql(kind=KeyResultKind.MAINTAIN, baseline=None, target=5.0, operator=Operator.LE)
    now = world(held)
    for minute, value in ((0, 4.0), (3, 9.0), (4, 4.0)):
        now.source.readings["q"] = value
        before = now.report(MIDDLE + minute * MINUTE)
    now.evaluator._key_results.memory.forget_history()
    again = now.report(MIDDLE + 4 * MINUTE)
    assert again.progress.progress_ratio == before.progress.progress_ratio == pytest.approx(3 / 4)


def test_compliance_of_an_slo_is_the_share_of_days_that_reached_its_target():
    bad_day = epoch_seconds(START + 2 * DAY)
    measure = SloMeasure("api-availability", SloQuantity.COMPLIANCE)
    now = world(key_result("one", measure, baseline=0.5, target=1.0), slos=(slo(target=0.9),))
    now.source.script = lambda _sli, at: (8.0, 10.0) if bad_day <= at < bad_day + 86400 else (10.0, 10.0)
    report = now.filled(START + 10 * DAY).key_results[0]
    # 9 of 10 days.
    assert report.progress.value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("quantity", "baseline"),
    [
        # One of ten days was at 80 %, the others at 100 %: nine reached 90 %,
        (SloQuantity.COMPLIANCE, 0.9),
        # 98 % of all, and so 0.02 / 0.1 of the budget spent.
        (SloQuantity.SLI, 0.98),
        (SloQuantity.BUDGET, 0.2),
    ],
)
def test_a_baseline_of_an_slo_is_of_the_quantity_that_is_measured(quantity: SloQuantity, baseline: float):
    declared = key_result(
        "one",
        SloMeasure("api-availability", quantity),
        baseline=None,
        target=0.999,
        baseline_from=BaselineFromHistory(10 * DAY),
    )
    now = world(declared, slos=(slo(target=0.9),))
    turn = epoch_seconds(START - 3 * DAY)
    now.source.script = lambda _sli, at: (8.0, 10.0) if turn <= at < turn + 86400 else (10.0, 10.0)
    assert now.filled(MIDDLE).key_results[0].key_result.baseline == pytest.approx(baseline)


def relative(**changes: Any) -> KeyResult:
    given: dict[str, Any] = {
        "kind": KeyResultKind.RELATIVE,
        "baseline": None,
        "target": None,
        "relative_change": -0.4,
        "baseline_from": BaselineFromHistory(90 * DAY),
    }
    return promql(**(given | changes))


def test_r25_a_relative_target_follows_from_a_frozen_baseline_and_never_moves():
    now = world(relative())
    now.source.readings["q"] = 50.0
    first = now.report(MIDDLE)
    assert (first.key_result.target, first.progress.progress_ratio) == (None, None)
    assert first.measurement.error == "the baseline is not measured yet"
    report = now.filled(MIDDLE).key_results[0]
    assert report.key_result.baseline == 50.0
    assert report.key_result.target == pytest.approx(30.0)
    assert report.frozen_baseline is not None
    assert report.frozen_baseline.window == Interval(START - 90 * DAY, START)
    assert report.frozen_baseline.sample_count == 90
    assert report.frozen_baseline.noise == 0.0
    now.source.readings["q"] = 40.0
    later = now.filled(MIDDLE + DAY).key_results[0]
    # (40 - 50) / (30 - 50) = 0.5
    assert later.key_result.target == pytest.approx(30.0)
    assert later.progress.progress_ratio == pytest.approx(0.5)


def test_a_baseline_of_incidents_is_a_rate_of_its_window():
    counted = key_result(
        "one",
        IncidentMeasure(),
        kind=KeyResultKind.COUNT_PER_PERIOD,
        unit=parse_unit("/month"),
        per="month",
        baseline=None,
        target=3.0,
        baseline_from=BaselineFromHistory(90 * DAY),
    )
    now = world(counted)
    now.happen(*(event("incident", START - number * DAY, number) for number in range(1, 37)))
    # 36 in 90 days, which are three months of 30 days.
    assert now.filled(START + 10 * DAY).key_results[0].key_result.baseline == pytest.approx(12.0)


def test_a_baseline_of_an_slo_is_its_ratio_before_the_start():
    measured = key_result(
        "one", SloMeasure("api-availability"), baseline=None, target=0.9995, baseline_from=BaselineFromHistory(10 * DAY)
    )
    now = world(measured, slos=(slo(),))
    turn = epoch_seconds(START)
    now.source.script = lambda _sli, at: (99.0, 100.0) if at < turn else (100.0, 100.0)
    report = now.filled(MIDDLE).key_results[0]
    assert report.key_result.baseline == pytest.approx(0.99)
    assert report.progress.progress_ratio == pytest.approx(1.0)


def test_r11_one_evaluation_of_an_indicator_feeds_both_key_results():
    indicator = Indicator(
        "latency", "Latency", PromqlMeasure("p95", "prometheus", parse_unit("s")), MS, low=0.0, high=400.0
    )
    measure = IndicatorMeasure("latency", MS)
    now = world(
        key_result("one", measure, unit=MS, baseline=900.0, target=300.0),
        key_result("two", measure, unit=MS, baseline=600.0, target=500.0),
        indicators=(indicator,),
    )
    now.source.readings["p95"] = 0.6
    snapshot = now.tick(MIDDLE)
    assert [report.progress.value for report in snapshot.key_results] == [600.0, 600.0]
    assert [report.measurement.query for report in snapshot.key_results] == ["indicator/latency"] * 2
    assert len(now.source.values_asked) == 1
    assert snapshot.indicator_by_name["latency"].record.shown is KeyResultStatus.OFF_TRACK


def test_r10_an_indicator_has_one_history_before_and_after_cycles():
    indicator = Indicator("latency", "Latency", PromqlMeasure("p95", "prometheus"), PLAIN)
    now = world(indicators=(indicator,), objectives=())
    now.source.readings["p95"] = 0.6
    for day in (-3, 45, 200):
        now.tick(START + day * DAY)
    with now.storage.reading() as database:
        kept = database.progress.history(indicator.id, Interval(START - 9 * DAY, START + 300 * DAY), 10)
    assert [record.value for record in kept] == [0.6, 0.6, 0.6]


def test_the_other_measures_of_an_indicator_are_compared_with_it():
    other = PromqlMeasure("probe", "prometheus")
    indicator = Indicator("up", "Up", PromqlMeasure("up", "prometheus"), PLAIN, also=(other,), tolerance_ratio=0.01)
    now = world(indicators=(indicator,), objectives=())
    now.source.readings |= {"up": 100.0, "probe": 98.0}
    report = now.tick(MIDDLE).indicators[0]
    assert (report.others, report.disagrees) == ((98.0,), True)


def test_equal_questions_are_asked_once():
    now = world(promql(name="one"), promql(name="two"))
    now.source.readings["q"] = 50.0
    assert [report.progress.value for report in now.tick(MIDDLE).key_results] == [50.0, 50.0]
    assert len(now.source.values_asked) == 1


def test_r81_measuring_goes_on_after_the_end_and_the_status_stays():
    now = world(promql())
    now.source.readings["q"] = 90.0
    end = CYCLE.interval.end
    now.tick(end)
    assert now.report(end + MINUTE).status is KeyResultStatus.MISSED
    now.source.readings["q"] = 110.0
    later = now.report(end + 10 * DAY)
    assert later.progress.raw_ratio == pytest.approx(1.1)
    assert later.status is KeyResultStatus.MISSED
    over = now.report(CYCLE.measure_until + DAY)
    assert over.measurement.error == "measuring has ended"


def test_the_status_policy_of_the_cycle_is_used():
    generous = StatusPolicy(on_track_gap=0.5, name="generous")
    cycle = replace(CYCLE, status_policy="generous")
    now = world(promql(), cycles=(cycle,), policies={"generous": generous})
    now.source.readings["q"] = 10.0
    # 0.5 expected, 0.1 done: a gap of 0.4 is off track by the built-in policy.
    report = now.report(MIDDLE)
    assert (report.status, report.policy) == (KeyResultStatus.ON_TRACK, generous)


def objective(name: str, *key_results: KeyResult, **changes: Any) -> OkrObjective:
    own = tuple(replace(one, objective=name) for one in key_results)
    return OkrObjective(name, name, CYCLE.name, "backend", "maria", own, **changes)


def test_children_are_in_their_parents_numbers_restricted_ones_too():
    parent = objective("company", promql("a"))
    child = objective("team", promql("b"), parent="company", visibility=Visibility.RESTRICTED)
    dropped = objective("old", promql("c"), parent="company", state=KeyResultState.DROPPED)
    now = world(objectives=(parent, dropped, child))
    now.source.readings |= {"a": 20.0, "b": 60.0, "c": 100.0}
    snapshot = now.tick(MIDDLE)
    company = snapshot.objective_by_name["company"]
    # (0.2 + 0.6) / 2; the dropped one takes no part.
    assert company.progress_ratio == pytest.approx(0.4)
    assert company.status is KeyResultStatus.OFF_TRACK
    assert company.contributing == ("old", "team")
    assert snapshot.key_result_by_id["team/one"].is_restricted


def test_a_sum_over_a_window_of_its_own_is_compared_with_as_much_time_before():
    # 900 in the 90 days before are 300 in 30 days; 10 % less is 270.
    source = Values(lambda request: Reading(request, 900.0 if request.at == START else 285.0))
    measure = CsvMeasure("billing", "cost", time_column="day", over=RollingWindow(30 * DAY))
    less = key_result(
        "one",
        measure,
        kind=KeyResultKind.RELATIVE,
        unit=PLAIN,
        baseline=None,
        target=None,
        relative_change=-0.1,
        baseline_from=BaselineFromHistory(90 * DAY),
    )
    report = world(less, values=source).filled(MIDDLE).key_results[0]
    assert report.key_result.baseline == pytest.approx(300.0)
    assert report.progress.progress_ratio == pytest.approx(0.5)
    assert report.measurement.window == Interval(MIDDLE - 30 * DAY, MIDDLE)
