"""The first measured slice after a gap holds the gap's events, once and only once."""

from datetime import datetime, timedelta

from tests.fakes.bench import MIDDLE, Bench
from tests.fakes.definitions import API
from tests.fakes.scripted_source import TelescopingSource, steady

from okrbridge.application import counting
from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.application.settling import known_before, settled
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

MINUTE = timedelta(minutes=1)
WEB = type(API)("web", "prometheus", total="web_total", bad="web_bad")
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")


def span(first: int, last: int) -> Interval:
    """Minutes after the middle."""
    return Interval(MIDDLE + first * MINUTE, MIDDLE + last * MINUTE)


def telescoping(*hidden: Interval) -> Bench:
    """Ten events a slice, nine of them good, read from a counter that is hidden for a while."""
    source = TelescopingSource(steady(9.0, 10.0))
    for interval in hidden:
        source.hide(interval)
    return Bench(source)


def take(bench: Bench, interval: Interval, *slis, until: datetime = MIDDLE + timedelta(days=1)) -> list[Counted]:
    """Ask for what is missing in an interval, settle it and write it; returns what is written."""
    with bench.parts.storage.reading() as database:
        requests = counting.missing_requests(database.ledger, slis or (API,), interval)
    answers = settled(bench.parts, counting.count(bench.parts.sources, requests), until)
    with bench.parts.storage.transaction() as transaction:
        counting.write(transaction.ledger, answers)
    return answers


def test_a_gap_inside_one_answer_needs_no_second_question():
    bench = telescoping(span(10, 20))
    assert len(take(bench, span(0, 30))) == 1
    assert bench.total(API, span(0, 30)) == 300


def test_a_gap_at_the_edge_of_two_chunks_is_settled_when_the_older_one_lands():
    bench = telescoping(span(10, 40))
    take(bench, span(30, 60))
    # 20 live slices of 10 events; what was hidden before them is not known yet.
    assert bench.total(API, span(0, 60)) == 200
    bench.asked()
    take(bench, span(0, 30))
    assert bench.asked() == [(span(0, 30), None), (span(40, 41), MIDDLE + 10 * MINUTE)]
    assert bench.total(API, span(0, 60)) == 600


def test_a_gap_that_fills_a_whole_chunk_is_settled_across_it():
    bench = telescoping(span(10, 50))
    for chunk in (span(40, 60), span(20, 40), span(0, 20)):
        take(bench, chunk)
    assert bench.total(API, span(0, 60)) == 600


def test_a_chunk_between_measured_ones_is_asked_once():
    bench = telescoping()
    for chunk in (span(40, 60), span(20, 40), span(0, 20)):
        take(bench, chunk)
    assert len(bench.asked()) == 3


def test_nothing_is_settled_across_slices_that_are_still_to_be_asked_for():
    bench = telescoping(span(25, 40))
    take(bench, span(30, 60))
    bench.asked()
    take(bench, span(10, 20))
    # 20 to 30 is not known: the slice at 40 must not count what those will count themselves.
    assert bench.asked() == [(span(10, 20), None)]
    take(bench, span(20, 30))
    assert bench.total(API, span(10, 60)) == 500


def test_only_the_slis_that_touch_a_gap_are_asked_again():
    bench = telescoping()
    take(bench, span(30, 60), WEB)
    assert isinstance(bench.source, TelescopingSource)
    bench.source.hide(span(30, 40))
    take(bench, span(30, 60), API)
    *_, settling = take(bench, span(0, 30), API, WEB)
    assert [sli.name for sli in settling.request.slis] == [API.name]
    assert (bench.total(API, span(0, 60)), bench.total(WEB, span(0, 60))) == (600, 600)


def test_when_the_second_question_fails_the_first_answer_is_given_up_for_that_sli_only(monkeypatch):
    bench = telescoping(span(10, 40))
    take(bench, span(30, 60), API, WEB)
    count = bench.source.count

    def failing_the_second(requests):
        bench.source.failing = {"api-requests": SLOW} if requests[0].interval == span(40, 41) else {}
        return count(requests)

    monkeypatch.setattr(bench.source, "count", failing_the_second)
    answers = take(bench, span(0, 30), API, WEB)
    assert answers[0].failures == {0: SLOW}
    assert len(bench.slices(API, span(0, 30))) == 0
    assert bench.total(WEB, span(0, 60)) == 600
    take(bench, span(0, 30), API, WEB)
    assert bench.total(API, span(0, 60)) == 200
    monkeypatch.undo()
    bench.source.failing = {}
    take(bench, span(0, 30), API, WEB)
    assert bench.total(API, span(0, 60)) == 600


def test_nothing_after_the_end_is_asked_again():
    bench = telescoping(span(10, 40))
    take(bench, span(30, 60))
    bench.asked()
    take(bench, span(0, 30), until=MIDDLE + 30 * MINUTE)
    assert bench.asked() == [(span(0, 30), None)]


def test_no_transaction_is_begun_where_no_gap_is_touched(monkeypatch):
    bench = telescoping()
    take(bench, span(30, 60))
    requests = [CountRequest((API,), span(0, 30))]
    monkeypatch.delattr(type(bench.parts.storage), "transaction")
    assert len(settled(bench.parts, bench.source.count(requests), MIDDLE + 60 * MINUTE)) == 1


def test_a_series_that_is_gone_for_good_costs_no_transaction(monkeypatch):
    bench = telescoping(span(10, 60))
    take(bench, span(30, 60), until=MIDDLE + 60 * MINUTE)
    answers = bench.source.count([CountRequest((API,), span(0, 30))])
    monkeypatch.delattr(type(bench.parts.storage), "transaction")
    assert len(settled(bench.parts, answers, MIDDLE + 60 * MINUTE)) == 1


def test_two_answers_with_a_known_gap_between_them_are_settled_together():
    bench = telescoping(span(10, 20))
    take(bench, span(10, 20))
    requests = [CountRequest((API,), span(20, 30)), CountRequest((API,), span(0, 10))]
    answers = settled(bench.parts, counting.count(bench.parts.sources, requests), MIDDLE + 30 * MINUTE)
    with bench.parts.storage.transaction() as transaction:
        counting.write(transaction.ledger, answers)
    assert bench.total(API, span(0, 30)) == 300


def test_slis_are_put_together_by_what_was_measured_before():
    bench = telescoping()
    take(bench, span(0, 10), API)
    take(bench, span(0, 8), WEB)
    with bench.parts.storage.reading() as database:
        requests = list(known_before(database.ledger, (API, WEB), span(10, 20)))
    # WEB lacks 8 to 10, which will count its own events.
    assert [([sli.name for sli in one.slis], one.measured_until) for one in requests] == [
        (["web"], None),
        ([API.name], MIDDLE + 10 * MINUTE),
    ]
