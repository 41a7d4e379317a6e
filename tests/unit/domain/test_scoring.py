import pytest

from okrbridge.domain.key_results import Commitment, KeyResultState
from okrbridge.domain.progress import Progress
from okrbridge.domain.scoring import (
    Outcome,
    Score,
    ScoreColour,
    are_targets_too_easy,
    is_postmortem_due,
    is_too_easy,
    outcome_of,
    score_of,
)

COMMITTED, ASPIRATIONAL = Commitment.COMMITTED, Commitment.ASPIRATIONAL
RED, AMBER, GREEN = ScoreColour.RED, ScoreColour.AMBER, ScoreColour.GREEN


@pytest.mark.parametrize(
    ("ratio", "score", "colour"),
    [
        (0.0, 0.0, RED),
        (0.34, 0.3, RED),
        (0.35, 0.4, AMBER),  # half up, not half even
        (0.25, 0.3, RED),
        (0.64, 0.6, AMBER),
        (0.65, 0.7, GREEN),
        (0.65 - 1e-12, 0.7, GREEN),  # float noise
        (0.7389, 0.7, GREEN),
        (0.8571, 0.9, GREEN),
        (0.97, 1.0, GREEN),
        (1.0, 1.0, GREEN),
        # Out of range it is clamped.
        (1.2, 1.0, GREEN),
        (-0.4, 0.0, RED),
    ],
)
def test_a_score_is_rounded_half_up_and_has_a_colour(ratio, score, colour):
    assert score_of(ratio) == Score(score, colour)


def test_r43_scoring_again_gives_the_identical_number():
    assert {score_of(number / 1000) for number in range(1001)} == {score_of(number / 1000) for number in range(1001)}


@pytest.mark.parametrize(
    ("raw", "commitment", "outcome"),
    [
        (0.97, COMMITTED, Outcome.MISSED),  # scores 1.0 all the same
        (1.0, COMMITTED, Outcome.ACHIEVED),
        (1.3, COMMITTED, Outcome.ACHIEVED),
        (0.7, ASPIRATIONAL, Outcome.ACHIEVED),
        (0.7 - 1e-12, ASPIRATIONAL, Outcome.ACHIEVED),  # float noise
        (0.65, ASPIRATIONAL, Outcome.PARTIAL),  # green by rounding, and not 0.7
        (0.4, ASPIRATIONAL, Outcome.PARTIAL),
        (0.34, ASPIRATIONAL, Outcome.MISSED),
        (-0.2, ASPIRATIONAL, Outcome.MISSED),
    ],
)
def test_the_outcome_is_judged_before_rounding(raw, commitment, outcome):
    assert outcome_of(Progress.of(raw), commitment) is outcome


def test_r32_a_committed_0_97_is_missed_with_a_postmortem_and_an_aspirational_0_7_is_a_success():
    missed = outcome_of(Progress.of(0.97), COMMITTED)
    assert (score_of(0.97).value, missed) == (1.0, Outcome.MISSED)
    assert is_postmortem_due(missed, COMMITTED)
    success = outcome_of(Progress.of(0.7), ASPIRATIONAL)
    assert success is Outcome.ACHIEVED
    assert not is_postmortem_due(success, ASPIRATIONAL)
    assert not is_postmortem_due(outcome_of(Progress.of(0.1), ASPIRATIONAL), ASPIRATIONAL)


def test_dropped_and_unmeasured_are_outcomes_of_their_own():
    assert outcome_of(Progress.of(0.9), COMMITTED, KeyResultState.DROPPED) is Outcome.DROPPED
    assert outcome_of(None, COMMITTED) is Outcome.INCONCLUSIVE


def test_an_aspiration_reached_in_full_was_perhaps_too_easy():
    assert is_too_easy(Progress.of(1.0), ASPIRATIONAL)
    assert not is_too_easy(Progress.of(0.9), ASPIRATIONAL)
    assert not is_too_easy(Progress.of(1.2), COMMITTED)


@pytest.mark.parametrize(
    ("cycles", "easy"),
    [
        ([[1.0, 1.1], [1.0], [1.2]], True),
        ([[0.4], [1.0], [1.0], [1.0]], True),  # the last three
        ([[1.0], [1.0], [1.0, 0.9]], False),
        ([[1.0], [1.0]], False),  # two are no habit
        ([[1.0], [], [1.0], [1.0]], True),  # a cycle without key results says nothing
        ([], False),
    ],
)
def test_r42_three_cycles_all_reached_in_full_had_too_easy_targets(cycles, easy):
    assert are_targets_too_easy(cycles) is easy
