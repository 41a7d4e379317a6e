"""Roll-up: from key results, and from children, to their objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import Commitment, KeyResultState
from okrbridge.domain.objectives import Alignment, RollUpMode
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
    """What one key result, or one child, brings to its objective.

    Attributes:
        progress_ratio: its last good progress; None when it was never measured.
        is_current: whether that progress is from a good, fresh measurement.
        counts: whether it takes part at all, as ``KeyResult.counts`` says.
        coverage_ratio: of a child, how much of it is measured now.
    """

    weight: float
    progress_ratio: float | None
    is_current: bool
    status: KeyResultStatus
    commitment: Commitment = Commitment.COMMITTED
    counts: bool = True
    coverage_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class RolledUp:
    """An objective's progress.

    Attributes:
        progress_ratio: by the roll-up mode, what was never measured counting 0; None without weight.
        measured_only_ratio: the same of what was ever measured.
        coverage_ratio: weight of what is freshly measured over all weight; None without weight.
    """

    progress_ratio: float | None
    measured_only_ratio: float | None
    coverage_ratio: float | None


def child_contribution(
    rolled: RolledUp,
    status: KeyResultStatus,
    *,
    weight: float = 1.0,
    commitment: Commitment = Commitment.COMMITTED,
    alignment: Alignment = Alignment.CONTRIBUTES,
    state: KeyResultState = KeyResultState.ACTIVE,
) -> Contribution:
    """What a child brings to its parent: like a key result if it contributes, nothing if it only supports.

    A child without progress of its own, because none of its key results counts, takes no part.

    Args:
        rolled, status: the child's own.
        weight, commitment, alignment, state: as the child declares them.
    """
    return Contribution(
        weight=weight,
        progress_ratio=rolled.progress_ratio,
        is_current=bool(rolled.coverage_ratio),
        status=status,
        commitment=commitment,
        counts=alignment is Alignment.CONTRIBUTES and state.counts and rolled.progress_ratio is not None,
        coverage_ratio=rolled.coverage_ratio or 0.0,
    )


def roll_up(
    contributions: Sequence[Contribution],
    mode: RollUpMode = RollUpMode.WEIGHTED_MEAN,
    manual_progress: float | None = None,
) -> RolledUp:
    """Progress of an objective with its coverage (formula A9).

    Worked example: progress 0.8, 0.75, 0.6667 and one never measured, equal weights: 2.2167 / 4 = 0.5542,
    coverage 0.75, measured only 0.7389.

    Args:
        mode: the weighted mean, the worst of those with weight, or what people say.
        manual_progress: what people say, 0..1; None when they said nothing.
    """
    parts = [one for one in contributions if one.counts and one.weight > 0]
    every = [(one.weight, one.progress_ratio or 0.0) for one in parts]
    known = [(one.weight, one.progress_ratio) for one in parts if one.progress_ratio is not None]
    coverage = mean_ratio([(one.weight, one.coverage_ratio if one.is_current else 0.0) for one in parts])
    if mode is RollUpMode.MANUAL:
        return RolledUp(manual_progress, manual_progress, coverage)
    if mode is RollUpMode.WORST:
        return RolledUp(_least(every), _least(known), coverage)
    return RolledUp(mean_ratio(every), mean_ratio(known), coverage)


def mean_ratio(weighted: Sequence[tuple[float, float]]) -> float | None:
    """Weighted mean ``sum(weight x ratio) / sum(weight)`` (formulas A9, A11); None without weight.

    It never leaves the span of the ratios, and their order does not matter. 0.8 with weight 2 and 0.5 with weight 1
    give 0.7.

    Args:
        weighted: pairs of weight and ratio; a weight of 0 takes no part.
    """
    counted = [(weight, ratio) for weight, ratio in weighted if weight > 0]
    if not counted:
        return None
    # Weights as shares of the largest, so that neither huge nor tiny ones leave the range of floats.
    largest = max(weight for weight, _ in counted)
    mean = fsum(weight / largest * ratio for weight, ratio in counted) / fsum(each / largest for each, _ in counted)
    ratios = [ratio for _, ratio in counted]
    return min(max(mean, min(ratios)), max(ratios)) + 0.0


def _least(weighted: Sequence[tuple[float, float]]) -> float | None:
    return min((ratio for _, ratio in weighted), default=None)


def worst(statuses: Iterable[KeyResultStatus]) -> KeyResultStatus | None:
    """The worst status (formula A8a); not started and too early are skipped, None when nothing is left."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), None)


def best(statuses: Iterable[KeyResultStatus]) -> KeyResultStatus | None:
    """The best status (formula A8a), for key results of which one is enough; skips what ``worst`` skips."""
    found = set(statuses)
    return next((status for status in reversed(_WORST_FIRST) if status in found), None)


def objective_status(
    contributions: Sequence[Contribution],
    progress_ratio: float | None,
    expected: float,
    commitment: Commitment,
    policy: StatusPolicy = DEFAULT_POLICY,
    *,
    mode: RollUpMode = RollUpMode.WEIGHTED_MEAN,
) -> KeyResultStatus:
    """Status of an objective (formula A10): the worst of what it is committed to, else formula A8 on its progress.

    With the mode ``worst`` aspirations count like commitments; with ``manual`` only the progress that people say does.

    Args:
        contributions: of its key results and of its children; a child's status counts like a key result's.
        expected: the elapsed share of the cycle; 1 when it is over.
    """
    parts = [] if mode is RollUpMode.MANUAL else [one for one in contributions if one.counts]
    if found := worst(one.status for one in parts if mode is RollUpMode.WORST or _is_committed(one)):
        return found
    skipped = {one.status for one in parts}
    if skipped and skipped <= {KeyResultStatus.NOT_STARTED, KeyResultStatus.TOO_EARLY}:
        return KeyResultStatus.NOT_STARTED if KeyResultStatus.NOT_STARTED in skipped else KeyResultStatus.TOO_EARLY
    is_measured = mode is RollUpMode.MANUAL or any(one.progress_ratio is not None for one in parts)
    if progress_ratio is None or not is_measured:
        return KeyResultStatus.NO_DATA
    return _status_of_progress(progress_ratio, expected, policy.goal_factor(commitment), policy)


def _is_committed(one: Contribution) -> bool:
    return one.commitment is Commitment.COMMITTED


def _status_of_progress(progress: float, expected: float, goal: float, policy: StatusPolicy) -> KeyResultStatus:
    if progress >= 1 - NOISE:
        return KeyResultStatus.ACHIEVED
    if expected >= 1:
        return KeyResultStatus.MISSED
    return gap_status(goal * expected - progress, policy)
