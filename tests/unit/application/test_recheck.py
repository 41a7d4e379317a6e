"""Late samples are counted when they come, and nothing is counted twice."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.bench import MIDDLE, Bench
from tests.fakes.definitions import API, definitions, slo
from tests.fakes.scripted_source import TelescopingSource, steady

from okrbridge.application import counting
from okrbridge.application.ports import SourceFailure
from okrbridge.application.recheck import Recheck
from okrbridge.application.settling import settled
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

MINUTE = timedelta(minutes=1)
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")


def span(first: float, last: float) -> Interval:
    """Minutes after the middle."""
    return Interval(MIDDLE + first * MINUTE, MIDDLE + last * MINUTE)


class Ticking:
    """Counts a slice a minute as ticks do, and rechecks after each."""

    def __init__(self, late: timedelta = 10 * MINUTE) -> None:
        self.source = TelescopingSource(steady(9.0, 10.0))
        self.bench = Bench(self.source)
        self.parts = replace(self.bench.parts, late=late)
        self.recheck = Recheck(self.parts, definitions(slos=(slo(),)))
        self.minute = 0

    def count(self, until: int) -> None:
        """Tick without a recheck, up to a minute."""
        for minute in range(self.minute + 1, until + 1):
            at = MIDDLE + minute * MINUTE
            with self.parts.storage.reading() as database:
                requests = counting.missing_requests(database.ledger, [API], Interval(MIDDLE, at))
            answers = settled(self.parts, counting.count(self.parts.sources, requests), at)
            with self.parts.storage.transaction() as transaction:
                counting.write(transaction.ledger, answers)
            self.minute = minute

    def go(self, until: int) -> None:
        """Tick and recheck, up to a minute."""
        for minute in range(self.minute + 1, until + 1):
            self.count(minute)
            self.recheck.run(MIDDLE + minute * MINUTE)

    def total(self, first: int, last: int) -> float:
        return self.bench.total(API, span(first, last))


def rereads(ticking: Ticking, at: datetime) -> list[Interval]:
    ticking.source.asked.clear()
    ticking.recheck.run(at)
    return [request.interval for request in ticking.source.asked]


def test_slices_are_read_again_every_five_minutes_when_they_are_ten_minutes_old():
    ticking = Ticking()
    ticking.count(40)
    assert rereads(ticking, MIDDLE + 30 * MINUTE) == [span(10, 20)]
    assert rereads(ticking, MIDDLE + 34 * MINUTE) == []
    assert rereads(ticking, MIDDLE + 35 * MINUTE) == [span(20, 25)]


def test_a_slice_that_was_counted_too_early_is_corrected():
    ticking = Ticking()
    ticking.source.script = steady(4.0, 5.0)
    ticking.count(20)
    assert ticking.total(0, 20) == 100
    ticking.source.script = steady(9.0, 10.0)
    ticking.go(40)
    # From minute 1 on: the first rereading is due at minute 21 and begins ten minutes before its end.
    assert ticking.total(1, 30) == 290


def test_samples_that_come_late_fill_their_gap_and_are_counted_once():
    ticking = Ticking()
    ticking.source.hide(span(12, 18))
    ticking.go(20)
    # The slice at minute 18 holds what was hidden from 12 to 18.
    assert (ticking.total(0, 20), ticking.total(18, 19)) == (200, 70)
    ticking.source.show(span(12, 18))
    ticking.go(40)
    assert (ticking.total(0, 40), ticking.total(18, 19), ticking.total(12, 18)) == (400, 10, 60)


@pytest.mark.parametrize("shown", [(12, 15), (15, 18), (13, 16), (12, 18)])
def test_a_gap_that_is_filled_in_part_keeps_every_event_once(shown: tuple[int, int]):
    ticking = Ticking()
    ticking.source.hide(span(12, 18))
    ticking.go(20)
    ticking.source.show(span(*shown))
    ticking.go(60)
    assert ticking.total(0, 60) == 600


def test_a_gap_is_asked_for_once_an_hour_for_a_day():
    ticking = Ticking()
    ticking.source.hide(span(0, 600))
    ticking.go(120)
    ticking.source.show(span(0, 30))
    ticking.go(190)
    # What is hidden from minute 30 on is seen by nobody yet.
    assert ticking.total(0, 190) == 300


def test_what_the_source_has_lost_stays_counted_and_is_not_counted_again():
    ticking = Ticking()
    ticking.count(20)
    ticking.source.hide(span(5, 8))
    ticking.go(60)
    assert (ticking.total(5, 8), ticking.total(0, 60)) == (30, 600)


def test_nothing_is_read_again_when_it_is_switched_off():
    ticking = Ticking(late=timedelta(0))
    ticking.source.hide(span(2, 4))
    ticking.count(40)
    assert rereads(ticking, MIDDLE + 40 * MINUTE) == []


def test_a_source_that_is_down_is_asked_for_the_same_slices_later():
    ticking = Ticking()
    ticking.count(40)
    rereads(ticking, MIDDLE + 30 * MINUTE)
    ticking.source.failure = SLOW
    assert rereads(ticking, MIDDLE + 35 * MINUTE) == [span(20, 25)]
    assert ticking.total(0, 40) == 400
    ticking.source.failure = None
    assert rereads(ticking, MIDDLE + 36 * MINUTE) == [span(20, 26)]


def test_failing_slis_are_left_alone():
    ticking = Ticking()
    ticking.count(30)
    ticking.source.asked.clear()
    assert ticking.recheck.run(MIDDLE + 30 * MINUTE, skip={API.key}) == 0
    assert ticking.source.asked == []


def test_nothing_is_begun_when_the_next_tick_is_near():
    ticking = Ticking()
    ticking.source.hide(span(3, 8))
    ticking.count(30)
    ticking.source.asked.clear()
    assert ticking.recheck.run(MIDDLE + 30 * MINUTE, lambda: False) == 0
    assert ticking.source.asked == []


def test_gaps_of_many_are_asked_for_in_steps_that_end_when_told(monkeypatch):
    ticking = Ticking()
    for first in (2, 6, 10):
        ticking.source.hide(span(first, first + 2))
    ticking.count(30)
    monkeypatch.setattr("okrbridge.application.recheck.BATCH_CELLS", 1)
    ticking.source.asked.clear()
    goes_on = iter([True, True, False])
    ticking.recheck.run(MIDDLE + 30 * MINUTE, lambda: next(goes_on))
    ends_of_gaps = {span(first, first + 2).end for first in (2, 6, 10)}
    gaps = [request.interval for request in ticking.source.asked if request.interval.end in ends_of_gaps]
    # The newest first, with the five minutes before it; the rest is due at the next tick.
    assert gaps == [span(5, 12)]
    assert span(1, 8) in rereads(ticking, MIDDLE + 31 * MINUTE)


MINUTES = st.integers(1, 40)


@settings(max_examples=40)
@given(
    hidden=st.lists(st.tuples(MINUTES, MINUTES), max_size=4), shown=st.lists(st.tuples(MINUTES, MINUTES), max_size=3)
)
def test_whatever_is_hidden_and_comes_late_is_counted_once(hidden: list[tuple[int, int]], shown: list[tuple[int, int]]):
    ticking = Ticking()
    for ends in hidden:
        ticking.source.hide(span(min(ends), max(ends)))
    ticking.go(50)
    for ends in shown:
        ticking.source.show(span(min(ends), max(ends)))
    ticking.go(120)
    # The slices from minute 40 on are live, so every event is seen by one of them at the latest.
    assert ticking.total(0, 120) == 1200
