"""A question that fails once costs time, not events and not history."""

from datetime import timedelta

import pytest
from tests.fakes.definitions import START, definitions, p99, slo, uptime
from tests.fakes.scripted_source import ScriptedSource, steady

from okrbridge.application.ports import Counted, CountRequest, Reading, SourceFailure, ValueRequest
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
MIDDLE = START + timedelta(days=45)
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")


def failed(request: CountRequest) -> Counted:
    """What a source answers that was too slow."""
    [answer] = ScriptedSource(steady(9.0, 10.0), failure=SLOW).count([request])
    return answer


def keep_going() -> bool:
    return True


def later(run, minutes) -> None:
    """Tick and fill at these minutes after the middle of the cycle."""
    for minute in minutes:
        at = run.at(MIDDLE + minute * MINUTE)
        run.evaluator.tick(at)
        run.evaluator.fill_history(at, keep_going)


def past_of(run, key_result: str):
    with run.parts.storage.reading() as database:
        return database.progress.history(key_result, Interval(START, MIDDLE), 1000)


def test_the_slice_after_a_gap_is_asked_again_until_it_is_answered(engine, monkeypatch):
    gone, back = MIDDLE - timedelta(hours=30), MIDDLE - timedelta(hours=20)
    gap = range(epoch_seconds(gone), epoch_seconds(back))
    run = engine(definitions(slos=(slo(days=3),)), lambda _sli, start: None if start in gap else (9.0, 10.0))
    answer, asked = run.source._count, []

    def failing_once(request: CountRequest) -> Counted:
        if request.interval == Interval(back, back + MINUTE) and request.measured_until == gone:
            asked.append(request)
            if len(asked) == 1:
                return failed(request)
        found: Counted = answer(request)
        return found

    monkeypatch.setattr(run.source, "_count", failing_once)
    later(run, range(5))
    assert len(asked) == 2
    assert run.evaluator.snapshots.current.history_filled_ratio == 1.0


def test_a_tick_counts_the_slice_after_a_gap_again_too(engine):
    # Evaluated now, then as of shortly after the oldest known slice, with a gap across that edge.
    edge = MIDDLE - 3 * DAY
    gap = range(epoch_seconds(edge - 10 * MINUTE), epoch_seconds(edge + 10 * MINUTE))
    run = engine(definitions(slos=(slo(days=3),)), lambda _sli, start: None if start in gap else (9.0, 10.0))
    later(run, [0])
    run.source.asked.clear()
    run.evaluator.tick(edge + 30 * MINUTE)
    settled = [request for request in run.source.asked if request.interval.start == edge + 10 * MINUTE]
    assert [request.measured_until for request in settled] == [edge - 10 * MINUTE]


def test_a_day_whose_history_is_not_filled_yet_is_measured_later_and_not_wrongly(engine, monkeypatch):
    # 90 % good for 22 days, 99.9 % after; one chunk of history fails once.
    run = engine(
        definitions(uptime()),
        lambda _sli, start: (900.0, 1000.0) if start < epoch_seconds(START + 22 * DAY) else (999.0, 1000.0),
    )
    answer, chunks = run.source._count, []

    def failing_once(request: CountRequest) -> Counted:
        chunks.append(request)
        return failed(request) if len(chunks) == 20 else answer(request)

    monkeypatch.setattr(run.source, "_count", failing_once)
    later(run, [0, 1, 2, 62])
    past = past_of(run, "reliable/uptime")
    # Day n <= 22: 0.9; after: (22 x 0.9 + (n - 22) x 0.999) / n. Day 45 is the tick's own.
    expected = [0.9 if day <= 22 else (22 * 0.9 + (day - 22) * 0.999) / day for day in range(1, 45)]
    assert [record.value for record in past] == pytest.approx(expected)


def test_days_whose_query_failed_are_asked_again(engine, monkeypatch):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    answer, asked = run.source._value, []

    def failing_for_a_while(request: ValueRequest) -> Reading:
        asked.append(request)
        return Reading(request, None, SLOW) if 10 <= len(asked) < 20 else answer(request)

    monkeypatch.setattr(run.source, "_value", failing_for_a_while)
    later(run, [0, 1, 62])
    assert len(past_of(run, "reliable/p99")) == 44


def test_filling_the_past_stops_when_asked_and_goes_on_later(engine, monkeypatch):
    run = engine(definitions(p99()))
    run.source.readings["p99"] = 0.5
    run.evaluator.tick(run.at(MIDDLE))
    run.evaluator.backfill.run(MIDDLE)
    run.source.values_asked.clear()
    run.evaluator.fill_history(MIDDLE, lambda: len(run.source.values_asked) < 3)
    assert len(run.source.values_asked) == 3
    run.evaluator.fill_history(MIDDLE, keep_going)
    assert len(past_of(run, "reliable/p99")) == 44


def test_a_start_in_the_middle_of_a_day_leaves_no_day_out(engine):
    run = engine(definitions(uptime()))
    at = run.at(START + 36 * HOUR)
    run.evaluator.tick(at)
    run.evaluator.fill_history(at, keep_going)
    assert [record.at for record in past_of(run, "reliable/uptime")] == [START + DAY, at]
