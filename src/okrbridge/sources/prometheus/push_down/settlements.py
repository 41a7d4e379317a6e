"""Which slices a survey cannot count, and how each must be asked again. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK, NEAR, NO_RESTARTS, Reach
from okrbridge.sources.prometheus.push_down.layout import BoolArray

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

    def where(self, odd: BoolArray) -> Settlement | None:
        """For the SLIs alone that are odd in its slices; None when none is.

        Args:
            odd: a row an SLI, a column a slice.
        """
        rows = self.rows[odd[self.rows, slice(*self.columns)].any(axis=1)]
        return replace(self, rows=rows) if len(rows) else None


def gap_settlements(
    interval: Interval, step: timedelta, live: BoolArray, measured_until: datetime | None
) -> list[Settlement]:
    """The first live slices after unmeasured time, with a reach to the last live sample before it.

    So what happened meanwhile is counted. Where nothing is known to have been measured before, the slice is left to
    ``return_settlements``.

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


def odd_settlements(odd: BoolArray, restarted: BoolArray) -> list[Settlement]:
    """Blocks that hold all slices that a survey cannot count, with the SLIs that are odd in them.

    Args:
        odd: a row an SLI, a column a slice.
        restarted: of them, where processes started lately.
    """
    return list(_odd_blocks(odd, restarted))


def return_settlements(
    arrived: FloatArray, live: FloatArray, step: timedelta, *, is_measured_before: bool
) -> list[Settlement]:
    """The slices in which series came into view that may have been known earlier, newest first.

    Those beside others; and, where nothing is known to have been measured before the time asked for, those of the first
    live slice. Births do not look into slices before that time, which may be asked for later.

    Args:
        arrived, live: how many series; a row an SLI, a column a slice that was asked in full.
    """
    returns = (arrived > 0) & (arrived < live)
    firsts = np.zeros_like(returns)
    if not is_measured_before:
        rows = np.flatnonzero((live > 0).any(axis=1))
        firsts[rows, (live[rows] > 0).argmax(axis=1)] = True
        firsts &= arrived > 0
    found = []
    for column in np.flatnonzero((returns | firsts).any(axis=0))[::-1].tolist():
        inside = column * step
        ordinary = LOOK_BACK if is_measured_before else min(LOOK_BACK, inside)
        for chosen, unmeasured in ((firsts, inside), (returns & ~firsts, ordinary)):
            if len(rows := np.flatnonzero(chosen[:, column])):
                found.append(Settlement(rows, (column, column + 1), Reach(RETURN_LOOK_BACK, unmeasured)))
    return found


def interval_of(columns: tuple[int, int], interval: Interval, step: timedelta) -> Interval:
    """The time of some slices of an interval."""
    first, end = columns
    start = epoch_seconds(interval.start)
    seconds = int(step.total_seconds())
    return Interval(from_epoch(start + first * seconds), from_epoch(start + end * seconds))


def _odd_blocks(odd: BoolArray, restarted: BoolArray) -> Iterator[Settlement]:
    for first in range(0, odd.shape[1], BLOCK):
        block = odd[:, first : first + BLOCK]
        with_restarts: BoolArray = np.any(restarted[:, first : first + BLOCK], axis=1)
        for is_chosen, reach in ((with_restarts, NEAR), (np.logical_not(with_restarts), NO_RESTARTS)):
            chosen = block & is_chosen[:, None]
            columns = np.flatnonzero(chosen.any(axis=0))
            if len(columns):
                span = (first + int(columns[0]), first + int(columns[-1]) + 1)
                yield Settlement(np.flatnonzero(chosen.any(axis=1)), span, reach)


def _beyond_gap(unmeasured: timedelta) -> Reach:
    # The last measured slice may have been live by a sample as old as the look-back, so a process that started since
    # that sample is new.
    return Reach(min(unmeasured + LOOK_BACK + _MARGIN, LONGEST_LOOK_BACK), unmeasured + LOOK_BACK)
