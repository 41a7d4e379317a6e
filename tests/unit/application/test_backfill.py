"""Filling history in chunks."""

from datetime import timedelta

from tests.fakes.definitions import START, definitions, slo

from okrbridge.application.ports import SourceFailure
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason

MIDDLE = START + timedelta(days=45)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def test_the_first_slice_after_a_gap_is_counted_again_when_what_came_before_the_gap_is_known(engine):
    # Nothing is live from 30 h to 20 h before; the newest chunk ends in that gap, the older one begins before it.
    gone, back = MIDDLE - timedelta(hours=30), MIDDLE - timedelta(hours=20)
    gap = range(epoch_seconds(gone), epoch_seconds(back))
    run = engine(definitions(slos=(slo(days=2),)), lambda _sli, start: None if start in gap else (9.0, 10.0))
    run.evaluator.backfill.run(MIDDLE)
    settled = [request for request in run.source.asked if request.interval.length == MINUTE]
    assert [(request.interval, request.last_measured_end) for request in settled] == [
        (Interval(back, back + MINUTE), gone)
    ]


def test_chunks_without_gaps_are_asked_once(engine):
    run = engine(definitions(slos=(slo(days=4),)))
    run.evaluator.backfill.run(MIDDLE)
    assert [request.interval for request in run.source.asked] == [
        Interval(MIDDLE - (day + 1) * DAY, MIDDLE - day * DAY) for day in range(4)
    ]


def test_a_failing_sli_is_left_alone_for_the_rest_of_the_run(engine):
    run = engine(definitions(slos=(slo(days=4),)))
    run.source.failure = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")
    assert run.evaluator.backfill.run(MIDDLE) == 0
    assert len(run.source.asked) == 1


def test_windows_shorter_than_the_burn_windows_still_fill_three_days(engine):
    run = engine(definitions(slos=(slo(days=1),)))
    assert run.evaluator.backfill.run(MIDDLE) == 3 * 1440


def test_more_history_than_the_windows_need_can_be_asked_for(engine):
    run = engine(definitions(slos=(slo(days=4),)))
    assert run.evaluator.backfill.run(MIDDLE, since=MIDDLE - 6 * DAY) == 6 * 1440


def test_the_filled_share_grows_from_zero_to_one(engine):
    run = engine(definitions(slos=(slo(days=4),)))
    shares = []

    def look(_chunk: Interval, _slices: int) -> None:
        with run.parts.storage.reading() as database:
            shares.append(run.evaluator.backfill.filled_ratio(database.ledger, MIDDLE))

    run.evaluator.backfill.run(MIDDLE, on_chunk=look)
    assert shares == [0.25, 0.5, 0.75, 1.0]
