"""Burn rate: how fast an error budget is being spent, in multiples of the even pace.

Source: Google SRE workbook, chapter 5, "Alerting on SLOs". Burn rate here always means the error budget;
the speed of a key result is its velocity.
"""

from __future__ import annotations

from datetime import timedelta
from typing import overload

import numpy as np
import numpy.typing as npt

from okrbridge.domain.error_budget import NOISE, Number, budget_ratio, quotient

BURN_WINDOWS: dict[str, timedelta] = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
}
"""The windows of the SRE workbook's multi-window policy, by their name in labels and JSON keys."""


def burn_rate(bad: Number, total: Number, target_ratio: Number) -> Number:
    """Error ratio over budget ratio; 0 without events, because nothing was spent.

    Worked example: 0.2 % of events bad at a target of 99.9 % burn at 2.0.
    """
    return quotient(bad, total, otherwise=0.0) / budget_ratio(target_ratio)


@overload
def exceeds(burn: float, factor: float) -> bool: ...
@overload
def exceeds(burn: npt.NDArray[np.float64], factor: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]: ...
def exceeds(
    burn: float | npt.NDArray[np.float64], factor: float | npt.NDArray[np.float64]
) -> bool | npt.NDArray[np.bool_]:
    """Whether a burn rate is above a factor, equal values forgiven their float noise; NaN is above nothing."""
    return burn > factor * (1 + NOISE)
