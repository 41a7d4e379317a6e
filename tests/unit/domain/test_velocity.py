import numpy as np
import pytest

from okrbridge.domain.velocity import (
    Line,
    is_stalled,
    required_velocity,
    theil_sen,
    value_needed,
    velocity,
    velocity_ratio,
)


def a(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, dtype=np.float64)


@pytest.mark.parametrize(
    ("values", "intercept", "slope"),
    [
        ((0, 1, 2, 3), 0, 1),
        ((5, 5, 5, 5), 5, 0),
        # The slopes of the pairs are 1, 50, 1, 99, 1, -97: the median is 1; the values less the line are 0, 0, 98, 0.
        ((0, 1, 100, 3), 0, 1),
        ((34, 36, 35, 37, 39, 38, 41), 34, 1),
        ((800, 770, 720, 690, 640, 600, 560), 800, -40),
    ],
)
def test_the_robust_line_goes_through_most_points(values, intercept, slope):
    line = theil_sen(np.arange(float(len(values))), a(*values))
    assert line == Line(intercept, slope)
    assert line.at(10) == intercept + 10 * slope


def test_points_at_one_instant_have_no_slope_between_them():
    # Pairs apart in time: (0, 0)-(1, 1), (0, 0)-(1, 3): slopes 1 and 3.
    assert theil_sen(a(0, 1, 1), a(0, 1, 3)).slope == 2
    with pytest.raises(ValueError, match="two instants"):
        theil_sen(a(1, 1), a(0, 1))


def test_velocity_is_progress_a_week_and_unknown_below_two_points():
    assert velocity(a(0, 2, 4), a(0, 0.1, 0.2)) == pytest.approx(0.05)
    assert velocity(a(0, 1), a(0.2, 0.1)) == pytest.approx(-0.1)
    assert velocity(a(3), a(0.5)) is None
    assert velocity(a(), a()) is None


@pytest.mark.parametrize(
    ("progress", "goal", "weeks_left", "required"),
    [
        (0.4, 1.0, 6, 0.1),  # 0.6 / 6
        (0.4, 0.7, 6, 0.05),  # 0.3 / 6
        (-0.2, 1.0, 6, 0.2),  # regression has to be made up for
        (1.0, 1.0, 6, 0.0),
        (1.2, 1.0, 0, 0.0),  # reached, whatever time is left
        (0.4, 1.0, 0, None),
        (0.4, 1.0, -1, None),
    ],
)
def test_required_velocity_is_what_is_missing_over_the_weeks_left(progress, goal, weeks_left, required):
    found = required_velocity(progress, goal, weeks_left)
    assert found == (None if required is None else pytest.approx(required))


@pytest.mark.parametrize(
    ("found", "required", "ratio"),
    [(0.05, 0.1, 0.5), (-0.05, 0.1, -0.5), (0.0, 0.1, 0.0), (0.1, 0.0, None), (None, 0.1, None), (0.1, None, None)],
)
def test_the_ratio_of_velocities_is_unknown_where_nothing_is_required_or_known(found, required, ratio):
    assert velocity_ratio(found, required) == ratio


# (12 - v) / 9, the way from 12 to 3 incidents.
INCIDENTS = (12 - a(12, 12, 11, 13, 12, 11, 12)) / 9
WEEKS = np.arange(7.0)


@pytest.mark.parametrize(
    ("weeks", "progress", "elapsed", "stalled"),
    [
        (WEEKS, INCIDENTS, 0.5, True),
        (WEEKS, INCIDENTS, 0.49, False),  # too early in the period
        (WEEKS, WEEKS / 13, 0.5, False),  # it moves
        (WEEKS, -WEEKS / 13, 0.5, True),  # backwards is not forwards
        (WEEKS, np.minimum(WEEKS, 2) / 13, 0.5, True),  # it moved, and stands since week 2
        (WEEKS, np.minimum(WEEKS, 3) / 13, 0.5, True),  # one step, from week 2 to 3: 6 of 10 pairs are level
        (WEEKS, np.minimum(WEEKS, 4) / 13, 0.5, False),  # two steps: 7 of 10 pairs rise
        (WEEKS[:4], INCIDENTS[:4], 0.5, False),  # three weeks of points are not four
        (WEEKS, np.ones(7), 0.5, False),  # it has arrived
        (a(), a(), 0.5, False),
    ],
)
def test_r51_nothing_moving_for_four_weeks_in_the_second_half_is_stalled(weeks, progress, elapsed, stalled):
    assert is_stalled(weeks, progress, elapsed) is stalled


def test_what_reached_its_aspirational_goal_is_not_stalled():
    assert not is_stalled(WEEKS, np.full(7, 0.7), 0.6, goal_ratio=0.7)


def test_r46_the_value_needed_today_lies_on_the_plan():
    # 62 + 16 x 0.375 = 68; 800 - 600 x 0.5 = 500.
    assert value_needed(62, 78, 3 / 8) == 68
    assert value_needed(800, 200, 0.5) == 500
    assert value_needed(62, 78, 0) == 62
