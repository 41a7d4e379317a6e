from datetime import timedelta

import numpy as np
import pytest

from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate, exceeds


@pytest.mark.parametrize(
    ("bad", "total", "target", "burn"),
    [
        (20, 10_000, 0.999, 2.0),  # 0.20 % over 0.1 %
        (21, 10_000, 0.999, 2.1),
        (10, 10_000, 0.9995, 2.0),  # 0.1 % over 0.05 %
        (10_000, 10_000, 0.999, 1000.0),  # all bad: 1 / 0.001
        (0, 10_000, 0.999, 0.0),
        (144, 10_000, 0.999, 14.4),
    ],
)
def test_burn_is_the_error_ratio_in_multiples_of_the_budget(bad, total, target, burn):
    assert burn_rate(bad, total, target) == pytest.approx(burn)


def test_no_traffic_burns_nothing():
    assert burn_rate(0.0, 0.0, 0.999) == 0


@pytest.mark.parametrize(
    ("bad", "total", "target", "factor", "pages"),
    [
        (20, 10_000, 0.999, 2.0, False),  # 2.0 is not above 2
        (21, 10_000, 0.999, 2.0, True),  # 2.1 is
        (10, 10_000, 0.9995, 2.0, False),  # exactly 2.0, whatever 1 - 0.9995 is in floats
        (144, 10_000, 0.999, 14.4, False),
        (145, 10_000, 0.999, 14.4, True),
        (10, 10_000, 0.999, 1.0, False),
    ],
)
def test_a_burn_must_be_above_the_factor(bad, total, target, factor, pages):
    assert exceeds(burn_rate(bad, total, target), factor) is pages


def test_float_noise_above_a_factor_is_no_excess():
    # A factor met exactly, computed with noise on either side, never pages: 1e-9 of it is forgiven.
    for target in (0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999):
        bad = 2 * (1 - target) * 10_000_000
        assert not exceeds(burn_rate(bad, 10_000_000.0, target), 2.0)


def test_an_unknown_burn_exceeds_nothing():
    assert not exceeds(float("nan"), 1.0)


def test_arrays_burn_entry_by_entry():
    burn = burn_rate(np.array([2.0, 0.0, 0.0]), np.array([1000.0, 1000.0, 0.0]), np.full(3, 0.999))
    assert burn.tolist() == pytest.approx([2.0, 0.0, 0.0])


def test_a_float_burns_to_a_plain_float():
    assert type(burn_rate(1.0, 2.0, 0.9)) is float


def test_the_burn_windows_bear_the_names_of_their_lengths():
    assert BURN_WINDOWS["1h"] == timedelta(hours=1)
    assert list(BURN_WINDOWS.values()) == sorted(BURN_WINDOWS.values())
