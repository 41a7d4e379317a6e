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
import numpy.typing as npt

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.significance import carry_over, trend_evidence
from okrbridge.domain.velocity import Line, theil_sen

MIN_POINTS = 4
"""Fewer points have no forecast."""
_DAY = 1 / 7
LARGEST = 1e150
"""Larger numbers cannot be squared in floats."""
_EVIDENT_Z = 1.645
"""From here on a trend is followed entirely: chance brings it in 1 series of 10."""
_SHIFT_ERROR = 0.7
"""Two levels take the place of the line when they leave less than this share of its absolute error."""
_UNFORESEEN = 1.0
"""Standard deviation of what no history shows, in ways from baseline to target, with the whole period to come."""
_DISAGREEMENT = 0.65
"""Standard deviation for each unit by which another reading of the series lies off the median."""
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


def _last_of_each(weeks: FloatArray, length: float) -> npt.NDArray[np.intp]:
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

    Worked example: 800, 770, 720, 690, 640, 600, 560 ms at the weeks 0 to 6 fall by 40 a week from 800: 285.71 ms at
    week 12.857, and 0.8571 of the way to 200 ms.

    Args:
        weeks: time since the key result began, rising, one point a cadence period; shape (points,).
        values: raw progress or values; shape (points,).
        due_week: when it is due, in weeks since it began.
        goal: what counts as a hit: G for progress, 1 or 0.7.
        wants_high: whether values above the goal hit it, rather than values below.
        way: from baseline to target in the unit of ``values``; 1 for progress.

    Returns:
        None with fewer than four points, when no time is left, and where a value is no number or beyond 1e150, as
        goal and way may not be either.
    """
    if len(weeks) < MIN_POINTS or due_week <= weeks[-1] or weeks[0] == weeks[-1]:
        return None
    if not (np.abs(values) <= LARGEST).all() or max(abs(goal), abs(way)) > LARGEST:
        return None
    line = theil_sen(weeks, values)
    reading = _shifted(weeks, values, line) or _trend(weeks, values, line, due_week)
    readings = (line.at(due_week), float(values[-1]), reading.median)
    left_ratio = (due_week - float(weeks[-1])) / due_week if weeks[-1] > 0 else 1.0
    below = _deviation(reading, left_ratio, abs(way), reading.median - min(readings))
    above = _deviation(reading, left_ratio, abs(way), max(readings) - reading.median)
    return Forecast(
        slope=line.slope,
        intercept=line.intercept,
        p10=reading.median - _P90 * below + 0.0,
        p50=reading.median + 0.0,
        p90=reading.median + _P90 * above + 0.0,
        hit_probability=_hit_probability(reading.median, below, above, goal, wants_high=wants_high),
        method=reading.method,
        points=len(weeks),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a series.

    Attributes:
        median: what it comes to when due.
        noise: variance of what the reading leaves over.
        error: variance of the reading itself, in variances of the noise.
    """

    method: ForecastMethod
    median: float
    noise: float
    error: float


def _trend(weeks: FloatArray, values: FloatArray, line: Line, due_week: float) -> _Reading:
    """The line, followed as far as its trend is evident; the rest of the way stays at the last value."""
    left_over = values - line.intercept - line.slope * weeks
    factor = carry_over(left_over)
    share = min(1.0, abs(trend_evidence(values)) / math.sqrt(factor) / _EVIDENT_Z)
    centred = weeks - weeks.mean()
    leverage = float((due_week - weeks.mean()) ** 2 / (centred @ centred))
    return _Reading(
        method=ForecastMethod.TREND if share == 1 else ForecastMethod.DAMPED_TREND,
        median=share * line.at(due_week) + (1 - share) * float(values[-1]),
        noise=_variance(left_over, len(weeks) - 2),
        error=share**2 * factor * (1 / len(weeks) + leverage) + (1 - share) ** 2,
    )


def _shifted(weeks: FloatArray, values: FloatArray, line: Line) -> _Reading | None:
    """The level since the jump that explains the series best, where it does so clearly better than the line."""
    count = len(values)
    before = np.arange(count) < np.arange(1, count)[:, None]
    levels = np.where(before, _medians(values, before)[:, None], _medians(values, ~before)[:, None])
    errors = np.abs(values - levels).sum(axis=1)
    best = int(errors.argmin())
    line_error = float(np.abs(values - line.intercept - line.slope * weeks).sum())
    if errors[best] >= _SHIFT_ERROR * line_error or line_error <= NOISE * np.abs(values).max():
        return None
    left_over = values - levels[best]
    return _Reading(
        method=ForecastMethod.LEVEL_SHIFT,
        median=float(levels[best, -1]),
        noise=_variance(left_over, count - 3),
        error=1 / (count - 1 - best),
    )


def _variance(left_over: FloatArray, freedom: int) -> float:
    """Variance of the noise, widened as Student's t is for so few degrees of freedom, to its first order."""
    return float(left_over @ left_over) / freedom * (1 + (_P90**2 + 1) / (4 * freedom)) ** 2


def _medians(values: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    """The median of the chosen values in each row; every row chooses one at least."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    counts, rows = chosen.sum(axis=1), np.arange(len(chosen))
    return np.asarray((ordered[rows, (counts - 1) // 2] + ordered[rows, counts // 2]) / 2)


def _deviation(reading: _Reading, left_ratio: float, way: float, distance: float) -> float:
    """Standard deviation on the side where another reading of the series lies so far off the median.

    The unforeseen grows with the third power of the time left: early on nearly everything can still come, in the last
    weeks hardly anything.
    """
    unforeseen = _UNFORESEEN * way * left_ratio**3
    return math.sqrt(reading.noise * (1 + reading.error) + unforeseen**2 + (_DISAGREEMENT * distance) ** 2)


def _hit_probability(median: float, below: float, above: float, goal: float, *, wants_high: bool) -> float:
    """Chance to end on the good side of the goal; half of the mass lies on either side of the median."""
    gap = (median - goal) if wants_high else (goal - median)
    # At the median itself, the side on which the goal is missed tells how certain it is.
    beyond = below if goal < median or (goal == median and wants_high) else above
    if beyond <= 0:
        return 1.0 if gap >= -NOISE * max(1.0, abs(goal)) else 0.0
    return min(1.0, max(0.0, _NORMAL.cdf(gap / beyond)))
