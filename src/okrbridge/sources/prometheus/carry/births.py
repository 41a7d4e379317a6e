"""Whether a series that is seen for the first time was born, or merely came into view. Pure.

A born series counts in full; of one that came into view nothing is known to be new. A series is born when

- its target was up in the look-back before the slice, or another series of the same total was in view on its target,
  unless the target's ``up`` itself is new: a relabelled target brings old counters under new labels; or
- its process started since shortly before the SLI was last measured, or since the begin of what was asked for; or
- it was itself created since then, or since its target was last scraped, as far as its client tells that.

It came into view, whatever else is known, when its client tells that it was created before all that, and a good while
after its process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.sources.prometheus.carry.created import is_own
from okrbridge.sources.prometheus.carry.facts import TargetFacts
from okrbridge.sources.prometheus.carry.increase import BoolArray
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK, START_SLACK

_LOOK_BACK, _SLACK = LOOK_BACK.total_seconds(), START_SLACK.total_seconds()


@dataclass(frozen=True, slots=True, eq=False)
class Created:
    """When the series of pairs of an SLI and a new series were created.

    Attributes:
        at: epoch seconds; NaN where not told.
        is_shared: whether a series of another target was created at that instant.
        scraped: when a series of the target was seen last before the slice; +inf where none was.
    """

    at: FloatArray
    is_shared: BoolArray
    scraped: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Until when SLIs were measured before a slice.

    Attributes:
        until: end of the last measured slice of each SLI, epoch seconds; NaN where none is known.
        since: of each SLI, events before it belong to no slice that is counted; -inf where all are accounted for.
    """

    until: FloatArray
    since: FloatArray


def born(
    slis: IntArray, targets: IntArray, slice_start: float, facts: TargetFacts, measured: Measured, *, created: Created
) -> tuple[BoolArray, BoolArray]:
    """Which pairs of an SLI and a new series are births, and which are if a sibling was in view.

    Args:
        slis, targets: of each pair: the row of the SLI, and the number of the series' target.
    """
    until = measured.until[slis]
    view = view_begins(slis, slice_start, measured)
    oldest = (
        np.where(np.isnan(until), measured.since[slis], np.maximum(until - _LOOK_BACK, measured.since[slis])) - _SLACK
    )
    last = np.where(np.isnan(until), measured.since[slis], np.maximum(until, measured.since[slis]))
    started = facts.latest_start[targets] > oldest
    started |= ~created.is_shared & (created.at > np.minimum(last, created.scraped) - _SLACK)
    start = facts.start[targets]
    is_old = created.at <= np.minimum(view, created.scraped) - _SLACK
    came = is_old & is_own(created.at, start) & ~np.isnan(start)
    relabelled = facts.newcomer_seen[targets] <= view
    was_up = facts.up_seen[targets] > view
    return (started | (was_up & ~relabelled)) & ~came, ~started & ~was_up & ~relabelled & ~came


def view_begins(slis: IntArray, slice_start: float, measured: Measured) -> FloatArray:
    """After which instant something must have been seen to be in view before the slice, for each pair."""
    until = measured.until[slis]
    return np.where(np.isnan(until), slice_start, until) - _LOOK_BACK
