from datetime import timedelta
from typing import Any

import pytest

from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Budgeting, Slo, SloState, TimeSlices, slo_state
from okrbridge.domain.windows import RollingWindow

API = Sli(name="api", source="prometheus", total="t", bad="b")


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5, -0.1, 99.9, float("nan")])
def test_a_target_must_lie_between_0_and_1(target):
    with pytest.raises(ValueError, match="not between 0 and 1"):
        Slo(name="api", service="api", sli=API, target_ratio=target, window=RollingWindow(timedelta(days=30)))


def test_a_target_of_one_goes_with_a_count_budget():
    whole = Slo("api", "api", API, 1.0, RollingWindow(timedelta(days=30)), count_budget=5)
    assert whole.count_budget == 5


@pytest.mark.parametrize(
    ("budgeting", "slices"),
    [
        (Budgeting.OCCURRENCES, TimeSlices(timedelta(minutes=1), 0.9)),
        (Budgeting.TIMESLICES, None),
        (Budgeting.RATIO_TIMESLICES, None),
    ],
)
def test_time_slices_belong_to_their_methods(budgeting, slices):
    with pytest.raises(ValueError, match="time slices belong to"):
        Slo("api", "api", API, 0.9, RollingWindow(timedelta(days=1)), budgeting=budgeting, time_slices=slices)


# Each row makes one more thing wrong, from the mildest to the one that hides all others.
@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, SloState.OK),
        ({"is_burning": True}, SloState.BURNING),
        ({"budget_remaining_ratio": 0.0}, SloState.EXHAUSTED),
        ({"budget_remaining_ratio": -3.0}, SloState.EXHAUSTED),
        ({"total": 0.0}, SloState.NO_TRAFFIC),
        ({"is_stale": True}, SloState.STALE),
        ({"coverage_ratio": 0.0}, SloState.NO_DATA),
        ({"failed": True}, SloState.ERROR),
        ({"consistent": False}, SloState.INVALID),
    ],
)
def test_each_fact_alone_gives_its_state(facts, state):
    assert slo_state(**(_fine() | facts)) is state


def _fine() -> dict[str, Any]:
    return {
        "failed": False,
        "consistent": True,
        "coverage_ratio": 1.0,
        "is_stale": False,
        "total": 1000.0,
        "budget_remaining_ratio": 0.5,
        "is_burning": False,
    }


def test_what_makes_numbers_doubtful_comes_before_what_they_say():
    wrong: list[tuple[dict[str, Any], SloState]] = [
        ({"is_burning": True}, SloState.BURNING),
        ({"budget_remaining_ratio": -1.0}, SloState.EXHAUSTED),
        ({"total": 0.0}, SloState.NO_TRAFFIC),
        ({"is_stale": True}, SloState.STALE),
        ({"coverage_ratio": 0.0}, SloState.NO_DATA),
        ({"failed": True}, SloState.ERROR),
        ({"consistent": False}, SloState.INVALID),
    ]
    facts = _fine()
    for change, state in wrong:
        facts |= change
        assert slo_state(**facts) is state
