import pytest
from tests.unit.domain.corpus import ROWS
from tests.unit.domain.okr_examples import HALF_WAY, error_budget, from_to, key_result, known, progress_at, threshold

from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.composition import Composed, best_of, capped, capped_score, composed, is_breached
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.pacing import KeyResultStatus, pace_of
from okrbridge.domain.progress import Progress, progress_of

S = KeyResultStatus


def test_r35_a_composite_is_the_weighted_mean_of_its_parts():
    # (2 x 0.8 + 1 x 0.5) / 3
    found = composed([0.8, 0.5], [2.0, 1.0])
    assert found.ratio == pytest.approx(0.7)
    assert found.coverage_ratio == 1


def test_a_part_never_measured_counts_nothing_and_leaves_the_coverage():
    # (1 x 0.8 + 0) / 4, 1 of 4 measured
    assert composed([0.8, None], [1.0, 3.0]) == Composed(0.2, 0.25)


def test_a_composite_of_which_nothing_was_measured_has_no_value():
    assert composed([None, None], [1.0, 1.0]) == Composed(None, 0.0)
    assert composed([], []) == Composed(None, None)


def test_of_two_ways_the_better_one_counts():
    # K58: error rate under 1 %, or half of 4 %: at 2.8 % (2.8 - 4) / (2 - 4) = 0.6.
    under = progress_of(ROWS["K58"].resolved(), 0.028)
    half = progress_of(from_to("4%", "2%"), 0.028)
    assert under == Progress(0.0, 0.0)
    assert known(best_of([under, half])).ratio == pytest.approx(0.6)
    # At 0.9 % both are met, and the raw share tells which one further.
    both = [progress_of(declared, 0.009) for declared in (ROWS["K58"].resolved(), from_to("4%", "2%"))]
    assert known(best_of(both)).raw_ratio > 1


def test_of_several_ways_none_of_which_is_known_nothing_is():
    assert best_of([None, None]) is None
    assert best_of([None, Progress(0.3, 0.3)]) == Progress(0.3, 0.3)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (S.ACHIEVED, S.AT_RISK),
        (S.ON_TRACK, S.AT_RISK),
        (S.NO_DATA, S.AT_RISK),
        (S.AT_RISK, S.AT_RISK),
        (S.OFF_TRACK, S.OFF_TRACK),
        (S.MISSED, S.MISSED),
        (S.NOT_STARTED, S.NOT_STARTED),
        (S.TOO_EARLY, S.TOO_EARLY),
    ],
)
def test_r157_a_breached_guard_caps_the_status_at_at_risk(status, shown):
    assert capped(status, guard_breached=True) is shown
    assert capped(status, guard_breached=False) is status


def p95_near_its_baseline() -> KeyResult:
    """Within 5 % above 400 ms: 420."""
    return ROWS["K55"].resolved()


def test_r27_the_cost_goal_is_met_and_a_breached_guard_keeps_it_at_risk():
    cost = ROWS["K54"].resolved()
    target = known(cost.target)
    progress = progress_at(cost, target)
    assert progress == Progress(1.0, 1.0)
    assert is_breached(p95_near_its_baseline(), 428.0)  # 7 % above 400
    assert not is_breached(p95_near_its_baseline(), 420.0)
    found = pace_of(cost, HALF_WAY, target, progress).status
    assert (found, capped(found, guard_breached=True)) == (S.ACHIEVED, S.AT_RISK)


def test_r174_half_of_the_saving_with_p95_beyond_its_limit():
    cost = ROWS["K54"].resolved()
    progress = progress_at(cost, 18_500.0)  # (18500 - 20000) / (17000 - 20000)
    assert progress.ratio == pytest.approx(0.5)
    assert is_breached(p95_near_its_baseline(), 430.0)
    found = pace_of(cost, HALF_WAY, 18_500.0, progress).status
    assert (found, capped(found, guard_breached=True)) == (S.ON_TRACK, S.AT_RISK)


@pytest.mark.parametrize(
    ("guard", "good", "bad"),
    [
        (threshold(Operator.LE, 0.05), 0.05, 0.06),
        (error_budget(0.5), 0.5, 0.51),
        # What has a way to go must not be worse than where it started.
        (from_to("9%", "4%"), 0.09, 0.095),
        (resolve_baseline(ROWS["K52"].declared(), 50.0), 50.0, 51.0),
        # What starts at nothing must have arrived.
        (key_result(kind=KeyResultKind.SHARE, baseline=None, target=0.9), 0.9, 0.89),
        (key_result(kind=KeyResultKind.BINARY, baseline=None, target=None), 1.0, 0.0),
    ],
)
def test_each_kind_of_guard_has_its_own_way_to_be_breached(guard, good, bad):
    assert (is_breached(guard, good), is_breached(guard, bad)) == (False, True)


def test_a_guard_without_progress_guards_nothing():
    assert not is_breached(key_result(kind=KeyResultKind.HYPOTHESIS), 0.0)


@pytest.mark.parametrize(
    ("score", "compliances", "required", "capped_to"),
    [
        (0.9, [0.99], 1.0, 0.3),
        (0.9, [1.0, 0.95], 0.96, 0.3),  # one short guard is enough
        (0.9, [0.96], 0.96, 0.9),
        (0.9, [0.96 - 1e-12], 0.96, 0.9),  # float noise
        (0.2, [0.0], 1.0, 0.2),
        (0.9, [None], 1.0, 0.9),  # never observed
        (0.9, [], 1.0, 0.9),
    ],
)
def test_a_guard_that_held_too_little_caps_the_score_at_0_3(score, compliances, required, capped_to):
    assert capped_score(score, compliances, required) == capped_to
