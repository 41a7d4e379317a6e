"""Burn policies: which burn, over which pair of windows, is worth a page or a ticket.

Source of the default pairs: Google SRE workbook, chapter 5, table "Recommended parameters for an alerting
configuration"; the short window is a twelfth of the long one. The pair of ``okr-2x`` is the OKR guidance's "page above
2x of the expected burn".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from okrbridge.domain.burn_rate import BURN_WINDOWS, exceeds
from okrbridge.domain.error_budget import budget_ratio
from okrbridge.domain.slo import BurnPolicy, Slo
from okrbridge.domain.windows import format_duration


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

PAIRS: tuple[tuple[str, str], ...] = tuple((long, short) for _, _, long, short in _WORKBOOK)
"""Long and short window of the pairs: the columns of arrays about pairs."""
LONG, SHORT = (np.array([list(BURN_WINDOWS).index(pair[side]) for pair in PAIRS]) for side in (0, 1))
"""The place of each pair's long, and short, window among BURN_WINDOWS."""

_LOWEST_HELD = 0.9
"""The lowest factor that is held at 1."""


OKR_FACTOR = 2.0
"""The factor of ``okr-2x``, whatever the window."""

COVERAGE_FLOOR = 0.9
"""The least share of a pair's long window that must be measured before the pair decides anything."""


def pairs_of(slo: Slo) -> tuple[BurnPair, ...]:
    """The pairs by which an SLO's burn alerts, as its burn policy and its budget have it.

    ``okr-2x`` adds to the workbook's pairs a page above 2x on 1 d and 2 h, where the SLO's window holds a day.
    """
    return tuple(pair for pair, objection in _pairs_of(slo) if not objection)


def left_out_pairs_of(slo: Slo) -> tuple[tuple[BurnPair, str], ...]:
    """The pairs that an SLO's burn policy knows and the SLO does not use, and the reason in words."""
    return tuple((pair, objection) for pair, objection in _pairs_of(slo) if objection)


def _pairs_of(slo: Slo) -> Iterator[tuple[BurnPair, str]]:
    # A number of failures can be passed by any factor, so no burn is too fast to be reached.
    target = None if slo.count_budget is not None else slo.target_ratio
    yield from _scaled_pairs(slo.window.length, target)
    if slo.burn_policy is BurnPolicy.OKR_2X:
        pair = BurnPair(Severity.PAGE, OKR_FACTOR * (BURN_WINDOWS["1d"] / slo.window.length), "1d", "2h", OKR_FACTOR)
        yield pair, _objection(pair, slo.window.length, target)


def _scaled_pairs(window: timedelta, target_ratio: float | None) -> Iterator[tuple[BurnPair, str]]:
    """All of the workbook's pairs, each with the reason to leave it out; empty when there is none.

    Each is scaled to the SLO's window: factor = share x window / long. Worked example: 2 % of 30 days in 1 h is
    0.02 x 720 / 1 = 14.4; over 28 days 13.44. A factor that scales to between 0.9 and 1 is held at 1. A pair that
    scales lower, cannot be reached (above ``1 / (1 - target)``), or whose long window exceeds the SLO's own, is left
    out.
    """
    for severity, share, long, short in _WORKBOOK:
        factor = share * (window / BURN_WINDOWS[long])
        if _LOWEST_HELD <= factor < 1:
            factor = 1.0
        pair = BurnPair(severity, share, long, short, factor)
        yield pair, _objection(pair, window, target_ratio)


def _objection(pair: BurnPair, window: timedelta, target_ratio: float | None) -> str:
    if BURN_WINDOWS[pair.long] > window:
        return f"its {pair.long} window is longer than the SLO's {format_duration(window)}"
    if pair.factor < 1:
        # Rounded down, so that 0.8999 does not read 0.9.
        shown = math.floor(pair.factor * 100 + 1e-9) / 100
        return f"its factor of {shown:g} is below {_LOWEST_HELD:g}"
    if target_ratio is None:
        return ""
    fastest = 1 / budget_ratio(target_ratio)
    if pair.factor > fastest:
        return f"its factor of {pair.factor:.6g} cannot be reached: 1/(1 - {target_ratio:.12g}) is {fastest:.6g}"
    return ""


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


def pair_factors(pairs_of_slos: Sequence[Sequence[BurnPair]]) -> npt.NDArray[np.float64]:
    """The factor over each pair of windows for many SLOs, the lowest where several pairs share their windows.

    Returns:
        Shape (SLOs, PAIRS); infinite where an SLO has no pair over these windows, because nothing burns as fast.
    """
    factors = np.full((len(pairs_of_slos), len(PAIRS)), np.inf)
    columns = {windows: column for column, windows in enumerate(PAIRS)}
    for row, pairs in enumerate(pairs_of_slos):
        for pair in pairs:
            column = columns[pair.long, pair.short]
            factors[row, column] = min(factors[row, column], pair.factor)
    return factors


def exceeding(burn_rates: npt.NDArray[np.float64], factors: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which pairs' two windows both burn faster than their factor, for many SLOs; an unknown burn (NaN) never counts.

    Args:
        burn_rates: shape (SLOs, BURN_WINDOWS).
        factors: as ``pair_factors`` gives.

    Returns:
        Shape (SLOs, PAIRS).
    """
    return np.asarray(exceeds(burn_rates[:, LONG], factors) & exceeds(burn_rates[:, SHORT], factors))
