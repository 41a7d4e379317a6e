"""Thresholds and error budgets have rules of their own for their status."""

from datetime import timedelta

import pytest
from tests.unit.domain.okr_examples import DUE, HALF_WAY, START, error_budget, threshold

from okrbridge.domain.key_results import KeyResult, Operator
from okrbridge.domain.pacing import KeyResultStatus, pace_of
from okrbridge.domain.progress import progress_of

S = KeyResultStatus


def status_of(declared: KeyResult, value: float, *, at=HALF_WAY) -> KeyResultStatus:
    return pace_of(declared, at, value, progress_of(declared, value)).status


@pytest.mark.parametrize(
    ("operator", "target", "critical", "value", "status"),
    [
        # At most 15, critical 30: holding, the zone between, beyond.
        (Operator.LE, 15.0, 30.0, 10.0, S.ON_TRACK),
        (Operator.LE, 15.0, 30.0, 15.0, S.ON_TRACK),
        (Operator.LE, 15.0, 30.0, 15.1, S.AT_RISK),
        (Operator.LE, 15.0, 30.0, 30.0, S.AT_RISK),
        (Operator.LE, 15.0, 30.0, 30.1, S.OFF_TRACK),
        # Under 15: the limit itself does not hold.
        (Operator.LT, 15.0, 30.0, 15.0, S.AT_RISK),
        # At least 50, critical 40: the zone lies below.
        (Operator.GE, 50.0, 40.0, 50.0, S.ON_TRACK),
        (Operator.GE, 50.0, 40.0, 45.0, S.AT_RISK),
        (Operator.GE, 50.0, 40.0, 40.0, S.AT_RISK),
        (Operator.GE, 50.0, 40.0, 39.0, S.OFF_TRACK),
        (Operator.GT, 50.0, 40.0, 50.0, S.AT_RISK),
        # Without a critical value there is no zone.
        (Operator.LE, 15.0, None, 15.1, S.OFF_TRACK),
        (Operator.GE, 50.0, None, 49.9, S.OFF_TRACK),
    ],
)
def test_a_threshold_is_judged_by_its_zone_and_not_by_its_gap(operator, target, critical, value, status):
    assert status_of(threshold(operator, target, critical=critical), value) is status


@pytest.mark.parametrize(
    ("at", "value", "status"),
    [
        (START - timedelta(seconds=1), 10.0, S.NOT_STARTED),
        (DUE - timedelta(seconds=1), 10.0, S.ON_TRACK),  # holding is not yet achieved
        (DUE, 10.0, S.ACHIEVED),
        (DUE, 20.0, S.MISSED),  # at risk no longer: it is over
    ],
)
def test_a_threshold_is_achieved_or_missed_only_when_due(at, value, status):
    assert status_of(threshold(Operator.LE, 15.0, critical=30.0), value, at=at) is status


# Allowance 0.5. On track up to 0.5 x E, at risk up to 0.5, off track above, missed above 1.
@pytest.mark.parametrize(
    ("consumed", "at", "status"),
    [
        (0.1, START - timedelta(seconds=1), S.NOT_STARTED),
        (0.0, START, S.ON_TRACK),
        (0.01, START, S.AT_RISK),  # E = 0: nothing may be spent yet
        (0.25, HALF_WAY, S.ON_TRACK),  # 0.5 x 0.5
        (0.26, HALF_WAY, S.AT_RISK),
        (0.5, HALF_WAY, S.AT_RISK),
        (0.51, HALF_WAY, S.OFF_TRACK),
        (1.0, HALF_WAY, S.OFF_TRACK),
        (1.01, HALF_WAY, S.MISSED),  # more than the whole budget does not come back
        (0.5, DUE, S.ACHIEVED),
        (0.51, DUE, S.MISSED),
        (0.51, DUE + timedelta(days=9), S.MISSED),
    ],
)
def test_an_error_budget_is_judged_against_an_even_spending_of_its_allowance(consumed, at, status):
    assert status_of(error_budget(0.5), consumed, at=at) is status


def test_a_third_of_the_way_the_even_spending_is_not_lost_in_float_noise():
    # E = 30/90; 0.3 x 1/3 is 0.09999999999999999 in floats, and 0.1 spent is the even pace.
    assert status_of(error_budget(0.3), 0.1, at=START + timedelta(days=30)) is S.ON_TRACK


def test_checkpoints_do_not_move_the_even_spending_of_a_budget():
    declared = error_budget(0.5, checkpoints=((HALF_WAY, 0.1),))
    assert status_of(declared, 0.25) is S.ON_TRACK
