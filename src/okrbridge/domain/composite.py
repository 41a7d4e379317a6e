"""One error ratio from several indicators.

Source of the weights: OpenSLO v1, ``compositeWeight``; the modes are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from okrbridge.domain.error_budget import NOISE, quotient
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.sli import CompositeMode, Member


def composite_error_ratio(mode: CompositeMode, good: FloatArray, total: FloatArray, weights: FloatArray) -> FloatArray:
    """Error ratio of a composite in each window; NaN where no member has events.

    ``weighted``: ``sum(weight x error ratio) / sum(weight)``; ``worst``: the highest. A member without events has no
    error ratio and is left out.

    Worked example: members at 1 % with weight 3 and 5 % with weight 1 give (3 x 0.01 + 1 x 0.05) / 4 = 0.02
    weighted, and 0.05 worst.

    Args:
        mode: ``weighted`` or ``worst``.
        good, total: events; shape (members, windows), or (members, SLOs, windows).
        weights: shape (members,), or (members, SLOs).
    """
    errors = quotient(total - good, total, otherwise=0.0)
    has_events = total > 0
    if mode is CompositeMode.WORST:
        highest = np.max(errors, axis=0, where=has_events, initial=-np.inf)
        return np.where(np.isinf(highest), np.nan, highest)
    counted = np.where(has_events, _for_each(weights, good), 0.0)
    return quotient((counted * errors).sum(axis=0), counted.sum(axis=0), otherwise=np.nan)


def composite_counts(
    mode: CompositeMode, good: FloatArray, total: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Good and total events that have a composite's error ratio: all members' events, divided by that ratio.

    Where a member's counts contradict each other, good is above total by as much, so that the fault stays visible.

    Args:
        mode, good, total, weights: as for ``composite_error_ratio``.
    """
    ratio = composite_error_ratio(mode, good, total, weights)
    events = total.sum(axis=0)
    kept = np.where(np.isnan(ratio), 0.0, events * (1.0 - np.nan_to_num(ratio)))
    excess = contradiction(good, total)
    return np.where(excess > 0, events + excess, kept), events


def contradiction(good: FloatArray, total: FloatArray) -> FloatArray:
    """By how many events good is above total in the worst member; 0 where all are honest; a shape without members."""
    above = good - total
    excess: FloatArray = np.where(above > NOISE * np.maximum(1.0, np.abs(total)), above, 0.0).max(axis=0)
    return excess


def keep_own_targets(good: FloatArray, total: FloatArray, targets: FloatArray) -> FloatArray:
    """Mode ``all``: 1 where every member with events reaches its own target, else 0; a shape without members.

    Worked example: members at 0.999 and 0.95 with the targets 0.99 and 0.99 give 0: the second one misses.

    Args:
        good, total: events; shape (members, slices), or (members, SLOs, slices).
        targets: shape (members,), or (members, SLOs).
    """
    ratios = quotient(good, total, otherwise=1.0)
    return np.asarray((ratios >= _for_each(targets, good) * (1 - NOISE)).all(axis=0), dtype=np.float64)


def weighted_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """``sum(weight x value) / sum(weight)`` down the members: what the measured time of a composite is."""
    each = _for_each(weights, values)
    mean: FloatArray = (values * each).sum(axis=0) / each.sum(axis=0)
    return mean


def _for_each(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Weights that have the axes of values, with one entry along those that they lack."""
    return weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))


def target_of(mode: CompositeMode, members: Sequence[Member]) -> float:
    """The target of a composite that declares none.

    ``weighted``: the weighted mean, so that members that each keep just their own target spend the budget exactly.
    ``worst`` and ``all``: the lowest.

    Worked example: 0.999 with weight 3 and 0.99 with weight 1 give 0.99675 weighted, and 0.99 else.
    """
    if mode is not CompositeMode.WEIGHTED:
        return min(member.target_ratio for member in members)
    weighted = sum(member.weight * member.target_ratio for member in members)
    # Rounded to what can be written, because a sum of floats misses the equal targets it is made of by an ulp.
    return round(weighted / sum(member.weight for member in members), 12)
