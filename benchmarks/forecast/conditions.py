"""How the chance that something holds is judged: thresholds on the same series, at most so much when due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from benchmarks.forecast.series import WEEKS, FloatArray, Series
from benchmarks.reporting import Goals
from okrbridge.domain.condition_forecast import forecast_condition
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import NoMeasure
from okrbridge.domain.units import PLAIN
from okrbridge.domain.windows import Interval

LIMITS = (0.05, 0.15, 0.3, 0.5, 0.8, 1.1)
"""Given to the series in turn, so that some hold all the time, some break, and some never held."""
THRESHOLD_GOALS: Goals = {"threshold_error_over_today": {"max": 0.99}}
_START = datetime(2026, 1, 1, tzinfo=UTC)
_BOUNDS = (0.0, 0.1, 0.5, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Held:
    """One threshold: the chance that was promised, whether it held at the last point, and whether it does when due."""

    chance: float
    held_last: bool
    holds: bool


def held(all_series: Sequence[Series]) -> list[Held]:
    """Each series with a limit of its own."""
    return [_held(series, LIMITS[place % len(LIMITS)]) for place, series in enumerate(all_series)]


def error_over_today(found: Sequence[Held]) -> float:
    """Mean squared error of the promised chances, over that of saying that what holds today will hold."""
    ours = np.array([one.chance - one.holds for one in found])
    today = np.array([float(one.held_last) - one.holds for one in found])
    return round(float((ours**2).mean() / (today**2).mean()), 4)


def promises(found: Sequence[Held]) -> str:
    """How often what was promised came true, by the promise."""
    chances, outcomes = np.array([one.chance for one in found]), np.array([one.holds for one in found])
    parts = []
    for low, high in pairwise(_BOUNDS):
        chosen = (chances >= low) & ((chances < high) | (high == 1.0))
        if chosen.any():
            parts.append(f"{chances[chosen].mean():.2f} -> {outcomes[chosen].mean():.2f} ({chosen.sum()})")
    return "; ".join(parts)


def _held(series: Series, limit: float) -> Held:
    progress: FloatArray = (series.progress <= limit).astype(np.float64)
    made = forecast_condition(_at_most(limit), series.weeks, progress, series.progress, WEEKS)
    assert made is not None, "every series has points enough and time left"  # noqa: S101 - narrows the type
    return Held(made.progress.hit_probability, bool(progress[-1]), series.outcome <= limit)


def _at_most(limit: float) -> KeyResult:
    return KeyResult(
        name="one",
        title="",
        objective="simulated",
        kind=KeyResultKind.THRESHOLD,
        measure=NoMeasure(PLAIN),
        unit=PLAIN,
        target=limit,
        period=Interval(_START, _START + timedelta(weeks=WEEKS)),
        operator=Operator.LE,
    )
