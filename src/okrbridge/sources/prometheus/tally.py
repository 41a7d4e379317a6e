"""Sums of increases by SLI and slice, as they become known. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.ledger import FloatArray, IntArray, SliceState, SliceTable
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.births import Measured
from okrbridge.sources.prometheus.counters import LOOK_BACK
from okrbridge.sources.prometheus.increase import BoolArray
from okrbridge.sources.prometheus.reads import Layout
from okrbridge.sources.prometheus.tracking import Block, Pairs

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
        self._warnings: dict[str, None] = {}
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

    def note(self, block: Block) -> None:
        """Take over what the server said beside its answers, and what it did not answer."""
        self._warnings |= dict.fromkeys(block.warnings)
        for group, error in block.failures.items():
            self.fail(self._layout.touched(group), SourceFailure(error.reason, str(error)))

    def fail(self, rows: Sequence[int], failure: SourceFailure) -> None:
        """Give up SLIs; the first failure of each is told."""
        for row in rows:
            self.failures.setdefault(row, failure)

    def fail_values(self, pairs: Pairs, is_bad: BoolArray, values: FloatArray) -> None:
        """Give up the SLIs over series with values that no counter can have."""
        touched = is_bad[pairs.rows]
        for row, series in zip(pairs.slots[touched] % len(self._layout.slis), pairs.rows[touched], strict=True):
            shown = "NaN" if np.isneginf(values[series]) else f"{values[series]:g}"
            message = f"a series of the counter has the value {shown}, which no counter can have; is this a gauge?"
            self.fail([int(row)], SourceFailure(SourceFailureReason.BAD_ANSWER, message))

    def enter(self, end: int, pairs: Pairs, counts: FloatArray, seen: FloatArray) -> None:
        """Enter one slice.

        Args:
            counts: of each slot: the parts of all SLIs, then their totals.
            seen: when each series was last seen.
        """
        count, column = len(self._layout.slis), (end - self.step - self._start) // self.step
        live = seen - self.step >= end - max(_LOOK_BACK, self.step)
        is_total = pairs.slots >= count
        measured = np.zeros(count, dtype=np.bool_)
        measured[pairs.slots[is_total & live[pairs.rows]] - count] = True
        part, total = counts[:count], counts[count:]
        self.table.good[:, column] = np.where(measured, np.where(self._is_good, part, total - part), 0.0)
        self.table.total[:, column] = np.where(measured, total, 0.0)
        self.table.states[:, column] = np.where(measured, SliceState.MEASURED, SliceState.GAP)
        self._until[measured] = end

    def counted(self, request: CountRequest, rows: IntArray) -> Counted:
        """The answer to one request, without what failed.

        Args:
            rows: where each of the request's SLIs stands here.
        """
        table = SliceTable(self.table.starts, self.table.good[rows], self.table.total[rows], self.table.states[rows])
        failures = {place: self.failures[row] for place, row in enumerate(rows.tolist()) if row in self.failures}
        for place in failures:
            table.good[place] = table.total[place] = 0.0
            table.states[place] = SliceState.UNKNOWN
        told = tuple(self._warnings)
        return Counted(request, table, failures, dict.fromkeys(range(len(rows)), told) if told else {})
