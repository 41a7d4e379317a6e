"""Budgets of time: whether time slices were good, instead of how many events were.

Source: OpenSLO v1, ``budgetingMethod`` Timeslices and RatioTimeslices. A time slice is a whole number of slices of
the grid, counted from 1970-01-01 UTC. Each measured slice of the grid takes the verdict of the time slice it lies
in and weighs its share of it; so windows need not begin and end with a time slice, sums over neighbouring windows
add up, and what was not measured is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.domain.composite import composite_error_ratio, contradiction, keep_own_targets, weighted_mean
from okrbridge.domain.error_budget import NOISE, quotient
from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.no_data import Known
from okrbridge.domain.sli import CompositeMode, Sli, SliKind
from okrbridge.domain.slo import Budgeting

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SliceRule:
    """How time slices are judged.

    Attributes:
        budgeting: OCCURRENCES for a composite of mode ``all``, whose slices are good or bad by its members' targets.
        slice_seconds: length of a time slice, a multiple of the grid's.
        step_seconds: length of a slice of the grid.
        target_ratio: share of good events that makes a time slice good; for TIMESLICES.
        weights, member_targets: of the indicator's members; of one alone for an indicator that is no composite.
        mode: how members are put together.
    """

    budgeting: Budgeting
    slice_seconds: int
    step_seconds: int
    target_ratio: float
    weights: tuple[float, ...] = (1.0,)
    member_targets: tuple[float, ...] = (0.0,)
    mode: CompositeMode = CompositeMode.WEIGHTED

    @classmethod
    def of(
        cls, sli: Sli, budgeting: Budgeting, slice_seconds: int, step_seconds: int, target_ratio: float
    ) -> SliceRule:
        """The rule of an indicator, composite or not."""
        if sli.kind is not SliKind.COMPOSITE:
            return cls(budgeting, slice_seconds, step_seconds, target_ratio)
        weights = tuple(member.weight for member in sli.members)
        targets = tuple(member.target_ratio for member in sli.members)
        return cls(budgeting, slice_seconds, step_seconds, target_ratio, weights, targets, sli.mode)


@dataclass(frozen=True, slots=True, eq=False)
class MemberSlices:
    """Slices of the grid of one or several indicators, without a hole; arrays of shape (members, slices).

    Attributes:
        starts: epoch seconds, ascending by the grid's step; shape (slices,).
        good, total: events.
        measured: whether it was measured; asked: whether the source answered.
        in_force: whether the slice is not excluded; shape (slices,).
    """

    starts: IntArray
    good: FloatArray
    total: FloatArray
    measured: BoolArray
    asked: BoolArray
    in_force: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class SliceTally:
    """Judged slices of the grid, or sums of them; arrays of shape (slices,) or (windows,).

    Attributes:
        good, busy: good shares and weights of slices that hold events, in time slices.
        idle: weights of measured slices whose time slice holds no event.
        measured, silent: seconds; silent when the source answered and no series was live.
        member_good, member_total: events of each member; shape (members, slices).
    """

    good: FloatArray
    busy: FloatArray
    idle: FloatArray
    measured: FloatArray
    silent: FloatArray
    member_good: FloatArray
    member_total: FloatArray

    def packed(self) -> FloatArray:
        """All rows in one array of shape (5 + 2 x members, slices), to be summed and kept."""
        rows = [self.good, self.busy, self.idle, self.measured, self.silent]
        return np.vstack([*rows, self.member_good, self.member_total])

    @classmethod
    def unpacked(cls, rows: FloatArray) -> SliceTally:
        """The reverse of ``packed``."""
        members = (len(rows) - 5) // 2
        good, busy, idle, measured, silent = rows[:5]
        return cls(good, busy, idle, measured, silent, rows[5 : 5 + members], rows[5 + members :])


def tally(slices: MemberSlices, rule: SliceRule) -> SliceTally:
    """Judge every slice of the grid by the time slice it lies in.

    The events of a time slice are those of its measured slices that are in force. It holds whole time slices, or
    what is known of those at its ends.

    Worked example: a time slice of 5 minutes with 499 of 500 events good, target 0.995: it is good, and each of its
    5 measured minutes is 0.2 of a good time slice. In RatioTimeslices each is 0.998 x 0.2 good.
    """
    counted = slices.measured & slices.in_force
    number = slices.starts // rule.slice_seconds
    place = number - number[0] if len(number) else number
    good, total = (_by_time_slice(np.where(counted, events, 0.0), place) for events in (slices.good, slices.total))
    share = _good_share(good, total, rule)[place]
    has_events = total.max(axis=0, initial=0.0)[place] > 0
    is_measured = counted.any(axis=0)
    weight = rule.step_seconds / rule.slice_seconds
    silent = slices.in_force & ~is_measured & slices.asked.any(axis=0)
    return SliceTally(
        good=np.where(is_measured & has_events, share * weight, 0.0),
        busy=np.where(is_measured & has_events, weight, 0.0),
        idle=np.where(is_measured & ~has_events, weight, 0.0),
        measured=weighted_mean(counted.astype(np.float64), np.array(rule.weights)) * rule.step_seconds,
        silent=np.where(silent, float(rule.step_seconds), 0.0),
        member_good=np.where(counted, slices.good, 0.0),
        member_total=np.where(counted, slices.total, 0.0),
    )


def _by_time_slice(events: FloatArray, place: IntArray) -> FloatArray:
    """Sums over the time slices; shape (members, time slices)."""
    width = int(place[-1]) + 1 if len(place) else 0
    return np.array([np.bincount(place, weights=row, minlength=width) for row in events]).reshape(len(events), width)


def _good_share(good: FloatArray, total: FloatArray, rule: SliceRule) -> FloatArray:
    """How good each time slice is, 0..1; shape (time slices,)."""
    if rule.mode is CompositeMode.ALL:
        return keep_own_targets(good, total, np.array(rule.member_targets))
    if len(good) == 1:
        ratio = np.asarray(quotient(good[0], total[0], otherwise=1.0))
    else:
        ratio = 1.0 - np.nan_to_num(composite_error_ratio(rule.mode, good, total, np.array(rule.weights)))
    if rule.budgeting is Budgeting.RATIO_TIMESLICES:
        return ratio
    return (ratio >= rule.target_ratio * (1 - NOISE)).astype(np.float64)


def known_of(summed: SliceTally, in_force_seconds: FloatArray) -> Known:
    """Good and total time slices of windows, from summed tallies.

    An idle time slice is a good one: nothing failed in it, so it leaves the budget as it is. A window without any
    event holds no time slices at all, because silence is not success. Where a member's counts contradict each other,
    good is above total, so that the fault stays visible.

    Worked example: 58 busy minutes, one of them bad, and 2 idle ones are 59 good time slices of 60.
    """
    has_events = summed.busy > 0
    total = np.where(has_events, summed.busy + summed.idle, 0.0)
    good = np.where(has_events, summed.good + summed.idle, 0.0)
    excess = contradiction(summed.member_good, summed.member_total)
    good = np.where(excess > 0, total + excess, good)
    return Known(good, total, summed.measured, summed.silent, in_force_seconds)
