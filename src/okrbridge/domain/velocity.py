"""Velocity: how fast a key result moves, and how fast it would have to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray

STALLED_WEEKS = 4.0
"""How long nothing may move before a key result is called stalled."""
STALLED_ELAPSED_RATIO = 0.5
"""Share of the period before which a key result is not called stalled: many begin slowly."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through a series; ``slope`` is per week, ``intercept`` the value at week 0."""

    intercept: float
    slope: float

    def at(self, week: float) -> float:
        """The value on the line."""
        return self.intercept + self.slope * week + 0.0


def theil_sen(weeks: FloatArray, values: FloatArray) -> Line:
    """The robust line through a series: the median of all pairs' slopes, then the median of what it leaves over.

    It stands firm while fewer than 29 % of the points are wrong. Source: Theil 1950, Sen 1968.

    Worked example: 34, 36, 35, 37, 39, 38, 41 at the weeks 0 to 6 rise by 1 a week from 34.

    Args:
        weeks, values: shape (points,).

    Raises:
        ValueError: all points lie at one instant, so nothing has a slope.
    """
    first, second = np.triu_indices(len(weeks), 1)
    apart = weeks[second] - weeks[first]
    told = apart != 0
    if not told.any():
        raise ValueError("a line needs points at two instants at least")
    slope = float(np.median((values[second] - values[first])[told] / apart[told])) + 0.0
    return Line(float(np.median(values - slope * weeks)) + 0.0, slope)


def velocity(weeks: FloatArray, progress: FloatArray) -> float | None:
    """Slope of raw progress a week (formula A13): that of the robust line; None below two instants.

    Worked example: 800, 770, 720, 690, 640, 600, 560 ms on the way to 200 ms is -40 ms a week: 40/600 = 0.0667 of
    the way.

    Args:
        weeks, progress: one point a cadence period, as ``forecast.cadence_points`` picks them; shape (points,).
    """
    return theil_sen(weeks, progress).slope if len(np.unique(weeks)) > 1 else None


def required_velocity(progress_ratio: float, goal_ratio: float, weeks_left: float) -> float | None:
    """Progress a week that still reaches the goal (formula A13): ``(G - p) / weeks left``.

    Worked example: at 0.4 with 6 weeks left for 1.0 it is 0.1 a week.

    Args:
        goal_ratio: G, 1 for committed and 0.7 for aspirational key results.

    Returns:
        0 once the goal is reached; None when no week is left.
    """
    if progress_ratio >= goal_ratio - NOISE:
        return 0.0
    return (goal_ratio - progress_ratio) / weeks_left if weeks_left > 0 else None


def velocity_ratio(velocity: float | None, required: float | None) -> float | None:
    """Velocity over required velocity (formula A13); 1 just arrives, below 1 is too slow.

    Worked example: 0.05 a week where 0.1 is required is 0.5.

    Returns:
        None when either is unknown, and when nothing is required any more.
    """
    if velocity is None or required is None or required == 0:
        return None
    return velocity / required + 0.0


def is_stalled(weeks: FloatArray, progress: FloatArray, elapsed_ratio: float, goal_ratio: float = 1.0) -> bool:
    """Whether nothing moved forward over the last four weeks, half of the period or more being over.

    The robust line through the points of those weeks rises by nothing. A key result that reached its goal is never
    stalled, and one with less than four weeks of points is not judged. Ours.

    Worked example: 12, 12, 11, 13, 12, 11, 12 incidents: the last five have a slope of 0.

    Args:
        weeks, progress: points in the order of time; shape (points,).
    """
    if len(weeks) == 0 or elapsed_ratio < STALLED_ELAPSED_RATIO - NOISE or progress[-1] >= goal_ratio - NOISE:
        return False
    since = weeks[-1] - STALLED_WEEKS
    if weeks[0] > since + NOISE:
        return False
    recent = weeks >= since - NOISE
    slope = velocity(weeks[recent], progress[recent])
    return slope is not None and slope <= NOISE


def value_needed(baseline: float, target: float, expected_ratio: float) -> float:
    """The value that is on track now: ``B + E x (T - B)``, A1 read backwards.

    Worked example: from 62 % to 78 % with 3/8 of the way expected it is 62 + 16 x 0.375 = 68 %.
    """
    return baseline + expected_ratio * (target - baseline) + 0.0
