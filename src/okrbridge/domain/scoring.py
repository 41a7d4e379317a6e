"""Scores: what is left of a key result when its cycle closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import Commitment, KeyResultState
from okrbridge.domain.pacing import DEFAULT_POLICY, StatusPolicy
from okrbridge.domain.progress import Progress

_DECIMALS_OF_NOISE = 9


class ScoreColour(StrEnum):
    """How people read a score; the bands are Google's."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


class Outcome(StrEnum):
    """How a key result ended."""

    ACHIEVED = "achieved"
    PARTIAL = "partial"
    MISSED = "missed"
    DROPPED = "dropped"
    INCONCLUSIVE = "inconclusive"
    VALIDATED = "validated"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Score:
    """A score, 0.0 to 1.0 in steps of 0.1, with its colour."""

    value: float
    colour: ScoreColour


def score_of(progress_ratio: float) -> Score:
    """The score of a clamped progress (formula A14): rounded half up to 0.1; float noise decides nothing.

    Worked examples: 0.65 gives 0.7, green; 0.8571 gives 0.9; 0.34 gives 0.3, red.

    Args:
        progress_ratio: 0..1, as it stands, or as the guards cap it.
    """
    exact = Decimal(repr(round(min(1.0, max(0.0, progress_ratio)), _DECIMALS_OF_NOISE)))
    value = float(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
    return Score(value, _colour(value))


def _colour(score: float) -> ScoreColour:
    if score >= 0.7:
        return ScoreColour.GREEN
    return ScoreColour.AMBER if score >= 0.4 else ScoreColour.RED


def outcome_of(
    progress: Progress | None,
    commitment: Commitment,
    state: KeyResultState = KeyResultState.ACTIVE,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Outcome:
    """How a key result ended (formula A14), judged by its progress before any rounding.

    A commitment is achieved at a raw share of 1, and missed below: 0.97 scores 1.0 and is missed. An aspiration is
    achieved from 0.7 on, and partly when it is at least amber. What nobody could measure is inconclusive.
    """
    if state is KeyResultState.DROPPED:
        return Outcome.DROPPED
    if progress is None:
        return Outcome.INCONCLUSIVE
    if progress.raw_ratio >= policy.goal_factor(commitment) - NOISE:
        return Outcome.ACHIEVED
    if commitment is Commitment.COMMITTED or score_of(progress.ratio).colour is ScoreColour.RED:
        return Outcome.MISSED
    return Outcome.PARTIAL


def is_postmortem_due(outcome: Outcome, commitment: Commitment) -> bool:
    """Whether a miss asks for a postmortem: of commitments it does."""
    return commitment is Commitment.COMMITTED and outcome is Outcome.MISSED


def is_too_easy(progress: Progress, commitment: Commitment) -> bool:
    """Whether an aspiration was reached in full, which asks whether it was one."""
    return commitment is Commitment.ASPIRATIONAL and progress.raw_ratio >= 1


def are_targets_too_easy(ratios_by_cycle: Sequence[Sequence[float]], in_a_row: int = 3) -> bool:
    """Whether a team's last cycles were all reached in full: "targets too easy".

    Args:
        ratios_by_cycle: raw progress, or score, of a team's key results for each cycle, ascending; a cycle without
            any is left out.
        in_a_row: how many cycles make it a habit.
    """
    known = [ratios for ratios in ratios_by_cycle if ratios][-in_a_row:]
    return len(known) == in_a_row and all(ratio >= 1 - NOISE for ratios in known for ratio in ratios)
