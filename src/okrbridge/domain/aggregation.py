"""Aggregation: many numbers become one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from okrbridge.domain.measures import Aggregation

_PERCENTILES = {
    Aggregation.MEDIAN: 50.0,
    Aggregation.P90: 90.0,
    Aggregation.P95: 95.0,
    Aggregation.P99: 99.0,
}


def aggregate(numbers: Sequence[float], how: Aggregation) -> float | None:
    """One number from many, in their order; None for no numbers, except where they are counted or added up.

    Percentiles are interpolated linearly between the two nearest numbers (the definition of numpy and of
    spreadsheets). Worked example: the median of 9, 14, 22 is 14; their p90 is 14 + 0.8 x 8 = 20.4.

    Numbers so large that floats cannot hold what they make give an infinity or NaN; whoever takes it as a value refuses
    it.
    """
    if how is Aggregation.COUNT:
        return float(len(numbers))
    if how is Aggregation.DISTINCT:
        return float(len(set(numbers)))
    with np.errstate(over="ignore", invalid="ignore"):
        if how is Aggregation.SUM:
            return float(np.sum(numbers)) + 0.0
        return _of_some(numbers, how) if numbers else None


def _of_some(numbers: Sequence[float], how: Aggregation) -> float:
    if how in _PERCENTILES:
        return float(np.percentile(numbers, _PERCENTILES[how])) + 0.0
    if how is Aggregation.MEAN:
        return float(np.mean(numbers)) + 0.0
    return {Aggregation.MAX: max(numbers), Aggregation.MIN: min(numbers), Aggregation.LAST: numbers[-1]}[how] + 0.0
