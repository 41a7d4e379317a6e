"""Burn policies: which burn, over which pair of windows, is worth a page or a ticket.

Source of the default pairs: Google SRE workbook, chapter 5, table "Recommended parameters for an alerting
configuration"; the short window is a twelfth of the long one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from okrbridge.domain.burn_rate import BURN_WINDOWS, exceeds
from okrbridge.domain.error_budget import budget_ratio


class Severity(StrEnum):
    """How an alert reaches people."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class BurnPair:
    """Two windows that must both burn faster than a factor.

    Attributes:
        budget_share: share of the SLO's budget that the long window spends at the factor.
        long, short: window names of BURN_WINDOWS.
        factor: burn rate to exceed.
    """

    severity: Severity
    budget_share: float
    long: str
    short: str
    factor: float


_WORKBOOK = (
    (Severity.PAGE, 0.02, "1h", "5m"),
    (Severity.PAGE, 0.05, "6h", "30m"),
    (Severity.TICKET, 0.10, "1d", "2h"),
    (Severity.TICKET, 0.10, "3d", "6h"),
)


def default_pairs(window: timedelta, target_ratio: float) -> tuple[BurnPair, ...]:
    """The workbook's pairs scaled to an SLO window: factor = share x window / long.

    Worked example: 2 % of 30 days in 1 h is 0.02 x 720 / 1 = 14.4; over 28 days 13.44.

    A factor that scales to between 0.9 and 1 is held at 1. A pair that scales lower, cannot be reached
    (above ``1 / (1 - target)``), or whose long window exceeds the SLO's own, is left out.
    """
    pairs = []
    for severity, share, long, short in _WORKBOOK:
        factor = share * (window / BURN_WINDOWS[long])
        if 0.9 <= factor < 1:
            factor = 1.0
        reachable = factor <= 1 / budget_ratio(target_ratio)
        if factor >= 1 and reachable and BURN_WINDOWS[long] <= window:
            pairs.append(BurnPair(severity, share, long, short, factor))
    return tuple(pairs)


def exceeded_pairs(pairs: tuple[BurnPair, ...], burn_rates: Mapping[str, float | None]) -> tuple[BurnPair, ...]:
    """The pairs whose two windows both burn faster than their factor; an unknown burn never counts."""
    return tuple(
        pair
        for pair in pairs
        if all(
            (burn := burn_rates.get(name)) is not None and exceeds(burn, pair.factor)
            for name in (pair.long, pair.short)
        )
    )
