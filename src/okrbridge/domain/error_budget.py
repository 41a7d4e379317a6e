"""Error budgets: how much failure a target allows, and how much of it is spent.

Source of the formulas: Google SRE workbook, chapter "Implementing SLOs". Every function works on floats
and on numpy arrays alike. An unknown ratio (no events) is NaN in here and ``None`` in every report.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", float, npt.NDArray[np.float64])

NOISE = 1e-9
"""Relative slack when a ratio is compared with a limit: 1 - 0.9995 is not exact in floats."""


def budget_ratio(target_ratio: Number) -> Number:
    """The share of events that may be bad: ``1 - target``. A target of 0.999 allows 0.001.

    The difference is taken in decimal, as the target was written; in floats 1 - 0.999 is 0.0010000000000000009.
    """
    if not isinstance(target_ratio, np.ndarray):
        return float(1 - Decimal(repr(float(target_ratio))))
    # Many SLOs share few targets, so the difference is taken once for each that is different.
    targets, places = np.unique(target_ratio, return_inverse=True)
    return np.array([budget_ratio(target) for target in targets.tolist()])[places]


def sli_ratio(good: Number, total: Number) -> Number:
    """Good over total, 0..1; NaN where there were no events.

    Worked example: 9990 good of 10000 give 0.999.
    """
    return quotient(good, total, otherwise=np.nan)


def error_ratio(bad: Number, total: Number) -> Number:
    """Bad over total, 0..1; NaN where there were no events."""
    return quotient(bad, total, otherwise=np.nan)


def consumed_ratio(bad: Number, total: Number, target_ratio: Number) -> Number:
    """Share of a rolling window's budget that is spent: ``bad / ((1 - target) x total)``; 0 without events.

    Worked example: 5 bad of 10000 at 0.999 spend 5 / 10 = 0.5. Above 1 the budget is overspent.
    """
    return quotient(bad, budget_ratio(target_ratio) * total, otherwise=0.0)


def remaining_ratio(consumed: Number) -> Number:
    """One minus consumed: signed, never clamped; zero within float noise is exactly zero."""
    left = 1.0 - consumed
    return _as_given(np.where(np.abs(left) < NOISE, 0.0, left), consumed)


def allowed_downtime(target_ratio: float, window: timedelta) -> timedelta:
    """The budget as time: a total outage of this length spends it at even traffic.

    Worked example: 0.999 over 30 days allow 43.2 minutes, over 91 days 131.04 minutes.
    """
    return window * budget_ratio(target_ratio)


def consumed_to_date(good: float, total: float, target_ratio: float, elapsed_ratio: float) -> float:
    """Share of a fixed period's budget spent so far (formula A5): ``E x (1 - SLI) / (1 - target)``.

    The period's events are not all in yet, so the budget spent is judged at even traffic: half way
    through a quarter an SLI of 0.999 at a target of 0.999 has spent half of the quarter's budget.

    Args:
        elapsed_ratio: elapsed share of the period, 0..1.

    Returns:
        The share spent; NaN without events.
    """
    return elapsed_ratio * error_ratio(total - good, total) / budget_ratio(target_ratio)


def coverage_ratio(measured: Number, in_force: Number) -> Number:
    """Measured time over time in force, 0..1; 0 for a window that holds no time. Both in seconds."""
    return quotient(measured, in_force, otherwise=0.0)


def are_honest(good: Number, total: Number) -> npt.NDArray[np.bool_]:
    """Whether ``0 <= good <= total``, as of any honest pair of counters; float noise is forgiven."""
    noise = NOISE * np.maximum(1.0, np.abs(total))
    return np.asarray((-noise <= good) & (good <= total + noise))


def quotient(part: Number, whole: Number, *, otherwise: float) -> Number:
    """Part over whole, and ``otherwise`` where the whole is zero: 5 of 10 give 0.5."""
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    result = np.full(np.broadcast_shapes(top.shape, bottom.shape), otherwise)
    np.divide(top, bottom, out=result, where=bottom > 0)
    return _as_given(result, part)


def _as_given(result: npt.NDArray[np.float64], _given: Number) -> Number:
    """An array for arrays and a plain float for floats, because numpy's scalars print and serialise otherwise."""
    return result if result.ndim else result.item()  # type: ignore[return-value]  # mypy cannot count dimensions
