"""Incidents and events: counts per period, times, shares that wait for their answers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import START, key_result
from tests.fakes.okr_world import World, event, world

from okrbridge.application.okr_records import Event
from okrbridge.application.records import Quality
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import (
    Aggregation,
    EventMeasure,
    IncidentMeasure,
    IncidentQuantity,
    IndicatorMeasure,
    Measure,
)
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.units import PLAIN, RATIO, SECONDS, parse_unit
from okrbridge.domain.windows import RollingWindow

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def per_month(**changes: Any) -> KeyResult:
    """12 to 3 incidents a month."""
    given: dict[str, Any] = {
        "kind": KeyResultKind.COUNT_PER_PERIOD,
        "unit": parse_unit("/month"),
        "baseline": 12.0,
        "target": 3.0,
        "per": "month",
    }
    return key_result("one", IncidentMeasure(), **(given | changes))


def incidents(*days: float, **other: Any) -> list[Event]:
    return [event("incident", START + day * DAY, place, **other) for place, day in enumerate(days)]


def test_r89_on_day_three_without_an_incident_it_is_too_early_and_not_achieved():
    # 3 of 31 days of January are less than a fifth of the month. The feed is known by an incident of last year.
    now = world(per_month())
    now.happen(*incidents(-100))
    report = now.report(START + 3 * DAY)
    assert (report.status, report.quality) == (KeyResultStatus.TOO_EARLY, Quality.TOO_EARLY)
    assert (report.progress.value, report.progress.progress_ratio) == (None, None)
    assert report.measurement.details["count"] == 0.0


@pytest.mark.parametrize(
    ("measure", "unsent"),
    [
        (IncidentMeasure(), "incident"),
        (IncidentMeasure(quantity=IncidentQuantity.TIME_TO_RESTORE), "incident"),
        (EventMeasure("outage"), "outage"),
        (EventMeasure("failed-deploy", per="deploy"), "failed-deploy"),
        (EventMeasure("order", per="signup", within=3 * DAY), "order"),
    ],
)
def test_what_nobody_ever_sent_is_not_known_and_not_zero(measure: Measure, unsent: str):
    at_most = {"kind": KeyResultKind.THRESHOLD, "target": 5.0, "operator": Operator.LE, "baseline": None}
    unit = parse_unit("s") if getattr(measure, "quantity", None) is IncidentQuantity.TIME_TO_RESTORE else PLAIN
    now = world(key_result("one", measure, unit=unit, **at_most))
    now.happen(event("deploy", START), event("signup", START))
    report = now.report(START + 80 * DAY)
    assert (report.status, report.quality) == (KeyResultStatus.NO_DATA, Quality.NO_DATA)
    assert f"nobody ever sent an event of kind {unsent}" in report.measurement.error
    # One that was over before the period began shows that there is somebody to send them; then none is none.
    now.happen(event(unsent, START - 9 * DAY))
    again = now.report(START + 81 * DAY)
    assert again.progress.value == (None if unit is not PLAIN else 0.0)


def test_two_incidents_in_ten_days_run_at_six_a_month():
    now = world(per_month())
    now.happen(*incidents(1, 5))
    report = now.report(START + 10 * DAY)
    # 2 in 10 of January's 31 days: 6.2 a month; (6.2 - 12) / (3 - 12) = 0.6444.
    assert report.progress.value == pytest.approx(6.2)
    assert report.progress.progress_ratio == pytest.approx(5.8 / 9)
    assert report.status is KeyResultStatus.ON_TRACK


def test_half_a_quarter_with_one_incident_runs_at_two():
    now = world(per_month(unit=parse_unit("/quarter"), per="quarter", baseline=6.0, target=2.0))
    now.happen(*incidents(20))
    report = now.report(START + 45 * DAY)
    # 45 of 90 days: 1 / 0.5 = 2, so (2 - 6) / (2 - 6) = 1.
    assert (report.progress.value, report.progress.raw_ratio) == (2.0, 1.0)


def test_after_a_whole_month_only_the_last_one_counts():
    now = world(per_month())
    now.happen(*incidents(1, 2, 3, 40))
    # On 1 March the month from 1 February counts: the one on day 40.
    assert now.report(START + 59 * DAY).progress.value == 1.0


def test_r15_time_to_restore_includes_detection():
    restore = IncidentMeasure(quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MEAN, unit=SECONDS)
    detect = replace(restore, quantity=IncidentQuantity.TIME_TO_DETECT)
    given: dict[str, Any] = {
        "kind": KeyResultKind.DECREASE,
        "unit": parse_unit("min"),
        "baseline": 60.0,
        "target": 10.0,
    }
    now = world(key_result("restore", restore, **given), key_result("detect", detect, **given))
    start = START + DAY + timedelta(hours=10)
    now.happen(event("incident", start, end=start + 20 * MINUTE, detected_at=start + 5 * MINUTE))
    snapshot = now.tick(START + 2 * DAY)
    assert [report.progress.value for report in snapshot.key_results] == [20.0, 5.0]


@pytest.mark.parametrize(
    ("aggregation", "value", "progress"), [(Aggregation.MAX, 22.0, 2 / 3), (Aggregation.MEAN, 15.0, 0.0)]
)
def test_r23_a_threshold_shows_the_share_met_and_the_worst_and_not_only_the_mean(
    aggregation: Aggregation, value: float, progress: float
):
    measure = IncidentMeasure(
        severities=("sev1",), quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=aggregation, unit=SECONDS
    )
    now = world(
        key_result(
            "one",
            measure,
            kind=KeyResultKind.THRESHOLD,
            unit=parse_unit("min"),
            baseline=None,
            target=15.0,
            operator=Operator.LT,
        )
    )
    for place, minutes in enumerate((9, 14, 22)):
        start = START + place * DAY
        now.happen(event("incident", start, place, severity="sev1", end=start + minutes * MINUTE))
    now.happen(event("incident", START, 9, severity="sev2", end=START + 9 * DAY))
    report = now.report(START + 10 * DAY)
    assert report.progress.value == pytest.approx(value)
    assert report.measurement.details["share_met_ratio"] == pytest.approx(2 / 3)
    assert report.measurement.details["worst"] == {"name": "incident-2", "value": 22.0, "unit": "min"}
    # The mean of 15 is not under 15, so a threshold on the mean does not hold; one for all moves by the share met.
    assert report.progress.progress_ratio == pytest.approx(progress)
    assert report.status is KeyResultStatus.OFF_TRACK


def test_an_incident_that_still_lasts_is_counted_and_has_no_time():
    at_most = {"kind": KeyResultKind.THRESHOLD, "baseline": None, "target": 10.0, "operator": Operator.LE}
    count = key_result("count", IncidentMeasure(), unit=PLAIN, **at_most)
    times = IncidentMeasure(quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MEAN, unit=SECONDS)
    now = world(count, key_result("times", times, unit=SECONDS, baseline=600.0, target=60.0))
    now.happen(event("incident", START + DAY))
    one, other = now.tick(START + 2 * DAY).key_results
    assert (one.progress.value, one.measurement.details["open"]) == (1.0, ["incident-0"])
    assert (other.progress.value, other.quality) == (None, Quality.NO_DATA)


def onboarding() -> KeyResult:
    measure = EventMeasure("first-value", per="signup", within=7 * DAY, unit=RATIO)
    return key_result("one", measure, baseline=0.34, target=0.65)


def test_what_was_asked_is_told_as_people_write_it():
    now = world(key_result("one", EventMeasure("paid", per="opened", within=DAY, unit=RATIO)))
    assert now.report(START + DAY).measurement.query == "count of paid per opened within 1d"


def test_r34_340_signups_and_221_first_values_within_seven_days_are_65_percent():
    now = world(onboarding())
    signups = [event("signup", START + number * MINUTE, number, subject=f"u{number}") for number in range(340)]
    values = [event("first-value", START + timedelta(days=6), number, subject=f"u{number}") for number in range(221)]
    late = event("first-value", START + timedelta(days=7, hours=9), 999, subject="u300")
    now.happen(*signups, *values, late)
    report = now.report(START + 20 * DAY)
    assert report.progress.value == pytest.approx(0.65)
    assert report.progress.progress_ratio == pytest.approx(1.0)


def test_what_has_not_had_its_time_is_pending_and_in_neither_number():
    measure = EventMeasure("postmortem", per="incident", within=7 * DAY, unit=RATIO)
    now = world(key_result("one", measure, kind=KeyResultKind.SHARE, baseline=None, target=1.0, unit=RATIO))
    now.happen(*incidents(*range(1, 11)), event("incident", START + 28 * DAY, 99))
    now.happen(
        *(event("postmortem", START + 12 * DAY, place, subject=f"incident-{place}") for place in range(4, 10)),
        *(event("postmortem", START + 3 * DAY, place, subject=f"incident-{place}") for place in range(3)),
    )
    report = now.report(START + 30 * DAY)
    # 3 and 6 of 10 in time, one without; the eleventh is two days old.
    assert report.progress.value == 0.9
    assert report.measurement.details["missing"] == ["incident-3"]
    assert report.measurement.details["pending"] == ["incident-99"]


def test_a_ratio_of_events_counts_each_kind_by_itself():
    measure = EventMeasure("deploy", where={"result": "rolled_back"}, per="deploy", unit=RATIO)
    now = world(key_result("one", measure, baseline=0.15, target=0.03))
    results = ["ok"] * 9 + ["rolled_back"]
    now.happen(
        *(
            event("deploy", START + number * MINUTE, number, attributes={"result": one})
            for number, one in enumerate(results)
        )
    )
    assert now.report(START + DAY).progress.value == 0.1


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [(Aggregation.MEAN, 8.0), (Aggregation.MAX, 10.0), (Aggregation.SUM, 24.0), (Aggregation.DISTINCT, 3.0)],
)
def test_an_attribute_of_events_is_aggregated(aggregation: Aggregation, value: float):
    measure = EventMeasure("survey", aggregation=aggregation, attribute="score", over=RollingWindow(7 * DAY))
    now = world(key_result("one", measure, unit=PLAIN, baseline=0.0, target=50.0))
    scores = (6.0, 8.0, 10.0)
    now.happen(*(event("survey", START + DAY, place, attributes={"score": one}) for place, one in enumerate(scores)))
    assert now.report(START + 2 * DAY).progress.value == value


def test_many_pages_of_events_are_read():
    now: World = world(key_result("one", EventMeasure("signup"), unit=PLAIN, baseline=0.0, target=50_000.0))
    now.happen(*(event("signup", START + timedelta(seconds=number), number) for number in range(20_001)))
    assert now.report(START + DAY).progress.value == 20_001.0


def fewer(**changes: Any) -> KeyResult:
    """From 12 incidents to 3, without a word on the period: that is the key result's own, 90 days."""
    given: dict[str, Any] = {"kind": KeyResultKind.DECREASE, "unit": PLAIN, "baseline": 12.0, "target": 3.0}
    return key_result("one", IncidentMeasure(), **(given | changes))


def test_r89_from_12_incidents_to_3_is_not_achieved_by_the_silence_of_the_first_days():
    now = world(fewer())
    now.happen(*incidents(-100))
    report = now.report(START + 9 * DAY)
    # 9 of 90 days are less than a fifth; naively (0 - 12) / (3 - 12) = 1.3333 would be achieved.
    assert (report.status, report.progress.progress_ratio) == (KeyResultStatus.TOO_EARLY, None)
    assert report.measurement.details["count"] == 0.0


def test_a_count_to_date_is_compared_as_it_would_be_for_the_whole_period():
    now = world(fewer())
    now.happen(*incidents(3, 40))
    report = now.report(START + 45 * DAY)
    # 2 in half of the period run at 4: (4 - 12) / (3 - 12) = 0.8889.
    assert report.progress.value == 4.0
    assert report.progress.raw_ratio == pytest.approx(8 / 9)
    # When it is due, and after, it is the count itself.
    assert now.report(START + 90 * DAY).progress.value == 2.0
    assert now.report(START + 100 * DAY).progress.value == 2.0


@pytest.mark.parametrize(
    ("kind", "target", "status"),
    [
        (KeyResultKind.DECREASE, 3.0, KeyResultStatus.TOO_EARLY),
        # Of ten different customers in the first days not ten times as many follow: they are those there are.
        (KeyResultKind.INCREASE, 20.0, KeyResultStatus.AT_RISK),
    ],
)
def test_a_rate_of_different_ones_speaks_against_a_fall_and_not_for_a_rise(
    kind: KeyResultKind, target: float, status: KeyResultStatus
):
    measure = EventMeasure("complaint", aggregation=Aggregation.DISTINCT)
    now = world(key_result("one", measure, kind=kind, unit=PLAIN, baseline=12.0, target=target))
    now.happen(*(event("complaint", START + DAY, number, subject=f"c-{number}") for number in range(10)))
    assert now.report(START + 9 * DAY).status is status


def test_what_starts_at_nothing_adds_up_towards_its_target():
    now = world(key_result("one", EventMeasure("signup"), unit=PLAIN, baseline=0.0, target=100.0))
    now.happen(*(event("signup", START + DAY, number) for number in range(10)))
    assert now.report(START + 9 * DAY).progress.progress_ratio == pytest.approx(0.1)


BEFORE = BaselineFromHistory(30 * DAY)


@pytest.mark.parametrize(
    ("changes", "over", "baseline"),
    [
        # 10 deployments in the 30 days before are 30 in the 90 days of the key result,
        ({}, None, 30.0),
        # 7/3 in a week,
        ({}, RollingWindow(7 * DAY), 7 / 3),
        # and 7/3 a week, however long the measure looks back.
        ({"unit": parse_unit("/week")}, RollingWindow(7 * DAY), 7 / 3),
        ({"unit": parse_unit("/week")}, RollingWindow(14 * DAY), 7 / 3),
    ],
)
def test_a_baseline_speaks_of_as_much_time_as_the_value(
    changes: dict[str, Any], over: RollingWindow | None, baseline: float
):
    given: dict[str, Any] = {"kind": KeyResultKind.INCREASE, "unit": PLAIN, "baseline": None, "target": 1000.0}
    declared = key_result("one", EventMeasure("deploy", over=over), baseline_from=BEFORE, **(given | changes))
    now = world(declared)
    now.happen(*(event("deploy", START - place * 3 * DAY, place) for place in range(1, 11)))
    assert now.filled(START + 20 * DAY).key_results[0].key_result.baseline == pytest.approx(baseline)


@pytest.mark.parametrize(("over", "baseline"), [(RollingWindow(7 * DAY), 7 / 3), (None, 10.0)])
def test_a_baseline_by_an_indicator_speaks_of_the_indicators_time(over: RollingWindow | None, baseline: float):
    deploys = Indicator("deploys", "Deployments", EventMeasure("deploy", over=over), PLAIN)
    given: dict[str, Any] = {"kind": KeyResultKind.INCREASE, "unit": PLAIN, "baseline": None, "target": 1000.0}
    now = world(key_result("one", IndicatorMeasure("deploys"), baseline_from=BEFORE, **given), indicators=(deploys,))
    now.happen(*(event("deploy", START - place * 3 * DAY, place) for place in range(1, 11)))
    # An indicator without a window of its own speaks of 30 days.
    assert now.filled(START + 20 * DAY).key_results[0].key_result.baseline == pytest.approx(baseline)


def lasting(**changes: Any) -> KeyResult:
    """Every incident restored in less than 15 minutes."""
    measure = IncidentMeasure(
        quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MAX, unit=SECONDS, **changes
    )
    given: dict[str, Any] = {"kind": KeyResultKind.THRESHOLD, "baseline": None, "operator": Operator.LT}
    return key_result("one", measure, unit=parse_unit("min"), target=15.0, **given)


@pytest.mark.parametrize(
    ("minutes", "value", "share", "status"),
    [
        # It may still be restored in time: nothing is known of it.
        (14, 9.0, 1.0, KeyResultStatus.ON_TRACK),
        # At 15 minutes it is not under 15 any more, whenever it ends.
        (15, 15.0, 0.5, KeyResultStatus.OFF_TRACK),
        (300, 300.0, 0.5, KeyResultStatus.OFF_TRACK),
    ],
)
def test_r23_an_incident_that_lasts_too_long_is_missed_before_it_ends(
    minutes: int, value: float, share: float, status: KeyResultStatus
):
    now = world(lasting())
    start = START + DAY
    now.happen(event("incident", START, 0, end=START + 9 * MINUTE), event("incident", start, 1))
    report = now.report(start + minutes * MINUTE)
    assert (report.progress.value, report.progress.progress_ratio, report.status) == (value, share, status)


def test_the_only_incident_is_judged_when_it_has_lasted_too_long():
    now = world(lasting())
    now.happen(event("incident", START, 0))
    assert now.report(START + 14 * MINUTE).quality is Quality.NO_DATA
    report = now.report(START + 16 * MINUTE)
    assert (report.progress.value, report.quality, report.measurement.error) == (16.0, Quality.OK, "")


def test_a_share_of_incidents_in_time_counts_what_lasts_too_long_as_missed():
    measure = IncidentMeasure(quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MEAN, unit=SECONDS)
    given: dict[str, Any] = {"kind": KeyResultKind.SHARE, "baseline": None, "target": 1.0, "limit": 900.0}
    now = world(key_result("one", measure, operator=Operator.LE, **given))
    now.happen(event("incident", START, 0, end=START + 9 * MINUTE), event("incident", START, 1))
    assert now.report(START + 15 * MINUTE).progress.value == 1.0
    report = now.report(START + 16 * MINUTE)
    assert (report.progress.value, report.measurement.details["missing"]) == (0.5, ["incident-1"])


def test_a_mean_is_of_what_has_ended():
    measure = IncidentMeasure(quantity=IncidentQuantity.TIME_TO_RESTORE, aggregation=Aggregation.MEAN, unit=SECONDS)
    under = {"kind": KeyResultKind.THRESHOLD, "baseline": None, "target": 900.0, "operator": Operator.LT}
    now = world(key_result("one", measure, unit=SECONDS, **under))
    now.happen(event("incident", START, 0))
    assert now.report(START + DAY).progress.value is None
