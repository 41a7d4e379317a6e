import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.significance import (
    block_means,
    carry_over,
    compare_shares,
    compare_values,
    trend_evidence,
    wilson_interval,
)


def a(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, dtype=np.float64)


def test_r84_a_comparison_names_its_test_n_effect_interval_and_p_value():
    # Mixed orders, so that neighbours do not resemble each other: r is negative, and nothing is widened.
    # U = 25 of 25: z = (25 - 12.5 - 0.5) / sqrt(25 x 11 / 12 = 22.917) = 12 / 4.787 = 2.507: p = 2 x 0.00609.
    found = compare_values(a(1, 5, 2, 4, 3), a(6, 10, 7, 9, 8))
    assert found is not None
    assert found.test.startswith("Mann-Whitney U")
    assert (found.n_before, found.n_after, found.effect, found.correlation_factor) == (5, 5, 5, 1)
    assert found.p_value == pytest.approx(0.01219, abs=1e-5)
    # The differences are 1, 2 x 2, 3 x 3, 4 x 4, 5 x 5, 4 x 6, ... 9: of 25, floor(12.5 - 1.96 x 4.787) = 3 are
    # left out on either side, so the interval runs from the fourth, 3, to the fourth from the end, 7.
    assert (found.effect_low, found.effect_high) == (3, 7)
    assert found.is_significant


def test_equal_values_are_no_difference():
    found = compare_values(np.full(6, 5.0), np.full(6, 5.0))
    assert found is not None
    assert (found.effect, found.effect_low, found.effect_high, found.p_value) == (0, 0, 0, 1)
    assert not found.is_significant


def test_ties_shrink_the_variance():
    # 0, 0, 0, 0, 1 and 1, 1, 1, 1, 0 hold five 0 and five 1: t^3 - t = 120 twice, 240 / 90 = 2.667;
    # variance 25/12 x (11 - 2.667) = 17.36. U: 4 zeros beat by 4 ones 16, ties 4 x 1 + 1 x 4 = 8 halves: 20.
    # z = (20 - 12.5 - 0.5) / 4.167 = 1.680: p = 0.0930.
    found = compare_values(a(0, 0, 1, 0, 0), a(1, 1, 0, 1, 1))
    assert found is not None
    assert found.correlation_factor == 1
    assert found.p_value == pytest.approx(0.0930, abs=5e-5)


def test_too_few_values_are_not_compared():
    assert compare_values(a(1, 2, 3, 4), a(5, 6, 7, 8, 9)) is None


def test_neighbours_that_resemble_each_other_weaken_the_evidence():
    swinging = compare_values(a(1, 5, 2, 4, 3), a(4, 8, 5, 7, 6))
    lasting = compare_values(a(1, 2, 3, 4, 5), a(4, 5, 6, 7, 8))
    assert swinging is not None
    assert lasting is not None
    assert lasting.effect == swinging.effect == 3
    # -2, -1, 0, 1, 2: lag-1 products 2 + 0 + 0 + 2 over 10 = 0.4, and 1/5 for the bias: (1 + 0.6) / (1 - 0.6) = 4.
    assert lasting.correlation_factor == pytest.approx(4)
    assert lasting.p_value > swinging.p_value


def test_where_days_resemble_each_other_too_much_there_is_no_interval():
    # Each side rises by one a day: r reaches 0.9 at most, a factor up to 19. With 20 and 20 values r is
    # 0.85 + 0.05 = 0.9: 400 / 2 - 1.96 x sqrt(400 x 41 / 12 x 19) = 200 - 316 is below 0: nothing bounds the shift.
    found = compare_values(np.arange(20.0), np.arange(20.0) + 30)
    assert found is not None
    assert found.correlation_factor == pytest.approx(19, rel=0.02)
    assert (found.effect, found.effect_low, found.effect_high) == (30, None, None)


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ((1, -1, 1, -1), 1),  # swinging is no carry-over
        ((3, 3, 3), 1),  # nor is standing still
        ((-1, -1, 1, 1), 3),  # (1 - 1 + 1) / 4 + 1/4 = 0.5: 1.5 / 0.5
    ],
)
def test_carry_over_widens_by_what_neighbours_share(values, factor):
    assert carry_over(a(*values)) == pytest.approx(factor)


def test_values_of_a_day_count_as_one():
    assert block_means(a(0, 12, 30), a(1, 3, 5), 24).tolist() == [2, 5]
    # Ten times the same day is one day.
    assert compare_values(block_means(np.arange(10.0), np.arange(10.0), 24), a(1, 2, 3, 4, 5)) is None


@pytest.mark.parametrize(
    ("values", "z"),
    [
        # 19 rising and 2 falling pairs: (17 - 1) / sqrt(7 x 6 x 19 / 18).
        ((34, 36, 35, 37, 39, 38, 41), 2.4030),
        ((4, 3, 2, 1), -1.6984),  # (-6 + 1) / sqrt(4 x 3 x 13 / 18 = 8.667)
        # 7 rise, 4 fall: S = 3. Three 1 and two 2: (6 x 5 x 17 - 3 x 2 x 11 - 2 x 1 x 9) / 18 = 23.667: 2 / 4.865.
        ((0, 2, 1, 1, 2, 1), 0.4111),
        ((5, 5, 5, 5), 0),
        ((1, 2, 1), 0),
    ],
)
def test_the_evidence_of_a_trend_counts_rising_pairs(values, z):
    assert trend_evidence(a(*values)) == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize(
    ("good", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # 3.8415 / 13.8415
        (10, 10, 0.7225, 1.0),
        # (0.8 + 1.92073/100 +- 1.96 x sqrt(0.0016 + 0.0000960)) / 1.038415 = (0.819207 +- 0.080719) / 1.038415.
        (80, 100, 0.7112, 0.8666),
        (6, 12, 0.2538, 0.7462),  # twelve answers say little
    ],
)
def test_the_interval_of_a_share_stays_within_0_and_1(good, total, low, high):
    assert wilson_interval(good, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("good", "total"), [(0, 0), (2, 1), (-1, 5)])
def test_what_is_no_share_is_refused(good, total):
    with pytest.raises(ValueError, match="is no share"):
        wilson_interval(good, total)


def test_r84_two_shares_are_compared_by_their_counts():
    # Pooled 170/200 = 0.85: sqrt(0.85 x 0.15 x 0.02) = 0.050498; z = 0.1 / 0.050498 = 1.9803: p = 0.0477.
    found = compare_shares(80, 100, 90, 100)
    assert found.test == "two-proportion z (pooled)"
    assert (found.n_before, found.n_after) == (100, 100)
    assert found.effect == pytest.approx(0.1)
    assert found.p_value == pytest.approx(0.0477, abs=5e-5)
    # Wilson: 0.7112 to 0.8666 and 0.8256 to 0.9448. Newcombe: 0.1 - sqrt(0.0744^2 + 0.0666^2) = 0.0001,
    # 0.1 + sqrt(0.0448^2 + 0.0888^2) = 0.1995.
    assert found.effect_low == pytest.approx(0.0001, abs=2e-4)
    assert found.effect_high == pytest.approx(0.1995, abs=2e-4)


def test_few_events_are_compared_exactly():
    # 1 of 10 and 8 of 10: nine rarer ones of twenty. C(10,k) C(10,9-k) over C(20,9) = 167960: k = 1 has 10 x 45 = 450,
    # k = 0 has 10; as unlikely on the other side are k = 8 (450) and k = 9 (10): 920 / 167960 = 0.005477.
    found = compare_shares(1, 10, 8, 10)
    assert found.test == "Fisher's exact"
    assert found.p_value == pytest.approx(920 / 167960)
    # Counting the other outcome changes nothing.
    assert compare_shares(9, 10, 2, 10).p_value == pytest.approx(920 / 167960)


def test_the_same_perfect_share_is_no_difference():
    found = compare_shares(50, 50, 70, 70)
    assert (found.effect, found.p_value) == (0, 1)


COUNTS = st.tuples(st.integers(0, 2000), st.integers(1, 2000)).map(lambda pair: (min(pair), pair[1]))


@given(COUNTS, COUNTS)
def test_an_effect_lies_in_its_interval_and_a_p_value_between_0_and_1(before, after):
    found = compare_shares(*before, *after)
    assert found.effect_low is not None
    assert found.effect_high is not None
    assert found.effect_low <= found.effect + 1e-12
    assert found.effect <= found.effect_high + 1e-12
    assert 0 <= found.p_value <= 1


@given(st.lists(st.integers(-50, 50), min_size=5, max_size=20), st.lists(st.integers(-50, 50), min_size=5, max_size=20))
def test_before_and_after_exchanged_turn_the_effect_around(one, other):
    before, after = a(*one), a(*other)
    there, back = compare_values(before, after), compare_values(after, before)
    assert there is not None
    assert back is not None
    assert there.effect == -back.effect
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.effect_low is None) == (there.effect_high is None) == (back.effect_low is None)
    if there.effect_low is not None and there.effect_high is not None:
        assert there.effect_low <= there.effect <= there.effect_high
