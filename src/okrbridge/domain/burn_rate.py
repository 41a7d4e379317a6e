"""Burn rate: how fast an error budget is being spent, in multiples of the even pace.

Source: Google SRE workbook, chapter 5, "Alerting on SLOs". Burn rate here always means the error budget;
the speed of a key result is its velocity.
"""

from __future__ import annotations

from datetime import timedelta

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


def burn_rate(bad: Number, total: Number, target_ratio: float) -> Number:
    """Error ratio over budget ratio; 0 without events, because nothing was spent.

    Worked example: 0.2 % of events bad at a target of 99.9 % burn at 2.0.
    """
    return quotient(bad, total, otherwise=0.0) / budget_ratio(target_ratio)


def exceeds(burn: float, factor: float) -> bool:
    """Whether a burn rate is above a factor, equal values forgiven their float noise."""
    return burn > factor * (1 + NOISE)
