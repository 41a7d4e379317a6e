"""Thresholds, bands and error budgets are forecast by their value; their progress stands at 1 until they break."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.definitions import key_result

from okrbridge.domain.condition_forecast import ConditionForecast, forecast_condition, is_forecast_by_value
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.domain.progress import budget_progress, consumption_at, progress_of
from okrbridge.domain.units import PLAIN

DUE = 13.0
SIX_WEEKS = np.arange(1.0, 7.0)
SPENT = np.array([0.04, 0.08, 0.12, 0.16, 0.2, 0.24])


def condition(kind: KeyResultKind = KeyResultKind.THRESHOLD, **changes: Any) -> KeyResult:
    given: dict[str, Any] = {"unit": PLAIN, "baseline": None, "target": None, "kind": kind}
    return key_result("one", PromqlMeasure("p95", "prometheus"), **(given | changes))


def at_most(limit: float, operator: Operator = Operator.LE) -> KeyResult:
    return condition(target=limit, operator=operator)


def half_of_the_budget() -> KeyResult:
    return condition(KeyResultKind.ERROR_BUDGET, target=0.5)


def made(one: KeyResult, values: Any, **options: Any) -> ConditionForecast:
    series = np.asarray(values, dtype=float)
    progress = np.array([found.ratio for value in series if (found := progress_of(one, float(value)))])
    told = forecast_condition(one, SIX_WEEKS[: len(series)], progress, series, DUE, **options)
    assert told is not None
    return told


def quantiles(told: ConditionForecast) -> tuple[float, float, float]:
    return told.progress.p10, told.progress.p50, told.progress.p90


def test_what_holds_with_room_to_spare_will_hold():
    # 213 of 300 ms: the way is 87, and 7 of 13 weeks are left, so the deviation is 87 x (7/13)^3 = 13.58 and the limit
    # lies 87 / 13.58 = 6.4 of them away.
    told = made(at_most(300), [213] * 6)
    assert told.value.p50 == 213
    assert told.value.p90 == pytest.approx(213 + 1.2816 * 13.582, abs=0.01)
    assert told.progress.hit_probability == pytest.approx(1.0, abs=1e-6)
    assert quantiles(told) == (1, 1, 1)


def test_what_creeps_towards_its_limit_is_expected_to_break_it():
    # 200, 210 .. 250 ms come to 320 in week 13, over 300; its progress was 1 all the time.
    told = made(at_most(300), [200, 210, 220, 230, 240, 250])
    assert told.value.p50 == pytest.approx(320)
    assert told.progress.hit_probability < 0.5
    assert told.progress.p50 == 0
    assert told.progress.slope == 0


def test_a_budget_that_is_spent_too_fast_is_seen_before_it_is_spent():
    # 4 points a week come to 52 % in week 13. Way: median of 0.46 0.42 0.38 0.34 0.3 0.26 = 0.36, so the unforeseen is
    # 0.36 x (7/13)^3 = 0.0562; the last value lies 0.28 below the line: 0.65 x 0.28 = 0.182. Together 0.1905, and the
    # allowance 0.02 / 0.1905 = 0.105 of that below the median.
    told = made(half_of_the_budget(), SPENT)
    assert told.value.p50 == pytest.approx(0.52)
    assert told.progress.hit_probability == pytest.approx(NormalDist().cdf(-0.105), abs=1e-3)
    # (1 - 0.52) / (1 - 0.5) = 0.96 of the way.
    assert told.progress.p50 == pytest.approx(0.96)
    assert told.progress.p10 < told.progress.p50 < told.progress.p90 == 1


def test_an_aspirational_budget_may_go_beyond_its_allowance():
    # 0.7 of the way is kept up to 1 - 0.7 x 0.5 = 0.65, 0.13 above the median of 0.52. Only the unforeseen counts
    # there: the points lie 0.51 from 0.65, and 0.51 x (7/13)^3 = 0.0796.
    told = made(half_of_the_budget(), SPENT, goal=0.7)
    assert told.progress.hit_probability == pytest.approx(NormalDist().cdf(0.13 / 0.0796), abs=1e-3)


def test_a_band_is_left_on_either_side():
    # In the middle of 90 to 110 a limit is 10 away: a deviation of 10 x (7/13)^3 = 1.5612, and both limits
    # lie 6.4 of them away. At 91 the way is 1, so both the lower limit and the deviation are near.
    assert made(condition(KeyResultKind.BAND, low=90, high=110), [100] * 6).progress.hit_probability > 0.999999
    rising = made(condition(KeyResultKind.BAND, low=90, high=110), [95, 98, 101, 104, 107, 110])
    assert rising.value.p50 == pytest.approx(131)
    falling = made(condition(KeyResultKind.BAND, low=90, high=110), [105, 102, 99, 96, 93, 90])
    assert rising.progress.hit_probability == pytest.approx(falling.progress.hit_probability)
    assert rising.progress.hit_probability < 0.25


@pytest.mark.parametrize(("operator", "chance"), [(Operator.LE, 1.0), (Operator.LT, 0.0)])
def test_a_value_that_never_leaves_its_limit_meets_it_or_not(operator: Operator, chance: float):
    assert made(at_most(10, operator), [10] * 6).progress.hit_probability == chance


@pytest.mark.parametrize(
    ("one", "by_value"),
    [
        (at_most(300), True),
        (condition(KeyResultKind.BAND, low=1.0), True),
        (half_of_the_budget(), True),
        (condition(KeyResultKind.COUNT_PER_PERIOD, target=3.0, operator=Operator.LE), True),
        # A start value makes a way; what is maintained moves with its compliance; a way is a way.
        (condition(target=300.0, operator=Operator.LE, baseline=400.0), False),
        (condition(KeyResultKind.MAINTAIN, target=300.0, operator=Operator.LE), False),
        (condition(KeyResultKind.DECREASE, target=200.0, baseline=800.0), False),
    ],
)
def test_only_what_jumps_from_0_to_1_is_forecast_by_its_value(one: KeyResult, by_value: bool):  # noqa: FBT001
    assert is_forecast_by_value(one) is by_value


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0]])
def test_fewer_than_four_points_have_no_forecast(values: list[float]):
    series = np.array(values)
    assert forecast_condition(at_most(300), SIX_WEEKS[: len(values)], series, series, DUE) is None


@pytest.mark.parametrize("one", [condition(target=None, operator=Operator.LE), condition(KeyResultKind.BAND)])
def test_a_limit_that_is_not_known_yet_has_no_forecast(one: KeyResult):
    assert forecast_condition(one, SIX_WEEKS, SPENT, SPENT, DUE) is None


@pytest.mark.parametrize(("limit", "last"), [(1e300, 1.0), (1.7e308, -1.7e308), (1.0, 1e200)])
def test_numbers_beyond_what_floats_can_square_have_no_forecast(limit: float, last: float):
    values = np.append(SPENT[:-1], last)
    assert forecast_condition(at_most(limit), SIX_WEEKS, SPENT, values, DUE) is None


SERIES = st.lists(st.floats(-1000, 1000), min_size=4, max_size=6)


@given(SERIES, st.floats(-1000, 1000), st.sampled_from([Operator.LE, Operator.GE]))
def test_chances_and_progress_stay_within_0_and_1(values: list[float], limit: float, operator: Operator):
    told = made(condition(target=limit, operator=operator), values)
    assert 0 <= told.progress.hit_probability <= 1
    assert told.progress.p10 <= told.progress.p50 <= told.progress.p90
    assert {*quantiles(told)} <= {0.0, 1.0}


@given(SERIES, st.floats(-1000, 1000))
def test_the_mirrored_condition_has_the_same_chance(values: list[float], limit: float):
    high = made(condition(target=limit, operator=Operator.GE), values)
    low = made(at_most(-limit), [-value for value in values])
    assert high.progress.hit_probability == pytest.approx(low.progress.hit_probability, abs=1e-6)


@given(st.floats(0, 1), st.floats(0, 3))
def test_a_consumption_has_the_progress_it_was_asked_for(ratio: float, allowance: float):
    consumed = consumption_at(ratio, allowance)
    # Beyond an allowance of a whole budget, progress falls from 1 at once: to 2 - a.
    expected = max(ratio, 1.0 if consumed <= allowance else ratio)
    assert budget_progress(consumed, allowance).ratio == pytest.approx(expected, abs=1e-9)
