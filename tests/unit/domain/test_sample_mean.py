"""Means of samples: how far the numbers lie apart, and how far off the mean of all may be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.sample_mean import mean_interval, sample_deviation, student_t

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)


def test_the_deviation_divides_by_one_less_than_the_numbers():
    # The mean of 40, 44 and 48 is 44: (16 + 0 + 16) / 2 = 16.
    assert sample_deviation([40.0, 44.0, 48.0]) == 4.0
    assert sample_deviation([7.0, 7.0]) == 0.0


@pytest.mark.parametrize("numbers", [[], [5.0], [1e308, -1e308], [math.inf, 1.0], [math.nan, 1.0]])
def test_what_has_no_spread_has_no_deviation(numbers: list[float]):
    assert sample_deviation(numbers) is None


# Student's table as every textbook prints it, two-sided 95 %.
@pytest.mark.parametrize(
    ("freedom", "t"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365), (8, 2.306), (9, 2.262),
     (10, 2.228), (11, 2.201), (15, 2.131), (20, 2.086), (29, 2.045), (60, 2.000), (120, 1.980), (1_000_000, 1.960)],
)  # fmt: skip
def test_student_s_t_is_that_of_the_table(freedom: int, t: float):
    assert student_t(freedom) == pytest.approx(t, abs=0.0005)


@pytest.mark.parametrize("freedom", range(1, 60))
def test_student_s_t_leaves_one_in_twenty_outside(freedom: int):
    # Abramowitz and Stegun 26.7.3 and 26.7.4: the mass between -t and t in closed form.
    assert _mass_within(student_t(freedom), freedom) == pytest.approx(0.95, abs=2e-6)


def _mass_within(t: float, freedom: int) -> float:
    angle = math.atan(t / math.sqrt(freedom))
    is_odd = freedom % 2
    term = total = math.cos(angle) if is_odd else 1.0
    for below in range(3 if is_odd else 2, freedom - 1, 2):
        term *= (below - 1) / below * math.cos(angle) ** 2
        total += term
    if not is_odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))


def test_r114_twelve_answers_hold_the_mean_within_four_points():
    # 2.2010 x 6 / sqrt(12) = 3.8122 on either side of 44.
    low, high = mean_interval(44.0, 6.0, 12)
    assert (round(low, 4), round(high, 4)) == (40.1878, 47.8122)


def test_equal_answers_leave_no_width():
    assert mean_interval(-0.0, 0.0, 5) == (0.0, 0.0)
    assert not math.copysign(1.0, mean_interval(-0.0, 0.0, 5)[0]) < 0


def test_one_answer_has_no_interval():
    with pytest.raises(ValueError, match="degrees of freedom"):
        mean_interval(44.0, 6.0, 1)


@given(numbers=NUMBERS, more=st.integers(1, 100))
def test_more_answers_of_the_same_spread_never_widen_it(numbers: list[float], more: int):
    deviation, count = sample_deviation(numbers), len(numbers)
    assert deviation is not None
    few, many = mean_interval(0.0, deviation, count), mean_interval(0.0, deviation, count + more)
    assert few[0] <= many[0] <= many[1] <= few[1]
