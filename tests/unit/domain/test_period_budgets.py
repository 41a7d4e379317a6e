import math
from datetime import timedelta

import numpy as np
import pytest

from okrbridge.domain.alerting import OKR_FACTOR, Severity, exceeded_pairs, left_out_pairs_of, pairs_of
from okrbridge.domain.calendar_budget import consumed_time_slices, expected_consumption, seconds_to_exhaustion
from okrbridge.domain.count_budget import consumed_count, count_burn_rate
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import BurnPolicy, Slo
from okrbridge.domain.windows import RollingWindow

DAY = 86400.0
API = Sli("api", "prometheus", total="t", bad="b")


@pytest.mark.parametrize(
    ("bad", "days", "target", "consumed"),
    [
        (21.6, 30, 0.999, 0.5),  # of 43.2 minutes
        (65.52, 91, 0.999, 0.5),  # of 131.04
        (132.48, 92, 0.999, 1.0),
        (65.52, 91, 0.9995, 1.0),
        (0, 30, 0.999, 0.0),
    ],
)
def test_bad_slices_spend_the_budget_of_the_whole_period(bad, days, target, consumed):
    assert consumed_time_slices(float(bad), days * 1440.0, target) == pytest.approx(consumed)


def test_a_period_without_time_in_force_spends_nothing():
    assert consumed_time_slices(3.0, 0.0, 0.999) == 0


def test_the_even_pace_spends_the_elapsed_share():
    assert expected_consumption(15 * DAY, 30 * DAY) == 0.5


@pytest.mark.parametrize(
    ("remaining", "burn", "days"),
    [
        (0.5, 1.0, 15),  # half of 30 days
        (0.5, 10.0, 1.5),
        (1.0, 14.4, 30 / 14.4),
        (0.0, 5.0, 0),
        (-2.0, 5.0, 0),
        (0.0, 0.0, 0),
        (0.3, 0.0, math.inf),
    ],
)
def test_the_rest_of_a_budget_lasts_its_share_of_the_window_over_the_burn(remaining, burn, days):
    assert seconds_to_exhaustion(remaining, burn, 30 * DAY) == pytest.approx(days * DAY)


def test_at_most_five_failures_are_a_budget():
    assert consumed_count(2.0, 5.0) == 0.4
    assert consumed_count(6.0, 5.0) == pytest.approx(1.2)
    # One failure of five in the last of 30 days: 0.2 x 30.
    assert count_burn_rate(1.0, 5.0, 30 * DAY, DAY) == pytest.approx(6)
    # Five in thirty days are the even pace.
    assert count_burn_rate(5.0, 5.0, 30 * DAY, 30 * DAY) == 1


def test_arrays_are_worked_out_entry_by_entry():
    spent = consumed_time_slices(np.array([21.6, 43.2]), np.array([43_200.0, 43_200.0]), 0.999)
    assert spent.tolist() == pytest.approx([0.5, 1.0])
    lasting = seconds_to_exhaustion(np.array([0.5, -1.0, 0.5]), np.array([1.0, 1.0, 0.0]), np.full(3, 100.0))
    assert lasting.tolist() == [50, 0, math.inf]
    burn = count_burn_rate(np.array([[1.0], [0.0]]), np.array([[5.0], [0.0]]), np.array([30 * DAY]), np.array([DAY]))
    assert burn.tolist() == [[6], [0]]


@pytest.mark.parametrize(
    "number",
    [
        consumed_time_slices(1.0, 10.0, 0.9),
        expected_consumption(1.0, 2.0),
        seconds_to_exhaustion(0.5, 1.0, 10.0),
        consumed_count(1.0, 2.0),
        count_burn_rate(1.0, 2.0, 3.0, 4.0),
    ],
)
def test_floats_in_give_floats_out(number):
    assert type(number) is float


# Burn pairs of an SLO


def slo(days: float = 30, target: float = 0.999, **given: object) -> Slo:
    return Slo("api", "api", API, target, RollingWindow(timedelta(days=days)), **given)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(("burn", "pages"), [(2.0, False), (2.1, True)])
def test_okr_2x_pages_above_twice_the_even_pace(burn, pages):
    pairs = pairs_of(slo(burn_policy=BurnPolicy.OKR_2X))
    exceeded = exceeded_pairs(pairs, {"1d": burn, "2h": burn})
    assert [(pair.severity, pair.long, pair.short) for pair in exceeded] == (
        [(Severity.PAGE, "1d", "2h")] if pages else []
    )
    assert exceeded_pairs(pairs_of(slo()), {"1d": burn, "2h": burn}) == ()


def test_okr_2x_needs_both_windows():
    pairs = pairs_of(slo(burn_policy=BurnPolicy.OKR_2X))
    assert exceeded_pairs(pairs, {"1d": 2.5, "2h": 1.0}) == ()


def test_okr_2x_is_left_out_of_a_window_shorter_than_a_day():
    short = slo(days=0.5, burn_policy=BurnPolicy.OKR_2X)
    assert pairs_of(short) == ()
    reasons = [reason for pair, reason in left_out_pairs_of(short) if pair.factor == OKR_FACTOR]
    assert reasons == ["its 1d window is longer than the SLO's 12h"]


def test_no_burn_is_too_fast_for_a_count_budget():
    # At 90 % a burn ends at 10, so 14.4 is left out; five failures can be passed by any factor.
    assert "1h" not in [pair.long for pair in pairs_of(slo(target=0.9))]
    assert "1h" in [pair.long for pair in pairs_of(slo(target=0.9, count_budget=5.0))]
    assert [pair.long for pair in pairs_of(slo(target=1.0, count_budget=5.0))] == ["1h", "6h", "1d", "3d"]
