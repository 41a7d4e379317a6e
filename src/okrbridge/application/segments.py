"""Many windows that overlap, summed from what lies between their ends, so that nothing is read twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.application.ports import Ledger
from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.ledger import FloatArray, IntArray, SliceState, WindowSums
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch

_SHORT_SECONDS = 3600
"""Segments shorter than this are summed from slices that are read together, others by the ledger."""

_AT_ONCE_SECONDS = 2 * 86400
"""How long a stretch of slices is read at once."""


@dataclass(frozen=True, eq=False)
class Segments:
    """The time between the ends of windows.

    Attributes:
        edges: epoch seconds, ascending; a segment lies between each two.
        firsts, lasts: where each window starts and ends among the edges.
    """

    edges: IntArray
    firsts: npt.NDArray[np.intp]
    lasts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, windows: Sequence[Interval], cuts: Iterable[int] = ()) -> Segments:
        """Those of windows; cut further at some epoch seconds between the first start and the last end."""
        starts = np.array([epoch_seconds(window.start) for window in windows], dtype=np.int64)
        ends = np.array([epoch_seconds(window.end) for window in windows], dtype=np.int64)
        within = [cut for cut in cuts if starts.min() < cut < ends.max()]
        edges = np.unique(np.concatenate([starts, ends, np.array(within, dtype=np.int64)]))
        return cls(edges, np.searchsorted(edges, starts), np.searchsorted(edges, ends))

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def seconds(self) -> IntArray:
        """Length of each."""
        return np.diff(self.edges)

    @property
    def whole(self) -> Interval:
        """From the first edge to the last."""
        return Interval(from_epoch(int(self.edges[0])), from_epoch(int(self.edges[-1])))

    def outside(self, holes: Iterable[Interval]) -> npt.NDArray[np.bool_]:
        """Which segments lie outside the holes, whose ends must be edges."""
        is_outside = np.ones(len(self), dtype=np.bool_)
        for hole in holes:
            first, last = np.searchsorted(self.edges, [epoch_seconds(hole.start), epoch_seconds(hole.end)])
            is_outside[first:last] = False
        return is_outside

    def runs(self, wanted: npt.NDArray[np.bool_], at_most_seconds: int) -> Iterator[slice]:
        """Neighbouring segments that are wanted, so many seconds at a time."""
        places = np.flatnonzero(wanted)
        if not len(places):
            return
        part = (self.edges[places] - self.edges[0]) // at_most_seconds
        turns = np.flatnonzero((np.diff(places) > 1) | (np.diff(part) > 0)) + 1
        for run in np.split(places, turns):
            yield slice(int(run[0]), int(run[-1]) + 1)

    def windows(self, sums: FloatArray) -> FloatArray:
        """Sums over the windows from sums over the segments, which are the last axis.

        Adding and taking away fractions leaves float dust where the true sum is zero; it is cleared.
        """
        running = np.zeros((*sums.shape[:-1], len(self.edges)))
        np.cumsum(sums, axis=-1, out=running[..., 1:])
        found = running[..., self.lasts] - running[..., self.firsts]
        dust = NOISE * np.maximum(1.0, np.abs(running).max(axis=-1, keepdims=True))
        return np.where(np.abs(found) < dust, 0.0, found)


def segment_sums(
    ledger: Ledger, keys: Sequence[str], segments: Segments, wanted: npt.NDArray[np.bool_], step: int
) -> WindowSums:
    """What the ledger holds of the segments that are wanted, zero for others; arrays of shape (keys, segments).

    Args:
        ledger: holds the slices.
        keys: of the indicators.
        segments: with edges on the grid.
        wanted: shape (segments,).
        step: seconds of a slice of the grid.
    """
    found = np.zeros((4, len(keys), len(segments)))
    is_short = segments.seconds < _SHORT_SECONDS
    for run in segments.runs(wanted & is_short, _AT_ONCE_SECONDS):
        found[..., run] = _summed_slices(ledger, keys, segments.edges[run.start : run.stop + 1], step)
    long = np.flatnonzero(wanted & ~is_short)
    if len(long):
        ends = zip(segments.edges[long].tolist(), segments.edges[long + 1].tolist(), strict=True)
        sums = ledger.window_sums(keys, [Interval(from_epoch(start), from_epoch(end)) for start, end in ends])
        found[..., long] = [sums.good, sums.total, sums.measured_seconds, sums.asked_seconds]
    return WindowSums(*found)


def _summed_slices(ledger: Ledger, keys: Sequence[str], edges: IntArray, step: int) -> FloatArray:
    table = ledger.slices_of(keys, Interval(from_epoch(int(edges[0])), from_epoch(int(edges[-1]))))
    measured = (table.states == SliceState.MEASURED) * float(step)
    asked = (table.states != SliceState.UNKNOWN) * float(step)
    stacked = np.stack([table.good, table.total, measured, asked])
    return np.add.reduceat(stacked, np.searchsorted(table.starts, edges[:-1]), axis=-1)
