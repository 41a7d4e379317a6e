from datetime import timedelta

import pytest
from tests.unit.domain.corpus import ROWS
from tests.unit.domain.okr_examples import key_result, progress_at

from okrbridge.domain.baselines import absolute_target, band_around, relative_target, resolve_baseline
from okrbridge.domain.key_results import BaselineFromHistory, KeyResultKind, Operator


def relative(change: float):
    waiting = BaselineFromHistory(timedelta(days=90))
    return key_result(
        kind=KeyResultKind.RELATIVE, baseline=None, baseline_from=waiting, target=None, relative_change=change
    )


def test_r25_a_relative_target_follows_from_its_frozen_baseline_and_stays():
    # 50 minutes over the 90 days before the start, 40 % less: 30 minutes.
    declared = relative(-0.4)
    resolved = resolve_baseline(declared, 50.0)
    assert (resolved.baseline, resolved.target) == (50.0, 30.0)
    assert (declared.baseline, declared.target) == (None, None)  # a copy
    assert progress_at(resolved, 40.0).ratio == pytest.approx(0.5)


# B x (1 + r)
@pytest.mark.parametrize(
    ("baseline", "change", "target"),
    [(50.0, -0.4, 30.0), (10.0, 0.2, 12.0), (400.0, -0.025, 390.0), (100.0, -1.0, 0.0), (-20.0, 0.5, -30.0)],
)
def test_a_change_is_a_share_of_the_baseline(baseline, change, target):
    assert relative_target(baseline, change) == pytest.approx(target)
    assert str(relative_target(baseline, change)) != "-0.0"


def test_5_percent_more_of_4_percent_is_not_5_points():
    # Conversion 4 %, 5 % better: 4.2 %, not 9 %.
    assert ROWS["K62"].resolved().target == pytest.approx(0.042)


# B + d
@pytest.mark.parametrize(
    ("baseline", "change", "target"),
    [(40.0, 5.0, 45.0), (0.04, 0.05, 0.09), (800.0, -200.0, 600.0), (-5.0, 5.0, 0.0), (0.0, 5.0, 5.0)],
)
def test_a_change_in_the_unit_of_the_metric_is_added_to_the_baseline(baseline, change, target):
    assert absolute_target(baseline, change) == pytest.approx(target)
    assert str(absolute_target(baseline, change)) != "-0.0"


def test_k69_5_points_more_wait_for_the_frozen_baseline():
    # A satisfaction of 40 points over the 90 days before the start: 45, and 42.5 is half of the way.
    declared = ROWS["K69"].declared()
    resolved = resolve_baseline(declared, 40.0)
    assert (declared.baseline, declared.target, declared.absolute_change) == (None, None, 5.0)
    assert (resolved.baseline, resolved.target) == (40.0, 45.0)
    assert progress_at(resolved, 42.5).ratio == pytest.approx(0.5)


@pytest.mark.parametrize(("baseline", "change"), [(40.0, 0.0), (1e17, 5.0)])
def test_a_change_that_changes_nothing_is_refused(baseline, change):
    # Floats near 1e17 are 16 apart.
    with pytest.raises(ValueError, match=r"is no change of .*: declare a larger one"):
        absolute_target(baseline, change)


@pytest.mark.parametrize("around", [relative_target, band_around])
def test_a_share_of_nothing_is_refused_with_the_remedy(around):
    with pytest.raises(ValueError, match=r"share of a baseline of 0 is 0: declare .* as numbers instead"):
        around(0.0, 0.1)


def test_no_change_is_refused():
    with pytest.raises(ValueError, match="a change by 0 % is no change"):
        relative_target(50.0, 0.0)


def test_a_baseline_that_is_already_the_target_is_refused_by_name():
    declared = key_result(baseline=None, target=100.0)
    with pytest.raises(ValueError, match="grow/signups: the measured baseline 100 is already the target"):
        resolve_baseline(declared, 100.0)


def test_a_measured_baseline_leaves_a_declared_target_as_it_is():
    resolved = resolve_baseline(key_result(baseline=None, target=100.0), 20.0)
    assert (resolved.baseline, resolved.target) == (20.0, 100.0)


@pytest.mark.parametrize(
    ("operator", "limits"),
    [
        (None, (380.0, 420.0)),
        (Operator.LE, (None, 420.0)),  # not slower; faster is welcome
        (Operator.GE, (380.0, None)),
    ],
)
def test_a_band_around_a_baseline_gets_the_limits_it_asks_for(operator, limits):
    declared = key_result(kind=KeyResultKind.BAND, baseline=None, target=None, relative_change=0.05, operator=operator)
    resolved = resolve_baseline(declared, 400.0)
    assert (resolved.low, resolved.high) == pytest.approx(limits)


def test_r26_a_band_of_10_percent_around_10_a_week_is_9_to_11():
    resolved = ROWS["K49"].resolved()
    assert (resolved.low, resolved.high) == pytest.approx((9.0, 11.0))
    assert progress_at(resolved, 8.0).ratio == 0  # not holding


def test_the_lower_limit_comes_first_whatever_the_signs():
    assert band_around(-10.0, -0.1) == pytest.approx((-11.0, -9.0))
