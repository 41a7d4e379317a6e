import numpy as np
import pytest

from okrbridge.domain.anomalies import anomalous, is_anomalous, typical_deviation


def a(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, dtype=np.float64)


@pytest.mark.parametrize(
    ("history", "deviation"),
    [
        ((9, 10, 10, 11, 12), 1),  # 1, 0, 0, 1, 2 from 10
        ((1, 2, 3, 4, 100), 1),  # 2, 1, 0, 1, 97 from 3: one wild value does not matter
        ((0, 0, 0, 0, 5), 1),  # the median deviation is 0, the mean one 5/5
        ((7, 7, 7), 0),
    ],
)
def test_the_typical_deviation_is_the_median_one(history, deviation):
    assert typical_deviation(a(*history)) == deviation


# Usual are 10 - 3 x 1 to 10 + 3 x 1.
@pytest.mark.parametrize(("value", "found"), [(7, False), (13, False), (13.1, True), (6.9, True), (10, False)])
def test_r52_a_value_outside_three_median_deviations_is_anomalous(value, found):
    assert is_anomalous(value, a(9, 10, 10, 11, 12)) is found


def test_after_equal_values_every_other_one_is_anomalous():
    assert is_anomalous(0.9, a(1, 1, 1, 1, 1))
    assert not is_anomalous(1.0, a(1, 1, 1, 1, 1))
    # Rare counts have a mean deviation: 0.4 x 3 = 1.2 away from 0 is usual.
    assert not is_anomalous(1, a(0, 0, 0, 0, 2))
    assert is_anomalous(2, a(0, 0, 0, 0, 2))


def test_a_short_history_judges_nothing():
    assert not is_anomalous(1000, a(1, 2, 3, 4))


def test_a_series_is_judged_by_what_came_before_each_value():
    values = a(9, 10, 10, 11, 12, 14, 10)
    assert anomalous(values).tolist() == [False] * 5 + [True, False]
    assert anomalous(a()).tolist() == []


def test_a_value_that_a_person_excluded_is_still_marked_and_judges_no_other():
    values = a(10, 10, 10, 10, 10, 50, 11)
    excluded = np.arange(7) == 5
    # With 50 in the history the mean deviation is 40/6 = 6.7, without it 0.
    assert anomalous(values).tolist() == [False] * 5 + [True, False]
    assert anomalous(values, excluded).tolist() == [False] * 5 + [True, True]


def test_what_is_long_past_is_no_history():
    values = np.concatenate([np.zeros(10), np.full(10, 5.0), [0.0]])
    # The first 5 after the zeros is anomalous, and a 0 after ten times 5; with all the past it is usual.
    assert anomalous(values, history=10)[[10, 20]].tolist() == [True, True]
    assert not anomalous(values, history=20)[20]
