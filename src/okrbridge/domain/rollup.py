"""Roll-up: from key results to their objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import Commitment
from okrbridge.domain.pacing import DEFAULT_POLICY, KeyResultStatus, StatusPolicy, gap_status

_WORST_FIRST = (
    KeyResultStatus.MISSED,
    KeyResultStatus.OFF_TRACK,
    KeyResultStatus.AT_RISK,
    KeyResultStatus.STALE,
    KeyResultStatus.NO_DATA,
    KeyResultStatus.ON_TRACK,
    KeyResultStatus.ACHIEVED,
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one key result brings to its objective.

    Attributes:
        progress_ratio: its last good progress; None when it was never measured.
        is_current: whether that progress is from a good, fresh measurement.
    """

    weight: float
    progress_ratio: float | None
    is_current: bool
    status: KeyResultStatus
    commitment: Commitment = Commitment.COMMITTED


@dataclass(frozen=True, slots=True)
class RolledUp:
    """An objective's progress.

    Attributes:
        progress_ratio: weighted mean, a key result never measured counting 0; None without weight.
        measured_only_ratio: weighted mean of the key results that were ever measured.
        coverage_ratio: weight of the freshly measured ones over all weight; None without weight.
    """

    progress_ratio: float | None
    measured_only_ratio: float | None
    coverage_ratio: float | None


def roll_up(contributions: Sequence[Contribution]) -> RolledUp:
    """Weighted progress of an objective with its coverage (formula A9).

    Worked example: progress 0.8, 0.75, 0.6667 and one never measured, equal weights: 2.2167 / 4 = 0.5542,
    coverage 0.75, measured only 0.7389.
    """
    weight = sum(one.weight for one in contributions)
    known = [(one.weight, one.progress_ratio) for one in contributions if one.progress_ratio is not None]
    known_weight = sum(each for each, _ in known)
    done = sum(each * progress for each, progress in known)
    current = sum(one.weight for one in contributions if one.is_current)
    return RolledUp(
        progress_ratio=done / weight if weight > 0 else None,
        measured_only_ratio=done / known_weight if known_weight > 0 else None,
        coverage_ratio=current / weight if weight > 0 else None,
    )


def worst(statuses: Iterable[KeyResultStatus]) -> KeyResultStatus | None:
    """The worst status (formula A8a); not started and too early are skipped, None when nothing is left."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), None)


def objective_status(
    contributions: Sequence[Contribution],
    progress_ratio: float | None,
    expected: float,
    commitment: Commitment,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> KeyResultStatus:
    """Status of an objective (formula A10): the worst of its committed key results, else formula A8 on its progress.

    Args:
        expected: the elapsed share of the cycle; 1 when it is over.
    """
    committed = [one.status for one in contributions if one.commitment is Commitment.COMMITTED]
    if found := worst(committed):
        return found
    skipped = {one.status for one in contributions}
    if skipped and skipped <= {KeyResultStatus.NOT_STARTED, KeyResultStatus.TOO_EARLY}:
        return KeyResultStatus.NOT_STARTED if KeyResultStatus.NOT_STARTED in skipped else KeyResultStatus.TOO_EARLY
    if progress_ratio is None or all(one.progress_ratio is None for one in contributions):
        return KeyResultStatus.NO_DATA
    if progress_ratio >= 1 - NOISE:
        return KeyResultStatus.ACHIEVED
    if expected >= 1:
        return KeyResultStatus.MISSED
    return gap_status(policy.goal_factor(commitment) * expected - progress_ratio, policy)
