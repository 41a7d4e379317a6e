"""What a key result's period has spent of an SLO's budget, by each way of budgeting."""

from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import CYCLE, START, slo

from okrbridge.application.period_budgets import period_consumed_ratio, period_formula
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.slo import Budgeting, Slo, TimeSlices
from okrbridge.domain.windows import RollingWindow

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MIDDLE = START + 45 * DAY  # the cycle has 90 days


def made(**given: Any) -> Slo:
    return Slo("api", "api", slo().sli, 0.99, RollingWindow(30 * DAY), **given)


def counts(bad: float, total: float, in_force: timedelta = 45 * DAY) -> WindowCounts:
    return WindowCounts(total - bad, total, in_force, in_force)


@pytest.mark.parametrize(
    ("given", "found", "spent", "numbers"),
    [
        # Half of the period, 2 % bad of 1 % allowed: 0.5 x 2
        ({}, counts(20, 1000), 1.0, "0.5 x (1 - 980 / 1000) / 0.01"),
        # 5 in 30 days are 15 in 90
        ({"count_budget": 5.0}, counts(3, 1000), 0.2, "3 / 15"),
        # 90 days have 129,600 minutes, of which 1,296 may be bad
        (
            {"budgeting": Budgeting.TIMESLICES, "time_slices": TimeSlices(MINUTE, 0.9)},
            counts(324, 64_000),
            0.25,
            "324 / (0.01 x 129600)",
        ),
        # 10 of the 45 days are left out: 80 days of 5 minutes are 23,040, of which 230.4 may be bad
        (
            {"budgeting": Budgeting.TIMESLICES, "time_slices": TimeSlices(5 * MINUTE, 0.9)},
            counts(57.6, 10_000, in_force=35 * DAY),
            0.25,
            "57.6 / (0.01 x 23040)",
        ),
    ],
)
def test_each_way_of_budgeting_spends_the_periods_budget(given, found, spent, numbers):
    asked = (made(**given), found, CYCLE.interval, MIDDLE)
    assert period_consumed_ratio(*asked) == pytest.approx(spent)
    assert period_formula(*asked)[1] == numbers
