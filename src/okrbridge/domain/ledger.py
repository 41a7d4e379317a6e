"""The ledger's arithmetic: slices of good and total events, and their sums over windows.

Counts are kept, ratios are derived; a sum over a window is a plain sum of slices, so windows, targets and
calendars are questions put to the ledger at read time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from okrbridge.domain.error_budget import are_honest, coverage_ratio
from okrbridge.domain.windows import Interval, epoch_seconds

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
StateArray = npt.NDArray[np.int8]


class SliceState(IntEnum):
    """What is known of one slice."""

    UNKNOWN = 0
    """Never asked for, or asked without an answer. The ledger does not hold such slices; tables of many SLIs do."""
    MEASURED = 1
    """The source answered and a series was live; the counts may be zero."""
    GAP = 2
    """The source answered, and no series was live."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Slices of one SLI as parallel arrays, ascending in time, one entry a slice.

    Attributes:
        starts: epoch seconds of each slice's start.
        good: good events; 0 in a gap.
        total: all events; 0 in a gap.
        states: SliceState of each.
    """

    starts: IntArray
    good: FloatArray
    total: FloatArray
    states: StateArray

    def __post_init__(self) -> None:
        if not len(self.starts) == len(self.good) == len(self.total) == len(self.states):
            raise ValueError("the arrays of Slices differ in length")

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def empty(cls) -> Slices:
        """No slices."""
        return cls.of([])

    @classmethod
    def of(cls, rows: Sequence[tuple[int, float, float, SliceState]]) -> Slices:
        """From rows of (start in epoch seconds, good, total, state)."""
        starts, good, total, states = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(starts, dtype=np.int64),
            np.array(good, dtype=np.float64),
            np.array(total, dtype=np.float64),
            np.array(states, dtype=np.int8),
        )

    def within(self, interval: Interval) -> Slices:
        """The slices that start inside the interval."""
        first, last = np.searchsorted(self.starts, [epoch_seconds(interval.start), epoch_seconds(interval.end)])
        inside = slice(first, last)
        return Slices(self.starts[inside], self.good[inside], self.total[inside], self.states[inside])

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Which slices were measured."""
        return np.equal(self.states, SliceState.MEASURED)


@dataclass(frozen=True, slots=True, eq=False)
class SliceTable:
    """Slices of several SLIs over one interval: a row an SLI, a column a slice.

    Attributes:
        starts: epoch seconds of each slice's start, ascending by one step; shape (slices,).
        good, total: events; 0 where the state is not MEASURED; shape (SLIs, slices).
        states: SliceState of each; shape (SLIs, slices).
    """

    starts: IntArray
    good: FloatArray
    total: FloatArray
    states: StateArray

    def __post_init__(self) -> None:
        if not self.good.shape == self.total.shape == self.states.shape or self.good.shape[1:] != self.starts.shape:
            raise ValueError("the arrays of a SliceTable differ in shape")

    def __len__(self) -> int:
        return len(self.good)

    @classmethod
    def unknown(cls, starts: IntArray, rows: int) -> SliceTable:
        """A table in which nothing is known yet."""
        shape = (rows, len(starts))
        return cls(starts, np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int8))

    @classmethod
    def of_one(cls, slices: Slices) -> SliceTable:
        """A single SLI's slices as a table of one row; the slices follow each other without a hole."""
        return cls(slices.starts, slices.good[None, :], slices.total[None, :], slices.states[None, :])

    def row(self, index: int) -> Slices:
        """The known slices of one SLI."""
        known = self.states[index] != SliceState.UNKNOWN
        return Slices(self.starts[known], self.good[index][known], self.total[index][known], self.states[index][known])


@dataclass(frozen=True, slots=True, eq=False)
class WindowSums:
    """What the ledger holds of several windows of several SLIs; every array has shape (SLIs, windows).

    Attributes:
        good, total: events in the measured slices.
        measured_seconds: time covered by measured slices.
        asked_seconds: time covered by slices that were asked for and answered, measured or gap.
    """

    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray
    asked_seconds: FloatArray


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """What the ledger holds of one window.

    Attributes:
        good, total: events in the measured slices.
        measured: time covered by measured slices.
        in_force: the window's length minus excluded time.
    """

    good: float
    total: float
    measured: timedelta
    in_force: timedelta

    @property
    def bad(self) -> float:
        """Total minus good."""
        return self.total - self.good

    @property
    def coverage_ratio(self) -> float:
        """Measured time over time in force, 0..1; 0 for a window that holds no time."""
        return coverage_ratio(self.measured.total_seconds(), self.in_force.total_seconds())

    @property
    def consistent(self) -> bool:
        """Whether 0 <= good <= total, as of any honest pair of counters (float noise forgiven)."""
        return bool(are_honest(self.good, self.total))


def sum_window(slices: Slices, interval: Interval, step: timedelta) -> WindowCounts:
    """Sum the measured slices of an interval whose ends lie on the grid.

    Worked example: two slices of 60 s, 9 of 10 and 10 of 10 good, over two minutes give
    good 19, total 20, coverage 1.
    """
    inside = slices.within(interval)
    counted = inside.measured
    return WindowCounts(
        good=float(inside.good[counted].sum()),
        total=float(inside.total[counted].sum()),
        measured=int(counted.sum()) * step,
        in_force=interval.length,
    )
