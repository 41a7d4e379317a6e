"""Asking sources for what the ledger lacks, many SLIs at a time."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.fakes.bench import MIDDLE, Bench
from tests.fakes.definitions import API
from tests.fakes.scripted_source import ScriptedSource, steady

from okrbridge.application import counting
from okrbridge.application.ports import CountRequest, SourceFailure, ValueRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

MINUTE = timedelta(minutes=1)
HOUR = Interval(MIDDLE - timedelta(hours=1), MIDDLE)
WEB, EU = replace(API, name="web", total="web_total"), replace(API, name="eu", source="eu")
SLOW = SourceFailure(SourceFailureReason.TIMEOUT, "too slow")


def fill(bench: Bench, interval: Interval, *slis) -> None:
    with bench.parts.storage.transaction() as transaction:
        counting.write(transaction.ledger, bench.source.count([CountRequest(slis, interval)]))
    bench.source.asked.clear()


def missing(bench: Bench, *slis):
    with bench.parts.storage.reading() as database:
        requests = counting.missing_requests(database.ledger, slis, HOUR)
    return [([sli.name for sli in one.slis], one.interval, one.measured_until) for one in requests]


def test_slis_of_one_source_that_lack_the_same_stand_in_one_request():
    assert missing(Bench(), API, WEB, EU) == [
        ([API.name, "web"], HOUR, None),
        (["eu"], HOUR, None),
    ]


def test_an_sli_that_lacks_something_else_has_a_request_of_its_own():
    bench = Bench()
    fill(bench, Interval(HOUR.start, HOUR.end - 5 * MINUTE), API)
    last = HOUR.end - 5 * MINUTE
    assert sorted(missing(bench, API, WEB)) == [
        ([API.name], Interval(last, HOUR.end), last),
        (["web"], HOUR, None),
    ]


def test_nothing_is_asked_for_twice():
    bench = Bench()
    fill(bench, HOUR, API, WEB)
    assert missing(bench, API, WEB) == []


def test_every_source_is_asked_once_and_answers_stand_in_the_order_of_requests():
    here, there = ScriptedSource(steady(1.0, 2.0)), ScriptedSource(steady(3.0, 4.0), name="eu")
    requests = [CountRequest((sli,), HOUR) for sli in (EU, API, replace(EU, name="other"))]
    answers = counting.count({"prometheus": here, "eu": there}, requests)
    assert [answer.request for answer in answers] == requests
    assert [answer.table.total[0, 0] for answer in answers] == [4.0, 2.0, 4.0]
    assert (len(here.asked), len(there.asked)) == (1, 2)


def test_values_of_several_sources_stand_in_the_order_of_requests():
    sources = {
        name: ScriptedSource(steady(1.0, 2.0), readings={"q": value}) for name, value in (("a", 1.0), ("b", 2.0))
    }
    readings = counting.read_values(sources, [(name, ValueRequest("q", MIDDLE)) for name in ("b", "a", "b")])
    assert [reading.value for reading in readings] == [2.0, 1.0, 2.0]


def test_a_failed_sli_is_not_written_and_the_others_are():
    bench = Bench()
    bench.source.failing["web"] = SLOW
    with bench.parts.storage.transaction() as transaction:
        written = counting.write(transaction.ledger, bench.source.count([CountRequest((API, WEB), HOUR)]))
    assert written == 60
    assert len(bench.slices(API, HOUR)) == 60
    assert len(bench.slices(WEB, HOUR)) == 0


def test_rows_are_taken_out_of_an_answer_with_the_reason():
    [answer] = Bench().source.count([CountRequest((API, WEB), HOUR)])
    without = counting.without_rows(answer, [0], {0: SLOW})
    assert without.table.states[0].tolist() == [SliceState.UNKNOWN] * 60
    assert (without.table.total[0].sum(), without.table.total[1].sum()) == (0.0, 600.0)
    assert without.failures == {0: SLOW}
    assert counting.without_rows(answer, []) is answer


@pytest.mark.parametrize("slis", [(API, WEB), (WEB,)])
def test_the_slis_of_a_run_are_those_in_its_rows(slis):
    bench = Bench()
    with bench.parts.storage.reading() as database:
        [run] = database.ledger.missing(counting.keys_of(slis), "prometheus", HOUR)
    assert counting.request_of(run, slis).slis == slis
    assert counting.request_of(replace(run, rows=np.array([0])), slis).slis == slis[:1]


def partly(answer, row: int, column: int):
    """An answer in which one slice of an SLI failed."""
    answer.table.states[row, column] = SliceState.UNKNOWN
    answer.table.good[row, column] = answer.table.total[row, column] = 0.0
    return replace(answer, failures={row: SLOW})


def test_a_slice_that_failed_is_not_written_and_the_others_of_its_sli_are():
    bench = Bench()
    [answer] = bench.source.count([CountRequest((API, WEB), HOUR)])
    with bench.parts.storage.transaction() as transaction:
        assert counting.write(transaction.ledger, [partly(answer, 0, 30)]) == 119
    middle = HOUR.start + 30 * MINUTE
    assert missing(bench, API, WEB) == [([API.name], Interval(middle, middle + MINUTE), middle)]


def test_an_sli_has_failed_when_no_slice_of_it_is_known():
    source = ScriptedSource(steady(1.0, 2.0), failing={"web": SLOW})
    [answer] = source.count([CountRequest((API, WEB), HOUR)])
    assert counting.failed_keys([answer]) == {WEB.key}
    [other] = ScriptedSource(steady(1.0, 2.0)).count([CountRequest((API,), HOUR)])
    assert counting.failed_keys([partly(other, 0, 0)]) == frozenset()
    assert counting.failed_keys([answer, replace(other, request=CountRequest((WEB,), HOUR))]) == frozenset()
