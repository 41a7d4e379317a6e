import pytest
from tests.unit.domain.corpus import ROWS
from tests.unit.domain.okr_examples import progress_at

from okrbridge.domain.key_results import Operator
from okrbridge.domain.shares import Member, Share, share_of


def test_r23_two_of_three_incidents_were_restored_under_15_minutes():
    # The mean of 9, 14 and 22 is 15, which tells neither.
    found = share_of({"i-1": 9.0, "i-2": 14.0, "i-3": 22.0}, Operator.LT, 15.0)
    assert (found.good, found.total, found.ratio) == (2, 3, 2 / 3)
    assert found.missing == ("i-3",)
    assert found.worst == Member("i-3", 22.0)


def test_an_incident_of_exactly_15_minutes_is_not_under_15():
    assert share_of({"i-1": 15.0}, Operator.LT, 15.0).ratio == 0
    assert share_of({"i-1": 15.0}, Operator.LE, 15.0).ratio == 1


def test_r28_47_of_50_repositories_and_the_missing_are_named():
    members = {f"repo-{number:02}": float(number not in {7, 19, 42}) for number in range(1, 51)}
    found = share_of(members)
    assert (found.good, found.total, found.ratio) == (47, 50, 0.94)
    assert found.missing == ("repo-07", "repo-19", "repo-42")
    assert found.worst == Member("repo-07", 0.0)  # of equals the first by name


def test_r173_9_of_10_postmortems_are_in_time_and_one_not_yet_due_is_neither_good_nor_missing():
    # 9 of 10 in time, and an incident 2 days old: 9/10, not 9/11.
    members: dict[str, float | None] = {f"i-{number}": float(number != 4) for number in range(1, 11)}
    found = share_of({**members, "i-11": None})
    assert (found.good, found.total, found.ratio) == (9, 10, 0.9)
    assert (found.missing, found.pending) == (("i-4",), ("i-11",))
    assert progress_at(ROWS["K53"].resolved(), found.ratio).ratio == pytest.approx(0.9)


def test_the_worst_is_the_lowest_where_high_is_good():
    assert share_of({"a": 0.5, "b": 0.2, "c": 0.9}, Operator.GE, 0.4).worst == Member("b", 0.2)


def test_an_empty_population_has_no_share():
    assert share_of({}) == Share(0, 0, None, (), (), None)
    assert share_of({"i-1": None}).ratio is None
