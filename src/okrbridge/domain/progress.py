"""Progress of key results: from a value to a share of the way.

Progress is kept twice: raw, which shows regression below 0 and overshoot above 1, and clamped to 0..1.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator

_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Progress:
    """Raw and clamped share of the way; both finite."""

    raw_ratio: float
    ratio: float

    @classmethod
    def of(cls, raw: float) -> Progress:
        """From the raw share; -0.0 becomes 0.0, and 1 within float noise is 1."""
        raw = 1.0 if math.isclose(raw, 1.0, rel_tol=0, abs_tol=NOISE) else raw + 0.0
        return cls(min(_LARGEST, max(-_LARGEST, raw)), min(1.0, max(0.0, raw)))

    @property
    def is_worse_than_start(self) -> bool:
        """Whether the value is on the wrong side of the baseline, where the clamped share says just 0."""
        return self.raw_ratio < 0


def linear(value: float, baseline: float, target: float) -> Progress:
    """Share of the way from baseline to target (formula A1): ``(v - B) / (T - B)``.

    Worked example: from 800 ms to 200 ms at 500 ms is (500 - 800) / (200 - 800) = 0.5.

    Raises:
        ValueError: target equals baseline, so there is no way to go.
    """
    if target == baseline:
        raise ValueError(f"target {target} equals baseline: there is no way to go")
    gone, way = value - baseline, target - baseline
    if math.isinf(gone) or math.isinf(way):
        # Halves of the largest floats have a difference; their quotient is the same.
        gone, way = value / 2 - baseline / 2, target / 2 - baseline / 2
    return Progress.of(gone / way)


def budget_progress(consumed_ratio: float, allowance: float) -> Progress:
    """Progress of an error-budget key result (formula A5): full while consumption is within the allowance.

    Worked example: allowance 0.5, consumed 0.6: (1 - 0.6) / (1 - 0.5) = 0.8.
    """
    if is_within(consumed_ratio, allowance):
        return Progress.of(1.0)
    if allowance >= 1:
        return Progress.of(max(0.0, 1.0 - max(0.0, consumed_ratio - 1.0)))
    return Progress.of(max(0.0, (1.0 - consumed_ratio) / (1.0 - allowance)))


def consumption_at(ratio: float, allowance: float) -> float:
    """The largest consumption of a budget that still has this progress: formula A5 read backwards.

    Worked example: allowance 0.5: 0.7 of the way is kept up to 1 - 0.7 x 0.5 = 0.65, all of it up to 0.5.
    """
    if ratio >= 1:
        return allowance
    return max(allowance, 2.0 - ratio) if allowance >= 1 else 1.0 - ratio * (1.0 - allowance)


def is_within(consumed_ratio: float, allowance: float) -> bool:
    """Whether the consumption of a budget is within the allowance; equality is, float noise forgiven."""
    return consumed_ratio <= allowance * (1 + NOISE)


def compliance_progress(compliance: float, required_share: float) -> Progress:
    """Progress of a maintain key result (formula A3): ``compliance / required share``.

    Worked example: good in 12 of 13 weeks, all of them required: 0.9231; 0.9 required: raw 1.0256.

    Raises:
        ValueError: no share is required, so there is nothing to reach.
    """
    return linear(compliance, 0.0, required_share)


def progress_of(key_result: KeyResult, value: float, compliance: float | None = None) -> Progress | None:
    """Progress of a key result at a value in its unit; one formula for each kind (A1, A3, A5).

    increase, decrease, relative, countPerPeriod, and everything else that has a baseline, move by A1 from it. A reach
    and a share start at 0. Binary, milestone, ordinal and composite take their value 0..1 as it is. A threshold and
    a band are 1 while they hold and 0 otherwise. A countPerPeriod takes its run rate as the value.

    Args:
        value: in the key result's unit; the consumed ratio for an error budget.
        compliance: of a maintain key result: the good share of its qualified time, 0..1.

    Returns:
        None where there is no progress to speak of: a baseline that is looked for, a hypothesis, a baseline, target
        or limit that is not known yet, a maintain key result without any qualified time observed.

    Raises:
        ValueError: a threshold without operator, or a target equal to the baseline.
    """
    match key_result.kind:
        case KeyResultKind.BASELINE | KeyResultKind.HYPOTHESIS:
            return None
        case KeyResultKind.ERROR_BUDGET:
            return None if key_result.target is None else budget_progress(value, key_result.target)
        case KeyResultKind.MAINTAIN:
            return None if compliance is None else compliance_progress(compliance, key_result.required_share)
        case KeyResultKind.BINARY | KeyResultKind.ORDINAL | KeyResultKind.COMPOSITE:
            return linear(value, 0.0, 1.0)
        case KeyResultKind.MILESTONE:
            return linear(value if key_result.evidence else 0.0, 0.0, 1.0)
    return _progress_to_target(key_result, value)


def _progress_to_target(key_result: KeyResult, value: float) -> Progress | None:
    """Progress of the kinds that have a target, or limits, for their value."""
    is_band = key_result.kind is KeyResultKind.BAND
    if is_band or (states_condition(key_result) and key_result.baseline is None):
        return Progress.of(1.0 if holds(key_result, value) else 0.0) if _has_limit(key_result) else None
    start = start_of(key_result)
    if start is None or key_result.target is None:
        return None
    return linear(value, start, key_result.target)


def start_of(key_result: KeyResult) -> float | None:
    """Where the way to the target begins, in the key result's unit: the baseline, or 0 for a reach and a share.

    Returns:
        None where there is no way, as of a hypothesis, whose target is an effect, and while the baseline is not known.
    """
    if key_result.kind is KeyResultKind.HYPOTHESIS:
        return None
    from_nothing = key_result.kind in (KeyResultKind.REACH, KeyResultKind.SHARE)
    return 0.0 if from_nothing and key_result.baseline is None else key_result.baseline


def states_condition(key_result: KeyResult) -> bool:
    """Whether a key result states what must hold, rather than a way to go: threshold, maintain, band.

    A countPerPeriod with an operator and without a baseline ("fewer than 10 alerts a week") does as well.
    """
    if key_result.kind is KeyResultKind.COUNT_PER_PERIOD:
        return key_result.baseline is None and key_result.operator is not None
    return key_result.kind in (KeyResultKind.THRESHOLD, KeyResultKind.MAINTAIN, KeyResultKind.BAND)


def holds(key_result: KeyResult, value: float) -> bool:
    """Whether what a threshold, maintain, band or error budget states is met at a value.

    Both limits of a band are inside it; one that is None is open.

    Raises:
        ValueError: there is no operator, or no target to compare with.
    """
    if key_result.kind is KeyResultKind.BAND:
        return _in_band(value, key_result.low, key_result.high)
    if key_result.target is None:
        raise ValueError(f"key result {key_result.id} has no target")
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return is_within(value, key_result.target)
    if key_result.operator is None:
        raise ValueError(f"key result {key_result.id} has no operator")
    return key_result.operator.holds(value, key_result.target)


def _in_band(value: float, low: float | None, high: float | None) -> bool:
    above = low is None or Operator.GE.holds(value, low)
    return above and (high is None or Operator.LE.holds(value, high))


def _has_limit(key_result: KeyResult) -> bool:
    """Whether the limits are known; a band around a baseline waits for it."""
    if key_result.kind is KeyResultKind.BAND:
        return key_result.low is not None or key_result.high is not None
    return key_result.target is not None


def wants_high(key_result: KeyResult) -> bool | None:
    """Whether larger values are better; None where there is no direction, as in a band, and while it is not known.

    The operator of a share speaks of its members: of incidents under 15 minutes, the larger share is better.
    """
    if key_result.kind in (KeyResultKind.INCREASE, KeyResultKind.SHARE):
        return True
    if key_result.kind in (KeyResultKind.DECREASE, KeyResultKind.ERROR_BUDGET):
        return False
    if key_result.operator is not None:
        return key_result.operator.wants_high
    # The target of a hypothesis is its effect: any above 0 is a rise.
    start = 0.0 if key_result.kind is KeyResultKind.HYPOTHESIS else start_of(key_result)
    return None if start is None or key_result.target is None else key_result.target > start


def in_critical_zone(key_result: KeyResult, value: float) -> bool:
    """Whether a value that does not hold is still within ``critical`` (formula A4).

    A band's critical value lies beyond one of its limits; the zone is as wide on the other side.
    """
    critical = key_result.critical
    if critical is None:
        return False
    if key_result.kind is not KeyResultKind.BAND:
        assert key_result.operator is not None, "holds() has checked it"  # noqa: S101 - narrows the type
        return value >= critical if key_result.operator.wants_high else value <= critical
    low, high = key_result.low, key_result.high
    width = max(0.0, *(critical - high,) if high is not None else (), *(low - critical,) if low is not None else ())
    return _in_band(value, None if low is None else low - width, None if high is None else high + width)
