"""Forecast: where a key result will stand when it is due, and how likely that is far enough.

One robust line through the cycle's points is followed as far as the points bear it out; how wide the answer is comes
from the noise, from what the simpler answers say, and from the time that is left. The reasons and what they were
measured by are in ``docs/decisions/0014-forecast.md``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.velocity import Line, theil_sen

MIN_POINTS = 4
"""Fewer points have no forecast."""
_DAY = 1 / 7
_EVIDENT_Z = 1.645
"""From here on a trend is followed entirely: chance brings it in 1 series of 10."""
_SHIFT_ERROR = 0.7
"""Two levels take the place of the line when they leave less than this share of its absolute error."""
_UNFORESEEN = 1.2
"""Standard deviation of what no history shows, in ways from baseline to target, when the whole period is still to come."""
_DISAGREEMENT = 0.6
"""Standard deviation for each unit by which another reading of the series lies off the median."""
_WANDERING = 2.0
"""How many times its own noise a series may wander off over a whole period."""
_NORMAL = NormalDist()
_P90 = _NORMAL.inv_cdf(0.9)


class ForecastMethod(StrEnum):
    """How the median of a forecast was found."""

    TREND = "theil_sen"
    """The robust line, projected."""
    DAMPED_TREND = "theil_sen_damped"
    """Between the line and the last value: the trend is not evident yet."""
    LEVEL_SHIFT = "level_shift"
    """The level since a jump, which explains the series better than a line."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a series comes to when it is due.

    Attributes:
        slope, intercept: of the robust line, a week and at week 0.
        p10, p50, p90: with these probabilities the value is lower; 80 % lie between the outer two.
        hit_probability: of reaching the goal, 0..1.
        method: how the median was found.
        points: how many points were used.
    """

    slope: float
    intercept: float
    p10: float
    p50: float
    p90: float
    hit_probability: float
    method: ForecastMethod
    points: int


def cadence_points(weeks: FloatArray, values: FloatArray, cadence_weeks: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """One point a cadence period (formula A12): the last of each, in the order of time.

    While that makes fewer than four, one a day. Values that are not numbers are left out.

    Worked example: values at the days 0, 3, 7, 8 and 14 make three weekly points, so each of the five days counts; one
    more at day 21 makes four: the days 3, 8, 14 and 21.

    Args:
        weeks: time since the key result began.
        values: shape (measurements,), as ``weeks``.
        cadence_weeks: 1 for weekly, 2 for biweekly.

    Returns:
        The times and the values of the points.
    """
    known = np.isfinite(weeks) & np.isfinite(values)
    order = np.argsort(weeks[known], kind="stable")
    weeks, values = weeks[known][order], values[known][order]
    points = _last_of_each(weeks, cadence_weeks)
    if len(points) < MIN_POINTS:
        points = _last_of_each(weeks, _DAY)
    return weeks[points], values[points]


def _last_of_each(weeks: FloatArray, length: float) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    periods = np.floor(weeks / length + NOISE)
    return np.flatnonzero(np.append(periods[1:] != periods[:-1], np.ones(min(1, len(weeks)), dtype=bool)))


def forecast(
    weeks: FloatArray,
    values: FloatArray,
    due_week: float,
    *,
    goal: float = 1.0,
    wants_high: bool = True,
    way: float = 1.0,
) -> Forecast | None:
    """Median, 80 % interval and probability of reaching the goal, when due (formula A12).

    Give raw progress, which shows regression and overshoot, or values: the forecast of one is that of the other read in
    its unit. The median is the robust line's projection as soon as the trend is evident; below that it moves towards
    the last value, and after a jump it is the new level.

    Worked example: 800, 770, 720, 690, 640, 600, 560 ms at the weeks 0 to 6 fall by 40 a week from 800: 285.71 ms at week
    12.857, and 0.8571 of the way to 200 ms.

    Args:
        weeks: time since the key result began, rising, one point a cadence period; shape (points,).
        values: raw progress or values; shape (points,).
        due_week: when it is due, in weeks since it began.
        goal: what counts as a hit: G for progress, 1 or 0.7.
        wants_high: whether values above the goal hit it, rather than values below.
        way: from baseline to target in the unit of ``values``; 1 for progress.

    Returns:
        None with fewer than four points, or when no time is left.
    """
    if len(weeks) < MIN_POINTS or due_week <= weeks[-1] or weeks[0] == weeks[-1]:
        return None
    line = theil_sen(weeks, values)
    level = _level_shift(values, _error_of(line, weeks, values))
    left_over = values - line.intercept - line.slope * weeks
    carry_over = _carry_over(left_over)
    if level is not None:
        share, median, left_over, method = 0.0, level.after, level.left_over, ForecastMethod.LEVEL_SHIFT
    else:
        share = min(1.0, abs(trend_evidence(values)) / math.sqrt(carry_over) / _EVIDENT_Z)
        median = share * line.at(due_week) + (1 - share) * float(values[-1])
        method = ForecastMethod.TREND if share == 1 else ForecastMethod.DAMPED_TREND
    freedom = len(weeks) - (2 if level is None else 3)
    common = _Spread(
        noise=float(left_over @ left_over) / freedom,
        level_error=carry_over * (1 / len(weeks) + share**2 * _leverage(weeks, due_week)),
        left_ratio=min(1.0, (due_week - float(weeks[-1])) / due_week),
        way=abs(way),
    )
    readings = (line.at(due_week), float(values[-1]), median)
    below, above = common.with_disagreement(median - min(readings)), common.with_disagreement(max(readings) - median)
    return Forecast(
        slope=line.slope,
        intercept=line.intercept,
        p10=median - _P90 * below + 0.0,
        p50=median + 0.0,
        p90=median + _P90 * above + 0.0,
        hit_probability=_hit_probability(median, below, above, goal, wants_high=wants_high),
        method=method,
        points=len(weeks),
    )


def trend_evidence(values: FloatArray) -> float:
    """How sure a series rises or falls, in standard deviations: the Mann-Kendall test with its correction for ties.

    ``S`` counts rising pairs less falling ones; ``z = (S - sign S) / sqrt(var S)``. Source: Mann 1945, Kendall 1975.

    Worked example: 34, 36, 35, 37, 39, 38, 41 have 19 rising and 2 falling pairs: (17 - 1) / sqrt(7 x 6 x 19 / 18) = 2.403.

    Args:
        values: in the order of time; shape (points,).
    """
    count = len(values)
    first, second = np.triu_indices(count, 1)
    rising = float(np.sign(values[second] - values[first]).sum())
    tied = np.unique(values, return_counts=True)[1].astype(np.float64)
    variance = (_pair_variance(np.array([float(count)])) - _pair_variance(tied)) / 18
    return (rising - math.copysign(1.0, rising)) / math.sqrt(variance) if rising and variance > 0 else 0.0


def _pair_variance(counts: FloatArray) -> float:
    return float((counts * (counts - 1) * (2 * counts + 5)).sum())


@dataclass(frozen=True, eq=False, slots=True)
class _Shift:
    """Two levels with a jump between them."""

    after: float
    left_over: FloatArray


def _error_of(line: Line, weeks: FloatArray, values: FloatArray) -> float:
    return float(np.abs(values - line.intercept - line.slope * weeks).sum())


def _level_shift(values: FloatArray, line_error: float) -> _Shift | None:
    """The jump that explains the series best, if it does so clearly better than the line."""
    count = len(values)
    before = np.arange(count) < np.arange(1, count)[:, None]
    levels = np.where(before, _medians(values, before)[:, None], _medians(values, ~before)[:, None])
    errors = np.abs(values - levels).sum(axis=1)
    best = int(errors.argmin())
    if errors[best] >= _SHIFT_ERROR * line_error or line_error <= NOISE * np.abs(values).max():
        return None
    return _Shift(float(levels[best, -1]), values - levels[best])


def _medians(values: FloatArray, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """The median of the chosen values in each row; every row chooses one at least."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    counts, rows = chosen.sum(axis=1), np.arange(len(chosen))
    return np.asarray((ordered[rows, (counts - 1) // 2] + ordered[rows, counts // 2]) / 2)


def _carry_over(left_over: FloatArray) -> float:
    """By how much neighbours that resemble each other widen what is known: ``(1 + r) / (1 - r)``, at least 1.

    r is the lag-1 autocorrelation of what the line leaves over, put right for the bias of short series by 1/n.
    """
    centred = left_over - left_over.mean()
    total = float(centred @ centred)
    lagged = float(centred[1:] @ centred[:-1])
    if total <= 0 or lagged <= 0:
        return 1.0
    r = min(0.7, lagged / total + 1 / len(centred))
    return (1 + r) / (1 - r)


def _leverage(weeks: FloatArray, due_week: float) -> float:
    """How the error of a slope grows with the distance: ``(due - mean)^2 / sum (week - mean)^2``."""
    centred = weeks - weeks.mean()
    return float((due_week - weeks.mean()) ** 2 / (centred @ centred))


@dataclass(frozen=True, slots=True)
class _Spread:
    """What makes a forecast wide on both sides.

    Attributes:
        noise: variance of what the chosen reading leaves over.
        level_error: variance of the reading itself, in variances of the noise.
        left_ratio: share of the period that is left.
    """

    noise: float
    level_error: float
    left_ratio: float
    way: float

    def with_disagreement(self, distance: float) -> float:
        """Standard deviation on the side where another reading lies so far off.

        The unforeseen grows with the third power of the time left: early on nearly everything can still come, and
        in the last weeks hardly anything.
        """
        noise = self.noise * (1 + self.level_error + (_WANDERING * self.left_ratio) ** 2)
        unforeseen = _UNFORESEEN * self.way * self.left_ratio**3
        return math.sqrt(noise + unforeseen**2 + (_DISAGREEMENT * distance) ** 2)


def _hit_probability(median: float, below: float, above: float, goal: float, *, wants_high: bool) -> float:
    """Chance to end on the good side of the goal; half of the mass lies on either side of the median."""
    gap = (median - goal) if wants_high else (goal - median)
    beyond = below if goal < median else above
    if beyond <= 0:
        return 1.0 if gap >= -NOISE * max(1.0, abs(goal)) else 0.0
    return min(1.0, max(0.0, _NORMAL.cdf(gap / beyond)))
