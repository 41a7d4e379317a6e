"""What is to be expected: forecast, velocity, confidence, check-ins that are due, values that people say."""

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import CYCLE, START, key_result
from tests.fakes.okr_world import World, world

from okrbridge.application.access_ports import Caller, Role
from okrbridge.application.cycles.closing import Closing, Judgement
from okrbridge.application.forecast_items import forecast_item
from okrbridge.application.measuring.projecting import raw_limits
from okrbridge.application.records import Quality
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.confidence import ConfidenceColour, ConfidenceDirection
from okrbridge.domain.key_results import KeyResult, KeyResultKind, MetricDefinition, Operator
from okrbridge.domain.measures import ManualMeasure, Measure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.units import PLAIN, RATIO, parse_unit

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
MIDDLE = START + 45 * DAY
MS = parse_unit("ms")


def latency(**changes: Any) -> KeyResult:
    """From 800 ms to 200 ms."""
    given: dict[str, Any] = {"kind": KeyResultKind.DECREASE, "unit": MS, "baseline": 800.0, "target": 200.0}
    return key_result("one", PromqlMeasure("p99", "prometheus", MS), **(given | changes))


def by_weeks(now: World, *values: float) -> None:
    """A value at the end of each week, measured at its time."""
    for number, value in enumerate(values):
        now.source.readings["p99"] = value
        now.tick(START + number * WEEK + timedelta(minutes=1))


def test_r49_the_forecast_has_an_interval_and_a_probability():
    now = world(latency())
    by_weeks(now, 800, 770, 720, 690, 640, 600, 560)
    now.evaluator._key_results.memory.forget_history()
    outlook = now.report(START + 6 * WEEK + timedelta(minutes=2)).outlook
    assert outlook.forecast is not None
    # The line falls by 40 ms a week, which is 0.0667 of the way: 0.8571 when due in week 12.857.
    assert outlook.forecast.p50 == pytest.approx(0.8571, abs=0.002)
    assert outlook.forecast.p10 < outlook.forecast.p50 < outlook.forecast.p90
    assert outlook.velocity == pytest.approx(40 / 600, abs=1e-3)
    # 0.4 is done; 0.6 in the 6.857 weeks left.
    assert outlook.required_velocity == pytest.approx(0.6 / 6.857, abs=1e-3)
    assert outlook.velocity_ratio == pytest.approx((40 / 600) / (0.6 / 6.857), abs=0.02)
    assert outlook.machine_confidence is not None
    assert outlook.best_value == 560


@pytest.mark.parametrize("kind", [KeyResultKind.SHARE, KeyResultKind.BINARY])
def test_r49_a_forecast_ends_where_its_value_must(kind: KeyResultKind):
    """A share from 0 to 80 % that rises by 12 points a week is at 90 % after 6 weeks, and 100 % is the end: 1.25."""
    now = world(
        key_result("one", PromqlMeasure("p99", "prometheus", RATIO), kind=kind, unit=RATIO, baseline=0.0, target=0.8)
    )
    by_weeks(now, 0.18, 0.3, 0.42, 0.54, 0.66, 0.78, 0.9)
    now.evaluator._key_results.memory.forget_history()
    forecast = now.report(START + 6 * WEEK + timedelta(minutes=2)).outlook.forecast
    assert forecast is not None
    most = 1.25 if kind is KeyResultKind.SHARE else 1.0
    assert (forecast.p50, forecast.p90) == pytest.approx((most, most))
    assert 0 <= forecast.p10 <= most


def holding(*values: float) -> KeyResultReport:
    """At most 300 ms, measured so each week."""
    measure = PromqlMeasure("p99", "prometheus", MS)
    now = world(
        key_result(
            "one", measure, kind=KeyResultKind.THRESHOLD, unit=MS, baseline=None, target=300.0, operator=Operator.LE
        )
    )
    by_weeks(now, *values)
    now.evaluator._key_results.memory.forget_history()
    return now.report(START + (len(values) - 1) * WEEK + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        # Both have a progress of 1 in every week. The second one rises by 20 a week: 150 + 20 x 12.86 = 407.
        ([213.0] * 7, True),
        ([150.0, 170, 190, 210, 230, 250, 270], False),
    ],
)
def test_r49_what_must_hold_is_forecast_by_its_value(values: list[float], holds: bool):  # noqa: FBT001
    report = holding(*values)
    assert report.progress.progress_ratio == 1.0
    told = forecast_item(report, [])
    assert (told["hit_probability_ratio"] > 0.9) is holds
    assert (told["p50"] == 1.0) is holds
    # Least progress first, which is the highest latency.
    assert told["value_p10"] > told["value_p50"] > told["value_p90"]
    assert told["value_p50"] == pytest.approx(values[-1] if holds else 407, abs=1)


SLO_SLI, SLO_BUDGET = SloMeasure("slo"), SloMeasure("slo", SloQuantity.BUDGET)


@pytest.mark.parametrize(
    ("measure", "changes", "limits"),
    [
        # From 99 to 99.5 %: 0 is (0 - 0.99) / 0.005 = -198 ways off, 1 is 0.01 / 0.005 = 2.
        (SLO_SLI, {"baseline": 0.99, "target": 0.995}, (-198, 2)),
        (SLO_SLI, {"kind": KeyResultKind.THRESHOLD, "baseline": None, "target": 0.99, "operator": Operator.GE}, (0, 1)),
        # Nothing consumed is all of the way, and what goes beyond the budget none of it.
        (SLO_BUDGET, {"kind": KeyResultKind.ERROR_BUDGET, "baseline": None, "target": 0.5}, (0, 1)),
        (SLO_BUDGET, {"kind": KeyResultKind.ERROR_BUDGET, "baseline": None, "target": 1.5}, (0, 1)),
        (PromqlMeasure("q", "prometheus", RATIO), {"baseline": 0.0, "target": 0.5}, None),
        (SLO_SLI, {"baseline": None, "target": 0.5}, None),
        (SLO_SLI, {"baseline": 0.5, "target": 0.5}, None),
    ],
)
def test_raw_limits_are_raw_progress_of_what_the_value_can_be(
    measure: Measure, changes: dict[str, Any], limits: tuple[float, float] | None
):
    found = raw_limits(key_result("one", measure, **({"unit": RATIO} | changes)))
    assert found == (limits if limits is None else pytest.approx(limits))


@pytest.mark.parametrize("quality", ["manual", "override"])
def test_a_value_that_people_said_stands_however_many_check_ins_follow_without_one(quality: str):
    is_manual = quality == "manual"
    measure = ManualMeasure(90 * DAY) if is_manual else PromqlMeasure("p99", "prometheus", PLAIN)
    now = world(key_result("one", measure, unit=PLAIN, baseline=0.0, target=100.0))
    now.source.readings["p99"] = 10.0
    now.say("one", START + DAY, override_value=40.0, override_expires_at=None if is_manual else START + 60 * DAY)
    for number in range(2, 12):
        now.say("one", START + number * DAY, confidence=5)
        assert now.report(START + number * DAY).progress.value == 40.0


def test_r51_a_key_result_that_does_not_move_is_stalled():
    now = world(latency(baseline=12.0, target=3.0))
    by_weeks(now, 12, 12, 11, 13, 12, 11, 12)
    now.evaluator._key_results.memory.forget_history()
    assert now.report(START + 7 * WEEK).outlook.is_stalled


def test_the_projection_is_made_once_an_hour_and_not_at_every_tick():
    now = world(latency())
    by_weeks(now, 800, 770)
    kept = now.evaluator._key_results.memory.projections
    at = START + WEEK + timedelta(minutes=2)
    now.tick(at)
    first = kept["reliable/one"]
    now.tick(at + timedelta(minutes=1))
    assert kept["reliable/one"] is first
    now.tick(at + timedelta(hours=2))
    assert kept["reliable/one"] is not first


def test_r46_the_value_needed_today_is_shown():
    # 62 to 78 % with 3/8 of the cycle gone: 62 + 16 x 0.375 = 68.
    now = world(key_result("one", PromqlMeasure("p99", "prometheus"), unit=PLAIN, baseline=62.0, target=78.0))
    now.source.readings["p99"] = 63.0
    assert now.report(START + 90 * DAY * 3 / 8).outlook.value_needed == pytest.approx(68.0)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        # Half of the way from 0 to 90 %; the operator speaks of members.
        ({"kind": KeyResultKind.SHARE, "baseline": None, "target": 0.9, "operator": Operator.LT, "limit": 900.0}, 0.45),
        # An effect of +3 % is no value to come to.
        ({"kind": KeyResultKind.HYPOTHESIS, "baseline": 0.4, "target": 0.03}, None),
    ],
)
def test_r46_the_value_needed_is_a_place_on_the_way(changes: dict[str, Any], needed: float | None):
    assert world(latency(unit=RATIO, **changes)).report(MIDDLE).outlook.value_needed == needed


def test_r52_a_value_far_outside_of_its_history_is_marked_and_counts():
    now = world(latency())
    by_weeks(now, 600, 610, 590, 600, 605, 595)
    now.evaluator._key_results.memory.forget_history()
    now.source.readings["p99"] = 605.0
    assert not now.report(START + 6 * WEEK).outlook.is_anomalous
    now.source.readings["p99"] = 100.0
    report = now.report(START + 6 * WEEK + timedelta(minutes=1))
    assert report.outlook.is_anomalous
    assert report.progress.value == 100.0


def test_r44_confidence_has_a_trend_with_colours():
    now = world(latency())
    for week, confidence in enumerate((8, 7, 4)):
        now.say("one", START + week * WEEK, confidence=confidence)
    people = now.report(START + 3 * WEEK).outlook.check_ins
    assert people.trend is not None
    assert people.trend.colours == (ConfidenceColour.GREEN, ConfidenceColour.GREEN, ConfidenceColour.AMBER)
    assert (people.confidence, people.trend.direction, people.trend.drops) == (4, ConfidenceDirection.FALLING, (2,))


@pytest.mark.parametrize(
    ("days", "is_due", "is_overdue", "is_stale"),
    [(6.9, False, False, False), (7, True, False, False), (8, True, True, False), (14, True, True, True)],
)
def test_r66_r69_a_check_in_is_due_overdue_and_stale(days: float, *, is_due: bool, is_overdue: bool, is_stale: bool):
    people = world(latency()).report(START + days * DAY).outlook.check_ins
    assert (people.is_due, people.is_overdue, people.is_stale) == (is_due, is_overdue, is_stale)


def test_after_the_cycle_no_check_in_is_wanted():
    people = world(latency()).report(CYCLE.interval.end + DAY).outlook.check_ins
    assert (people.due_at, people.is_overdue) == (None, False)


def test_a_cycle_that_people_closed_early_asks_for_no_check_in():
    now = world(latency())
    now.source.readings["p99"] = 500.0
    assert now.report(START + 8 * DAY).outlook.check_ins.is_overdue
    with now.storage.transaction() as transaction:
        judged = {"reliable/one": Judgement("The market is gone.")}
        closing = Closing(transaction, now.definitions, CYCLE, START + 8 * DAY)
        closing.close(judged, Caller("maria", Role.EDITOR), early=True)
    snapshot = now.tick(START + 9 * DAY)
    people = snapshot.key_result_by_id["reliable/one"].outlook.check_ins
    assert (people.due_at, people.is_due, people.is_stale) == (None, False, False)
    assert snapshot.cycles[0].phase == "closed"


def test_r4_what_the_definition_leaves_open_is_listed():
    definition = MetricDefinition(counted="requests", excluded="probes", source_note="Prometheus")
    outlook = world(latency(definition=definition)).report(MIDDLE).outlook
    assert (outlook.definition_complete, outlook.definition_missing) == (3, ("contributionNote",))


def test_what_a_person_says_stands_until_it_expires():
    now = world(latency())
    now.source.readings["p99"] = 800.0
    now.say("one", MIDDLE, override_value=500.0, override_expires_at=MIDDLE + DAY, by="maria")
    report = now.report(MIDDLE + timedelta(hours=1))
    assert (report.progress.value, report.quality, report.measurement.query) == (500.0, Quality.OK, "check-in")
    override = report.measurement.details["override"]
    assert isinstance(override, dict)
    assert (override["by"], override["until"], override["measured_value"]) == (
        "maria",
        "2026-02-16T00:00:00+00:00",
        800.0,
    )
    assert now.report(MIDDLE + DAY).progress.value == 800.0


def test_what_a_person_withdraws_stands_no_longer():
    now = world(latency())
    now.source.readings["p99"] = 800.0
    now.say("one", MIDDLE, override_value=500.0, override_expires_at=MIDDLE + DAY)
    assert now.report(MIDDLE + timedelta(hours=1)).progress.value == 500.0
    now.say("one", MIDDLE + timedelta(hours=2), override_expires_at=MIDDLE + timedelta(hours=2))
    report = now.report(MIDDLE + timedelta(hours=2))
    assert (report.progress.value, report.measurement.query) == (800.0, "p99")
    assert "override" not in report.measurement.details
    now.say("one", MIDDLE + timedelta(hours=3), override_value=600.0, override_expires_at=MIDDLE + DAY)
    assert now.report(MIDDLE + timedelta(hours=4)).progress.value == 600.0


def test_a_value_said_while_people_measured_it_stands_for_no_machine():
    # It had no end: the measure's own was enough. A machine measures now.
    now = world(latency())
    now.source.readings["p99"] = 800.0
    now.say("one", MIDDLE, override_value=500.0)
    assert now.report(MIDDLE + timedelta(hours=1)).progress.value == 800.0


def test_a_manual_value_is_stale_when_it_has_expired():
    manual = key_result("one", ManualMeasure(7 * DAY), unit=PLAIN, baseline=0.0, target=100.0)
    now = world(manual)
    assert now.report(MIDDLE).measurement.error == "no check-in has said a value yet"
    now.say("one", MIDDLE, override_value=40.0)
    assert now.report(MIDDLE + DAY).progress.progress_ratio == 0.4
    now.tick(MIDDLE + 7 * DAY)
    report = now.report(MIDDLE + 7 * DAY + timedelta(minutes=1))
    assert (report.quality, report.status, report.progress.value) == (Quality.STALE, KeyResultStatus.STALE, 40.0)
    assert report.measurement.error == "the value of the check-in of 2026-02-15 expired on 2026-02-22"


def test_people_and_machine_far_apart_are_flagged():
    now = world(latency())
    by_weeks(now, 800, 800, 801, 799, 800, 800, 800)
    now.evaluator._key_results.memory.forget_history()
    now.say("one", START + 6 * WEEK, confidence=9)
    outlook = now.report(START + 7 * WEEK).outlook
    assert outlook.machine_confidence is not None
    assert outlook.divergence == 9 - outlook.machine_confidence
    assert outlook.is_divergent
