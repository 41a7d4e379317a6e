import math
import sys

import pytest
from tests.unit.domain.okr_examples import error_budget, from_to, key_result, progress_at, threshold

from okrbridge.domain.key_results import KeyResultKind, Operator
from okrbridge.domain.progress import Progress, budget_progress, linear, progress_of


def test_overshoot_and_regression_show_in_the_raw_ratio_only():
    # K2: (150 - 800) / -600 = 1.0833 and (900 - 800) / -600 = -0.1667.
    assert linear(150, 800, 200).ratio == 1
    assert linear(150, 800, 200).raw_ratio > 1
    assert linear(900, 800, 200).ratio == 0
    assert linear(900, 800, 200).raw_ratio < 0


def test_megabytes_are_decimal_unless_declared_binary():
    declared = from_to("2.1MB", "500KB")
    assert (declared.baseline, declared.target, declared.unit.symbol) == (2100, 500, "KB")
    # Declared in binary units it is 2.1 x 1048576 / 1000 = 2202.0096 KB: 1000 KB are 1202.0096 / 1702.0096 of the way.
    binary = from_to("2.1MiB", "500KB")
    assert progress_at(binary, 1000.0).raw_ratio == pytest.approx(1202.0096 / 1702.0096)


def test_three_deployments_a_day_are_21_a_week():
    declared = from_to("2/week", "3/day")
    assert (declared.baseline, declared.target, declared.unit.symbol) == (2, 21, "/week")


def test_a_week_has_five_days_only_where_that_is_declared():
    assert from_to("2/week", "15/week").target == 15


def test_the_largest_floats_have_progress_too():
    # Their difference is beyond the range of floats: half of the way all the same.
    assert linear(0.0, -1.7e308, 1.7e308).raw_ratio == 0.5
    # A way of next to nothing, far overshot: the largest float and not infinity.
    assert linear(1e300, 0.0, 1e-300).raw_ratio == sys.float_info.max


def test_a_target_equal_to_the_baseline_is_an_error_not_infinity():
    with pytest.raises(ValueError, match="no way to go"):
        linear(99.9, 99.9, 99.9)


def test_a_value_within_float_noise_of_the_target_has_arrived():
    # 0.1 + 0.2 is 0.30000000000000004, from either side.
    assert linear(0.3, 0.0, 0.1 + 0.2).raw_ratio == 1
    assert linear(0.1 + 0.2, 0.0, 0.3).raw_ratio == 1
    assert linear(0.999_999_9, 0.0, 1.0).raw_ratio < 1


@pytest.mark.parametrize(
    ("consumed", "allowance", "ratio"),
    [
        # Allowance 0.5: (1 - consumed) / 0.5 beyond it.
        (0.0, 0.5, 1.0),
        (0.5, 0.5, 1.0),
        (0.6, 0.5, 0.8),
        (0.75, 0.5, 0.5),
        (0.9, 0.5, 0.2),
        (1.0, 0.5, 0.0),
        (1.2, 0.5, 0.0),
        # Allowance 0.8: 0.1 / 0.2.
        (0.8, 0.8, 1.0),
        (0.9, 0.8, 0.5),
        # Allowance 1: full to the end of the budget, then 1 - overspend.
        (1.0, 1.0, 1.0),
        (1.25, 1.0, 0.75),
        (2.0, 1.0, 0.0),
        (3.0, 1.0, 0.0),
        # Allowance 0: every bit counts, 1 - consumed.
        (0.0, 0.0, 1.0),
        (0.3, 0.0, 0.7),
    ],
)
def test_an_error_budget_is_full_within_its_allowance_and_shrinks_beyond(consumed, allowance, ratio):
    assert budget_progress(consumed, allowance).ratio == pytest.approx(ratio)
    assert progress_of(error_budget(allowance), consumed) == budget_progress(consumed, allowance)


def test_consumption_at_the_allowance_is_within_it_whatever_the_float_noise():
    assert budget_progress(0.1 + 0.2, 0.3).ratio == 1


@pytest.mark.parametrize(
    ("operator", "target", "value", "ratio"),
    [
        # MTTR under 15 minutes: strict, an incident of exactly 15:00 does not hold.
        (Operator.LT, 15.0, 14.9, 1),
        (Operator.LT, 15.0, 15.0, 0),
        (Operator.LT, 15.0, 22.0, 0),
        # Freshness within 4 hours: equality holds.
        (Operator.LE, 4.0, 4.0, 1),
        (Operator.LE, 4.0, 4.1, 0),
        # NPS 50+.
        (Operator.GE, 50.0, 50.0, 1),
        (Operator.GE, 50.0, 49.0, 0),
        # Build success above 95 %: strict.
        (Operator.GT, 0.95, 0.95, 0),
        (Operator.GT, 0.95, 0.951, 1),
        # Zero is a limit like any other.
        (Operator.LE, 0.0, 0.0, 1),
        (Operator.GT, 0.0, 1e-15, 1),
    ],
)
def test_a_threshold_without_a_start_is_all_or_nothing(operator, target, value, ratio):
    assert progress_of(threshold(operator, target), value) == Progress(ratio, ratio)


@pytest.mark.parametrize("operator", list(Operator))
def test_float_noise_decides_no_threshold(operator):
    # 14.7 minutes as 0.245 hours x 60 comes out an ulp off; equal it stays.
    noisy = math.nextafter(14.7, math.inf)
    assert operator.holds(noisy, 14.7) is operator.holds(14.7, 14.7)
    assert operator.holds(14.7, noisy) is operator.holds(14.7, 14.7)


def test_a_threshold_with_a_start_moves_towards_its_target():
    # From 45 to under 15 at 30: (30 - 45) / (15 - 45) = 0.5.
    declared = key_result(kind=KeyResultKind.THRESHOLD, operator=Operator.LT, baseline=45.0, target=15.0)
    assert progress_at(declared, 30.0).ratio == 0.5


def test_a_threshold_without_an_operator_is_refused_by_name():
    declared = key_result(kind=KeyResultKind.THRESHOLD, baseline=None)
    with pytest.raises(ValueError, match="grow/signups has no operator"):
        progress_of(declared, 1.0)


@pytest.mark.parametrize(("operator", "sign"), [("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")])
def test_an_operator_has_its_sign(operator, sign):
    assert Operator(operator).sign == sign
