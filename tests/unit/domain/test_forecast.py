import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.forecast import Forecast, ForecastMethod, cadence_points, forecast

SEVEN_WEEKS = np.arange(7.0)
DUE = 90 / 7  # a quarter of 90 days, in weeks: 12.857
LATENCY = np.array([800.0, 770, 720, 690, 640, 600, 560])  # to 200 ms
ONBOARDING = np.array([34.0, 36, 35, 37, 39, 38, 41])  # to 65 %
INCIDENTS = np.array([12.0, 12, 11, 13, 12, 11, 12])  # to 3 a month
TREND, DAMPED, SHIFT = ForecastMethod.TREND, ForecastMethod.DAMPED_TREND, ForecastMethod.LEVEL_SHIFT


def made(weeks: Any, values: Any, due: float = DUE, **options: Any) -> Forecast:
    found = forecast(np.asarray(weeks, dtype=float), np.asarray(values, dtype=float), due, **options)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("values", "ends", "line", "value", "progress"),
    [
        # 800 - 40 x 12.857 = 285.71; (285.71 - 800) / -600 = 0.8571.
        (LATENCY, (800, 200), (-40, 800), 285.71, 0.8571),
        # 34 + 12.857 = 46.86; 12.857 / 31 = 0.4147.
        (ONBOARDING, (34, 65), (1, 34), 46.86, 0.4147),
        # No slope: the median of the values.
        (INCIDENTS, (12, 3), (0, 12), 12, 0),
    ],
)
def test_r49_the_median_of_the_worked_series_is_the_robust_lines_projection(values, ends, line, value, progress):
    baseline, target = ends
    way = target - baseline
    as_value = made(SEVEN_WEEKS, values, goal=target, wants_high=way > 0, way=way)
    assert (as_value.slope, as_value.intercept) == line
    assert as_value.p50 == pytest.approx(value, abs=5e-3)
    as_progress = made(SEVEN_WEEKS, (values - baseline) / way)
    assert as_progress.p50 == pytest.approx(progress, abs=5e-5)
    # A forecast is never a bare number.
    assert as_progress.p10 < as_progress.p50 < as_progress.p90
    assert 0 <= as_progress.hit_probability <= 1
    assert as_progress.points == 7


def test_a_forecast_of_values_is_that_of_progress_in_another_unit():
    as_value = made(SEVEN_WEEKS, LATENCY, goal=200, wants_high=False, way=-600)
    as_progress = made(SEVEN_WEEKS, (LATENCY - 800) / -600)
    assert as_value.hit_probability == pytest.approx(as_progress.hit_probability)
    # Fewer milliseconds are more progress: the tenth percentile of one is the ninetieth of the other.
    assert as_value.p10 == pytest.approx(800 - 600 * as_progress.p90)
    assert as_value.p90 == pytest.approx(800 - 600 * as_progress.p10)


def test_a_flat_series_hardly_reaches_a_third_of_the_way():
    # A slope of 0 after half of the cycle must give less than 10 % for a progress of 0.3.
    assert made(SEVEN_WEEKS, (INCIDENTS - 12) / -9, goal=0.3).hit_probability < 0.1


@pytest.mark.parametrize(
    ("weeks", "values", "due"),
    [
        ([0, 1, 2], [0, 0.1, 0.2], 13),  # fewer than four points
        ([], [], 13),
        ([0, 1, 2, 3], [0, 0.1, 0.2, 0.3], 3),  # no time is left
        ([0, 1, 2, 3], [0, 0.1, 0.2, 0.3], 2),
        ([1, 1, 1, 1], [0, 0.1, 0.2, 0.3], 13),  # one instant has no slope
        ([0, 1, 2, 3], [0, 0.1, 0.2, math.nan], 13),
        ([0, 1, 2, 3], [0, 0.1, 0.2, 1e200], 13),  # its square is no float
    ],
)
def test_what_cannot_be_forecast_has_no_forecast(weeks, values, due):
    assert forecast(np.array(weeks, dtype=float), np.array(values, dtype=float), due) is None


def test_four_points_on_a_line_are_followed():
    # 0.1 a week: 1.3 at week 13.
    found = made([0, 1, 2, 3], [0, 0.1, 0.2, 0.3], 13)
    assert found.p50 == pytest.approx(1.3)
    assert found.method is TREND


def test_a_trend_that_chance_could_bring_is_followed_half_heartedly():
    # 0, 3, 1, 3, 2: 6 pairs rise, 3 fall, S = 3; var S = (5 x 4 x 15 - 2 x 1 x 9) / 18 = 15.667; z = 2 / 3.958 =
    # 0.5053, of 1.645 that is 0.3072. The line rises by 0.5 from 0 to 5 at week 10, the last value is 2:
    # 0.3072 x 5 + 0.6928 x 2 = 2.9215.
    found = made(np.arange(5), [0, 3, 1, 3, 2], 10)
    assert (found.slope, found.intercept, found.method) == (0.5, 0, DAMPED)
    assert found.p50 == pytest.approx(2.9215, abs=5e-5)


def test_after_a_jump_the_forecast_is_the_new_level():
    # The line would go on to 2; the two levels leave 0.2 of error.
    found = made(np.arange(8), [0, 0.05, 0, 0.05, 1, 1.05, 1, 1.05], 13)
    assert found.p50 == pytest.approx(1.025)
    assert found.method is SHIFT


def test_the_interval_is_wider_where_other_readings_lie():
    # The last value, 0.4, and the line, 0.857: below the median it may be that the trend ends.
    found = made(SEVEN_WEEKS, (LATENCY - 800) / -600)
    assert found.p50 - found.p10 > found.p90 - found.p50


def test_the_interval_closes_when_the_due_date_comes_near():
    weeks = np.arange(13.0)
    values = weeks / 13 + 0.02 * (-1) ** weeks
    widths = [
        made(weeks[:count], values[:count], 13).p90 - made(weeks[:count], values[:count], 13).p10
        for count in (5, 8, 11)
    ]
    assert all(later < earlier for earlier, later in pairwise(widths))


def test_neighbours_that_resemble_each_other_make_the_interval_wider():
    weeks = np.arange(12.0)
    swinging, lasting = np.tile([0.05, -0.05], 6), np.repeat([0.05, -0.05, 0.05, -0.05], 3)
    one, other = (made(weeks, 0.05 * weeks + noise, 13) for noise in (swinging, lasting))
    assert other.p90 - other.p10 > one.p90 - one.p10


def test_an_aspirational_goal_is_hit_more_easily():
    values = (LATENCY - 800) / -600
    assert made(SEVEN_WEEKS, values, goal=0.7).hit_probability > made(SEVEN_WEEKS, values, goal=1.0).hit_probability


def test_half_of_all_ends_lie_on_either_side_of_the_median():
    values = (LATENCY - 800) / -600
    assert made(SEVEN_WEEKS, values, goal=made(SEVEN_WEEKS, values).p50).hit_probability == pytest.approx(0.5)
    assert made(SEVEN_WEEKS, values, goal=made(SEVEN_WEEKS, values).p90).hit_probability == pytest.approx(0.1)
    assert made(SEVEN_WEEKS, values, goal=made(SEVEN_WEEKS, values).p10).hit_probability == pytest.approx(0.9)


def test_one_forecast_is_like_the_other():
    assert made(SEVEN_WEEKS, ONBOARDING) == made(SEVEN_WEEKS, ONBOARDING)


def test_a_value_that_never_moves_where_nothing_is_known_of_the_way_is_certain():
    found = made([0, 1, 2, 3], [5, 5, 5, 5], 13, goal=5, way=0)
    assert (found.p10, found.p50, found.p90, found.hit_probability) == (5, 5, 5, 1)
    assert made([0, 1, 2, 3], [5, 5, 5, 5], 13, goal=4, wants_high=False, way=0).hit_probability == 0


def points(weeks: Any, cadence: float = 1.0) -> tuple[list[float], list[float]]:
    found, values = cadence_points(np.array(weeks, dtype=float), np.arange(float(len(weeks))), cadence)
    return found.tolist(), values.tolist()


def test_each_cadence_period_gives_its_last_value():
    assert points([0, 0.5, 1, 2.9, 3, 3.5]) == ([0.5, 1, 2.9, 3.5], [1, 2, 3, 5])
    assert points([0, 1, 2, 3, 4, 5, 6, 7], cadence=2) == ([1, 3, 5, 7], [1, 3, 5, 7])


def test_below_four_periods_each_day_gives_its_last_value():
    # The days 0, 0.5, 3, 7 and 8 lie in two weeks.
    days = np.array([0, 0.5, 3, 7, 8])
    found, values = points(days / 7)
    assert (np.array(found) * 7).tolist() == pytest.approx([0.5, 3, 7, 8])
    assert values == [1, 2, 3, 4]


def test_a_day_that_floats_put_a_hair_before_its_beginning_is_a_day_of_its_own():
    days = np.arange(14) / 7
    assert points(days)[1] == list(range(14))


def test_points_are_taken_in_the_order_of_time_and_without_what_is_no_number():
    weeks, values = np.array([3.0, 0, 2, 1, 4, 5]), np.array([0.3, 0, 0.2, 0.1, math.nan, math.inf])
    found = cadence_points(weeks, values)
    assert [each.tolist() for each in found] == [[0, 1, 2, 3], [0, 0.1, 0.2, 0.3]]


def test_no_measurement_gives_no_point():
    assert points([]) == ([], [])


SERIES = st.lists(st.floats(-100, 100).map(lambda value: round(value, 3)), min_size=4, max_size=30)


@given(SERIES, st.floats(0.01, 30), st.floats(-2, 2), st.floats(0, 10))
def test_every_forecast_is_finite_and_in_order(values, left, goal, way):
    found = made(np.arange(len(values)), values, len(values) - 1 + left, goal=goal, way=way)
    numbers = (found.slope, found.intercept, found.p10, found.p50, found.p90, found.hit_probability)
    assert all(math.isfinite(number) for number in numbers)
    assert "-0.0" not in {str(number) for number in numbers}
    assert found.p10 <= found.p50 <= found.p90
    assert 0 <= found.hit_probability <= 1


@given(SERIES, st.floats(-2, 2), st.floats(-2, 2))
def test_a_nearer_goal_is_never_less_likely(values, one, other):
    weeks, (near, far) = np.arange(len(values)), sorted((one, other))
    due = len(values) + 3
    assert made(weeks, values, due, goal=near).hit_probability >= made(weeks, values, due, goal=far).hit_probability
