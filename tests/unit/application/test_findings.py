"""Findings on live data: F1 to F7, what is stored of them, and what becomes of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests.unit.domain.okr_examples import (
    DUE,
    HALF_WAY,
    PERIOD,
    START,
    definitions,
    from_to,
    key_result,
    threshold,
    week,
)

from okrbridge.application.findings import Findings, diagnose, find, merged
from okrbridge.application.key_result_outlook import CheckInState, Outlook
from okrbridge.application.okr_records import (
    CheckIn,
    CheckInOutput,
    Event,
    Finding,
    FindingState,
    FrozenBaseline,
    ScoreRecord,
)
from okrbridge.application.parts import Parts
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.self_diagnosis import (
    hidden_by_the_aggregate,
    low_scores,
    out_of_reach,
    reach_probability,
    without_attention,
    without_instrumentation,
    without_ownership,
)
from okrbridge.application.self_diagnosis_metrics import (
    alert_fatigue,
    differing_sources,
    misaligned,
    movement,
    several_queries,
)
from okrbridge.application.slo_reports import SloReports
from okrbridge.application.snapshot import IndicatorReport, KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.forecast import Forecast, ForecastMethod
from okrbridge.domain.key_results import KeyResult, Operator, Visibility
from okrbridge.domain.measures import (
    EventMeasure,
    IncidentMeasure,
    IndicatorMeasure,
    ManualMeasure,
    NoMeasure,
    PromqlMeasure,
)
from okrbridge.domain.objectives import Indicator, Team
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.scoring import Outcome
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Grid, Interval
from okrbridge.storage.memory import MemoryStorage

DAY = timedelta(days=1)
CYCLE = Cycle("2026-q1", PERIOD, "UTC", "weekly", DUE)
GRID = Grid(timedelta(minutes=1))


def measured(one: KeyResult, value: float | None = 50.0, **changes: Any) -> Measurement:
    quality = Quality.OK if value is not None else Quality.NO_DATA
    made = Measurement(one.id, HALF_WAY, Interval(START, HALF_WAY), value, quality, query="up")
    return replace(made, **changes)


def progressed(
    one_id: str, at: datetime, value: float | None, raw: float | None, shown: KeyResultStatus
) -> ProgressRecord:
    clamped = None if raw is None else min(1.0, max(0.0, raw))
    return ProgressRecord(one_id, at, value, raw, clamped, 0.5, None, SteadyStatus(shown), Quality.OK, at)


def report(
    one: KeyResult | None = None,
    *,
    status: KeyResultStatus = KeyResultStatus.ON_TRACK,
    measurement: Measurement | None = None,
    last_good: Measurement | None = None,
    raw: float | None = 0.5,
    **changes: Any,
) -> KeyResultReport:
    one = one or key_result()
    made = measurement or measured(one)
    record = progressed(one.id, HALF_WAY, made.value, raw, status)
    return KeyResultReport(one, CYCLE, "backend", "maria", record, made, last_good, **changes)


def silent(one: KeyResult, since: timedelta) -> KeyResultReport:
    good = measured(one, at=HALF_WAY - since)
    return report(one, measurement=measured(one, None), last_good=good)


def instrumentation(told: KeyResultReport, at: datetime, sent: Sequence[str] = ()) -> Iterator[Finding]:
    return without_instrumentation(told, told.key_result.measure, at, is_sent=lambda kind: kind in sent)


def test_r116_a_query_that_returns_nothing_for_a_day_is_told_since_when():
    (found,) = instrumentation(silent(key_result(), DAY), HALF_WAY)
    assert (found.code, found.subject) == ("F1", "grow/signups")
    assert found.evidence["first_missing"] == "2026-02-14T00:00:00Z"


def test_r116_a_query_that_never_returned_anything_is_missing_since_the_start():
    never = report(measurement=measured(key_result(), None))
    (found,) = instrumentation(never, HALF_WAY)
    assert found.evidence["first_missing"] == "2026-01-01T00:00:00Z"


def test_r116_a_gap_of_half_an_hour_and_a_failing_source_are_no_missing_instrumentation():
    one = key_result()
    assert not list(instrumentation(silent(one, timedelta(minutes=30)), HALF_WAY))
    failing = replace(silent(one, DAY), measurement=measured(one, None, quality=Quality.ERROR))
    assert not list(instrumentation(failing, HALF_WAY))


@pytest.mark.parametrize(
    ("measure", "sent", "missing"),
    [
        (EventMeasure("signup"), (), "signup"),
        (EventMeasure("signup"), ("signup",), ""),
        (EventMeasure("order", per="signup"), ("order",), "signup"),
        (EventMeasure("order", per="signup"), ("signup",), "order"),
        (EventMeasure("order", per="signup"), ("signup", "order"), ""),
        (IncidentMeasure(), (), "incident"),
        (IncidentMeasure(), ("incident",), ""),
    ],
)
def test_r116_events_are_missing_only_when_none_of_their_kind_was_ever_sent(
    measure: EventMeasure | IncidentMeasure, sent: Sequence[str], missing: str
):
    one = key_result(measure=measure)
    found = list(instrumentation(report(one, measurement=measured(one, None)), HALF_WAY, sent))
    assert [missing in each.message for each in found] == ([True] if missing else [])


@pytest.mark.parametrize(("kind", "is_told"), [("deploy", True), ("signup", False)])
def test_r116_events_sent_before_the_period_count_as_sent_behind_an_indicator_too(kind: str, *, is_told: bool):
    one = key_result(measure=IndicatorMeasure("signups"))
    followed = Indicator("signups", "Sign-ups", EventMeasure("signup"), RATIO)
    declared = replace(definitions(one), indicators=(followed,))
    parts, snapshot = a_tick(declared, report(one, measurement=measured(one, None)))
    before = START - 9 * DAY
    with parts.storage.transaction() as transaction:
        transaction.events.save([Event("web", "1", kind, before, received_at=before)])
    assert ("F1" in {found.code for found in diagnose(parts, declared, snapshot, HALF_WAY)}) is is_told


def test_r116_a_key_result_without_a_measure_is_not_instrumented():
    one = key_result(measure=NoMeasure())
    (found,) = instrumentation(report(one, measurement=measured(one, None)), HALF_WAY)
    assert "nothing measures it" in found.message
    manual = key_result(measure=ManualMeasure(DAY))
    assert not list(instrumentation(report(manual, measurement=measured(manual, None)), HALF_WAY))


@pytest.mark.parametrize(("coverage", "count"), [(0.79, 1), (0.8, 0), (None, 0)])
def test_r116_a_window_of_which_less_than_80_percent_is_known_is_told(coverage: float | None, count: int):
    one = key_result()
    found = list(instrumentation(report(one, measurement=measured(one, coverage_ratio=coverage)), HALF_WAY))
    assert len(found) == count


def test_r117_a_result_that_is_nearly_there_while_its_outcome_stands_still_is_misaligned():
    outcome = np.array([40.0, 41, 40, 41, 40, 41, 40, 41, 40])
    progress = np.linspace(0.1, 0.9, 9)
    moved = movement(outcome, progress)
    assert moved is not None
    assert moved.change == 0
    indicator = Indicator("activation", "Activation", NoMeasure(), RATIO)
    (found,) = misaligned(key_result(), 0.9, indicator, moved, HALF_WAY)
    assert found.code == "F2"
    # the outcome swings without a trend: by symmetry its days do not go with a straight line
    assert found.evidence["correlation"] == pytest.approx(0.0, abs=1e-9)
    assert not list(misaligned(key_result(), 0.6, indicator, moved, HALF_WAY))


def test_r117_an_outcome_that_moved_beyond_its_noise_is_aligned():
    moved = movement(np.array([40.0, 41, 40, 44, 45, 44, 48, 49, 48]), np.linspace(0, 1, 9))
    assert moved is not None
    assert moved.change == 8  # 48 - 40; days lie 0, 1, 0 off, so the band is 1.4826 / 3 by the mean deviation
    indicator = Indicator("activation", "Activation", NoMeasure(), RATIO)
    assert not list(misaligned(key_result(), 0.9, indicator, moved, HALF_WAY))
    assert movement(np.arange(6.0), np.arange(6.0)) is None


WORST = {"name": "/pay", "value": 0.08}
MEMBERS = {"share_met_ratio": 0.9, "missing_total": 1, "is_for_all": False, "worst": WORST}
ERRORS = threshold(Operator.LT, 0.01, unit=RATIO)


def test_r118_a_member_that_breaches_while_the_whole_holds_is_named():
    one = report(ERRORS, measurement=measured(ERRORS, 0.005, details=MEMBERS))
    (found,) = hidden_by_the_aggregate(one, HALF_WAY)
    assert (found.code, found.evidence["worst"]) == ("F3", WORST)
    assert "/pay breaches the target" in found.message


@pytest.mark.parametrize(
    "details", [{}, MEMBERS | {"is_for_all": True}, MEMBERS | {"missing_total": 0}], ids=["none", "all", "good"]
)
def test_r118_nothing_is_hidden_where_every_member_counts_or_holds(details: dict[str, Any]):
    assert not list(
        hidden_by_the_aggregate(report(ERRORS, measurement=measured(ERRORS, 0.005, details=details)), HALF_WAY)
    )


def test_r118_a_whole_that_breaches_itself_hides_nothing():
    one = report(ERRORS, status=KeyResultStatus.OFF_TRACK, measurement=measured(ERRORS, 0.05, details=MEMBERS))
    assert not list(hidden_by_the_aggregate(one, HALF_WAY))


def check_in(days_ago: float, output: CheckInOutput = CheckInOutput.ASK) -> CheckIn:
    at = HALF_WAY - days_ago * DAY
    return CheckIn(f"c{days_ago}", "grow/signups", at, "jonas", 5, output=output, output_note="two more people")


def test_r119_an_off_track_key_result_that_nobody_drives_is_told_at_once():
    (found,) = without_ownership(report(status=KeyResultStatus.OFF_TRACK), [], HALF_WAY)
    assert found.code == "F4"
    owned = report(key_result(owner="amina"), status=KeyResultStatus.OFF_TRACK)
    assert not list(without_ownership(owned, [], HALF_WAY))


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([check_in(15)], 15),
        ([check_in(20), check_in(3)], 20),  # asked again: open since the first
        ([check_in(14)], None),  # not more than two weeks
        ([check_in(20), check_in(3, CheckInOutput.NONE)], None),
    ],
)
def test_r119_an_ask_that_stands_open_for_more_than_two_weeks_is_told(said: Sequence[CheckIn], days: int | None):
    found = [one.evidence["days"] for one in without_ownership(report(), said, HALF_WAY)]
    assert found == ([] if days is None else [days])


def forecast(p50: float, spread: float) -> Forecast:
    return Forecast(0.0, p50, p50 - spread, p50, p50 + spread, 0.0, ForecastMethod.TREND, 6)


def test_r120_the_chance_to_reach_follows_from_the_quantiles():
    # p90 is by definition exceeded with a chance of 0.1, and p10 with one of 0.9
    assert reach_probability(forecast(0.2, 0.1), 0.3) == pytest.approx(0.1)
    assert reach_probability(forecast(0.4, 0.1), 0.3) == pytest.approx(0.9)
    assert reach_probability(forecast(0.0, 0.0), 0.3) == 0.0


def test_r120_what_does_not_move_proposes_to_calibrate_and_leaves_the_target():
    (found,) = out_of_reach(report(raw=0.0), Outlook(forecast=forecast(0.0, 0.1)), HALF_WAY)
    assert found.code == "F5"
    assert "leave the target" in found.message
    assert "calibrate the next cycle" in found.message


def test_r120_the_first_third_and_a_fair_chance_are_not_judged():
    assert not list(out_of_reach(report(), Outlook(forecast=forecast(0.0, 0.1)), START + 30 * DAY))  # 30/90, not more
    assert not list(out_of_reach(report(), Outlook(forecast=forecast(0.3, 0.1)), HALF_WAY))
    assert not list(out_of_reach(report(), Outlook(), HALF_WAY))


def scored(cycle: str, score: float) -> ScoreRecord:
    return ScoreRecord(f"grow/{cycle}-{score}", cycle, DUE, "maria", score, score, Outcome.MISSED)


def test_r120_a_team_with_two_low_cycles_is_told_to_calibrate():
    before = replace(CYCLE, name="2025-q4", interval=Interval(START - 92 * DAY, START))
    cycles = {one.name: one for one in (before, CYCLE)}
    low = [scored("2025-q4", 0.2), scored("2026-q1", 0.1), scored("2026-q1", 0.2), scored("2026-q1", 0.9)]
    (found,) = low_scores("backend", low, cycles, DUE)
    assert (found.subject, found.evidence["median_scores"]) == ("team:backend", {"2025-q4": 0.2, "2026-q1": 0.2})
    assert not list(low_scores("backend", [*low, scored("2026-q1", 0.8)], cycles, DUE))  # median 0.5
    assert not list(low_scores("backend", low[1:], cycles, DUE))  # one cycle only


@pytest.mark.parametrize("is_restricted", [True, False])
def test_r169_the_median_of_a_team_tells_of_no_restricted_score(*, is_restricted: bool):
    one = key_result()
    before = replace(CYCLE, name="2025-q4", interval=Interval(START - 92 * DAY, START))
    declared = replace(definitions(one), cycles=(before, CYCLE))
    parts, snapshot = a_tick(declared, report(one))
    with parts.storage.transaction() as transaction:
        for name in ("2025-q4", "2026-q1"):
            transaction.scores.save(replace(scored(name, 0.2), evidence={"is_restricted": is_restricted}))
    found = [each.subject for each in diagnose(parts, declared, snapshot, HALF_WAY) if each.code == "F5"]
    assert found == ([] if is_restricted else ["team:backend"])


def test_r121_two_measures_of_one_metric_that_differ_are_shown_with_the_difference():
    probes = Indicator("uptime", "Uptime", NoMeasure(), RATIO, also=(NoMeasure(),))
    record = progressed("indicator:uptime", HALF_WAY, 0.9991, None, KeyResultStatus.ON_TRACK)
    made = measured(key_result(), 0.9991)
    differing = IndicatorReport(probes, record, made, made, others=(None, 0.9997), disagrees=True)
    (found,) = differing_sources(differing, HALF_WAY)
    assert (found.code, found.subject) == ("F6", "indicator:uptime")
    assert found.evidence["delta"] == pytest.approx(0.0006)
    assert "99.91%" in found.message
    assert "99.97%" in found.message
    assert not list(differing_sources(replace(differing, disagrees=False), HALF_WAY))


def test_r121_two_questions_for_one_metric_name_are_told():
    one = from_to("1", "2", name="a", metric_name="MTTR")
    other = from_to("1", "2", name="b", metric_name="mttr", measure=PromqlMeasure("other", "prometheus"))
    assert [found.evidence["others"] for found in several_queries(definitions(one, other), HALF_WAY)] == [["grow/b"]]
    hidden = replace(other, visibility=Visibility.RESTRICTED)
    assert not list(several_queries(definitions(one, hidden), HALF_WAY))
    same = replace(other, measure=one.measure)
    assert not list(several_queries(definitions(one, same), HALF_WAY))


def alert(days_ago: float, number: int, *, dismissed: bool, rule: str = "KeyResultOffTrack") -> Event:
    at = HALF_WAY - days_ago * DAY
    attributes: dict[str, str | float | bool] = {"dismissed": dismissed, "rule": rule}
    return Event("alertmanager", f"{days_ago}-{number}", "alert", at, at, attributes=attributes)


def test_r122_alerts_that_are_dismissed_more_and_more_list_the_noisiest_rules():
    recent = [alert(3, number, dismissed=number < 25, rule="noisy" if number < 30 else "calm") for number in range(40)]
    before = [alert(20, number, dismissed=number < 4) for number in range(10)]
    (found,) = alert_fatigue([*before, *recent], HALF_WAY)
    assert (found.code, found.subject) == ("F7", "alerts")
    assert found.evidence == {"fired": 40, "dismissed_ratio": 0.625, "noisiest": {"noisy": 30, "calm": 10}}


def test_r122_half_of_the_alerts_or_a_falling_share_is_no_fatigue():
    half = [alert(3, number, dismissed=number < 20) for number in range(40)]
    assert not list(alert_fatigue(half, HALF_WAY))
    worse_before = [alert(20, number, dismissed=True) for number in range(10)]
    falling = [alert(3, number, dismissed=number < 25) for number in range(40)]
    assert not list(alert_fatigue([*worse_before, *falling], HALF_WAY))


def test_r122_more_than_ten_alerts_in_a_shift_are_fatigue_whatever_becomes_of_them():
    # 14 days have 28 shifts of 12 hours: 281 alerts are more than 10 in each
    many = [alert(3, number, dismissed=False) for number in range(281)]
    assert [found.code for found in alert_fatigue(many, HALF_WAY)] == ["F7"]
    assert not list(alert_fatigue(many[:280], HALF_WAY))


def test_r69_two_cadences_without_a_check_in_are_stale_and_r51_no_movement_is_stalled():
    outlook = Outlook(is_stalled=True, velocity=0.0, check_ins=CheckInState(is_stale=True))
    assert [found.code for found in without_attention(report(), outlook, HALF_WAY)] == ["stale_checkin", "stalled"]
    assert not list(without_attention(report(), Outlook(), HALF_WAY))


def test_r45_a_sharp_drop_of_confidence_stays_open_until_the_next_check_in():
    one = key_result(owner="amina")
    declared = replace(definitions(one), teams=(Team("backend", champion="chris"),))
    parts, snapshot = a_tick(declared, report(one))
    said = [(14, 8), (10, 7), (7, None), (3, 4)]
    with parts.storage.transaction() as transaction:
        for days, confidence in said:
            transaction.check_ins.add(replace(check_in(days, CheckInOutput.NONE), confidence=confidence))
    findings = Findings(parts, declared)
    for minutes in (0, 10):
        findings.run(replace(snapshot, at=HALF_WAY + timedelta(minutes=minutes)))
    (discuss,) = _stored(parts, "discuss")
    assert (discuss.state, discuss.evidence["from"], discuss.evidence["to"]) == (FindingState.OPEN, 7, 4)
    assert (discuss.first_seen, discuss.last_seen) == (HALF_WAY - 3 * DAY, HALF_WAY + timedelta(minutes=10))
    assert "chris should talk" in discuss.message
    with parts.storage.transaction() as transaction:
        transaction.check_ins.add(replace(check_in(0, CheckInOutput.NONE), confidence=5))
    findings.run(replace(snapshot, at=HALF_WAY + timedelta(minutes=20)))
    assert [one.state for one in _stored(parts, "discuss")] == [FindingState.FIXED]


def test_in_a_cycle_that_people_closed_key_results_are_not_looked_at_any_more():
    one = key_result()
    parts, snapshot = a_tick(definitions(one), silent(one, DAY))
    with parts.storage.transaction() as transaction:
        transaction.scores.save(scored("2026-q1", 0.2))
    assert "F1" not in {found.code for found in diagnose(parts, definitions(one), snapshot, HALF_WAY)}


def _stored(parts: Parts, code: str) -> list[Finding]:
    with parts.storage.reading() as transaction:
        return [one for one in transaction.findings.all() if one.code == code]


def finding(minute: int, code: str = "F1", **changes: Any) -> Finding:
    at = START + timedelta(minutes=minute)
    return replace(Finding(code, "grow/signups", "a message", at, at), **changes)


def test_what_is_seen_again_keeps_when_it_was_first_seen():
    (kept,) = merged([finding(0)], [finding(10, message="now 40 %")])
    assert (kept.first_seen, kept.last_seen) == (finding(0).first_seen, finding(10).last_seen)
    assert kept.message == "now 40 %"


def test_what_is_gone_is_fixed_and_what_comes_back_is_new():
    (gone,) = merged([finding(0)], [])
    assert (gone.state, gone.last_seen) == (FindingState.FIXED, finding(0).last_seen)
    assert merged([gone], [finding(20)]) == [finding(20)]


def test_what_a_person_accepted_stays_accepted():
    accepted = finding(0, state=FindingState.ACCEPTED, note="known", by="jonas")
    (seen,) = merged([accepted], [finding(10)])
    assert (seen.state, seen.note, seen.by) == (FindingState.ACCEPTED, "known", "jonas")
    assert merged([accepted], []) == [accepted]


def a_tick(declared: DefinitionSet, *reports: KeyResultReport) -> tuple[Parts, Snapshot]:
    parts = Parts(MemoryStorage(GRID), {}, GRID, lambda: HALF_WAY, None)  # type: ignore[arg-type]  # nothing is traced
    objective = ObjectiveReport(declared.objectives[0], 0.5, 0.5, 1.0, 0.5, KeyResultStatus.ON_TRACK, reports)
    slos = SloReports.__new__(SloReports)  # findings look at none
    return parts, Snapshot("e1", HALF_WAY, HALF_WAY, slos, (objective,))


def test_findings_are_stored_once_in_ten_minutes_and_fixed_when_they_are_gone():
    one = key_result(owner="amina")
    declared = definitions(one)
    parts, snapshot = a_tick(declared, silent(one, DAY))
    findings = Findings(parts, declared)
    assert findings.run(snapshot) > 0
    assert findings.run(replace(snapshot, at=HALF_WAY + timedelta(minutes=9))) == 0
    _, healed = a_tick(declared, report(one))
    findings.run(replace(healed, at=HALF_WAY + timedelta(minutes=10)))
    with parts.storage.reading() as transaction:
        states = {found.code: found.state for found in transaction.findings.all()}
    assert states["F1"] is FindingState.FIXED
    assert states["unguarded_metric"] is FindingState.OPEN


def test_r162_the_noise_of_a_frozen_baseline_is_what_lints_go_by():
    one = from_to("400ms", "390ms", owner="amina")
    frozen = FrozenBaseline(one.id, "up", 400.0, Interval(START - 90 * DAY, START), None, START, noise=8.0)
    parts, snapshot = a_tick(definitions(one), report(one, frozen_baseline=frozen))
    assert "target_within_noise" in {found.code for found in diagnose(parts, definitions(one), snapshot, HALF_WAY)}


def test_r117_the_history_of_key_result_and_outcome_is_read_from_the_database():
    one = key_result(outcome="activation", owner="amina")
    indicator = Indicator("activation", "Activation", NoMeasure(), RATIO)
    parts, snapshot = a_tick(definitions(one), report(one, raw=0.9))
    with parts.storage.transaction() as transaction:
        for day in range(1, 40):
            at = START + day * DAY
            own = progressed(one.id, at, float(day), day / 45, KeyResultStatus.ON_TRACK)
            flat = progressed(indicator.id, at, 0.4, None, KeyResultStatus.ON_TRACK)
            transaction.progress.save([], [own, flat])
    made = measured(one, 0.4)
    record = progressed(indicator.id, HALF_WAY, 0.4, None, KeyResultStatus.ON_TRACK)
    seen = replace(snapshot, indicators=(IndicatorReport(indicator, record, made, made),))
    found = {each.code: each for each in find(parts, definitions(one), seen, HALF_WAY)}
    assert found["F2"].evidence["change"] == 0


def test_outside_of_its_cycle_a_key_result_is_not_diagnosed():
    one = key_result(owner="amina")
    parts, snapshot = a_tick(definitions(one), silent(one, DAY))
    assert "F1" not in {found.code for found in diagnose(parts, definitions(one), snapshot, week(14))}
