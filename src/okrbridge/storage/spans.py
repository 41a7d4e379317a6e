"""Spans of time in whole epoch seconds, half-open: cutting windows at hours, and finding runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch
from okrbridge.storage.tables import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Span:
    """Epoch seconds from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    @classmethod
    def of(cls, interval: Interval) -> Span:
        """The same time, for an interval with ends on whole seconds."""
        return cls(epoch_seconds(interval.start), epoch_seconds(interval.end))

    @property
    def interval(self) -> Interval:
        """The same time as instants."""
        return Interval(from_epoch(self.start), from_epoch(self.end))

    @property
    def is_whole_hours(self) -> bool:
        """Whether both ends are full hours."""
        return self.start % SECONDS_PER_HOUR == 0 and self.end % SECONDS_PER_HOUR == 0

    def cut_at_hours(self) -> tuple[Span | None, list[Span]]:
        """The whole hours inside, and the ragged edges that are left, each inside one hour.

        Worked example: 10:58 to 13:02 is the hours from 11:00 to 13:00, and the edges 10:58 to 11:00 and
        13:00 to 13:02. A span inside one hour is one edge.
        """
        first = -(-self.start // SECONDS_PER_HOUR) * SECONDS_PER_HOUR
        last = self.end // SECONDS_PER_HOUR * SECONDS_PER_HOUR
        if first > last:
            return None, [self] if self.start < self.end else []
        edges = [Span(self.start, first), Span(last, self.end)]
        whole = Span(first, last) if first < last else None
        return whole, [edge for edge in edges if edge.start < edge.end]


def runs(points: IntArray, step: int) -> list[Span]:
    """Ascending points of a lattice as the longest spans they cover, each point standing for one step.

    Worked example: 0, 60, 180 at a step of 60 cover 0 to 120 and 180 to 240.
    """
    if len(points) == 0:
        return []
    breaks = np.flatnonzero(np.diff(points) != step)
    starts = points[np.concatenate([[0], breaks + 1])]
    ends = points[np.concatenate([breaks, [len(points) - 1]])] + step
    return [Span(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def lattice(span: Span, step: int) -> IntArray:
    """The grid's slice starts inside a span, for a grid aligned to the epoch."""
    first = -(-span.start // step) * step
    return np.arange(first, span.end, step, dtype=np.int64)


def slices_in_hours(hours: IntArray, step: int) -> IntArray:
    """How many slices of the grid start in each hour."""
    ends = hours + SECONDS_PER_HOUR
    return -(-ends // step) + (-hours // step)


def slices_in(hour: int, step: int) -> int:
    """How many slices of the grid start in one hour."""
    return int(slices_in_hours(np.array([hour], dtype=np.int64), step)[0])
