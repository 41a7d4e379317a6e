"""A tick, from the source's answers to the snapshot."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.fakes.definitions import API, CYCLE, START, budget, definitions, p99, slo, threshold, uptime
from tests.fakes.scripted_source import steady

from okrbridge.application.access_ports import Caller, Role
from okrbridge.application.cycles.closing import Closing, Judgement
from okrbridge.application.cycles.final_scores import FinalScores
from okrbridge.application.findings import Findings
from okrbridge.application.ports import SourceFailure
from okrbridge.application.records import Quality
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.slo import SloState
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason, StorageError

MIDDLE = START + timedelta(days=45)
DOWN = SourceFailure(SourceFailureReason.UNREACHABLE, "connection refused")


def keep_going() -> bool:
    return True


def test_the_first_tick_has_the_last_hour_and_says_how_little_that_covers(engine):
    run = engine(definitions(slos=(slo(target=0.9),)), steady(95.0, 100.0))
    report = run.evaluator.tick(run.at(MIDDLE)).slos[0]
    # 60 slices of 100 events, 95 of them good; 60 minutes of 30 days are 1/720.
    assert (report.counts.good, report.counts.total) == (5700.0, 6000.0)
    assert report.counts.coverage_ratio == pytest.approx(1 / 720)
    # 5 % bad of 10 % allowed.
    assert report.budget_consumed_ratio == pytest.approx(0.5)
    assert report.burn_rates["1h"] == pytest.approx(0.5)
    assert report.state is SloState.OK


def test_filling_history_gives_the_whole_window(engine):
    run = engine(definitions(slos=(slo(target=0.9),)), steady(95.0, 100.0))
    run.evaluator.tick(run.at(MIDDLE))
    assert run.evaluator.fill_history(MIDDLE, keep_going)
    snapshot = run.evaluator.snapshots.current
    # 30 days of 1440 slices of 100 events.
    assert snapshot.slos[0].counts.total == 30 * 1440 * 100
    assert snapshot.slos[0].counts.coverage_ratio == 1.0
    assert snapshot.history_filled_ratio == 1.0


def test_history_is_filled_newest_first_and_an_interrupted_filling_goes_on(engine):
    run = engine(definitions())
    run.evaluator.tick(run.at(MIDDLE))
    chunks_left = iter([True, True, False])
    run.evaluator.fill_history(MIDDLE, lambda: next(chunks_left, False))
    asked = [request.interval for request in run.source.asked[1:]]
    assert asked == [
        Interval(MIDDLE - timedelta(days=1), MIDDLE - timedelta(hours=1)),
        Interval(MIDDLE - timedelta(days=2), MIDDLE - timedelta(days=1)),
    ]
    run.source.asked.clear()
    run.evaluator.fill_history(MIDDLE, keep_going)
    assert run.source.asked[0].interval == Interval(MIDDLE - timedelta(days=3), MIDDLE - timedelta(days=2))
    assert run.evaluator.snapshots.current.history_filled_ratio == 1.0


def test_a_filled_ledger_is_not_asked_for_again(engine):
    run = engine(definitions())
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    run.source.asked.clear()
    assert not run.evaluator.fill_history(MIDDLE, keep_going)
    run.evaluator.tick(MIDDLE)
    assert run.source.asked == []


def test_a_failing_source_moves_no_number_and_says_why(engine):
    run = engine(definitions(slos=(slo(target=0.9),)), steady(95.0, 100.0))
    before = run.evaluator.tick(run.at(MIDDLE)).slos[0]
    run.source.failure = DOWN
    later = run.at(MIDDLE + timedelta(minutes=3))
    snapshot = run.evaluator.tick(later)
    report = snapshot.slos[0]
    assert report.state is SloState.ERROR
    assert report.details.failure == "unreachable: connection refused"
    assert report.counts.total == before.counts.total
    assert report.data_age_seconds(later) == 180
    assert snapshot.sources[0].is_up is False


def test_the_hole_of_an_outage_is_filled_when_the_source_is_back(engine):
    run = engine(definitions(slos=(slo(target=0.9),)), steady(95.0, 100.0))
    run.evaluator.tick(run.at(MIDDLE))
    run.source.failure = DOWN
    run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=10)))
    run.source.failure = None
    report = run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=30))).slos[0]
    # The first hour, and 30 minutes more: 90 slices of 100 events.
    assert report.counts.total == 9000
    assert report.state is SloState.OK


def test_after_an_outage_the_request_carries_the_end_of_the_last_measured_slice(engine):
    run = engine(definitions())
    run.evaluator.tick(run.at(MIDDLE))
    run.source.asked.clear()
    run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=30)))
    (request,) = run.source.asked
    assert request.interval == Interval(MIDDLE, MIDDLE + timedelta(minutes=30))
    assert request.measured_until == MIDDLE


def test_a_look_back_never_reaches_across_slices_that_are_still_to_be_asked_for(engine):
    run = engine(definitions())
    run.evaluator.tick(run.at(MIDDLE))
    run.source.asked.clear()
    # Three hours away: the tick asks for the last one, and its first slice must not count what the other two will.
    back = run.at(MIDDLE + timedelta(hours=3))
    run.evaluator.tick(back)
    (request,) = run.source.asked
    assert request.interval == Interval(back - timedelta(hours=1), back)
    assert request.measured_until is None
    run.source.asked.clear()
    run.evaluator.fill_history(back, keep_going)
    known_before = {request.interval: request.measured_until for request in run.source.asked}
    assert known_before[Interval(MIDDLE, back - timedelta(hours=1))] == MIDDLE


def test_a_source_without_series_is_no_data_and_not_zero(engine):
    run = engine(definitions(uptime()), lambda _sli, _start: None)
    snapshot = run.evaluator.tick(run.at(MIDDLE))
    report = snapshot.slos[0]
    assert report.state is SloState.NO_DATA
    assert (report.sli_ratio, report.budget_remaining_ratio, report.burn_rates["1h"]) == (None, None, None)
    result = snapshot.key_results[0]
    assert (result.status, result.quality, result.progress.value) == (KeyResultStatus.NO_DATA, Quality.NO_DATA, None)


def test_series_that_ended_leave_the_slo_stale(engine):
    gone_since = epoch_seconds(MIDDLE - timedelta(minutes=6))
    run = engine(definitions(), lambda _sli, start: None if start >= gone_since else (9.0, 10.0))
    assert run.evaluator.tick(run.at(MIDDLE)).slos[0].state is SloState.STALE


def test_zero_traffic_is_measured_and_leaves_the_budget_alone(engine):
    run = engine(definitions(), steady(0.0, 0.0))
    report = run.evaluator.tick(run.at(MIDDLE)).slos[0]
    assert report.state is SloState.NO_TRAFFIC
    assert (report.sli_ratio, report.budget_remaining_ratio, report.burn_rates["1h"]) == (None, 1.0, 0.0)


def test_good_above_total_is_invalid_and_gives_no_ratio(engine):
    run = engine(definitions(uptime()), steady(11.0, 10.0))
    snapshot = run.evaluator.tick(run.at(MIDDLE))
    report = snapshot.slos[0]
    assert report.state is SloState.INVALID
    assert (report.sli_ratio, report.budget_consumed_ratio, report.burn_rates["5m"]) == (None, None, None)
    assert snapshot.key_results[0].quality is Quality.ERROR


def test_an_overspent_budget_is_exhausted_even_while_it_burns(engine):
    # 99.9 %: 2 % errors in every slice burn at 20, above 14.4 on 1 h and 5 m.
    run = engine(definitions(), steady(98.0, 100.0))
    run.evaluator.tick(run.at(MIDDLE))
    first_hour = run.evaluator.snapshots.current.slos[0]
    assert first_hour.burn_rates["1h"] == pytest.approx(20.0)
    # An hour must not speak for 30 days: the budget is called exhausted when they are filled.
    assert first_hour.state is SloState.BURNING
    run.evaluator.fill_history(MIDDLE, keep_going)
    assert run.evaluator.snapshots.current.slos[0].state is SloState.EXHAUSTED


def test_uptime_moves_a_key_result_by_the_sli_of_the_cycle_to_date(engine):
    # 997 of 1000 good since the cycle began: (0.997 - 0.992) / (0.9995 - 0.992) = 0.005 / 0.0075 = 2/3.
    run = engine(definitions(uptime()), steady(997.0, 1000.0))
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    result = run.evaluator.snapshots.current.key_results[0]
    assert result.progress.progress_ratio == pytest.approx(2 / 3)
    assert result.measurement.window == Interval(START, MIDDLE)
    # 45 days of 1440 slices of 1000 events.
    assert result.measurement.sample_count == 45 * 1440 * 1000
    assert result.status is KeyResultStatus.ON_TRACK


def test_a_budget_key_result_spends_the_cycles_budget_at_even_traffic(engine):
    # Error ratio 0.0006 of 0.001 allowed, half of the cycle gone: 0.5 x 0.6 = 0.3; on pace is 0.5 x 0.5 = 0.25.
    run = engine(definitions(budget()), steady(9994.0, 10000.0))
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    result = run.evaluator.snapshots.current.key_results[0]
    assert result.progress.value == pytest.approx(0.3)
    assert result.progress.progress_ratio == 1.0
    assert result.status is KeyResultStatus.AT_RISK


def test_until_history_is_filled_it_is_too_early_for_a_status(engine):
    # The last hour is all bad, the month before it all good.
    bad_hour = epoch_seconds(MIDDLE - timedelta(hours=1))
    run = engine(definitions(uptime(), budget()), lambda _sli, start: (0.0 if start >= bad_hour else 10.0, 10.0))
    first = run.evaluator.tick(run.at(MIDDLE))
    assert [result.status for result in first.key_results] == [KeyResultStatus.TOO_EARLY] * 2
    assert first.objectives[0].status is KeyResultStatus.TOO_EARLY
    run.evaluator.fill_history(MIDDLE, keep_going)
    # 60 of 64,800 minutes bad: 0.0926 % of 0.1 % allowed, half of the cycle gone: 0.463 of 0.5, above 0.25.
    statuses = [result.status for result in run.evaluator.snapshots.current.key_results]
    assert statuses == [KeyResultStatus.ON_TRACK, KeyResultStatus.AT_RISK]


def test_promql_values_are_converted_to_the_key_results_unit(engine):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    result = run.evaluator.tick(run.at(MIDDLE)).key_results[0]
    # 0.5 s are 500 ms: (500 - 800) / (200 - 800) = 0.5, expected 0.5.
    assert (result.progress.value, result.progress.progress_ratio, result.progress.expected_ratio) == (500.0, 0.5, 0.5)
    assert result.status is KeyResultStatus.ON_TRACK


def test_a_failing_query_keeps_the_last_good_value_with_its_age_and_reason(engine):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    run.evaluator.tick(run.at(MIDDLE))
    run.source.reading_failures["p99"] = SourceFailure(SourceFailureReason.BAD_QUERY, "1:4: parse error")
    later = run.at(MIDDLE + timedelta(minutes=10))
    result = run.evaluator.tick(later).key_results[0]
    assert (result.progress.value, result.quality) == (500.0, Quality.ERROR)
    assert result.measurement.error == "bad_query: 1:4: parse error"
    assert result.measurement_age_seconds(later) == 600
    assert result.status is KeyResultStatus.ON_TRACK


def test_a_value_older_than_a_quarter_of_an_hour_is_stale_and_leaves_the_coverage(engine):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    run.evaluator.tick(run.at(MIDDLE))
    run.source.readings.clear()
    for minutes in (16, 17):
        snapshot = run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=minutes)))
    assert snapshot.key_results[0].status is KeyResultStatus.STALE
    assert (snapshot.objectives[0].progress_ratio, snapshot.objectives[0].coverage_ratio) == (0.5, 0.0)


def test_a_status_changes_only_when_two_evaluations_agree(engine):
    run = engine(definitions(threshold()))
    statuses = []
    for minute, seconds in enumerate((0.2, 0.5, 0.2, 0.5, 0.5)):
        run.source.readings["p95"] = seconds
        snapshot = run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=minute)))
        statuses.append(snapshot.key_results[0].status.value)
    assert statuses == ["on_track", "on_track", "on_track", "on_track", "off_track"]


def test_ticking_a_boundary_twice_changes_nothing(engine):
    run = engine(definitions(threshold(), uptime()), steady(997.0, 1000.0))
    run.source.readings["p95"] = 0.2
    run.evaluator.tick(run.at(MIDDLE))
    run.source.readings["p95"] = 0.5
    first = run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=1)))
    again = run.evaluator.tick(MIDDLE + timedelta(minutes=1))
    assert [each.status for each in again.key_results] == [each.status for each in first.key_results]
    assert again.slos[0].counts == first.slos[0].counts
    assert again.slos[0].events_good_total == first.slos[0].events_good_total


def test_publishing_again_while_history_fills_keeps_the_evaluations_id(engine):
    run = engine(definitions())
    ticked = run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    assert run.evaluator.snapshots.current is not ticked
    assert run.evaluator.snapshots.current.evaluation_id == ticked.evaluation_id


def test_event_counters_only_grow_and_leave_backfilled_history_out(engine):
    run = engine(definitions(), steady(9.0, 10.0))
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    report = run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=2))).slos[0]
    # The first tick's hour and two minutes more, 9 good and 1 bad each.
    assert (report.events_good_total, report.events_bad_total) == (62 * 9, 62)


def test_key_results_have_a_past_for_each_day_of_the_cycle(engine):
    run = engine(definitions(uptime(), p99()), steady(997.0, 1000.0))
    run.source.readings["p99"] = 0.5
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.fill_history(MIDDLE, keep_going)
    with run.parts.storage.reading() as database:
        history = database.progress.history("reliable/uptime", Interval(START, MIDDLE + timedelta(days=1)), 1000)
        latency = database.progress.history("reliable/p99", Interval(START, MIDDLE + timedelta(days=1)), 1000)
    # Days 1 to 45; the 45th is the evaluated boundary itself.
    assert [record.at for record in history] == [START + timedelta(days=day) for day in range(1, 46)]
    assert history[9].expected_ratio == pytest.approx(10 / 90)
    assert len(latency) == 45


def test_a_key_result_before_its_start_is_not_started(engine):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    snapshot = run.evaluator.tick(run.at(START - timedelta(days=1)))
    assert snapshot.key_results[0].status is KeyResultStatus.NOT_STARTED
    assert snapshot.objectives[0].status is KeyResultStatus.NOT_STARTED
    assert run.source.values_asked == []


def test_measuring_goes_on_after_the_cycle_until_measure_until(engine):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.2
    after_close = run.evaluator.tick(run.at(START + timedelta(days=100))).key_results[0]
    assert (after_close.progress.value, after_close.status) == (200.0, KeyResultStatus.ACHIEVED)
    run.source.readings["p99"] = 0.9
    ended = run.evaluator.tick(run.at(START + timedelta(days=121))).key_results[0]
    assert (ended.progress.value, ended.measurement.error) == (200.0, "measuring has ended")
    assert ended.status is KeyResultStatus.ACHIEVED


def test_a_database_failure_keeps_the_old_snapshot_and_counts_the_tick_as_failed(engine, monkeypatch):
    run = engine(definitions())
    before = run.evaluator.tick(run.at(MIDDLE))

    def refuse() -> None:
        raise StorageError("the database is read-only")

    monkeypatch.setattr(run.parts.storage, "transaction", refuse)
    with pytest.raises(StorageError):
        run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=1)))
    assert run.evaluator.snapshots.current is before
    assert run.telemetry.ticks == [True, False]


def test_a_refused_query_does_not_make_its_source_down(engine):
    run = engine(definitions())
    run.source.failure = SourceFailure(SourceFailureReason.BAD_QUERY, "1:4: parse error")
    snapshot = run.evaluator.tick(run.at(MIDDLE))
    assert snapshot.sources[0].is_up is True
    assert snapshot.sources[0].failure == "bad_query: 1:4: parse error"


def test_ten_slos_are_counted_by_one_question(engine):
    slis = [replace(API, name=f"sli-{number}", total=f"total_{number}") for number in range(10)]
    run = engine(definitions(slos=tuple(slo(one.name, sli=one) for one in slis)))
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.tick(run.at(MIDDLE + timedelta(minutes=1)))
    assert [len(request.slis) for request in run.source.asked] == [10, 10]


def test_one_failing_sli_leaves_the_others_alone(engine):
    web = replace(API, name="web", total="web_total")
    run = engine(definitions(slos=(slo(), slo("web", sli=web))))
    run.source.failing["web"] = SourceFailure(SourceFailureReason.BAD_QUERY, "1:4: parse error")
    reports = run.evaluator.tick(run.at(MIDDLE)).slos
    assert [report.counts.total for report in reports] == [600.0, 0.0]
    assert [report.details.failure for report in reports] == ["", "bad_query: 1:4: parse error"]
    with run.parts.storage.reading() as database:
        assert database.evaluations.latest().failures == {web.key: "1:4: parse error"}


def test_late_samples_reach_the_ledger_between_ticks_and_leave_the_live_counters_alone(engine):
    run = engine(definitions(slos=(slo(),)), steady(4.0, 5.0))
    run.evaluator.tick(run.at(MIDDLE))
    run.source.script = steady(9.0, 10.0)
    run.evaluator.upkeep(MIDDLE, keep_going)
    report = run.evaluator.tick(MIDDLE).slos[0]
    # The slices from 20 to 10 minutes before were read again: 10 of the hour's 60 have 10 events in place of 5.
    assert report.counts.total == 350.0
    assert (report.events_good_total, report.events_bad_total) == (240.0, 60.0)


def test_where_data_begins_is_said_once(engine):
    begin = MIDDLE - timedelta(days=2)
    run = engine(definitions(slos=(slo(),)), lambda _sli, at: (9.0, 10.0) if at >= epoch_seconds(begin) else None)
    with capture_logs() as logs:
        run.evaluator.tick(run.at(MIDDLE))
        run.evaluator.fill_history(MIDDLE, keep_going)
        run.evaluator.fill_history(MIDDLE, keep_going)
    assert [(entry["source"], entry["begins"]) for entry in logs if entry["event"] == "no older data"] == [
        ("prometheus", begin.isoformat())
    ]


def test_spans_are_opened_for_the_tick_and_the_write(engine):
    run = engine(definitions())
    run.evaluator.tick(run.at(MIDDLE))
    assert run.telemetry.spans == ["okrbridge.tick", "okrbridge.write"]


def test_between_ticks_findings_are_looked_for_and_final_scores_go_on(engine):
    # From 0.8 s to 0.2 s at 0.5 s: half of the way when it was closed, all of it a day later.
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.upkeep(MIDDLE, keep_going)
    with run.parts.storage.transaction() as database:
        found = {one.code for one in database.findings.all() if one.subject == "reliable/p99"}
        judged = {"reliable/p99": Judgement("Half of it.")}
        closing = Closing(database, run.evaluator.definitions, CYCLE, MIDDLE)
        closing.close(judged, Caller("maria", Role.EDITOR), early=True)
    assert "no_owner" in found
    run.source.readings["p99"] = 0.2
    tomorrow = MIDDLE + timedelta(days=1)
    run.evaluator.tick(run.at(tomorrow))
    run.evaluator.upkeep(tomorrow, keep_going)
    with run.parts.storage.reading() as database:
        (score,) = database.scores.all()
    assert (score.score, score.final, score.final_at) == (0.5, 1.0, tomorrow)


@pytest.mark.parametrize("problem", [StorageError("the disk is full"), ZeroDivisionError("a mistake of ours")])
def test_upkeep_that_fails_is_told_and_leaves_the_rest_alone(engine, monkeypatch, problem):
    def fail(*_asked: object) -> int:
        raise problem

    run = engine(definitions(p99()))
    monkeypatch.setattr(FinalScores, "run", fail)
    monkeypatch.setattr(Findings, "run", fail)
    run.evaluator.tick(run.at(MIDDLE))
    with capture_logs() as logs:
        run.evaluator.upkeep(MIDDLE, keep_going)
    told = [entry["what"] for entry in logs if entry["event"].startswith("left for the next tick")]
    assert told == ["final scores", "findings"]
    assert run.evaluator.fill_history(MIDDLE, keep_going)
