from datetime import timedelta

import pytest
from tests.unit.domain.okr_examples import DUE, HALF_WAY, PERIOD, START, definitions, from_to, key_result, week

from okrbridge.domain.cycles import elapsed_ratio
from okrbridge.domain.key_results import Commitment
from okrbridge.domain.pacing import (
    KeyResultStatus,
    StatusPolicy,
    SteadyStatus,
    expected_ratio,
    gap_status,
    pace_of,
    steady,
)
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.domain.windows import Interval

S = KeyResultStatus
COMMITTED, ASPIRATIONAL = Commitment.COMMITTED, Commitment.ASPIRATIONAL
SECOND = timedelta(seconds=1)
THIRTEEN_WEEKS = Interval(START, week(13))


@pytest.mark.parametrize(
    ("at", "elapsed"),
    [
        (START - SECOND, 0.0),
        (START, 0.0),
        (HALF_WAY, 0.5),  # 45 of 90 days
        (START + timedelta(days=9), 0.1),
        (DUE, 1.0),
        (DUE + timedelta(days=30), 1.0),
    ],
)
def test_the_elapsed_share_runs_from_0_to_1(at, elapsed):
    assert elapsed_ratio(PERIOD, at) == elapsed
    assert definitions().cycles[0].elapsed_ratio(at) == elapsed
    assert expected_ratio(PERIOD, at) == elapsed


def test_an_empty_period_is_over_as_soon_as_it_began():
    empty = Interval(START, START)
    assert (elapsed_ratio(empty, START), elapsed_ratio(empty, START + SECOND)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        (0, 0.0),
        (1, 0.1875),  # half of the way to 0.375 at week 2
        (2, 0.375),
        (7.5, 0.6875),  # half of the 11 weeks left: 0.375 + 0.5 x 0.625
        (13, 1.0),
        (20, 1.0),
    ],
)
def test_a_checkpoint_bends_the_expected_line(weeks, expected):
    checkpoints = ((week(2), 0.375),)
    assert expected_ratio(THIRTEEN_WEEKS, week(weeks), checkpoints) == pytest.approx(expected)


def test_checkpoints_are_read_in_the_order_of_time():
    early, late = (week(2), 0.1), (week(11), 0.8)
    # Between them: 0.1 + (6.5 - 2) / 9 x 0.7 = 0.45.
    assert expected_ratio(THIRTEEN_WEEKS, week(6.5), (late, early)) == pytest.approx(0.45)


def test_a_checkpoint_on_an_end_of_the_period_takes_the_place_of_the_default():
    assert expected_ratio(THIRTEEN_WEEKS, week(13), ((week(13), 0.9),)) == 0.9
    assert expected_ratio(THIRTEEN_WEEKS, START, ((START, 0.2),)) == 0.2


def test_two_checkpoints_at_one_instant_make_a_step():
    step = ((week(6.5), 0.2), (week(6.5), 0.6))
    assert expected_ratio(THIRTEEN_WEEKS, week(6.5), step) == pytest.approx(0.2)
    # Half of the rest: 0.6 + 0.5 x 0.4.
    assert expected_ratio(THIRTEEN_WEEKS, week(9.75), step) == pytest.approx(0.8)


def test_a_checkpoint_shows_a_lag_that_the_straight_line_hides():
    # 62 % to 78 %, 63 % at week 2: p = 1/16 = 0.0625. Planned 68 %: gap 0.375 - 0.0625 = 0.3125, off track.
    planned = from_to("62%", "78%", period=THIRTEEN_WEEKS, checkpoints=((week(2), 0.375),))
    pace = pace_of(planned, week(2), 0.63, progress_of(planned, 0.63))
    assert pace.gap_ratio == pytest.approx(0.3125)
    assert pace.status is S.OFF_TRACK
    # On the straight line: 2/13 - 0.0625 = 0.0913, at risk.
    linear = from_to("62%", "78%", period=THIRTEEN_WEEKS)
    pace = pace_of(linear, week(2), 0.63, progress_of(linear, 0.63))
    assert pace.gap_ratio == pytest.approx(0.0913, abs=5e-5)
    assert pace.status is S.AT_RISK


# gap = G x E - p, with G = 1 for committed and 0.7 for aspirational key results.
@pytest.mark.parametrize(
    ("progress", "days", "commitment", "gap", "status"),
    [
        (1 / 3, 45, COMMITTED, 0.1667, S.AT_RISK),  # 0.5 - 0.3333
        (1 / 3, 45, ASPIRATIONAL, 0.0167, S.ON_TRACK),  # 0.35 - 0.3333
        (0.45, 45, COMMITTED, 0.05, S.ON_TRACK),  # on the boundary, whatever 0.5 - 0.45 is in floats
        (0.20, 45, COMMITTED, 0.30, S.OFF_TRACK),
        (0.25, 45, COMMITTED, 0.25, S.AT_RISK),  # on the other boundary
        (0.02, 4.5, COMMITTED, 0.03, S.ON_TRACK),  # E = 0.05
        (-0.1, 9, COMMITTED, 0.1, S.AT_RISK),  # E = 0.1; a regression counts as 0
        (0.9, 45, COMMITTED, -0.4, S.ON_TRACK),  # ahead
    ],
)
def test_the_gap_to_the_plan_gives_the_status(progress, days, commitment, gap, status):
    declared = key_result(commitment=commitment)
    pace = pace_of(declared, START + timedelta(days=days), 100 * progress, Progress.of(progress))
    assert pace.gap_ratio == pytest.approx(gap, abs=5e-5)
    assert pace.status is status


@pytest.mark.parametrize(
    ("gap", "status"),
    [
        (-1.0, S.ON_TRACK),
        (0.05, S.ON_TRACK),
        (0.05 + 1e-10, S.ON_TRACK),
        (0.05 + 1e-8, S.AT_RISK),
        (0.25, S.AT_RISK),
        (0.25 + 1e-10, S.AT_RISK),
        (0.25 + 1e-8, S.OFF_TRACK),
        (1.0, S.OFF_TRACK),
    ],
)
def test_a_gap_on_a_boundary_is_judged_kindly_and_only_by_float_noise(gap, status):
    assert gap_status(gap) is status


def test_another_policy_moves_the_boundaries():
    strict = StatusPolicy(on_track_gap=0.0, at_risk_gap=0.1, aspirational_goal=0.8)
    assert gap_status(0.05, strict) is S.AT_RISK
    assert gap_status(0.2, strict) is S.OFF_TRACK
    assert strict.goal_factor(ASPIRATIONAL) == 0.8


@pytest.mark.parametrize(
    ("at", "value", "status"),
    [
        (START - SECOND, 100.0, S.NOT_STARTED),
        (START, 0.0, S.ON_TRACK),  # nothing is expected yet
        (HALF_WAY, 100.0, S.ACHIEVED),
        (HALF_WAY, 120.0, S.ACHIEVED),
        (HALF_WAY, 99.9, S.ON_TRACK),
        (DUE - SECOND, 96.0, S.ON_TRACK),
        (DUE, 100.0, S.ACHIEVED),
        (DUE, 97.0, S.MISSED),  # 0.97 rounds to 1.0 and has not arrived
        (DUE + timedelta(days=20), 97.0, S.MISSED),
    ],
)
def test_achieved_and_missed_stand_around_the_gap(at, value, status):
    declared = key_result()
    assert pace_of(declared, at, value, progress_of(declared, value)).status is status


def test_a_key_result_that_starts_later_is_expected_later():
    late = key_result(period=Interval(HALF_WAY, DUE))
    assert pace_of(late, HALF_WAY - SECOND, 0.0, Progress.of(0.0)).status is S.NOT_STARTED
    # 22.5 of its own 45 days: E = 0.5.
    middle = HALF_WAY + timedelta(days=22.5)
    assert pace_of(late, middle, 0.0, Progress.of(0.0)).expected_ratio == 0.5


def seen(*found: KeyResultStatus, policy: StatusPolicy | None = None) -> list[KeyResultStatus]:
    """The statuses shown while these are found."""
    shown, status = [], None
    for one in found:
        status = steady(status, one, policy or StatusPolicy())
        shown.append(status.shown)
    return shown


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        # The first status is taken at once, each other one after two evaluations that agree.
        ((S.AT_RISK,), [S.AT_RISK]),
        ((S.ON_TRACK, S.AT_RISK), [S.ON_TRACK, S.ON_TRACK]),
        ((S.ON_TRACK, S.AT_RISK, S.AT_RISK), [S.ON_TRACK, S.ON_TRACK, S.AT_RISK]),
        # A flicker changes nothing, and does not add up.
        ((S.ON_TRACK, S.AT_RISK, S.ON_TRACK, S.AT_RISK, S.ON_TRACK), [S.ON_TRACK] * 5),
        # Two different findings do not agree.
        ((S.ON_TRACK, S.AT_RISK, S.OFF_TRACK, S.AT_RISK), [S.ON_TRACK] * 4),
        ((S.ON_TRACK, S.AT_RISK, S.OFF_TRACK, S.OFF_TRACK), [S.ON_TRACK] * 3 + [S.OFF_TRACK]),
    ],
)
def test_a_status_changes_only_when_two_evaluations_agree(found, shown):
    assert seen(*found) == shown


def test_a_policy_of_one_evaluation_has_no_memory():
    assert seen(S.ON_TRACK, S.AT_RISK, policy=StatusPolicy(equal_evaluations=1)) == [S.ON_TRACK, S.AT_RISK]


def test_a_candidate_survives_being_stored():
    stored = SteadyStatus(S.ON_TRACK, S.AT_RISK, 1)
    assert steady(stored, S.AT_RISK) == SteadyStatus(S.AT_RISK)


def test_r19_after_21_days_of_six_weeks_half_is_expected():
    assert expected_ratio(Interval(START, week(6)), START + timedelta(days=21)) == 0.5


def test_r48_the_variance_is_progress_less_expected():
    # 0.33 - 0.50
    pace = pace_of(key_result(), HALF_WAY, 33.0, Progress.of(0.33))
    assert pace.variance_ratio == pytest.approx(-0.17)
    assert pace.gap_ratio == pytest.approx(0.17)


def test_r54_a_policy_says_its_name_and_revision_beside_its_numbers():
    assert (StatusPolicy().name, StatusPolicy().revision) == ("default", 1)
    assert (StatusPolicy().on_track_gap, StatusPolicy().at_risk_gap) == (0.05, 0.25)
