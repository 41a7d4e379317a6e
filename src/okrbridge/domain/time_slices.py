"""Budgets of time: whether time slices were good, instead of how many events were.

Source: OpenSLO v1, ``budgetingMethod`` Timeslices and RatioTimeslices. A time slice is a whole number of slices of
the grid, counted from 1970-01-01 UTC. Each measured slice of the grid takes the verdict of the time slice it lies
in and weighs its share of it; so windows need not begin and end with a time slice, sums over neighbouring windows
add up, and what was not measured is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.domain.composite import composite_error_ratio, contradiction, keep_own_targets, weighted_mean
from okrbridge.domain.error_budget import NOISE, quotient
from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.no_data import Known
from okrbridge.domain.sli import CompositeMode, Member
from okrbridge.domain.slo import Budgeting, Slo

BoolArray = npt.NDArray[np.bool_]
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class SliceRule:
    """How time slices are judged; SLOs of one rule are judged together, whatever their targets.

    Attributes:
        budgeting: OCCURRENCES for a composite of mode ``all``, whose slices are good or bad by its members' targets.
        slice_seconds: length of a time slice, a multiple of the grid's.
        step_seconds: length of a slice of the grid.
        mode: how members are put together.
    """

    budgeting: Budgeting
    slice_seconds: int
    step_seconds: int
    mode: CompositeMode = CompositeMode.WEIGHTED

    @classmethod
    def of(cls, slo: Slo, step_seconds: int) -> SliceRule:
        """The rule of an SLO on a grid."""
        length = int(slo.time_slices.length.total_seconds()) if slo.time_slices else step_seconds
        return cls(slo.budgeting, length, step_seconds, slo.sli.mode)

    @property
    def block_seconds(self) -> int:
        """The shortest time that is whole hours, whole time slices and whole slices of the grid."""
        return math.lcm(_HOUR, self.slice_seconds, self.step_seconds)


@dataclass(frozen=True, slots=True, eq=False)
class SliceTargets:
    """What tells SLOs of one rule apart; an indicator that is no composite is its own only member.

    Attributes:
        target_ratios: share of good events that makes a time slice good, for TIMESLICES; shape (SLOs,).
        weights, member_targets: of the members; shape (members, SLOs).
    """

    target_ratios: FloatArray
    weights: FloatArray
    member_targets: FloatArray

    @classmethod
    def of(cls, slos: Sequence[Slo]) -> SliceTargets:
        """The targets of SLOs with equally many members."""
        members = [slo.sli.members or (Member(slo.sli, 0.0),) for slo in slos]
        return cls(
            np.array([slo.time_slices.target_ratio if slo.time_slices else 0.0 for slo in slos]),
            np.array([[member.weight for member in each] for each in members]).T,
            np.array([[member.target_ratio for member in each] for each in members]).T,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MemberSlices:
    """Slices of the grid of the members of several SLOs, without a hole; arrays of shape (members, SLOs, slices).

    Attributes:
        starts: epoch seconds, ascending by the grid's step; shape (slices,).
        good, total: events; 0 where the slice was not measured.
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
    """Judged slices of the grid, or sums of them; arrays of shape (SLOs, slices) or (SLOs, windows).

    Attributes:
        good, busy: good shares and weights of slices that hold events, in time slices.
        idle: weights of measured slices whose time slice holds no event.
        measured, silent: seconds; silent when the source answered and no series was live.
        member_good, member_total: events of each member; the members are an axis in front.
    """

    good: FloatArray
    busy: FloatArray
    idle: FloatArray
    measured: FloatArray
    silent: FloatArray
    member_good: FloatArray
    member_total: FloatArray

    def packed(self) -> FloatArray:
        """All in one array of shape (5 + 2 x members, SLOs, slices), to be summed and kept."""
        rows = np.stack([self.good, self.busy, self.idle, self.measured, self.silent])
        return np.concatenate([rows, self.member_good, self.member_total])

    @classmethod
    def unpacked(cls, rows: FloatArray) -> SliceTally:
        """The reverse of ``packed``."""
        members = (len(rows) - 5) // 2
        good, busy, idle, measured, silent = rows[:5]
        return cls(good, busy, idle, measured, silent, rows[5 : 5 + members], rows[5 + members :])


def tally(slices: MemberSlices, rule: SliceRule, targets: SliceTargets) -> SliceTally:
    """Judge every slice of the grid by the time slice it lies in.

    The events of a time slice are those of its measured slices that are in force. It holds whole time slices, or
    what is known of those at its ends.

    Worked example: a time slice of 5 minutes with 499 of 500 events good, target 0.995: it is good, and each of its
    5 measured minutes is 0.2 of a good time slice. In RatioTimeslices each is 0.998 x 0.2 good.
    """
    counted = slices.measured & slices.in_force
    member_good, member_total = slices.good * slices.in_force, slices.total * slices.in_force
    number = slices.starts // rule.slice_seconds
    firsts = np.flatnonzero(np.diff(number, prepend=-1))
    place = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(number)))
    good, total = (_by_time_slice(events, firsts) for events in (member_good, member_total))
    share = _good_share(good, total, rule, targets)[:, place]
    is_measured = counted.any(axis=0)
    is_busy = is_measured & (total.max(axis=0, initial=0.0) > 0)[:, place]
    weight = rule.step_seconds / rule.slice_seconds
    return SliceTally(
        good=np.where(is_busy, share * weight, 0.0),
        busy=is_busy * weight,
        idle=(is_measured & ~is_busy) * weight,
        measured=weighted_mean(counted.astype(np.float64), targets.weights) * rule.step_seconds,
        silent=np.where(slices.in_force & ~is_measured & slices.asked.any(axis=0), float(rule.step_seconds), 0.0),
        member_good=member_good,
        member_total=member_total,
    )


def _by_time_slice(events: FloatArray, firsts: npt.NDArray[np.intp]) -> FloatArray:
    """Sums over the time slices that begin in these columns; shape (members, SLOs, time slices)."""
    if len(firsts) == events.shape[-1]:
        return events
    sums: FloatArray = np.add.reduceat(events, firsts, axis=-1)
    return sums


def _good_share(good: FloatArray, total: FloatArray, rule: SliceRule, targets: SliceTargets) -> FloatArray:
    """How good each time slice is, 0..1; shape (SLOs, time slices)."""
    if rule.mode is CompositeMode.ALL:
        return keep_own_targets(good, total, targets.member_targets)
    if len(good) == 1:
        ratio = np.asarray(quotient(good[0], total[0], otherwise=1.0))
    else:
        ratio = 1.0 - np.nan_to_num(composite_error_ratio(rule.mode, good, total, targets.weights))
    if rule.budgeting is Budgeting.RATIO_TIMESLICES:
        return ratio
    return (ratio >= targets.target_ratios[:, None] * (1 - NOISE)).astype(np.float64)


def known_of(summed: SliceTally, in_force_seconds: FloatArray) -> Known:
    """Good and total time slices of windows, from summed tallies; shape (SLOs, windows).

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
