"""A ledger of plain rows, for what is derived from slices at read time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Buckets
from okrbridge.domain.ledger import SliceState, SliceTable, WindowCounts, WindowSums
from okrbridge.domain.windows import Interval, epoch_seconds

Row = tuple[float, float, SliceState]


class SlicedLedger:
    """Answers like the real ledger, by walking over its rows; only what is read is there.

    Attributes:
        rows: (good, total, state) by start in epoch seconds, by SLI key.
        slices_read: how many slices were handed out one by one.
    """

    def __init__(self, step: timedelta = timedelta(seconds=60)) -> None:
        self.step = step
        self.rows: dict[str, dict[int, Row]] = {}
        self.slices_read = 0
        self._writes: list[tuple[str, int]] = []

    def put(self, sli_key: str, start: int, rows: Sequence[tuple[float, float] | None]) -> None:
        """Store neighbouring slices from a start on; None is a gap."""
        for place, row in enumerate(rows):
            at = start + place * int(self.step.total_seconds())
            stored = (0.0, 0.0, SliceState.GAP) if row is None else (*row, SliceState.MEASURED)
            self.rows.setdefault(sli_key, {})[at] = stored
            self._writes.append((sli_key, at))

    def slices_of(self, sli_keys: Sequence[str], interval: Interval) -> SliceTable:
        step = int(self.step.total_seconds())
        starts = np.arange(epoch_seconds(interval.start), epoch_seconds(interval.end), step, dtype=np.int64)
        table = SliceTable.unknown(starts, len(sli_keys))
        for place, key in enumerate(sli_keys):
            found = self._inside(key, interval)
            self.slices_read += len(found)
            for start, row in found:
                column = (start - starts[0]) // step
                table.good[place, column], table.total[place, column], table.states[place, column] = row
        return table

    def window_sums(self, sli_keys: Sequence[str], intervals: Sequence[Interval]) -> WindowSums:
        shape = (len(sli_keys), len(intervals))
        good, total, measured, asked = (np.zeros(shape) for _ in range(4))
        for row, key in enumerate(sli_keys):
            for column, interval in enumerate(intervals):
                found = [each for _, each in self._inside(key, interval)]
                good[row, column] = sum(each[0] for each in found)
                total[row, column] = sum(each[1] for each in found)
                seconds = self.step.total_seconds()
                measured[row, column] = seconds * sum(each[2] is SliceState.MEASURED for each in found)
                asked[row, column] = seconds * len(found)
        return WindowSums(good, total, measured, asked)

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        sums = self.window_sums([sli_key], intervals)
        return [
            WindowCounts(
                float(sums.good[0, place]),
                float(sums.total[0, place]),
                timedelta(seconds=float(sums.measured_seconds[0, place])),
                interval.length,
            )
            for place, interval in enumerate(intervals)
        ]

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        count = interval.length // step
        steps = [Interval(interval.start + place * step, interval.start + (place + 1) * step) for place in range(count)]
        sums = self.window_sums([sli_key], steps)
        starts = np.array([epoch_seconds(each.start) for each in steps], dtype=np.int64)
        return Buckets(starts, sums.good[0], sums.total[0], sums.measured_seconds[0])

    def revision(self, sli_keys: Sequence[str], before: datetime) -> int:
        return sum(key in sli_keys and start < epoch_seconds(before) for key, start in self._writes)

    def _inside(self, sli_key: str, interval: Interval) -> list[tuple[int, Row]]:
        first, last = epoch_seconds(interval.start), epoch_seconds(interval.end)
        step = int(self.step.total_seconds())
        rows = self.rows.get(sli_key, {})
        return [(start, rows[start]) for start in range(first, last, step) if start in rows]
