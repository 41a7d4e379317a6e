from datetime import timedelta

import numpy as np
import pytest

from okrbridge.domain.error_budget import (
    allowed_downtime,
    budget_ratio,
    consumed_ratio,
    consumed_to_date,
    error_ratio,
    quotient,
    remaining_ratio,
    sli_ratio,
)


@pytest.mark.parametrize(
    ("target", "days", "minutes"),
    [
        # days x 24 x 60 x 0.001
        (0.999, 30, 43.2),
        (0.999, 90, 129.6),
        (0.999, 91, 131.04),
        (0.999, 92, 132.48),
        # and half of it at 0.0005
        (0.9995, 30, 21.6),
        (0.9995, 90, 64.8),
        (0.9995, 91, 65.52),
        (0.9995, 92, 66.24),
    ],
)
def test_a_budget_is_downtime_that_grows_with_the_window(target, days, minutes):
    allowed = allowed_downtime(target, timedelta(days=days))
    assert allowed / timedelta(minutes=1) == pytest.approx(minutes, rel=1e-6)


@pytest.mark.parametrize(
    ("bad", "total", "target", "consumed"),
    [
        (5, 10_000, 0.999, 0.5),  # 5 of the 10 that 0.001 x 10 000 allow
        (10, 10_000, 0.999, 1.0),
        (15, 10_000, 0.999, 1.5),
        (0, 10_000, 0.999, 0.0),
        (65.52, 91 * 24 * 60, 0.999, 0.5),  # 65.52 minutes down of the 131.04 of a 91-day quarter
        (30, 10_000, 0.99, 0.3),  # 30 of 100
        # One hour of outage by night, 6 a minute, 360 bad; 30 days of 12 h at 6 000 and 12 h at 6 a minute:
        # 30 x 720 x 6 006 = 129 729 600 events allow 129 729.6; 360 / 129 729.6 = 0.002775, not the 139 % of 60 / 43.2.
        (360, 129_729_600, 0.999, 0.002775),
    ],
)
def test_the_budget_consumed_is_bad_events_over_the_bad_events_allowed(bad, total, target, consumed):
    assert consumed_ratio(bad, total, target) == pytest.approx(consumed, rel=1e-4, abs=1e-12)


def test_no_traffic_spends_no_budget_and_has_no_ratio():
    assert consumed_ratio(0.0, 0.0, 0.999) == 0
    assert np.isnan(sli_ratio(0.0, 0.0))
    assert np.isnan(error_ratio(0.0, 0.0))


def test_idle_minutes_change_neither_ratio_nor_budget():
    # 30 days with ten idle minutes: the sums are the same numbers, so is every quotient of them.
    busy = np.full(43_200, 100.0)
    idle = busy.copy()
    idle[:10] = 0
    assert consumed_ratio(0.001 * idle.sum(), idle.sum(), 0.999) == pytest.approx(1)
    assert sli_ratio(idle.sum(), idle.sum()) == 1


def test_the_sli_and_the_error_ratio_add_up_to_one():
    assert sli_ratio(9990.0, 10_000.0) == 0.999
    assert error_ratio(10.0, 10_000.0) == 0.001


def test_what_remains_is_signed_and_never_clamped():
    assert remaining_ratio(0.25) == 0.75
    assert remaining_ratio(1.5) == -0.5


def test_a_budget_spent_exactly_leaves_exactly_nothing():
    # 1 - 0.9995 is 0.0005000000000000004 in floats, so the quotient misses 1 by a hair.
    assert remaining_ratio(consumed_ratio(5.0, 10_000.0, 0.9995)) == 0


def test_the_budget_ratio_is_what_the_target_leaves():
    assert budget_ratio(0.99) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("good", "total", "target", "elapsed", "consumed"),
    [
        (9990, 10_000, 0.999, 0.5, 0.5),  # the even pace: E x 0.001 / 0.001
        (9980, 10_000, 0.999, 0.5, 1.0),  # twice the pace for half the time
        (9995, 10_000, 0.999, 1.0, 0.5),
        (10_000, 10_000, 0.999, 0.5, 0.0),
        (9990, 10_000, 0.999, 0.0, 0.0),
        (9988, 10_000, 0.999, 0.5, 0.6),  # 0.5 x 0.0012 / 0.001
    ],
)
def test_a_period_to_date_spends_its_elapsed_share_of_the_burn(good, total, target, elapsed, consumed):
    assert consumed_to_date(good, total, target, elapsed) == pytest.approx(consumed)


def test_a_period_without_events_has_no_known_consumption():
    assert np.isnan(consumed_to_date(0.0, 0.0, 0.999, 0.5))


@pytest.mark.parametrize(
    "number",
    [
        sli_ratio(1.0, 2.0),
        error_ratio(0.0, 0.0),
        consumed_ratio(1.0, 2.0, 0.9),
        remaining_ratio(0.5),
        quotient(1.0, 0.0, otherwise=0.0),
        consumed_to_date(1.0, 2.0, 0.9, 0.5),
    ],
)
def test_floats_in_give_plain_floats_out(number):
    assert type(number) is float


def test_arrays_are_divided_entry_by_entry_without_warnings():
    bad, total = np.array([0.0, 1.0, 0.0]), np.array([10.0, 10.0, 0.0])
    targets = np.full(3, 0.9)
    assert consumed_ratio(bad, total, targets).tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert remaining_ratio(consumed_ratio(bad, total, targets)).tolist() == [1.0, 0.0, 1.0]
