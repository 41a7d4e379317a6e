import numpy as np
import pytest

from okrbridge.domain.target_history import is_within_noise, noise_band, noise_of, past_improvements, target_difficulty


def a(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, dtype=np.float64)


def test_past_improvements_are_made_over_windows_of_one_length():
    # Week 2 against week 0: 100 - 95; week 3 against week 1: 98 - 95.
    falling = a(100, 98, 95, 95)
    assert past_improvements(np.arange(4.0), falling, 2, wants_high=False).tolist() == [5, 3]
    assert past_improvements(np.arange(4.0), falling, 2, wants_high=True).tolist() == [-5, -3]


def test_a_window_begins_with_the_last_value_a_whole_length_before():
    # Week 5 looks at week 3 or before: at week 1. Weeks 0 and 1 have nothing two weeks before them.
    assert past_improvements(a(0, 1, 5), a(0, 1, 10), 2, wants_high=True).tolist() == [9]


def test_a_history_shorter_than_a_window_holds_none():
    assert past_improvements(np.arange(3.0), a(1, 2, 3), 13, wants_high=True).tolist() == []
    assert target_difficulty(10, 12, a()) is None


def test_r53_a_target_is_told_as_a_percentile_of_past_improvements():
    # Six months: 26 weeks and one; a cycle of 13 weeks fits 14 times, and the gains are 13 x 0.5 = 6.5 each time.
    weeks = np.arange(27.0)
    steady = past_improvements(weeks, 50 + 0.5 * weeks, 13, wants_high=True)
    assert len(steady) == 14
    easy, even, hard = (target_difficulty(63, target, steady) for target in (66, 69.5, 73))
    assert [one.percentile for one in (easy, even, hard) if one] == [0, 0.5, 1]


def test_a_percentile_counts_equal_improvements_half():
    past = a(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    found = target_difficulty(100, 95, past)
    assert found is not None
    # 1 to 4 are smaller, 5 is equal: 4.5 of 10.
    assert (found.needed, found.percentile, found.windows) == (5, 0.45, 10)
    # The median gain is 5.5, the 90th percentile 9.1: down from 100.
    assert (found.typical, found.stretch) == pytest.approx((94.5, 90.9))


LATENCY = a(400, 396, 404, 400, 396, 404, 400)


def test_the_noise_of_a_history_is_measured_around_its_trend():
    # All pairs' slopes have the median 0; 0, 4, 4, 0, 4, 4, 0 from 400: MAD 4.
    assert noise_of(LATENCY) == pytest.approx(4)
    # A steady trend is no noise.
    assert noise_of(LATENCY + 10 * np.arange(7)) == pytest.approx(4, rel=0.2)
    assert noise_of(a(1, 2, 3)) is None


def test_the_noise_band_is_one_standard_deviation():
    assert noise_band(4.0) == pytest.approx(1.4826 * 4)
    assert noise_band(0.0) == 0


@pytest.mark.parametrize(
    ("baseline", "target", "history", "within"),
    [
        (400, 395, LATENCY, True),  # 5 against 1.4826 x 4 = 5.93
        (400, 390, LATENCY, False),  # 10: latency -2.5 %
        (400, 390, a(400, 401, 399, 400, 401, 399, 400), False),  # MAD 1: the band is 1.48
        # Load time -0.25 % is 0.005 s; 0, 0.02, 0.02, 0, 0.02, 0.02 from 2.000: MAD 0.02, the band is 0.030.
        (2.000, 1.995, a(2.0, 2.02, 1.98, 2.0, 1.98, 2.02), True),
        (400, 399, a(400, 400, 400, 400), False),  # no noise at all
    ],
)
def test_r162_a_target_within_the_noise_of_its_baseline_is_found(baseline, target, history, within):
    noise = noise_of(history)
    assert noise is not None
    assert is_within_noise(target - baseline, noise) is within
