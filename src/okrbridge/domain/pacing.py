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
from okrbridge.domain.progress import Progress, holds, in_critical_zone, is_within, states_condition
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
    """Thresholds that turn a gap into a status; they are published, so that a status has one documented meaning.

    Attributes:
        on_track_gap: largest gap that is still on track.
        at_risk_gap: largest gap that is still at risk.
        committed_goal, aspirational_goal: share of the target that counts as success (G of formula A8).
        equal_evaluations: evaluations in a row that must agree before a status changes.
        name: by which cycles refer to it; ``default`` is the built-in one.
        revision: 1 for the first; grows with each change of its numbers.
    """

    on_track_gap: float = 0.05
    at_risk_gap: float = 0.25
    committed_goal: float = 1.0
    aspirational_goal: float = 0.7
    equal_evaluations: int = 2
    name: str = "default"
    revision: int = 1

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
    """A key result's position against its plan.

    Attributes:
        gap_ratio: ``G x E - progress``, positive when behind; None without progress.
        variance_ratio: ``progress - E``, negative when behind; None without progress.
    """

    expected_ratio: float
    gap_ratio: float | None
    status: KeyResultStatus
    variance_ratio: float | None = None


def pace_of(
    key_result: KeyResult,
    at: datetime,
    value: float,
    progress: Progress | None,
    policy: StatusPolicy = DEFAULT_POLICY,
    *,
    too_early: bool = False,
) -> Pace:
    """Expected progress, gap and status of a measured key result (formulas A7, A8, A8a).

    A threshold, a maintain key result and a band are judged by whether they hold, an error budget by how much of its
    allowance is spent, everything else by its gap.

    Args:
        progress: as ``progress_of`` gives it for the value; None where it gives none.
        too_early: whether too little time has passed for a judgement, as ``run_rate`` says.
    """
    expected = expected_ratio(key_result.period, at, key_result.checkpoints)
    if progress is None:
        return Pace(expected, None, _status_without_progress(key_result, at))
    gap = policy.goal_factor(key_result.commitment) * expected - progress.ratio + 0.0
    status = _status(key_result, at, value, progress, gap_status(gap, policy), too_early=too_early)
    return Pace(expected, gap, status, progress.ratio - expected + 0.0)


_UNSCORED = (KeyResultKind.BASELINE, KeyResultKind.HYPOTHESIS)


def _status_without_progress(key_result: KeyResult, at: datetime) -> KeyResultStatus:
    """No baseline is missing data; time that has not come yet, and kinds without progress, are too early to judge."""
    if at < key_result.period.start:
        return KeyResultStatus.NOT_STARTED
    waits = key_result.kind is KeyResultKind.MAINTAIN and at < key_result.period.end
    return KeyResultStatus.TOO_EARLY if waits or key_result.kind in _UNSCORED else KeyResultStatus.NO_DATA


def _status(
    key_result: KeyResult,
    at: datetime,
    value: float,
    progress: Progress,
    by_gap: KeyResultStatus,
    *,
    too_early: bool,
) -> KeyResultStatus:
    """Status by the rule of the key result's kind; ``by_gap`` is what its gap says."""
    is_due = at >= key_result.period.end
    if at < key_result.period.start:
        return KeyResultStatus.NOT_STARTED
    if too_early and not is_due:
        return KeyResultStatus.TOO_EARLY
    if key_result.kind is KeyResultKind.ERROR_BUDGET and key_result.target is not None:
        return _budget_status(value, key_result.target, elapsed_ratio(key_result.period, at), is_due=is_due)
    if states_condition(key_result):
        return _condition_status(key_result, value, progress, is_due=is_due)
    if progress.raw_ratio >= 1:
        return KeyResultStatus.ACHIEVED
    return KeyResultStatus.MISSED if is_due else by_gap


def gap_status(gap: float, policy: StatusPolicy = DEFAULT_POLICY) -> KeyResultStatus:
    """Status of a gap (formula A8): on track to 0.05, at risk to 0.25, off track above."""
    if gap <= policy.on_track_gap + NOISE:
        return KeyResultStatus.ON_TRACK
    return KeyResultStatus.AT_RISK if gap <= policy.at_risk_gap + NOISE else KeyResultStatus.OFF_TRACK


def _budget_status(consumed: float, allowance: float, elapsed: float, *, is_due: bool) -> KeyResultStatus:
    """Status of an error-budget key result (formula A5): measured against the allowance spent evenly."""
    within = is_within(consumed, allowance)
    if consumed > 1 + NOISE or (is_due and not within):
        return KeyResultStatus.MISSED
    if is_due:
        return KeyResultStatus.ACHIEVED
    if consumed <= allowance * elapsed + NOISE:
        return KeyResultStatus.ON_TRACK
    return KeyResultStatus.AT_RISK if within else KeyResultStatus.OFF_TRACK


def _condition_status(key_result: KeyResult, value: float, progress: Progress, *, is_due: bool) -> KeyResultStatus:
    """Status of what must hold (formula A4): holding, within the critical zone, or beyond it.

    When due, a maintain key result is judged by its whole time, the others by whether they hold.
    """
    holding = holds(key_result, value)
    if is_due:
        is_kept = progress.raw_ratio >= 1 if key_result.kind is KeyResultKind.MAINTAIN else holding
        return KeyResultStatus.ACHIEVED if is_kept else KeyResultStatus.MISSED
    if holding:
        return KeyResultStatus.ON_TRACK
    return KeyResultStatus.AT_RISK if in_critical_zone(key_result, value) else KeyResultStatus.OFF_TRACK


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
