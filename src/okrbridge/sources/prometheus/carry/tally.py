"""Sums of increases by SLI and slice, as they become known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.ledger import FloatArray, IntArray, SliceState, SliceTable
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.carry.births import Measured
from okrbridge.sources.prometheus.carry.increase import BoolArray
from okrbridge.sources.prometheus.carry.reads import Layout
from okrbridge.sources.prometheus.carry.tracking import Pairs
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK

_LOOK_BACK = LOOK_BACK.total_seconds()


class Tally:
    """The counts of some SLIs in an interval, filled slice by slice.

    Args:
        until: end of the last measured slice of each SLI, epoch seconds; NaN where none is known.
        step: length of a slice in seconds.
    """

    def __init__(self, wanted: Layout, interval: Interval, until: FloatArray, step: int) -> None:
        self._layout, self.step = wanted, step
        self._start = epoch_seconds(interval.start)
        starts = np.arange(self._start, epoch_seconds(interval.end), step, dtype=np.int64)
        self.ends = starts + step
        self.table = SliceTable.unknown(starts, len(wanted.slis))
        self._is_good = np.array([sli.good is not None for sli in wanted.slis], dtype=np.bool_)
        self.failures: dict[int, SourceFailure] = {}
        self._unknown = np.zeros(self.table.states.shape, dtype=np.bool_)
        self._warnings: dict[int, dict[str, None]] = {}
        self._until = until.copy()
        before = np.where(until >= self._start, -np.inf, until - _LOOK_BACK)
        self._since = np.where(np.isnan(until), float(self._start), before)

    @property
    def measured(self) -> Measured:
        """Until when each SLI was measured, as of the slices counted so far."""
        return Measured(self._until, self._since)

    @property
    def slis(self) -> int:
        """How many SLIs are counted."""
        return len(self._layout.slis)

    def sums(self, slots: IntArray, values: FloatArray) -> FloatArray:
        """Values added up by slot: the parts of all SLIs, then their totals."""
        return np.bincount(slots, values, 2 * self.slis).astype(np.float64)

    def note(self, end: int, failures: Mapping[int, SourceFailure], warnings: Mapping[int, Sequence[str]]) -> None:
        """Take over what the server did not answer of the slices from one end on, and what it said beside its answers.

        What is not known of one slice is not known of those after it: their levels could be compared with older ones
        only, and would count the slice's events, which are asked for again.

        Args:
            failures, warnings: by the read of the SLIs.
        """
        for group, failure in failures.items():
            self.fail(self._layout.touched(group), failure, end)
        for group, texts in warnings.items():
            for row in self._layout.touched(group):
                self._warnings.setdefault(row, {}).update(dict.fromkeys(texts))

    def fail(self, rows: Sequence[int], failure: SourceFailure, end: int | None = None) -> None:
        """Give up SLIs, from a slice's end on; the first failure of each is told."""
        first = 0 if end is None else max(0, self._column(end))
        self._unknown[list(rows), first:] = True
        for row in rows:
            self.failures.setdefault(row, failure)

    def fail_series(self, pairs: Pairs, chosen: BoolArray, end: int, failure: SourceFailure) -> None:
        """Give up one slice of the SLIs over some series; later slices are known all the same."""
        rows = np.unique(pairs.slots[chosen[pairs.rows]] % self.slis).tolist()
        self._unknown[rows, self._column(end)] = True
        for row in rows:
            self.failures.setdefault(row, failure)

    def fail_values(self, pairs: Pairs, is_bad: BoolArray, values: FloatArray, end: int) -> None:
        """Give up one slice of the SLIs over series with values that no counter can have."""
        for value in np.unique(values[is_bad]).tolist():
            shown = "NaN" if np.isneginf(value) else f"{value:g}"
            message = f"a series of the counter has the value {shown}, which no counter can have; is this a gauge?"
            failure = SourceFailure(SourceFailureReason.BAD_ANSWER, message)
            self.fail_series(pairs, is_bad & (values == value), end, failure)

    def enter(self, end: int, pairs: Pairs, counts: FloatArray, seen: FloatArray) -> None:
        """Enter one slice.

        Args:
            counts: of each slot: the parts of all SLIs, then their totals.
            seen: when each series was last seen.
        """
        count, column = self.slis, self._column(end)
        live = seen - self.step >= end - max(_LOOK_BACK, self.step)
        is_total = pairs.slots >= count
        measured = np.zeros(count, dtype=np.bool_)
        measured[pairs.slots[is_total & live[pairs.rows]] - count] = True
        part, total = counts[:count], counts[count:]
        self.table.good[:, column] = np.where(measured, np.where(self._is_good, part, total - part), 0.0)
        self.table.total[:, column] = np.where(measured, total, 0.0)
        self.table.states[:, column] = np.where(measured, SliceState.MEASURED, SliceState.GAP)
        self._until[measured & ~self._unknown[:, column]] = end

    def counted(self, request: CountRequest, rows: IntArray) -> Counted:
        """The answer to one request, without what failed.

        Args:
            rows: where each of the request's SLIs stands here.
        """
        unknown = self._unknown[rows]
        good, total = (np.where(unknown, 0.0, one[rows]) for one in (self.table.good, self.table.total))
        states = np.where(unknown, SliceState.UNKNOWN, self.table.states[rows]).astype(np.int8)
        places = rows.tolist()
        failures = {place: self.failures[row] for place, row in enumerate(places) if row in self.failures}
        warnings = {place: tuple(self._warnings[row]) for place, row in enumerate(places) if row in self._warnings}
        return Counted(request, SliceTable(self.table.starts, good, total, states), failures, warnings)

    def _column(self, end: int) -> int:
        return (end - self.step - self._start) // self.step
