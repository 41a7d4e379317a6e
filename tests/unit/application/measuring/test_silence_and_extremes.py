"""What stands when something is silent, too large, said by a person, or left from an earlier cycle."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import CYCLE, START, key_result
from tests.fakes.okr_world import Values, World, event, world

from okrbridge.application.ports import Reading
from okrbridge.application.records import Quality
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult, KeyResultKind, Operator, Part
from okrbridge.domain.measures import (
    Aggregation,
    EventMeasure,
    HttpMeasure,
    KeyResultMeasure,
    Measure,
    NoMeasure,
    PromqlMeasure,
)
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.units import PLAIN, RATIO, parse_unit
from okrbridge.domain.windows import Interval

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MIDDLE = START + 45 * DAY


def promql(name: str, **changes: Any) -> KeyResult:
    """From 0 to 100, by a query of the same name."""
    given: dict[str, Any] = {"unit": PLAIN, "baseline": 0.0, "target": 100.0}
    return key_result(name, PromqlMeasure(name, "prometheus"), **(given | changes))


def guarded() -> World:
    """``one``, which is guarded by ``limit``: at most 5."""
    at_most = {"kind": KeyResultKind.THRESHOLD, "baseline": None, "target": 5.0, "operator": Operator.LE}
    now = world(promql("one", guards=("reliable/limit",)), promql("limit", **at_most))
    now.source.readings |= {"one": 80.0, "limit": 5.0}
    return now


def test_a_breached_guard_does_not_hide_that_a_value_is_stale():
    now = guarded()
    now.tick(MIDDLE)
    now.source.readings |= {"one": None, "limit": 6.0}
    for minute in (15, 16, 17):
        snapshot = now.tick(MIDDLE + minute * MINUTE)
    [objective] = snapshot.objectives
    # Known to be at risk, and known from 17 minutes ago: only the guard, one of two, is measured now.
    assert (objective.key_results[0].status, objective.coverage_ratio) == (KeyResultStatus.AT_RISK, 0.5)


def test_what_is_measured_again_is_in_the_coverage_at_once():
    now = world(promql("one"))
    now.source.readings["one"] = 80.0
    now.tick(MIDDLE)
    now.source.readings["one"] = None
    for minute in (15, 16, 17):
        stale = now.tick(MIDDLE + minute * MINUTE)
    now.source.readings["one"] = 80.0
    again = now.tick(MIDDLE + 18 * MINUTE)
    assert (stale.objectives[0].coverage_ratio, again.objectives[0].coverage_ratio) == (0.0, 1.0)
    # The status is still the one before: it changes when two evaluations agree.
    assert again.key_results[0].status is KeyResultStatus.STALE


def test_what_was_measured_when_due_stays_in_the_coverage():
    now = world(promql("one"))
    now.source.readings["one"] = 80.0
    end = CYCLE.interval.end
    now.tick(end)
    now.source.readings["one"] = None
    assert now.tick(end + 10 * DAY).objectives[0].coverage_ratio == 1.0


def test_what_was_stale_when_due_is_not():
    now = world(promql("one"))
    now.source.readings["one"] = 80.0
    end = CYCLE.interval.end
    now.tick(end - 16 * MINUTE)
    now.source.readings["one"] = None
    assert now.tick(end).objectives[0].coverage_ratio == 0.0


@pytest.mark.parametrize(
    "follower",
    [
        key_result(
            "two",
            NoMeasure(),
            kind=KeyResultKind.COMPOSITE,
            unit=RATIO,
            baseline=None,
            target=None,
            parts=(Part("reliable/one"),),
        ),
        key_result("two", KeyResultMeasure("reliable/one"), unit=RATIO, baseline=0.0, target=1.0),
    ],
    ids=["composite", "progress of another"],
)
def test_what_others_make_up_is_as_silent_as_they_are(follower: KeyResult):
    now = world(promql("one"), follower)
    now.source.readings["one"] = 80.0
    assert now.report(MIDDLE, "two").progress.value == pytest.approx(0.8)
    now.source.readings["one"] = None
    # The part is fresh for 15 minutes, and the last value made of it for 15 more.
    for minute in (*range(10, 40, 5), 40):
        report = now.report(MIDDLE + minute * MINUTE, "two")
    assert (report.status, report.quality) == (KeyResultStatus.STALE, Quality.STALE)
    assert report.progress.value == pytest.approx(0.8)
    assert report.progress.measured_at == MIDDLE + 15 * MINUTE
    assert "not measured now" in report.measurement.error


def test_a_composite_of_one_silent_part_goes_on_with_the_others():
    whole = key_result(
        "whole",
        NoMeasure(),
        kind=KeyResultKind.COMPOSITE,
        unit=RATIO,
        baseline=None,
        target=None,
        parts=(Part("reliable/one", 2.0), Part("reliable/two")),
    )
    now = world(promql("one"), promql("two"), whole)
    now.source.readings |= {"one": 80.0, "two": 50.0}
    now.tick(MIDDLE)
    now.source.readings |= {"one": None, "two": 80.0}
    report = now.report(MIDDLE + 16 * MINUTE, "whole")
    # (2 x 0.8 + 0.8) / 3: the silent part keeps its last good progress.
    assert report.progress.value == pytest.approx(0.8)
    assert report.quality is Quality.PARTIAL


def test_a_member_of_which_nothing_is_known_is_named_and_in_neither_number():
    source = Values(lambda request: Reading(request, None, members=(("a", 1.0), ("b", 0.0), ("c", None))))
    measure = HttpMeasure("$..value", "billing", member_path="$..name")
    declared = key_result("one", measure, kind=KeyResultKind.SHARE, baseline=None, target=1.0)
    report = world(declared, values=source).report(MIDDLE)
    assert (report.progress.value, report.measurement.details["pending"]) == (0.5, ["c"])


def test_a_person_speaks_of_the_whole_population():
    members = (("i-1", 9.0), ("i-2", 22.0))
    source = Values(lambda request: Reading(request, None, members=members))
    under = {"kind": KeyResultKind.THRESHOLD, "baseline": None, "target": 15.0, "operator": Operator.LT}
    measure = HttpMeasure("$..value", "billing", member_path="$..name")
    now = world(key_result("one", measure, unit=PLAIN, **under), values=source)
    assert now.report(MIDDLE).progress.progress_ratio == 0.5
    now.say("one", MIDDLE, override_value=12.0, override_expires_at=MIDDLE + DAY)
    report = now.report(MIDDLE + 20 * MINUTE)
    # 12 is under 15, whatever share of the members the machine found to be.
    assert (report.progress.value, report.progress.progress_ratio) == (12.0, 1.0)


def test_an_earlier_cycle_of_the_same_name_tells_nothing():
    second = Cycle("2026-q2", Interval(CYCLE.interval.end, CYCLE.interval.end + 90 * DAY), "UTC", "weekly", START)
    second = replace(second, measure_until=second.interval.end)
    now = world(promql("one"))
    now.source.readings["one"] = 80.0
    start = second.interval.start
    now.tick(start - MINUTE)
    again = promql("one", period=second.interval)
    objective = OkrObjective("reliable", "Make it reliable", second.name, "backend", "maria", (again,))
    later = world(again, cycles=(second,), objectives=(objective,))
    later.storage = now.storage
    later.parts = replace(later.parts, storage=now.storage)
    later.evaluator.parts = later.parts
    later.source.readings["one"] = None
    report = later.report(start)
    assert (report.progress.value, report.progress.progress_ratio) == (None, None)
    assert report.status is KeyResultStatus.NO_DATA


WEEKS, TERABYTES = parse_unit("w"), parse_unit("TiB")


@pytest.mark.parametrize(
    ("measure", "unit", "value"),
    [
        (HttpMeasure("$.v", "billing", unit=WEEKS), parse_unit("ms"), 1e306),
        (HttpMeasure("$.v", "billing", unit=TERABYTES), parse_unit("B"), -1e306),
    ],
    ids=str,
)
def test_a_number_too_large_for_its_unit_is_an_error_and_stops_nothing(measure: Measure, unit: Any, value: float):
    source = Values(lambda request: Reading(request, value))
    now = world(key_result("one", measure, unit=unit, baseline=5.0, target=1.0), promql("two"), values=source)
    now.source.readings["two"] = 50.0
    one, two = now.tick(MIDDLE).key_results
    assert (one.progress.value, one.quality) == (None, Quality.ERROR)
    assert "too large" in one.measurement.error
    assert two.progress.value == 50.0


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.MEAN])
def test_events_that_add_up_to_more_than_a_number_holds_are_an_error(aggregation: Aggregation):
    measure = EventMeasure("sale", aggregation=aggregation, attribute="eur")
    now = world(key_result("one", measure, unit=PLAIN, baseline=0.0, target=10.0))
    now.happen(*(event("sale", START + DAY, place, attributes={"eur": 1.7e308}) for place in range(2)))
    report = now.report(MIDDLE)
    assert (report.progress.value, report.quality) == (None, Quality.ERROR)


def test_a_baseline_too_large_for_its_unit_is_not_frozen():
    source = Values(lambda request: Reading(request, 1e306))
    declared = key_result(
        "one",
        PromqlMeasure("q", "prometheus", WEEKS),
        unit=parse_unit("ms"),
        kind=KeyResultKind.RELATIVE,
        baseline=None,
        target=None,
        relative_change=-0.1,
        baseline_from=BaselineFromHistory(7 * DAY),
    )
    now = world(declared, values=source)
    now.source.readings["q"] = 1e306
    report = now.filled(MIDDLE).key_results[0]
    assert (report.key_result.baseline, report.key_result.target) == (None, None)
