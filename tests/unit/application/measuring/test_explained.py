"""Explanations of key results: every formula with the numbers put in, for every kind."""

import math
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import START, key_result, slo
from tests.fakes.okr_world import GRID, Values, World, event, world

from okrbridge.application.explaining.explain import Explaining
from okrbridge.application.explaining.text import explanation_lines
from okrbridge.application.ports import Reading
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult, KeyResultKind, Operator, Part
from okrbridge.domain.measures import (
    Aggregation,
    EventMeasure,
    IncidentMeasure,
    IncidentQuantity,
    IndicatorMeasure,
    NoMeasure,
    PromqlMeasure,
    SloMeasure,
    SloQuantity,
    SqlMeasure,
)
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.units import PLAIN, RATIO, parse_unit
from okrbridge.domain.windows import Interval

DAY = timedelta(days=1)
MIDDLE = START + 45 * DAY


def promql(query: str = "q", name: str = "one", **changes: Any) -> KeyResult:
    given: dict[str, Any] = {"unit": PLAIN, "baseline": 0.0, "target": 100.0}
    return key_result(name, PromqlMeasure(query, "prometheus"), **(given | changes))


def explained(now: World, name: str = "one") -> dict[str, Any]:
    snapshot = now.evaluator.snapshots.current
    assert snapshot is not None
    item = Explaining(snapshot, now.definitions, now.storage, GRID, snapshot.at).key_result("reliable", name)
    assert explanation_lines(item)
    return item


def numbers(item: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["numbers"] for one in item["formulas"]}


def test_a_run_rate_is_explained():
    counted = key_result(
        "one",
        IncidentMeasure(),
        kind=KeyResultKind.COUNT_PER_PERIOD,
        unit=parse_unit("/quarter"),
        per="quarter",
        baseline=6.0,
        target=2.0,
    )
    now = world(counted)
    now.happen(event("incident", START + DAY))
    now.tick(MIDDLE)
    item = explained(now)
    assert numbers(item)["value"] == "1 / 0.5 = 2"
    assert numbers(item)["raw_ratio"] == "(2 - 6) / (2 - 6) = 1"
    assert item["measure"]["over"] == "the last quarter, or the time since the start while that is shorter"


def test_a_frozen_baseline_is_explained_with_window_and_count():
    relative = promql(
        kind=KeyResultKind.RELATIVE,
        baseline=None,
        target=None,
        relative_change=-0.4,
        baseline_from=BaselineFromHistory(90 * DAY),
    )
    now = world(relative)
    now.source.readings["q"] = 50.0
    now.tick(MIDDLE)
    assert "the baseline is not measured yet" in "\n".join(explanation_lines(explained(now)))
    now.filled(MIDDLE)
    item = explained(now)
    assert numbers(item)["target"] == "50 x (1 + -0.4) = 30"
    assert item["declared"]["target"] == "a change of -40% from the baseline (formula A2)"
    assert (item["baseline"]["value"], item["baseline"]["sample_count"]) == (50.0, 90.0)


def test_a_change_in_the_metrics_own_unit_is_explained_by_its_baseline():
    now = world(promql(unit=RATIO, baseline=0.04, target=0.09, absolute_change=0.05))
    now.source.readings["q"] = 0.05
    now.tick(MIDDLE)
    item = explained(now)
    assert item["declared"]["target"] == "a change of +5 percentage points from the baseline (formula A2)"
    assert numbers(item)["target"] == "0.04 + 0.05 = 0.09"


def test_a_share_names_who_misses_it():
    source = Values(lambda request: Reading(request, None, members=(("a", 1.0), ("b", 0.0))))
    measure = SqlMeasure("SELECT name, ok FROM x", "billing", has_members=True)
    now = world(key_result("one", measure, kind=KeyResultKind.SHARE, baseline=None, target=1.0), values=source)
    now.tick(MIDDLE)
    item = explained(now)
    assert numbers(item)["value"] == "1 / 2 = 0.5"
    assert item["details"]["missing"] == ["b"]
    assert any(line.startswith("missing") and line.endswith("b") for line in explanation_lines(item))


SURVEY = EventMeasure("survey", aggregation=Aggregation.MEAN, attribute="score", unit=parse_unit("points"))


def test_r114_the_mean_of_twelve_answers_is_shown_with_its_interval():
    # Six answers of 40 and six of 48: mean 44, deviation sqrt(12 x 16 / 11) = 4.1779, so 2.2010 x 4.1779 / sqrt(12) =
    # 2.6545 on either side. One answer without a score is none.
    satisfied = key_result("one", SURVEY, unit=parse_unit("points"), baseline=40.0, target=45.0)
    now = world(satisfied)
    now.happen(*(event("survey", START + DAY, n, attributes={"score": 40.0 if n < 6 else 48.0}) for n in range(12)))
    now.happen(event("survey", START + DAY, 12, attributes={"mood": "fine"}))
    report = now.report(MIDDLE)
    assert (report.progress.value, report.measurement.sample_count) == (44.0, 12.0)

    item = explained(now)
    told = item["details"]["mean_interval"]
    assert (told["mean"], told["n"], told["unit"]) == (44.0, 12, "points")
    assert told["deviation"] == pytest.approx(math.sqrt(192 / 11))
    assert (told["low"], told["high"]) == (pytest.approx(41.3455), pytest.approx(46.6545))
    assert numbers(item)["mean_low"].startswith("44 - 2.201 x 4.17786")
    interval = "41.3455 to 46.6545 points, 95 % interval of the mean of 12 samples with deviation 4.17786"
    assert f"interval      {interval}" in explanation_lines(item)


def test_r114_answers_that_are_too_few_to_be_judged_show_their_interval_too():
    satisfied = key_result("one", SURVEY, unit=parse_unit("points"), baseline=40.0, target=45.0, min_samples=30)
    now = world(satisfied)
    now.happen(*(event("survey", START + DAY, n, attributes={"score": 40.0 if n < 6 else 48.0}) for n in range(12)))
    now.tick(MIDDLE)
    item = explained(now)
    assert (item["value"], item["quality"]) == (None, "insufficient_samples")
    assert item["details"]["insufficient_value"] == 44.0
    assert item["details"]["mean_interval"]["low"] == pytest.approx(41.3455)


@pytest.mark.parametrize(
    ("deviation", "samples", "told"),
    [
        # 0.2 s around 0.5 s, 12 samples: 2.2010 x 200 / sqrt(12) = 127.07 ms.
        (0.2, 12.0, (pytest.approx(372.93, abs=0.01), pytest.approx(627.07, abs=0.01))),
        (0.2, 1.0, None),
        (0.2, None, None),
        (None, 12.0, None),
    ],
)
def test_the_interval_stands_in_the_key_results_unit_where_the_source_tells_the_deviation(
    deviation: float | None, samples: float | None, told: object
):
    source = Values(lambda request: Reading(request, 0.5, sample_count=samples, deviation=deviation))
    measure = SqlMeasure("SELECT avg(x), count(x), stddev_samp(x) FROM y", "billing", unit=parse_unit("s"))
    now = world(key_result("one", measure, unit=parse_unit("ms"), baseline=800.0, target=200.0), values=source)
    now.tick(MIDDLE)
    found = explained(now)["details"].get("mean_interval")
    assert (found and (found["low"], found["high"])) == told


@pytest.mark.parametrize(
    ("changes", "lasts", "low"),
    [
        # Restored after 9, 14 and 22 minutes: mean 15, deviation sqrt((36 + 1 + 49) / 2) = 6.557, and Student's t is
        # 4.3027: 4.3027 x 6.557 / sqrt(3) = 16.29.
        ({"kind": KeyResultKind.THRESHOLD, "target": 15.0, "operator": Operator.LT}, False, -1.29),
        # One that still lasts is over the limit already, and is in no mean.
        ({"kind": KeyResultKind.THRESHOLD, "target": 15.0, "operator": Operator.LT}, True, None),
        # The share of incidents under 15 minutes is no mean of minutes.
        (
            {"kind": KeyResultKind.SHARE, "unit": RATIO, "limit": 900.0, "operator": Operator.LT, "target": 1.0},
            False,
            None,
        ),
    ],
)
def test_only_a_value_that_is_the_mean_has_its_interval(changes: dict[str, Any], lasts: bool, low: float | None):  # noqa: FBT001 - a parameter of the table
    restore = IncidentMeasure(
        quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MEAN, unit=parse_unit("s")
    )
    given: dict[str, Any] = {"unit": parse_unit("min"), "baseline": None, **changes}
    now = world(key_result("one", restore, **given))
    for place, minutes in enumerate((9, 14, 22)):
        start = START + place * DAY
        now.happen(event("incident", start, place, end=start + timedelta(minutes=minutes)))
    if lasts:
        now.happen(event("incident", START + 3 * DAY, 3))
    now.tick(MIDDLE)
    told = explained(now)["details"].get("mean_interval")
    assert (told and told["low"]) == (low and pytest.approx(low, abs=0.01))


def test_the_mean_of_an_indicator_has_its_interval_in_the_key_results_unit():
    source = Values(lambda request: Reading(request, 0.5, sample_count=12.0, deviation=0.2))
    seconds = parse_unit("s")
    measure = SqlMeasure("SELECT avg(x), count(x), stddev_samp(x) FROM y", "billing", unit=seconds)
    follows = IndicatorMeasure("response", unit=seconds)
    indicators = (Indicator("response", "Response", measure, seconds),)
    now = world(
        key_result("one", follows, unit=parse_unit("ms"), baseline=800.0, target=200.0),
        values=source,
        indicators=indicators,
    )
    now.tick(MIDDLE)
    told = explained(now)["details"]["mean_interval"]
    # As above: 127.07 ms on either side.
    assert (told["mean"], told["unit"], told["n"]) == (500.0, "ms", 12)
    assert told["low"] == pytest.approx(372.93, abs=0.01)


def test_the_target_beside_its_history_is_told():
    now = world(promql(target=40.0, baseline=0.0, period=Interval(START, START + timedelta(weeks=6))))
    for week in range(6):
        now.source.readings["q"] = 10.0 * week
        now.tick(START + timedelta(weeks=week))
    [line] = [one for one in explanation_lines(explained(now)) if one.startswith("past gains")]
    assert "not compared: the history holds 0 windows of 6 weeks, and 4 are needed" in line

    told = {
        "history_of": "indicator:p95", "history_weeks": 26.0, "window_weeks": 4.0, "windows_count": 23, "needed": 75.0,
        "percentile_ratio": 14 / 23, "typical": 750.0, "stretch": 720.0, "reason": None,
    }  # fmt: skip
    item = {**explained(now), "target_help": told}
    lines = explanation_lines({**item, "unit": {**item["unit"], "reported_in": "ms"}})
    compared = "61% of 23 windows of 4 weeks gained less than the 75 ms that the target asks for"
    assert f"past gains    {compared} (history of indicator:p95)" in lines
    assert "usual gain    leads to 750 ms; one in ten to 720 ms or beyond" in lines
    assert not [line for line in explanation_lines({**item, "target_help": None}) if line.startswith("past gains")]


def test_a_composite_is_explained_by_its_parts():
    parts = (Part("reliable/a", 2.0), Part("reliable/b"))
    whole = key_result(
        "one", NoMeasure(), kind=KeyResultKind.COMPOSITE, baseline=None, target=None, parts=parts, unit=RATIO
    )
    now = world(whole, promql("a", "a"), promql("b", "b"))
    now.source.readings |= {"a": 80.0, "b": 50.0}
    now.tick(MIDDLE)
    assert numbers(explained(now))["value"] == "(2 x 0.8 + 1 x 0.5) / (2 + 1) = 0.7"


def test_what_is_maintained_is_explained_by_its_time():
    held = promql(kind=KeyResultKind.MAINTAIN, baseline=None, target=5.0, operator=Operator.LE)
    now = world(held)
    for minute, value in ((0, 4.0), (3, 9.0), (4, 4.0)):
        now.source.readings["q"] = value
        now.tick(MIDDLE + timedelta(minutes=minute))
    found = numbers(explained(now))
    assert found["compliance_ratio"] == "180 s / 240 s = 0.75"
    assert found["raw_ratio"] == "0.75 / 1 = 0.75"


def test_days_that_reached_the_target_are_explained():
    now = world(
        key_result("one", SloMeasure("api-availability", SloQuantity.COMPLIANCE), baseline=0.5, target=1.0),
        slos=(slo(target=0.9),),
    )
    now.filled(START + 4 * DAY)
    assert numbers(explained(now))["value"] == "4 / 4 = 1"


def test_a_band_a_guard_and_a_person_are_explained():
    guard = promql("p95", "guard", kind=KeyResultKind.BAND, baseline=None, target=None, high=420.0)
    now = world(promql("cost", guards=("reliable/guard",)), guard)
    now.source.readings |= {"cost": 100.0, "p95": 430.0}
    now.say("one", MIDDLE - DAY, override_value=100.0, override_expires_at=MIDDLE + DAY)
    now.tick(MIDDLE)
    item = explained(now)
    assert item["status_rule"] == "at_risk: not better while reliable/guard does not hold"
    assert item["outlook"]["guards"] == [{"key_result": "reliable/guard", "is_breached": True}]
    assert item["details"]["override"]["by"] == "maria"
    assert numbers(explained(now, "guard"))["raw_ratio"] == "(430 \u2264 420) = 0"


def test_the_value_needed_and_the_velocity_are_explained():
    now = world(promql())
    now.source.readings["q"] = 25.0
    now.tick(MIDDLE)
    found = {one["name"]: one["numbers"] for one in explained(now)["outlook"]["formulas"]}
    assert found["value_needed"] == "0 + 0.5 x (100 - 0) = 50"
    # 0.75 in the 45 / 7 weeks left.
    assert found["required_velocity"] == "max(0, 1 - 0.25) / 6.42857142857 = 0.116666666667"


@pytest.mark.parametrize("method", ["theil_sen", "theil_sen_damped", "level_shift"])
def test_a_forecast_is_explained_with_its_method(method: str):
    series = {
        "theil_sen": (0, 10, 20, 31, 40, 50, 60),
        "theil_sen_damped": (0, 9, 3, 11, 2, 8, 5),
        "level_shift": (0, 0, 0, 0, 60, 60, 60),
    }
    now = world(promql())
    for week, value in enumerate(series[method]):
        now.source.readings["q"] = float(value)
        now.tick(START + timedelta(weeks=week, minutes=1))
    now.evaluator._key_results.memory.forget_history()
    now.tick(START + timedelta(weeks=6, minutes=2))
    item = explained(now)
    assert item["outlook"]["forecast"]["method"] == method
    assert any(line.startswith("forecast") for line in explanation_lines(item))
