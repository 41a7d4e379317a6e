"""Forecast of what must hold: thresholds, bands and error budgets, whose progress stands still until it jumps.

A latency that holds its limit all quarter has a progress of 1 in every week, and one that creeps towards the limit has
it too. So the value is what is projected, and progress is read from that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from okrbridge.domain.forecast import LARGEST, MIN_POINTS, Forecast, forecast
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.progress import budget_progress, consumption_at, holds, states_condition
from okrbridge.domain.velocity import theil_sen

_QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class ConditionForecast:
    """What a condition comes to when it is due.

    Attributes:
        value: of its value, in the key result's unit.
        progress: of its progress; both have the same probability.
    """

    value: Forecast
    progress: Forecast


def is_forecast_by_value(key_result: KeyResult) -> bool:
    """Whether progress is 1 while something holds, so that only the value tells where it goes.

    A maintain key result moves with its compliance, and a threshold with a baseline has a way to go.
    """
    if key_result.kind in (KeyResultKind.BAND, KeyResultKind.ERROR_BUDGET):
        return True
    is_condition = states_condition(key_result) and key_result.kind is not KeyResultKind.MAINTAIN
    return is_condition and key_result.baseline is None


def forecast_condition(
    key_result: KeyResult,
    weeks: FloatArray,
    progress: FloatArray,
    values: FloatArray,
    due_week: float,
    *,
    goal: float = 1.0,
) -> ConditionForecast | None:
    """The value when due, the chance that it holds then, and progress from both (formula A12).

    The chance is that of the value to lie within the limits: ``P(v >= low) + P(v <= high) - 1``. An error budget has to
    stay below the consumption that has the goal's progress. What no history shows is scaled by the median distance of
    the points from the nearest limit. Progress that is 0 or 1 has the quantile 1 where the chance to fail is smaller
    than it.

    Worked example: of a budget of which half may be spent, 4, 8, 12, 16, 20, 24 % in the weeks 1 to 6 come to 52 % in
    week 13: the chance to hold is below one half, although its progress was 1 all the time.

    Args:
        weeks, progress, values: as ``forecast`` takes them; shape (points,) each.
        goal: G, the progress that is a hit.

    Returns:
        None as ``forecast`` has it, and while the limits are not known.
    """
    low, high = limits = _limits(key_result, goal)
    known = np.array([limit for limit in limits if limit is not None])
    if not len(known) or len(values) < MIN_POINTS or not (np.abs([*values, *known]) <= LARGEST).all():
        return None
    way = float(np.median(np.abs(values[:, None] - known).min(axis=1)))
    above = None if low is None else forecast(weeks, values, due_week, goal=low, way=way)
    below = None if high is None else forecast(weeks, values, due_week, goal=high, wants_high=False, way=way)
    sides = [one for one in (above, below) if one is not None]
    if not sides:
        return None
    value = replace(sides[0], hit_probability=_chance(key_result, sides))
    line = theil_sen(weeks, progress)
    low_share, middle, high_share = _progress_quantiles(key_result, value)
    shares = replace(value, slope=line.slope, intercept=line.intercept, p10=low_share, p50=middle, p90=high_share)
    return ConditionForecast(value, shares)


def _limits(key_result: KeyResult, goal: float) -> tuple[float | None, float | None]:
    """The least and the largest value that is a hit; None for an open side."""
    target, operator = key_result.target, key_result.operator
    if key_result.kind is KeyResultKind.BAND:
        return key_result.low, key_result.high
    if target is None:
        return None, None
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return None, consumption_at(goal, target)
    return (target, None) if operator is not None and operator.wants_high else (None, target)


def _chance(key_result: KeyResult, sides: Sequence[Forecast]) -> float:
    """Chance to be on the good side of every limit."""
    value = sides[0]
    if value.p10 == value.p90 and key_result.kind is not KeyResultKind.ERROR_BUDGET:
        # Nothing is in doubt, so a limit that may be met exactly differs from one that must not.
        return 1.0 if holds(key_result, value.p50) else 0.0
    return max(0.0, sum(one.hit_probability for one in sides) - (len(sides) - 1))


def _progress_quantiles(key_result: KeyResult, value: Forecast) -> tuple[float, float, float]:
    """Progress at the quantiles of the value; where it is 0 or 1, from the chance to hold."""
    if key_result.kind is KeyResultKind.ERROR_BUDGET and key_result.target is not None:
        allowance = key_result.target
        least, middle, most = (budget_progress(one, allowance).ratio for one in (value.p90, value.p50, value.p10))
        return least, middle, most
    fails = 1.0 - value.hit_probability
    least, middle, most = (1.0 if fails < quantile else 0.0 for quantile in _QUANTILES)
    return least, middle, most
