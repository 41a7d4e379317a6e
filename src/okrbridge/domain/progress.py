"""Progress of key results: from a value to a share of the way.

Progress is kept twice: raw, which shows regression below 0 and overshoot above 1, and clamped to 0..1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import KeyResult, KeyResultKind


@dataclass(frozen=True, slots=True)
class Progress:
    """Raw and clamped share of the way."""

    raw_ratio: float
    ratio: float

    @classmethod
    def of(cls, raw: float) -> Progress:
        """From the raw share; -0.0 becomes 0.0, and 1 within float noise is 1."""
        raw = 1.0 if math.isclose(raw, 1.0, rel_tol=0, abs_tol=NOISE) else raw + 0.0
        return cls(raw, min(1.0, max(0.0, raw)))


def linear(value: float, baseline: float, target: float) -> Progress:
    """Share of the way from baseline to target (formula A1): ``(v - B) / (T - B)``.

    Worked example: from 800 ms to 200 ms at 500 ms is (500 - 800) / (200 - 800) = 0.5.

    Raises:
        ValueError: target equals baseline, so there is no way to go.
    """
    if target == baseline:
        raise ValueError(f"target {target} equals baseline: there is no way to go")
    return Progress.of((value - baseline) / (target - baseline))


def budget_progress(consumed_ratio: float, allowance: float) -> Progress:
    """Progress of an error-budget key result (formula A5): full while consumption is within the allowance.

    Worked example: allowance 0.5, consumed 0.6: (1 - 0.6) / (1 - 0.5) = 0.8.
    """
    if consumed_ratio <= allowance * (1 + NOISE):
        return Progress.of(1.0)
    if allowance >= 1:
        return Progress.of(max(0.0, 1.0 - max(0.0, consumed_ratio - 1.0)))
    return Progress.of(max(0.0, (1.0 - consumed_ratio) / (1.0 - allowance)))


def progress_of(key_result: KeyResult, value: float) -> Progress:
    """Progress of a key result at a value in its unit; one formula for each kind.

    A threshold without a baseline is 1 while it holds and 0 otherwise; with one it moves as formula A1 says.
    """
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return budget_progress(value, key_result.target)
    if key_result.baseline is not None:
        return linear(value, key_result.baseline, key_result.target)
    return Progress.of(1.0 if holds(key_result, value) else 0.0)


def holds(key_result: KeyResult, value: float) -> bool:
    """Whether a threshold key result holds at a value."""
    if key_result.operator is None:
        raise ValueError(f"key result {key_result.id} has no operator")
    return key_result.operator.holds(value, key_result.target)
