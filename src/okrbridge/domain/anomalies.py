"""Anomalies: values that lie far outside their own history. They are marked; only a person excludes one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray

LIMIT = 3.0
"""How many typical deviations from the median are still usual."""
MIN_HISTORY = 5
"""With fewer values before it, nothing is judged."""
HISTORY = 26
"""How many values before it a value is compared with: half a year of weeks."""


def typical_deviation(history: FloatArray) -> float:
    """How far values usually lie from their median: the median absolute deviation (MAD).

    Where more than half of the values are equal that is 0 though the others differ; then it is the mean absolute
    deviation. It is 0 for equal values only. Source: Hampel 1974; Iglewicz and Hoaglin 1993 for the mean.

    Worked example: 9, 10, 10, 11, 12 lie 1, 0, 0, 1, 2 from 10: the median is 1.

    Args:
        history: shape (values,), one at least.
    """
    away = np.abs(history - np.median(history))
    median = float(np.median(away))
    return median if median > 0 else float(away.mean())


def is_anomalous(value: float, history: FloatArray, limit: float = LIMIT) -> bool:
    """Whether a value lies more than three typical deviations from the median of what came before it.

    With a history of equal values every other value is anomalous. Fewer than five values judge nothing. Ours.

    Worked example: after 9, 10, 10, 11, 12 the usual values are 7 to 13; 14 is anomalous.

    Args:
        history: earlier values, without those that a person excluded; shape (values,).
    """
    usual = usual_range(history, limit)
    return usual is not None and not usual[0] <= value <= usual[1]


def usual_range(history: FloatArray, limit: float = LIMIT) -> tuple[float, float] | None:
    """The lowest and the highest value that are not anomalous after a history; None when it is too short to tell.

    Worked example: after 9, 10, 10, 11, 12 they are 7 and 13.

    Args:
        history: as for ``is_anomalous``.
    """
    if len(history) < MIN_HISTORY:
        return None
    median = float(np.median(history))
    slack = NOISE * max(1.0, float(np.abs(history).max()))
    away = limit * typical_deviation(history) + slack
    return median - away, median + away


def anomalous(
    values: FloatArray, excluded: npt.NDArray[np.bool_] | None = None, history: int = HISTORY, limit: float = LIMIT
) -> npt.NDArray[np.bool_]:
    """Which values of a series are anomalous, each against those before it.

    Args:
        values: in the order of time; shape (values,).
        excluded: which of them a person took out; they are judged, and judge no other.
        history: how many earlier values a value is compared with.

    Returns:
        True for the anomalous ones; shape (values,).
    """
    kept = np.ones(len(values), dtype=np.bool_) if excluded is None else ~excluded
    before = [values[:place][kept[:place]][-history:] for place in range(len(values))]
    found = [is_anomalous(value, known, limit) for value, known in zip(values.tolist(), before, strict=True)]
    return np.array(found, dtype=np.bool_)
