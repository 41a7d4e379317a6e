"""Key results that stand together: composites of parts, guards that must hold as well, and either-or."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.progress import Progress, holds, progress_of, states_condition
from okrbridge.domain.rollup import mean_ratio, worst

GUARD_SCORE_CAP = 0.3
"""Best score of a key result whose guard did not hold for long enough."""

_NOT_JUDGED = (KeyResultStatus.NOT_STARTED, KeyResultStatus.TOO_EARLY)


@dataclass(frozen=True, slots=True)
class Composed:
    """What the parts of a composite make together.

    Attributes:
        ratio: the value of the composite, 0..1; None while no part was ever measured.
        coverage_ratio: weight of the parts that were ever measured over all weight; None without weight.
    """

    ratio: float | None
    coverage_ratio: float | None


def composed(progress_ratios: Sequence[float | None], weights: Sequence[float]) -> Composed:
    """Value of a composite (formula A11): the weighted mean of its parts' clamped progress.

    A part that was never measured counts 0, as in an objective.

    Worked example: 0.8 with weight 2 and 0.5 with weight 1: (1.6 + 0.5) / 3 = 0.7.

    Args:
        progress_ratios, weights: one each for every part.
    """
    parts = list(zip(weights, progress_ratios, strict=True))
    is_measured = any(ratio is not None for _, ratio in parts)
    return Composed(
        ratio=mean_ratio([(weight, ratio or 0.0) for weight, ratio in parts]) if is_measured else None,
        coverage_ratio=mean_ratio([(weight, float(ratio is not None)) for weight, ratio in parts]),
    )


def best_of(progresses: Iterable[Progress | None]) -> Progress | None:
    """The furthest progress of several of which one is enough (either-or); None when none is known.

    Worked example: error rate under 1 % (0), or half of the baseline (0.6 of the way): 0.6.
    """
    known = [one for one in progresses if one is not None]
    return max(known, key=lambda one: one.raw_ratio, default=None)


def is_breached(guard: KeyResult, value: float) -> bool:
    """Whether a guard does not hold at its value now.

    What states a condition is breached when that does not hold. What has a way to go is breached when it is worse than
    where it started, and without a baseline when its target is not met. Kinds without progress guard nothing.

    Worked example: p95 at 430 ms, to stay within 5 % above 400 ms: 430 > 420, breached.

    Raises:
        ValueError: a condition without a target or an operator.
    """
    if guard.kind is KeyResultKind.ERROR_BUDGET or states_condition(guard):
        return not holds(guard, value)
    progress = progress_of(guard, value)
    if progress is None:
        return False
    floor = 0.0 if guard.baseline is not None else 1.0
    return progress.raw_ratio < floor - NOISE


def capped(status: KeyResultStatus, *, guard_breached: bool) -> KeyResultStatus:
    """The status under its guards (formula A11): not better than at risk while one is breached.

    Not started and too early stay, as there is nothing to judge yet.
    """
    if not guard_breached or status in _NOT_JUDGED:
        return status
    return worst((status, KeyResultStatus.AT_RISK)) or status


def capped_score(score: float, guard_compliances: Iterable[float | None], required_share: float = 1.0) -> float:
    """The score under its guards at close (formula A11): at most 0.3 when one held for less than the required share.

    Args:
        score: 0..1.
        guard_compliances: good share of each guard's observed time; None for one that was never observed, which
            caps nothing, because silence is no breach.
        required_share: of the time that each guard must hold.
    """
    is_short = any(each is not None and each < required_share - NOISE for each in guard_compliances)
    return min(score, GUARD_SCORE_CAP) if is_short else score
