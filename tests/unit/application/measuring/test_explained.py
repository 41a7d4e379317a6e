"""Explanations of key results: every formula with the numbers put in, for every kind."""

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import START, key_result, slo
from tests.fakes.okr_world import GRID, Values, World, event, world

from okrbridge.application.explain import Explaining
from okrbridge.application.explanation_text import explanation_lines
from okrbridge.application.ports import Reading
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult, KeyResultKind, Operator, Part
from okrbridge.domain.measures import IncidentMeasure, NoMeasure, PromqlMeasure, SloMeasure, SloQuantity, SqlMeasure
from okrbridge.domain.units import PLAIN, RATIO, parse_unit

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
