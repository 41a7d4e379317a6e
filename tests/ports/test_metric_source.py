"""What every metric source promises, whatever stands behind it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.ports.sources import API, SEARCH, SourceUnderTest, prometheus, scripted, simulated

from okrbridge.application.ports import ValueRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.windows import epoch_seconds

CHOOSY_KINDS = (simulated, pytest.param(prometheus, marks=pytest.mark.integration))
"""Those that cannot count every question."""


@pytest.fixture(scope="module", params=(scripted, *CHOOSY_KINDS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SourceUnderTest]:
    with request.param(tmp_path_factory.mktemp("source")) as case:
        yield case


@pytest.fixture(scope="module", params=CHOOSY_KINDS)
def choosy_case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SourceUnderTest]:
    with request.param(tmp_path_factory.mktemp("source")) as case:
        yield case


def test_each_request_is_answered_once_and_in_order(case: SourceUnderTest):
    requests = [case.counting(3, 5), case.counting(0, 2, SEARCH), case.counting(1, 2), case.counting(3, 5)]
    answers = case.source.count(requests)
    assert [answer.request for answer in answers] == requests
    assert case.source.count([]) == []


def test_each_value_is_answered_once_and_in_order(case: SourceUnderTest):
    query, value = case.one_number
    requests = [ValueRequest(text, case.late) for text in (case.nothing, query, case.refused, query)]
    readings = case.source.values(requests)
    assert [reading.request for reading in readings] == requests
    assert [reading.value for reading in readings] == [None, value, None, value]
    assert case.source.values([]) == []


def test_slices_cover_exactly_the_interval_ascending(case: SourceUnderTest):
    [answer] = case.source.count([case.counting(2, 7, API, SEARCH)])
    start = epoch_seconds(case.first_data)
    assert answer.table.starts.tolist() == [start + 60 * minute for minute in (2, 3, 4, 5, 6)]
    assert answer.table.states.shape == (2, 5)
    assert answer.failures == {}


def test_all_that_has_data_is_measured_and_good_is_a_part_of_total(case: SourceUnderTest):
    [answer] = case.source.count([case.counting(1, 9)])
    assert np.all(answer.table.states == SliceState.MEASURED)
    assert answer.table.total.sum() > 0
    assert np.all((answer.table.good >= 0) & (answer.table.good <= answer.table.total))


def test_a_slice_is_the_same_asked_alone_or_among_others(case: SourceUnderTest):
    [many], [one] = (case.source.count([case.counting(*span)]) for span in ((1, 9), (4, 5)))
    assert (one.table.good[0, 0], one.table.total[0, 0]) == (many.table.good[0, 3], many.table.total[0, 3])


def test_an_sli_counts_the_same_asked_alone_or_with_others(case: SourceUnderTest):
    [together], [alone] = (case.source.count([case.counting(1, 9, *slis)]) for slis in ((SEARCH, API), (API,)))
    assert together.table.total[1].tolist() == alone.table.total[0].tolist()
    assert together.table.good[1].tolist() == alone.table.good[0].tolist()


def test_time_before_any_data_is_a_gap_with_zero_counts(case: SourceUnderTest):
    [answer] = case.source.count([case.counting(-30, -25)])
    assert answer.table.states.tolist() == [[SliceState.GAP] * 5]
    assert answer.table.good.tolist() == answer.table.total.tolist() == [[0.0] * 5]


def test_no_value_is_told_in_a_note_and_is_no_failure(case: SourceUnderTest):
    [reading] = case.source.values([ValueRequest(case.nothing, case.late)])
    assert (reading.value, reading.failure) == (None, None)
    assert reading.note


def test_a_value_has_no_note(case: SourceUnderTest):
    query, value = case.one_number
    [reading] = case.source.values([ValueRequest(query, case.late)])
    assert (reading.value, reading.failure, reading.note) == (value, None, "")


def test_several_series_are_a_failure_and_not_a_number(case: SourceUnderTest):
    [reading] = case.source.values([ValueRequest(case.several_series, case.late)])
    assert reading.value is None
    assert reading.failure is not None
    assert reading.failure.reason == "too_many_series"


def test_a_refused_query_is_an_answer_and_is_not_raised(case: SourceUnderTest):
    [reading] = case.source.values([ValueRequest(case.refused, case.late)])
    assert reading.value is None
    checked = case.source.check_query(case.refused)
    for failure in (reading.failure, checked):
        assert failure is not None
        assert failure.reason == "bad_query"
        assert failure.message


def test_a_query_with_a_value_passes_the_check(case: SourceUnderTest):
    assert case.source.check_query(case.one_number[0]) is None


def test_a_question_that_cannot_be_counted_fails_alone(choosy_case: SourceUnderTest):
    case, wrong = choosy_case, choosy_case.uncountable
    assert wrong is not None
    [together] = case.source.count([case.counting(1, 3, API, wrong, SEARCH)])
    assert {row: failure.reason for row, failure in together.failures.items()} == {1: "bad_query"}
    assert (together.table.states == SliceState.UNKNOWN).all(axis=1).tolist() == [False, True, False]
    answers = case.source.count([case.counting(1, 3), case.counting(1, 3, wrong), case.counting(2, 4)])
    assert [list(answer.failures) for answer in answers] == [[], [0], []]


def test_it_says_what_it_asks_and_how_it_counts(case: SourceUnderTest):
    assert API.total in case.source.counting_query(API)
    assert case.source.counting_method(API)
    assert case.source.name


def test_the_plan_names_every_sli_and_a_method(case: SourceUnderTest):
    planned = case.source.plan([API, SEARCH])
    assert {key for query in planned for key in query.sli_keys} == {API.key, SEARCH.key}
    assert all(query.query and query.method for query in planned)
    assert case.source.plan([]) == []


def test_an_empty_interval_has_no_slices(case: SourceUnderTest):
    [answer] = case.source.count([case.counting(3, 3)])
    assert answer.failures == {}
    assert answer.table.states.shape == (1, 0)


def test_the_end_of_measured_time_leaves_slices_inside_measured_time_alone(case: SourceUnderTest):
    plain = case.counting(4, 6)
    told = replace(plain, measured_until=plain.interval.start)
    [one], [other] = case.source.count([plain]), case.source.count([told])
    assert one.table.total.tolist() == other.table.total.tolist()
