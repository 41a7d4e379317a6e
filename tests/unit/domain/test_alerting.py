from datetime import timedelta

import pytest

from okrbridge.domain.alerting import Severity, exceeded_pairs, left_out_pairs_of, pairs_of
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import RollingWindow

PAGE, TICKET = Severity.PAGE, Severity.TICKET


def days(number: float) -> timedelta:
    return timedelta(days=number)


def slo(window: timedelta, target: float) -> Slo:
    return Slo("api", "api", Sli("api", "prometheus", total="t", bad="b"), target, RollingWindow(window))


# Factor = share of the budget x SLO window / long window, shares 2 %, 5 %, 10 %, 10 %.
@pytest.mark.parametrize(
    ("window", "factors"),
    [
        # 0.02 x 720 = 14.4; 0.05 x 120 = 6; 0.1 x 30 = 3; 0.1 x 10 = 1
        (days(30), {"1h": 14.4, "6h": 6.0, "1d": 3.0, "3d": 1.0}),
        # 0.02 x 672 = 13.44; 0.05 x 112 = 5.6; 0.1 x 28 = 2.8; 0.1 x 9.333 = 0.933, held at 1
        (days(28), {"1h": 13.44, "6h": 5.6, "1d": 2.8, "3d": 1.0}),
        # 0.1 x 27 / 3 = 0.9, the lowest that is held at 1; 0.02 x 648; 0.05 x 108; 0.1 x 27
        (days(27), {"1h": 12.96, "6h": 5.4, "1d": 2.7, "3d": 1.0}),
        # 0.1 x 26 / 3 = 0.867 is dropped
        (days(26), {"1h": 12.48, "6h": 5.2, "1d": 2.6}),
        # 0.02 x 2160 = 43.2; 0.05 x 360 = 18; 0.1 x 90 = 9; 0.1 x 30 = 3
        (days(90), {"1h": 43.2, "6h": 18.0, "1d": 9.0, "3d": 3.0}),
        # 0.02 x 168 = 3.36; 0.05 x 28 = 1.4; 0.1 x 7 = 0.7 and 0.1 x 7 / 3 = 0.233 are dropped
        (days(7), {"1h": 3.36, "6h": 1.4}),
        # 0.02 x 24 = 0.48, 0.05 x 4 = 0.2, 0.1; the last is longer than the window
        (days(1), {}),
        (timedelta(minutes=30), {}),
    ],
)
def test_the_default_factors_scale_with_the_window(window, factors):
    pairs = pairs_of(slo(window, 0.999))
    assert {pair.long: pair.factor for pair in pairs} == pytest.approx(factors)
    assert all(pair.factor >= 1 for pair in pairs)


def test_fast_burns_page_and_slow_ones_open_tickets():
    assert [(pair.severity, pair.long, pair.short) for pair in pairs_of(slo(days(30), 0.999))] == [
        (PAGE, "1h", "5m"),
        (PAGE, "6h", "30m"),
        (TICKET, "1d", "2h"),
        (TICKET, "3d", "6h"),
    ]


def test_the_short_window_is_a_twelfth_of_the_long_one():
    for pair in pairs_of(slo(days(30), 0.999)):
        assert BURN_WINDOWS[pair.short] == BURN_WINDOWS[pair.long] / 12


@pytest.mark.parametrize(
    ("target", "longs"),
    [
        (0.93, ["6h", "1d", "3d"]),  # burn never passes 1 / 0.07 = 14.29, so 14.4 cannot be reached
        (0.94, ["1h", "6h", "1d", "3d"]),  # 1 / 0.06 = 16.7
        (0.8, ["1d", "3d"]),  # 1 / 0.2 = 5
        (0.5, ["3d"]),  # 1 / 0.5 = 2
    ],
)
def test_a_pair_that_cannot_be_reached_is_dropped(target, longs):
    assert [pair.long for pair in pairs_of(slo(days(30), target))] == longs


@pytest.mark.parametrize(
    ("window", "target", "reasons"),
    [
        (days(30), 0.999, {}),
        # 0.02 x 24 = 0.48; 0.05 x 24 / 6 = 0.2; 0.1 x 1 = 0.1
        (
            days(1),
            0.999,
            {
                "1h": "its factor of 0.48 is below 0.9",
                "6h": "its factor of 0.2 is below 0.9",
                "1d": "its factor of 0.1 is below 0.9",
                "3d": "its 3d window is longer than the SLO's 1d",
            },
        ),
        # 0.1 x 7 = 0.7; 0.1 x 7 / 3 = 0.2333
        (days(7), 0.999, {"1d": "its factor of 0.7 is below 0.9", "3d": "its factor of 0.23 is below 0.9"}),
        # 0.1 x 26.99 / 3 = 0.89967, which is never shown as 0.9
        (days(26.99), 0.999, {"3d": "its factor of 0.89 is below 0.9"}),
        # 1 / 0.1 = 10
        (days(30), 0.9, {"1h": "its factor of 14.4 cannot be reached: 1/(1 - 0.9) is 10"}),
        # 1 / 0.07 = 14.2857
        (days(30), 0.93, {"1h": "its factor of 14.4 cannot be reached: 1/(1 - 0.93) is 14.2857"}),
    ],
)
def test_a_pair_that_is_left_out_has_its_reason(window, target, reasons):
    assert {pair.long: reason for pair, reason in left_out_pairs_of(slo(window, target))} == reasons


@pytest.mark.parametrize("window", [timedelta(minutes=30), days(1), days(7), days(28), days(30), days(90)])
@pytest.mark.parametrize("target", [0.5, 0.9, 0.999])
def test_each_pair_of_the_workbook_is_either_used_or_left_out(window, target):
    used = [pair.long for pair in pairs_of(slo(window, target))]
    left_out = [pair.long for pair, _ in left_out_pairs_of(slo(window, target))]
    assert sorted(used + left_out) == sorted(["1h", "6h", "1d", "3d"])


def test_a_pair_that_is_left_out_is_scaled_too():
    [(pair, _)] = left_out_pairs_of(slo(days(30), 0.9))
    assert (pair.severity, pair.short) == (PAGE, "5m")
    assert pair.factor == pytest.approx(14.4)


@pytest.mark.parametrize(
    ("burns", "longs"),
    [
        ({"1h": 20.0, "5m": 20.0}, ["1h"]),
        ({"1h": 14.4, "5m": 20.0}, []),  # equal is not above
        ({"1h": 20.0, "5m": 1.0}, []),  # over: the short window has recovered
        ({"1h": 1.0, "5m": 500.0}, []),  # a spike: the long window has not burnt
        ({"1h": 20.0, "5m": None}, []),
        ({"1h": 20.0}, []),
        ({"1h": 20.0, "5m": 20.0, "6h": 7.0, "30m": 7.0, "1d": 2.0, "2h": 9.0}, ["1h", "6h"]),
        ({}, []),
    ],
)
def test_both_windows_must_burn_above_the_factor(burns, longs):
    pairs = pairs_of(slo(days(30), 0.999))
    assert [pair.long for pair in exceeded_pairs(pairs, burns)] == longs
