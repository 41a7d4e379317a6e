from itertools import pairwise

import pytest

from okrbridge.domain.key_results import Commitment, KeyResultState
from okrbridge.domain.objectives import Alignment, RollUpMode
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.rollup import (
    Contribution,
    RolledUp,
    best,
    child_contribution,
    mean_ratio,
    objective_status,
    roll_up,
    worst,
)

S = KeyResultStatus
COMMITTED, ASPIRATIONAL = Commitment.COMMITTED, Commitment.ASPIRATIONAL
WORST_FIRST = [S.MISSED, S.OFF_TRACK, S.AT_RISK, S.STALE, S.NO_DATA, S.ON_TRACK, S.ACHIEVED]


def part(
    progress: float | None = 0.5,
    status: KeyResultStatus = S.ON_TRACK,
    *,
    weight: float = 1.0,
    current: bool | None = None,
    commitment: Commitment = COMMITTED,
    counts: bool = True,
) -> Contribution:
    is_current = progress is not None if current is None else current
    return Contribution(weight, progress, is_current, status, commitment, counts)


# Uptime 99.8 % (0.8), p99 350 ms (0.75), 9 -> 6 incidents (0.6667), and one that was never measured.
ROCK_SOLID = [part(0.8), part(0.75), part(2 / 3), part(None, S.NO_DATA)]


def test_progress_counts_what_was_never_measured_as_nothing_and_says_so():
    rolled = roll_up(ROCK_SOLID)
    assert rolled.progress_ratio == pytest.approx(0.5542, abs=5e-5)  # 2.2167 / 4
    assert rolled.coverage_ratio == 0.75  # 3 of 4
    assert rolled.measured_only_ratio == pytest.approx(0.7389, abs=5e-5)  # 2.2167 / 3


def test_the_worked_objective_has_the_status_of_its_worst_committed_key_result():
    # At half of the cycle all three are ahead of 0.5; the one without data is worse than on track.
    rolled = roll_up(ROCK_SOLID)
    assert objective_status(ROCK_SOLID, rolled.progress_ratio, 0.5, COMMITTED) is S.NO_DATA


def test_weights_pull():
    # (3 x 0.8 + 1 x 0.4) / 4 = 0.7
    assert roll_up([part(0.8, weight=3), part(0.4)]).progress_ratio == pytest.approx(0.7)


def test_a_weight_of_zero_is_not_counted():
    assert roll_up([part(0.8), part(0.0, weight=0)]).progress_ratio == 0.8


def test_a_stale_key_result_keeps_its_progress_and_leaves_the_coverage():
    rolled = roll_up([part(0.8), part(0.6, S.STALE, current=False)])
    assert rolled.progress_ratio == rolled.measured_only_ratio == pytest.approx(0.7)  # (0.8 + 0.6) / 2
    assert rolled.coverage_ratio == 0.5


@pytest.mark.parametrize("contributions", [[], [part(weight=0), part(None, weight=0)]])
def test_without_counted_weight_there_is_no_progress(contributions):
    assert roll_up(contributions) == RolledUp(None, None, None)


def test_an_objective_never_measured_has_progress_0_and_no_measured_mean():
    assert roll_up([part(None, S.NO_DATA)]) == RolledUp(0.0, None, 0.0)


@pytest.mark.parametrize(("worse", "better"), list(pairwise(WORST_FIRST)))
def test_each_status_is_worse_than_the_next(worse, better):
    assert worst([better, worse]) is worse


def test_not_started_and_too_early_are_skipped():
    assert worst([S.NOT_STARTED, S.ACHIEVED, S.TOO_EARLY]) is S.ACHIEVED
    assert worst([S.NOT_STARTED, S.TOO_EARLY]) is None
    assert worst([]) is None


@pytest.mark.parametrize(
    ("contributions", "status"),
    [
        ([part(status=S.ON_TRACK), part(status=S.AT_RISK)], S.AT_RISK),
        ([part(status=S.ACHIEVED), part(status=S.ACHIEVED)], S.ACHIEVED),
        # An aspirational key result does not pull its objective down.
        ([part(status=S.ON_TRACK), part(status=S.OFF_TRACK, commitment=ASPIRATIONAL)], S.ON_TRACK),
        # Nothing has begun.
        ([part(None, S.NOT_STARTED), part(None, S.NOT_STARTED)], S.NOT_STARTED),
        ([part(0.9, S.TOO_EARLY)], S.TOO_EARLY),
        ([part(None, S.NOT_STARTED), part(0.9, S.TOO_EARLY)], S.NOT_STARTED),
        # What has not begun is skipped.
        ([part(None, S.NOT_STARTED), part(status=S.AT_RISK)], S.AT_RISK),
        ([], S.NO_DATA),
        ([part(None, S.NO_DATA, commitment=ASPIRATIONAL)], S.NO_DATA),
    ],
)
def test_an_objective_is_as_good_as_its_worst_committed_key_result(contributions, status):
    progress = roll_up(contributions).progress_ratio
    assert objective_status(contributions, progress, 0.5, COMMITTED) is status


# Without committed key results the objective's own progress is judged: gap = G x E - p.
@pytest.mark.parametrize(
    ("progress", "expected", "commitment", "status"),
    [
        (0.45, 0.5, COMMITTED, S.ON_TRACK),  # gap 0.05
        (0.4, 0.5, COMMITTED, S.AT_RISK),  # 0.1
        (0.2, 0.5, COMMITTED, S.OFF_TRACK),  # 0.3
        (0.3, 0.5, ASPIRATIONAL, S.ON_TRACK),  # 0.35 - 0.3
        (0.2, 0.5, ASPIRATIONAL, S.AT_RISK),  # 0.35 - 0.2
        (1.0, 0.5, COMMITTED, S.ACHIEVED),
        (1.0, 1.0, COMMITTED, S.ACHIEVED),
        (0.97, 1.0, COMMITTED, S.MISSED),  # the cycle is over
    ],
)
def test_without_committed_key_results_the_objective_is_judged_by_its_own_progress(
    progress, expected, commitment, status
):
    aspirations = [part(progress, S.OFF_TRACK, commitment=ASPIRATIONAL)]
    assert objective_status(aspirations, progress, expected, commitment) is status


def test_the_best_of_several_is_taken_where_one_is_enough():
    assert best([S.OFF_TRACK, S.ON_TRACK, S.TOO_EARLY]) is S.ON_TRACK
    assert best([S.NOT_STARTED]) is None


def test_what_does_not_count_changes_nothing():
    postponed = part(0.0, S.MISSED, counts=False)
    assert roll_up([part(0.8), postponed]) == RolledUp(0.8, 0.8, 1.0)
    assert objective_status([part(0.8), postponed], 0.8, 0.5, COMMITTED) is S.ON_TRACK
    assert roll_up([postponed]) == RolledUp(None, None, None)
    assert objective_status([postponed], None, 0.5, COMMITTED) is S.NO_DATA


def test_in_worst_mode_an_objective_is_as_far_as_its_last_part():
    parts = [part(0.8), part(0.3, S.OFF_TRACK, commitment=ASPIRATIONAL), part(0.1, weight=0), part(0.9)]
    assert roll_up(parts, RollUpMode.WORST) == RolledUp(0.3, 0.3, 1.0)
    # Aspirations count as well.
    assert objective_status(parts, 0.3, 0.5, COMMITTED) is S.ON_TRACK
    assert objective_status(parts, 0.3, 0.5, COMMITTED, mode=RollUpMode.WORST) is S.OFF_TRACK


def test_in_worst_mode_what_was_never_measured_is_the_last():
    assert roll_up([part(0.8), part(None, S.NO_DATA)], RollUpMode.WORST) == RolledUp(0.0, 0.8, 0.5)


def test_in_manual_mode_people_say_the_progress_and_the_coverage_stays():
    parts = [part(0.1, S.OFF_TRACK), part(None, S.NO_DATA)]
    rolled = roll_up(parts, RollUpMode.MANUAL, 0.6)
    assert rolled == RolledUp(0.6, 0.6, 0.5)
    assert objective_status(parts, rolled.progress_ratio, 0.5, COMMITTED, mode=RollUpMode.MANUAL) is S.ON_TRACK
    assert objective_status(parts, None, 0.5, COMMITTED, mode=RollUpMode.MANUAL) is S.NO_DATA
    assert objective_status([], 0.2, 0.5, COMMITTED, mode=RollUpMode.MANUAL) is S.OFF_TRACK


def test_a_child_counts_like_a_key_result_with_its_weight():
    # The child: (0.6 + 0) / 2 = 0.3 with coverage 0.5. The parent: (1 x 0.9 + 2 x 0.3) / 3 = 0.5, (1 + 2 x 0.5) / 3.
    child = roll_up([part(0.6), part(None, S.NO_DATA)])
    parts = [part(0.9), child_contribution(child, S.NO_DATA, weight=2.0)]
    rolled = roll_up(parts)
    assert rolled.progress_ratio == pytest.approx(0.5)
    assert rolled.coverage_ratio == pytest.approx(2 / 3)
    assert objective_status(parts, rolled.progress_ratio, 0.5, COMMITTED) is S.NO_DATA


def test_r60_three_teams_contribute_50_30_and_20():
    # 0.5 x 0.8 + 0.3 x 0.6 + 0.2 x 0.2 = 0.62
    children = [
        child_contribution(RolledUp(ratio, ratio, 1.0), S.ON_TRACK, weight=weight)
        for ratio, weight in ((0.8, 50), (0.6, 30), (0.2, 20))
    ]
    assert roll_up(children).progress_ratio == pytest.approx(0.62)


@pytest.mark.parametrize(
    "changes",
    [
        {"alignment": Alignment.SUPPORTS},
        {"state": KeyResultState.POSTPONED},
        {"state": KeyResultState.DROPPED},
        {"state": KeyResultState.CLOSED},
        {"state": KeyResultState.DRAFT},
    ],
)
def test_a_child_that_supports_or_is_not_active_takes_no_part(changes):
    assert not child_contribution(RolledUp(0.1, 0.1, 1.0), S.OFF_TRACK, **changes).counts


def test_a_child_of_which_nothing_counts_takes_no_part():
    assert not child_contribution(RolledUp(None, None, None), S.NO_DATA).counts


def test_a_mean_leaves_neither_the_span_of_its_ratios_nor_the_range_of_floats():
    assert mean_ratio([(0.1, 0.1), (0.2, 0.1), (0.7, 0.1)]) == 0.1
    assert mean_ratio([(1e308, 0.2), (1e308, 0.4)]) == pytest.approx(0.3)
    assert mean_ratio([(5e-324, 0.2), (5e-324, 0.4)]) == pytest.approx(0.3)
    assert mean_ratio([]) is None
