"""Which slices a survey cannot count, and how each must be asked again. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch
from okrbridge.sources.prometheus.counters import LOOK_BACK, NEAR, Reach
from okrbridge.sources.prometheus.layout import BoolArray

RETURN_LOOK_BACK = timedelta(days=1)
"""How far back a series that came into view is looked for, while others of its counter were measured all along."""
LONGEST_LOOK_BACK = timedelta(days=30)
BLOCK = 16
"""Slices that are asked again together when some of them are odd: fewer questions, each a bit longer."""
_MARGIN = timedelta(seconds=1)
"""Prometheus 3 leaves out the sample at the very start of a range."""


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """Slices to ask again for several SLIs, with how far the time before them must be taken into account.

    Attributes:
        rows: the SLIs.
        columns: first slice, and the one after the last.
    """

    rows: IntArray
    columns: tuple[int, int]
    reach: Reach = NEAR


def gap_settlements(
    interval: Interval, step: timedelta, live: BoolArray, measured_until: datetime | None
) -> list[Settlement]:
    """The first live slices after unmeasured time, with a reach to the last live sample before it.

    So what happened meanwhile is counted. Where nothing is known to have been measured before, the slice stays as it
    is: what it would add happened before the time asked for.

    Args:
        live: a row an SLI, a column a slice.
    """
    seconds = int(step.total_seconds())
    known = -1 if measured_until is None else epoch_seconds(measured_until)
    first = epoch_seconds(interval.start)
    begins = live.copy()
    begins[:, 1:] &= ~live[:, :-1]
    together: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, column in np.argwhere(begins).tolist():
        earlier = np.flatnonzero(live[row, :column])
        measured_end = first + seconds * (int(earlier[-1]) + 1) if len(earlier) else known
        start = first + seconds * column
        if 0 <= measured_end < start:
            together[column, start - measured_end].append(row)
    return [
        Settlement(np.array(rows), (column, column + 1), _beyond_gap(timedelta(seconds=unmeasured)))
        for (column, unmeasured), rows in together.items()
    ]


def odd_settlements(odd: BoolArray) -> list[Settlement]:
    """Blocks that hold all slices that a survey cannot count, with the SLIs that are odd in them.

    Args:
        odd: a row an SLI, a column a slice.
    """
    return list(_odd_blocks(odd))


def return_settlements(arrived: FloatArray, live: FloatArray) -> list[Settlement]:
    """The slices in which series came into view beside others, newest first: they may have been known earlier.

    Args:
        arrived, live: how many series; a row an SLI, a column a slice.
    """
    returns = (arrived > 0) & (arrived < live)
    columns = np.flatnonzero(returns.any(axis=0))[::-1].tolist()
    reach = Reach(RETURN_LOOK_BACK, LOOK_BACK)
    return [Settlement(np.flatnonzero(returns[:, column]), (column, column + 1), reach) for column in columns]


def interval_of(columns: tuple[int, int], interval: Interval, step: timedelta) -> Interval:
    """The time of some slices of an interval."""
    first, end = columns
    start = epoch_seconds(interval.start)
    seconds = int(step.total_seconds())
    return Interval(from_epoch(start + first * seconds), from_epoch(start + end * seconds))


def _odd_blocks(odd: BoolArray) -> Iterator[Settlement]:
    for first in range(0, odd.shape[1], BLOCK):
        block = odd[:, first : first + BLOCK]
        columns = np.flatnonzero(block.any(axis=0))
        if len(columns):
            yield Settlement(np.flatnonzero(block.any(axis=1)), (first + int(columns[0]), first + int(columns[-1]) + 1))


def _beyond_gap(unmeasured: timedelta) -> Reach:
    # The last measured slice may have been live by a sample as old as the look-back, so a process that started since
    # that sample is new.
    return Reach(min(unmeasured + LOOK_BACK + _MARGIN, LONGEST_LOOK_BACK), unmeasured + LOOK_BACK)
