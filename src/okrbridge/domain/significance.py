"""Significance: whether a change between before and after is more than chance, by a test that is named.

Values of a series are compared by their ranks, shares of counts by their counts, a series with itself by the order of
its values. A p-value is the chance of a
difference at least as large if nothing had changed; the interval says how large the difference may be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray

MIN_VALUES = 5
"""Fewer values on a side are not compared: ranks of four and four hardly tell anything."""
SIGNIFICANT = 0.05
MANN_WHITNEY = "Mann-Whitney U (normal approximation, ties and autocorrelation corrected)"
TWO_PROPORTIONS = "two-proportion z (pooled)"
FISHER = "Fisher's exact"
_EXPECTED = 5.0
"""Cells that expect fewer events are too small for the normal approximation (Cochran's rule)."""
_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Significance:
    """A comparison of after with before.

    Attributes:
        test: name of the test.
        n_before, n_after: values, or events, that were compared.
        effect: after less before: the Hodges-Lehmann shift of values, the difference of shares.
        effect_low, effect_high: 95 % interval of the effect; None where resembling neighbours leave too little to
            bound it.
        p_value: two-sided.
        correlation_factor: by how much resembling neighbours widened the test's variance; 1 is not at all.
    """

    test: str
    n_before: int
    n_after: int
    effect: float
    effect_low: float | None
    effect_high: float | None
    p_value: float
    correlation_factor: float = 1.0

    @property
    def is_significant(self) -> bool:
        """Whether chance brings so much in less than 1 of 20 comparisons."""
        return self.p_value < SIGNIFICANT


def block_means(times: FloatArray, values: FloatArray, length: float) -> FloatArray:
    """Mean of each block of time that holds a value, in the order of time.

    Values minutes apart repeat each other; a test that took them as independent would find everything significant.

    Worked example: 1, 3, 5 at the hours 0, 12, 30 make the daily means 2 and 5.

    Args:
        times, values: shape (values,).
        length: of a block, in the unit of ``times``; a day for most series.

    Returns:
        Means; shape (blocks,).
    """
    places = np.unique(np.floor(times / length + NOISE), return_inverse=True)[1]
    return np.asarray(np.bincount(places, weights=values) / np.bincount(places))


def compare_values(before: FloatArray, after: FloatArray) -> Significance | None:
    """Whether values moved, by their ranks: the Mann-Whitney U test with the Hodges-Lehmann shift and its interval.

    No shape of distribution is assumed. The variance is corrected for ties, and widened by ``(1 + r) / (1 - r)`` where
    neighbours still resemble each other; where that is so much that no difference bounds the shift with 95 %, there is
    no interval. Source: Mann and Whitney 1947; Hodges and Lehmann 1963.

    Worked example: 1 to 5 and 6 to 10 have U = 25 of 25, mean 12.5 and variance 5 x 5 x 11 / 12 = 22.917:
    z = (25 - 12.5 - 0.5) / 4.787 = 2.507, p = 0.0122; the shift is 5.

    Args:
        before, after: values in the order of time, such as daily ``block_means``; shape (values,).

    Returns:
        None with fewer than five values on a side.
    """
    if min(len(before), len(after)) < MIN_VALUES:
        return None
    differences = np.sort((after[None, :] - before[:, None]).ravel())
    pairs = len(differences)
    higher = float((differences > 0).sum() + (differences == 0).sum() / 2)
    factor = max(carry_over(before), carry_over(after))
    deviation = math.sqrt(_rank_variance(before, after) * factor)
    distance = max(0.0, abs(higher - pairs / 2) - 0.5)
    p_value = 2 * (1 - _NORMAL.cdf(distance / deviation)) if deviation > 0 else 1.0
    untied = math.sqrt(pairs * (len(before) + len(after) + 1) / 12 * factor)
    outer = min((pairs - 1) // 2, math.floor(pairs / 2 - _Z95 * untied))
    # Below 0 even the outermost differences do not hold the effect with 95 %.
    low, high = (None, None) if outer < 0 else (float(differences[outer]), float(differences[pairs - 1 - outer]))
    return Significance(
        test=MANN_WHITNEY,
        n_before=len(before),
        n_after=len(after),
        effect=float(np.median(differences)) + 0.0,
        effect_low=None if low is None else low + 0.0,
        effect_high=None if high is None else high + 0.0,
        p_value=min(1.0, p_value),
        correlation_factor=factor,
    )


def _rank_variance(before: FloatArray, after: FloatArray) -> float:
    """Variance of U: ``n m / 12 x (N + 1 - sum(t^3 - t) / (N (N - 1)))`` with t equal values each."""
    count = len(before) + len(after)
    tied = np.unique(np.concatenate([before, after]), return_counts=True)[1].astype(np.float64)
    ties = float((tied**3 - tied).sum()) / (count * (count - 1))
    return max(0.0, len(before) * len(after) / 12 * (count + 1 - ties))


def carry_over(values: FloatArray) -> float:
    """By how much neighbours that resemble each other widen the variance of a mean: ``(1 + r) / (1 - r)``, at least 1.

    r is the lag-1 autocorrelation, put right for the bias of short series by 1/n; at most 0.9. Source: Bartlett 1946.

    Worked example: -1, -1, 1, 1 has r = 1/4 + 1/4 = 0.5, so 3.

    Args:
        values: a series without trend, in the order of time; shape (values,).
    """
    centred = values - values.mean()
    total, lagged = float(centred @ centred), float(centred[1:] @ centred[:-1])
    if total <= 0 or lagged <= 0:
        return 1.0
    r = min(0.9, lagged / total + 1 / len(values))
    return (1 + r) / (1 - r)


def trend_evidence(values: FloatArray) -> float:
    """How surely a series rises or falls, in standard deviations: the Mann-Kendall test, corrected for ties.

    ``S`` counts rising pairs less falling ones; ``z = (S - sign S) / sqrt(var S)``. Source: Mann 1945, Kendall 1975.

    Worked example: 34, 36, 35, 37, 39, 38, 41 have 19 rising and 2 falling pairs: S = 17 and var S = 7 x 6 x 19 / 18 =
    44.33, so z = 16 / 6.658 = 2.403.

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


def wilson_interval(good: int, total: int) -> tuple[float, float]:
    """95 % interval of a share of counts, by Wilson's score; stays within 0..1. Source: Wilson 1927.

    Worked example: 0 of 10 may be anything from 0 to 3.8415 / 13.8415 = 0.2775.

    Raises:
        ValueError: no events, or more good ones than all.
    """
    if not 0 <= good <= total or total == 0:
        raise ValueError(f"{good} of {total} is no share")
    share, squared = good / total, _Z95**2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = _Z95 / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def compare_shares(good_before: int, total_before: int, good_after: int, total_after: int) -> Significance:
    """Whether a share of counts moved: a z-test of two proportions; Fisher's exact test where events are few.

    The interval is Newcombe's, from Wilson's two. Events must be independent: where failures come in outages, compare
    the daily shares as values instead. Source: Newcombe 1998, method 10; Cochran 1954 for when events are few.

    Worked example: 80 of 100, then 90 of 100: pooled 0.85, deviation sqrt(0.85 x 0.15 x 0.02) = 0.0505, z = 1.980,
    p = 0.0477.

    Raises:
        ValueError: a side without events, or with more good events than all.
    """
    low_before, high_before = wilson_interval(good_before, total_before)
    low_after, high_after = wilson_interval(good_after, total_after)
    before, after = good_before / total_before, good_after / total_after
    pooled = (good_before + good_after) / (total_before + total_after)
    is_small = min(pooled, 1 - pooled) * min(total_before, total_after) < _EXPECTED
    return Significance(
        test=FISHER if is_small else TWO_PROPORTIONS,
        n_before=total_before,
        n_after=total_after,
        effect=after - before + 0.0,
        effect_low=after - before - math.hypot(after - low_after, high_before - before) + 0.0,
        effect_high=after - before + math.hypot(high_after - after, before - low_before) + 0.0,
        p_value=_fisher(good_before, total_before, good_after, total_after)
        if is_small
        else _pooled_z(after - before, pooled, total_before, total_after),
    )


def _pooled_z(difference: float, pooled: float, total_before: int, total_after: int) -> float:
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / total_before + 1 / total_after))
    return 2 * (1 - _NORMAL.cdf(abs(difference) / deviation))


def _fisher(good_before: int, total_before: int, good_after: int, total_after: int) -> float:
    """Chance of all tables with these sums that are no likelier than the one found; counted by the rarer outcome."""
    if 2 * (good_before + good_after) > total_before + total_after:
        good_before, good_after = total_before - good_before, total_after - good_after
    rare = good_before + good_after
    tables = range(max(0, rare - total_after), min(rare, total_before) + 1)
    logs = np.array([_log_choose(total_before, one) + _log_choose(total_after, rare - one) for one in tables])
    chances = np.exp(logs - logs.max())
    found = chances[good_before - tables.start]
    return min(1.0, float(chances[chances <= found * (1 + 1e-7)].sum() / chances.sum()))


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
