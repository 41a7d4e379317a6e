"""Which tracker counts what: the live ones go on from slice to slice, whatever is read of the past meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.reads import Layout
from okrbridge.sources.prometheus.carry.tracking import Known, Tracker

_TRACKERS = 3


class Fitting(NamedTuple):
    """A tracker that reads what is wanted.

    Attributes:
        groups: of each read of the layout, the read of the tracker.
        known: at the boundary; None where that is to be read first.
    """

    tracker: Tracker
    groups: IntArray
    known: Known | None


class Trackers:
    """The trackers of live counting, and those that count the past and leave the live ones alone.

    Args:
        made: makes a tracker of some reads.
    """

    def __init__(self, made: Callable[[tuple[Selector, ...]], Tracker]) -> None:
        self._made = made
        self._live: list[Tracker] = []
        self._past: list[Tracker] = []

    def fitting(self, wanted: Layout, start: int, end: int) -> Fitting:
        """What counts a layout from a boundary on. Slices that end after all that was counted so far are live.

        Args:
            start, end: of what is to be counted, epoch seconds.
        """
        live, past = (_reading(wanted, trackers) for trackers in (self._live, self._past))
        for tracker, groups in (*live, *past):
            if (known := tracker.known_at(start, groups)) is not None:
                return Fitting(tracker, groups, known)
        is_live = all(end > tracker.newest for tracker, _ in live)
        kept, usable = (self._live, live) if is_live else (self._past, past)
        same = (tracker for tracker, _ in usable if tracker.reads == wanted.reads)
        tracker = next(same, None) or self._made(wanted.reads)
        kept[:] = [tracker, *(one for one in kept if one is not tracker)][:_TRACKERS]
        return Fitting(tracker, np.arange(len(wanted.reads)), None)


def _reading(wanted: Layout, trackers: Sequence[Tracker]) -> list[tuple[Tracker, IntArray]]:
    """Those that read all that is wanted, each with where the layout's reads stand in it."""
    return [(one, groups) for one in trackers if (groups := one.groups_of(wanted)) is not None]
