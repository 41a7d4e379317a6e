"""Pacing: where the plan says a key result should be, and what its gap to the plan means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from okrbridge.domain.cycles import elapsed_ratio
from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import Commitment, KeyResult, KeyResultKind
from okrbridge.domain.progress import Progress, holds
from okrbridge.domain.windows import Interval


class KeyResultStatus(StrEnum):
    """The machine's judgement of a key result's pace; worst first."""

    MISSED = "missed"
    OFF_TRACK = "off_track"
    AT_RISK = "at_risk"
    STALE = "stale"
    NO_DATA = "no_data"
    ON_TRACK = "on_track"
    ACHIEVED = "achieved"
    NOT_STARTED = "not_started"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """Thresholds that turn a gap into a status.

    Attributes:
        on_track_gap: largest gap that is still on track.
        at_risk_gap: largest gap that is still at risk.
        goal_factors: share of the target that counts as success.
        equal_evaluations: evaluations in a row that must agree before a status changes.
    """

    on_track_gap: float = 0.05
    at_risk_gap: float = 0.25
    committed_goal: float = 1.0
    aspirational_goal: float = 0.7
    equal_evaluations: int = 2

    def goal_factor(self, commitment: Commitment) -> float:
        """G of formula A8."""
        return self.committed_goal if commitment is Commitment.COMMITTED else self.aspirational_goal


DEFAULT_POLICY = StatusPolicy()


def expected_ratio(period: Interval, at: datetime, checkpoints: Sequence[tuple[datetime, float]] = ()) -> float:
    """Planned progress at an instant (formula A7): piecewise linear through the checkpoints, 0..1.

    Without checkpoints it is the elapsed share of the period. With a checkpoint of 0.375 at week 2 of
    13, it is 0.1875 at week 1.
    """
    planned = [(elapsed_ratio(period, when), ratio) for when, ratio in sorted(checkpoints)]
    points = [(0.0, 0.0), *planned, (1.0, 1.0)]
    now = elapsed_ratio(period, at)
    for (left, low), (right, high) in pairwise(points):
        if now <= right:
            share = (now - left) / (right - left) if right > left else 1.0
            return min(1.0, max(0.0, low + share * (high - low)))
    return 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """A key result's position against its plan; a positive gap is behind."""

    expected_ratio: float
    gap_ratio: float
    status: KeyResultStatus


def pace_of(
    key_result: KeyResult,
    at: datetime,
    value: float,
    progress: Progress,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Pace:
    """Expected progress, gap and status of a measured key result (formulas A7, A8, A8a).

    The gap is ``G x E - progress``. A threshold is judged by whether it holds, an error budget by how much of
    its allowance is spent, everything else by its gap.
    """
    expected = expected_ratio(key_result.period, at, key_result.checkpoints)
    gap = policy.goal_factor(key_result.commitment) * expected - progress.ratio + 0.0
    return Pace(expected, gap, _status(key_result, at, value, progress, policy, gap=gap))


def _status(
    key_result: KeyResult, at: datetime, value: float, progress: Progress, policy: StatusPolicy, *, gap: float
) -> KeyResultStatus:
    if at < key_result.period.start:
        return KeyResultStatus.NOT_STARTED
    is_due = at >= key_result.period.end
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return _budget_status(value, key_result.target, expected_ratio(key_result.period, at), is_due=is_due)
    if key_result.kind is KeyResultKind.THRESHOLD:
        return _threshold_status(key_result, value, is_due=is_due)
    if progress.raw_ratio >= 1:
        return KeyResultStatus.ACHIEVED
    if is_due:
        return KeyResultStatus.MISSED
    return gap_status(gap, policy)


def gap_status(gap: float, policy: StatusPolicy = DEFAULT_POLICY) -> KeyResultStatus:
    """Status of a gap (formula A8): on track to 0.05, at risk to 0.25, off track above."""
    if gap <= policy.on_track_gap + NOISE:
        return KeyResultStatus.ON_TRACK
    return KeyResultStatus.AT_RISK if gap <= policy.at_risk_gap + NOISE else KeyResultStatus.OFF_TRACK


def _budget_status(consumed: float, allowance: float, elapsed: float, *, is_due: bool) -> KeyResultStatus:
    """Status of an error-budget key result (formula A5): measured against the allowance spent evenly."""
    within = consumed <= allowance * (1 + NOISE)
    if consumed > 1 + NOISE or (is_due and not within):
        return KeyResultStatus.MISSED
    if is_due:
        return KeyResultStatus.ACHIEVED
    if consumed <= allowance * elapsed + NOISE:
        return KeyResultStatus.ON_TRACK
    return KeyResultStatus.AT_RISK if within else KeyResultStatus.OFF_TRACK


def _threshold_status(key_result: KeyResult, value: float, *, is_due: bool) -> KeyResultStatus:
    """Status of a threshold (formula A4): holding, within the critical zone, or beyond it."""
    holding = holds(key_result, value)
    if is_due:
        return KeyResultStatus.ACHIEVED if holding else KeyResultStatus.MISSED
    if holding:
        return KeyResultStatus.ON_TRACK
    assert key_result.operator is not None, "holds() has checked it"  # noqa: S101 - narrows the type
    critical = key_result.critical
    if critical is None:
        return KeyResultStatus.OFF_TRACK
    within = value >= critical if key_result.operator.wants_high else value <= critical
    return KeyResultStatus.AT_RISK if within else KeyResultStatus.OFF_TRACK


@dataclass(frozen=True, slots=True)
class SteadyStatus:
    """A status that changes only when evaluations in a row agree on the new one.

    Attributes:
        shown: the status in force.
        candidate: the status the last evaluations found instead, if any.
        seen: how many evaluations in a row found the candidate.
    """

    shown: KeyResultStatus
    candidate: KeyResultStatus | None = None
    seen: int = 0


_UNJUDGED = (KeyResultStatus.NOT_STARTED, KeyResultStatus.TOO_EARLY, KeyResultStatus.NO_DATA)


def steady(
    previous: SteadyStatus | None, found: KeyResultStatus, policy: StatusPolicy = DEFAULT_POLICY
) -> SteadyStatus:
    """The status to show after one more evaluation (formula A8); the first judgement is taken at once."""
    if previous is None or found is previous.shown or previous.shown in _UNJUDGED:
        return SteadyStatus(found)
    seen = previous.seen + 1 if found is previous.candidate else 1
    if seen >= policy.equal_evaluations:
        return SteadyStatus(found)
    return SteadyStatus(previous.shown, found, seen)
