"""Simulated key results: four ways to move through a cycle, seen through noise that remembers itself.

Everything is raw progress, 0 at the baseline and 1 at the target. A cycle has thirteen weeks; a series is measured
weekly from its first day, and its value when due is known to the benchmark alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

WEEKS = 13
"""Length of a cycle."""
POINTS = (4, 12)
"""A series is forecast with so many weekly points: from the first possible week to the last but one."""
NOISE = (0.02, 0.10)
"""Standard deviation of the noise, in ways from baseline to target."""
RHO = (0.0, 0.5)
"""Autocorrelation of the noise from week to week."""
FINAL = (0.2, 1.2)
"""How far along the way a key result that moves has come when it is due."""
MIDDLE, WIDTH = (0.3, 0.6), (0.08, 0.15)
"""Of an S-curve, in cycles; it does nine tenths of its way within six widths."""
LATEST_STEP = 2 / 3
"""A step comes at any time before this share of the cycle."""


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One simulated key result.

    Attributes:
        weeks, progress: what is known when the forecast is made.
        outcome: progress measured when due.
        is_unseen: whether it moves only after the last point, so that nothing in the series can show it.
    """

    family: str
    weeks: FloatArray
    progress: FloatArray
    outcome: float
    is_unseen: bool = False


Moved = Callable[[FloatArray], FloatArray]
"""Progress without noise, at these weeks."""


def simulated(count: int, seed: int) -> Iterator[Series]:
    """So many series, the same number of each family.

    Args:
        count: of all series together.
        seed: the same one gives the same series.
    """
    random = np.random.default_rng(seed)
    for family, shape in FAMILIES.items():
        for _ in range(count // len(FAMILIES)):
            yield _seen(family, shape(random), random)


def _seen(family: str, moved: Moved, random: np.random.Generator) -> Series:
    points = int(random.integers(*POINTS, endpoint=True))
    weeks = np.arange(WEEKS + 1, dtype=np.float64)
    truth = moved(weeks)
    measured = truth + _noise(WEEKS + 1, random)
    is_unseen = family == "step" and bool(truth[points - 1] == truth[0])
    return Series(family, weeks[:points], measured[:points], float(measured[WEEKS]), is_unseen)


def _noise(count: int, random: np.random.Generator) -> FloatArray:
    """First-order autoregressive noise, stationary from its first value."""
    deviation, rho = random.uniform(*NOISE), random.uniform(*RHO)
    shocks = random.normal(0.0, deviation, count)
    shocks[1:] *= np.sqrt(1 - rho**2)
    noise = [float(shocks[0])]
    for shock in shocks[1:].tolist():
        noise.append(rho * noise[-1] + shock)
    return np.array(noise)


def _linear(random: np.random.Generator) -> Moved:
    final = random.uniform(*FINAL)
    return lambda weeks: final * weeks / WEEKS


def _s_curve(random: np.random.Generator) -> Moved:
    """A logistic curve, stretched so that it begins at 0 and ends at its final progress."""
    final, middle, width = random.uniform(*FINAL), random.uniform(*MIDDLE), random.uniform(*WIDTH)

    def logistic(weeks: FloatArray) -> FloatArray:
        return np.asarray(1 / (1 + np.exp(-(weeks / WEEKS - middle) / width)))

    low, high = logistic(np.array([0.0, WEEKS]))
    return lambda weeks: np.asarray(final * (logistic(weeks) - low) / (high - low))


def _step(random: np.random.Generator) -> Moved:
    final, at = random.uniform(*FINAL), random.uniform(0, LATEST_STEP * WEEKS)
    return lambda weeks: np.where(weeks >= at, final, 0.0)


def _flat(_random: np.random.Generator) -> Moved:
    return np.zeros_like


FAMILIES: dict[str, Callable[[np.random.Generator], Moved]] = {
    "linear": _linear,
    "s_curve": _s_curve,
    "step": _step,
    "flat": _flat,
}
