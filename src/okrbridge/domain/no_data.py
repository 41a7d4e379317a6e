"""What unmeasured time means for the counts of a window.

Three kinds of time are told apart. *Measured*: the source answered and a series was live. *Silent*: the source
answered, and no series was live; the policy speaks of this time alone. *Unasked*: the source did not answer, or was
not asked yet; that says nothing of the service, so whatever the policy is, it only lowers the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.domain.error_budget import quotient
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.slo import NoDataPolicy


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of windows; arrays of one shape.

    Attributes:
        good, total: events, or time slices.
        measured, silent, in_force: seconds; measured and silent time are parts of the time in force.
    """

    good: FloatArray
    total: FloatArray
    measured: FloatArray
    silent: FloatArray
    in_force: FloatArray


def decided_events(known: Known, policy: NoDataPolicy, step_seconds: float) -> Known:
    """Counts of events with silent time taken as the policy says. Ours.

    ``good`` and ``bad`` count silent time at the window's mean traffic, ``total x silent / measured`` events, as
    measured; where nothing of the window was measured there is no mean, and each slice counts as one event.
    ``ignore`` takes silent time out of force; ``unknown`` changes nothing.

    Worked example: 50 of 60 minutes measured, 990 of 1000 events good, 10 minutes silent. ``bad`` adds 200 bad
    events: 990 of 1200. ``good`` adds 200 good ones: 1190 of 1200. ``ignore`` leaves 50 minutes in force.

    Args:
        known: counts as measured.
        policy: the SLO's.
        step_seconds: length of a slice of the grid.
    """
    if policy in (NoDataPolicy.UNKNOWN, NoDataPolicy.IGNORE):
        return _decided(known, policy, known.silent)
    mean = quotient(known.total * known.silent, known.measured, otherwise=0.0)
    return _decided(known, policy, np.where(known.measured > 0, mean, known.silent / step_seconds))


def decided_time_slices(known: Known, policy: NoDataPolicy, slice_seconds: float) -> Known:
    """Counts of time slices with silent time taken as the policy says: as so many good or bad slices. Ours.

    Worked example: 50 good minutes and 10 silent ones are, under ``bad``, 50 good slices of 60.

    Args:
        known: slices as measured.
        policy: the SLO's.
        slice_seconds: length of a time slice.
    """
    return _decided(known, policy, known.silent / slice_seconds)


def _decided(known: Known, policy: NoDataPolicy, silent_events: FloatArray) -> Known:
    if policy is NoDataPolicy.UNKNOWN:
        return known
    if policy is NoDataPolicy.IGNORE:
        return Known(
            known.good, known.total, known.measured, np.zeros_like(known.silent), known.in_force - known.silent
        )
    good = known.good + silent_events if policy is NoDataPolicy.GOOD else known.good
    measured = known.measured + known.silent
    return Known(good, known.total + silent_events, measured, np.zeros_like(known.silent), known.in_force)
