"""Targets beside their history: how often the improvement was made before, and whether it is more than noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.domain.anomalies import typical_deviation
from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.velocity import theil_sen

MIN_HISTORY = 4
"""Fewer values say nothing of noise."""
_MAD_TO_DEVIATION = 1.4826
"""Standard deviation over median absolute deviation, of normal values."""


@dataclass(frozen=True, slots=True)
class TargetDifficulty:
    """What a target asks, in terms of what was achieved before.

    Attributes:
        needed: the improvement it needs, positive, in the unit of the values.
        percentile: share of past improvements that were smaller, 0..1; equal ones count half. 0.9 was beaten by one
            in ten.
        windows: how many past windows it is compared with; they overlap.
        typical, stretch: values that the median and the 90th percentile of past improvements lead to from the baseline.
    """

    needed: float
    percentile: float
    windows: int
    typical: float
    stretch: float


def past_improvements(weeks: FloatArray, values: FloatArray, length_weeks: float, *, wants_high: bool) -> FloatArray:
    """What was gained over every past window of one length; positive is better, a decline is negative.

    A window ends at each value that has one a whole length or more before it; it begins with the last of those.

    Worked example: 100, 98, 95, 95 at the weeks 0 to 3, lower being better: over two weeks they gained 5 and 3.

    Args:
        weeks, values: history in the order of time; shape (values,).
        length_weeks: length of the windows, usually that of the cycle.
        wants_high: whether higher values are better.

    Returns:
        Improvements; shape (windows,), empty when the history is shorter than a window.
    """
    begins = np.searchsorted(weeks, weeks - length_weeks + NOISE, side="right") - 1
    whole = begins >= 0
    gained = values[whole] - values[begins[whole]]
    return np.asarray(gained if wants_high else -gained) + 0.0


def target_difficulty(baseline: float, target: float, improvements: FloatArray) -> TargetDifficulty | None:
    """How a target's improvement stands among past ones; None without any. Ours.

    Worked example: 5 where 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 were gained is at (4 + 0.5) / 10 = 0.45.

    Args:
        improvements: as ``past_improvements`` gives them; shape (windows,).
    """
    count = len(improvements)
    if count == 0:
        return None
    needed = abs(target - baseline)
    slack = NOISE * max(1.0, needed)
    smaller = int((improvements < needed - slack).sum())
    equal = int((np.abs(improvements - needed) <= slack).sum())
    sign = 1.0 if target >= baseline else -1.0
    typical, stretch = (baseline + sign * float(np.quantile(improvements, share)) + 0.0 for share in (0.5, 0.9))
    return TargetDifficulty(needed, (smaller + equal / 2) / count, count, typical, stretch)


def noise_of(history: FloatArray) -> float | None:
    """How far values usually lie from their own trend by chance: the median absolute deviation around the robust line.

    Worked example: 400, 396, 404, 400, 396, 404, 400 ms have no trend and lie 0, 4, 4, 0, 4, 4, 0 from 400: 4 ms.

    Args:
        history: values in the order of time, evenly spaced; shape (values,).

    Returns:
        None with fewer than four values.
    """
    if len(history) < MIN_HISTORY:
        return None
    steps = np.arange(float(len(history)))
    return typical_deviation(history - theil_sen(steps, history).slope * steps)


def noise_band(noise: float) -> float:
    """The change that is no more than noise: one standard deviation of normally spread values, ``1.4826 x MAD``.

    Source of the factor: Hampel 1974. That a target must ask for more than one is ours: values of a whole cycle move
    less by chance than those of a day.

    Worked example: days that usually lie 4 ms off their trend have a band of 5.93 ms.
    """
    return _MAD_TO_DEVIATION * noise + 0.0


def is_within_noise(change: float, noise: float) -> bool:
    """Whether chance alone could bring a change (lint ``target_within_noise``). Ours.

    Worked example: with a noise of 4 ms, 5 ms are within it, and 10 ms are not.

    Args:
        noise: as ``noise_of`` gives it, of the values that the baseline was taken from.
    """
    return abs(change) <= noise_band(noise) * (1 + NOISE)
