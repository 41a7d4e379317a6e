"""The ledger in memory: every read sums the slices themselves, one SLI after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from okrbridge.application.ports import Buckets, MissingRun
from okrbridge.domain.ledger import (
    FloatArray,
    IntArray,
    Slices,
    SliceTable,
    WindowCounts,
    WindowSums,
)
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import StorageError
from okrbridge.storage.bucketing import Parts, bucket_sums
from okrbridge.storage.slice_runs import NEVER, Runs, grouped
from okrbridge.storage.spans import Span, lattice, runs
from okrbridge.storage.summing import summed_slices
from okrbridge.storage.tables import SECONDS_PER_HOUR
from okrbridge.storage.values import require_on_grid, require_sound, steps_of

HourCounts = tuple[float, float, int, int]
"""Good and total events, measured slices, slices answered for."""


def require_writable(*, allowed: bool) -> None:
    """Raise StorageError unless writing is allowed."""
    if not allowed:
        raise StorageError("a write was tried while only reading; this is a defect of okrbridge, please report it")


@dataclass(slots=True)
class MemoryCounts:
    """What the ledger holds; the values are never changed in place."""

    slices: dict[tuple[str, str], Slices] = field(default_factory=dict)
    """By SLI key and origin."""
    hours: dict[str, dict[int, HourCounts]] = field(default_factory=dict)
    """By SLI key and hour, the sums of hours whose slices were forgotten."""
    written: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """By SLI key, the number of each write and the start of the first slice it wrote."""
    number: int = 0
    writable: bool = False

    def copied(self, *, writable: bool) -> MemoryCounts:
        """A state that can go another way."""
        return MemoryCounts(dict(self.slices), dict(self.hours), dict(self.written), self.number, writable)


@dataclass(frozen=True, slots=True)
class MemoryLedger:
    """The port ``Ledger``."""

    _counts: MemoryCounts
    _grid: Grid

    def write(self, slis: Sequence[Sli], origin: str, table: SliceTable) -> int:
        """Store slices. Raises ValueError for slices the ledger must not hold."""
        require_writable(allowed=self._counts.writable)
        if not origin:
            raise ValueError("the origin of slices has no name")
        require_sound(table, self._grid)
        if len(slis) != len(table):
            raise ValueError(f"{len(slis)} SLIs and a table of {len(table)} rows")
        known = [(sli, row) for row, sli in enumerate(slis) if table.states[row].any()]
        if len({sli.key for sli, _ in known}) < len(known):
            raise ValueError("one SLI is in the table twice")
        self._counts.number += 1
        return sum(self._write(sli, origin, table.row(row)) for sli, row in known)

    def window_sums(self, sli_keys: Sequence[str], intervals: Sequence[Interval]) -> WindowSums:
        """Sums over intervals. Raises ValueError for an end off the grid."""
        for interval in intervals:
            require_on_grid(interval, self._grid)
        values = np.zeros((4, len(sli_keys), len(intervals)))
        for row, key in enumerate(sli_keys):
            for column, interval in enumerate(intervals):
                values[:, row, column] = self._summed(key, interval)
        good, total, measured, asked = values
        step = self._grid.step_seconds
        return WindowSums(good, total, measured * step, asked * step)

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """Sums over intervals. Raises ValueError for an end off the grid."""
        for interval in intervals:
            require_on_grid(interval, self._grid)
        found = [(self._summed(sli_key, interval), interval) for interval in intervals]
        return [
            WindowCounts(float(good), float(total), int(measured) * self._grid.step, interval.length)
            for (good, total, measured, _), interval in found
        ]

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        return summed_slices([one.within(interval) for one in self._by_origin(sli_key, None)])

    def slices_of(self, sli_keys: Sequence[str], interval: Interval) -> SliceTable:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        starts = lattice(Span.of(interval), self._grid.step_seconds)
        table = SliceTable.unknown(starts, len(sli_keys))
        for row, key in enumerate(sli_keys):
            own = self.slices(key, interval)
            places = np.searchsorted(starts, own.starts)
            table.good[row, places], table.total[row, places] = own.good, own.total
            table.states[row, places] = own.states
        return table

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over steps. Raises ValueError for an end off the grid, or a step that is no multiple of its step."""
        require_on_grid(interval, self._grid)
        count = steps_of(interval, step, self._grid)
        fine = self.slices(sli_key, interval)
        starts, values = fine.starts, np.array([fine.good, fine.total, fine.measured.astype(np.float64)])
        if step % timedelta(hours=1) == timedelta(0) and Span.of(interval).is_whole_hours:
            kept = [(hour, sums[:3]) for hour, sums in self._kept(sli_key, Span.of(interval))]
            starts = np.concatenate([starts, np.array([hour for hour, _ in kept], dtype=np.int64)])
            values = np.concatenate(
                [values, np.array([sums for _, sums in kept], dtype=np.float64).reshape(-1, 3).T], 1
            )
        parts = Parts(starts, values[0], values[1], values[2] * self._grid.step_seconds)
        return bucket_sums(parts, first=interval.start, step=step, count=count)

    def missing(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """Runs of slices that the origin never answered for. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        wanted = lattice(Span.of(interval), self._grid.step_seconds)
        return self._runs(sli_keys, origin, [self._unanswered(key, origin, wanted) for key in sli_keys])

    def gaps(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """Runs of slices that the origin answered with a gap. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        own = [summed_slices(self._by_origin(key, origin)).within(interval) for key in sli_keys]
        return self._runs(sli_keys, origin, [slices.starts[~slices.measured] for slices in own])

    def last_measured_ends(self, sli_keys: Sequence[str], before: datetime, origin: str | None = None) -> IntArray:
        """End of the last measured slice that starts before an instant; its hour's end where slices have expired."""
        limit = epoch_seconds(self._grid.ceil(before))
        return np.array([self._last_end(key, limit, origin) for key in sli_keys], dtype=np.int64)

    def revision(self, sli_keys: Sequence[str], before: datetime) -> int:
        """Grows with every write of a slice that starts before an instant."""
        limit = epoch_seconds(self._grid.ceil(before))
        writes = (write for key in sli_keys for write in self._counts.written.get(key, ()))
        return max((number for number, first in writes if first < limit), default=0)

    def expire(self, slices_before: datetime, hours_before: datetime) -> int:
        """Forget old slices and sums; sums are kept at least as long as slices."""
        require_writable(allowed=self._counts.writable)
        slices_from = epoch_seconds(slices_before) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
        hours_from = min(slices_from, epoch_seconds(hours_before) // SECONDS_PER_HOUR * SECONDS_PER_HOUR)
        self._counts.number += 1
        removed = 0
        for key in {key for key, _ in self._counts.slices}:
            removed += self._expire_slices(key, slices_from)
        for key, hours in self._counts.hours.items():
            kept = {hour: sums for hour, sums in hours.items() if hour >= hours_from}
            removed += len(hours) - len(kept)
            self._counts.hours[key] = kept
        return removed

    def _write(self, sli: Sli, origin: str, slices: Slices) -> int:
        if sli.kind is SliKind.COMPOSITE:
            raise ValueError(f"the composite SLI {sli.name!r} has no slices of its own")
        past = list(self._counts.hours.get(sli.key, {}))
        slices = _chosen(slices, ~np.isin(slices.starts - slices.starts % SECONDS_PER_HOUR, past))
        known = self._counts.slices.get((sli.key, origin), Slices.empty())
        measured = known.starts[known.measured]
        fresh = _chosen(slices, slices.measured | ~np.isin(slices.starts, measured))
        if len(fresh) == 0:
            return 0
        kept = _chosen(known, ~np.isin(known.starts, fresh.starts))
        self._counts.slices[sli.key, origin] = _in_order(kept, fresh)
        writes = self._counts.written.get(sli.key, ())
        self._counts.written[sli.key] = (*writes, (self._counts.number, int(fresh.starts[0])))
        return len(fresh)

    def _by_origin(self, sli_key: str, origin: str | None) -> list[Slices]:
        return [
            slices
            for (key, counted_by), slices in self._counts.slices.items()
            if key == sli_key and origin in (None, counted_by)
        ]

    def _kept(self, sli_key: str, span: Span) -> list[tuple[int, HourCounts]]:
        hours = self._counts.hours.get(sli_key, {})
        return [(hour, sums) for hour, sums in hours.items() if span.start <= hour < span.end]

    def _summed(self, sli_key: str, interval: Interval) -> FloatArray:
        fine = self.slices(sli_key, interval)
        sums = np.array([fine.good.sum(), fine.total.sum(), fine.measured.sum(), len(fine)], dtype=np.float64)
        whole, _ = Span.of(interval).cut_at_hours()
        kept = [] if whole is None else self._kept(sli_key, whole)
        for _, counts in kept:
            sums += counts
        return sums

    def _unanswered(self, sli_key: str, origin: str, starts: IntArray) -> IntArray:
        past = list(self._counts.hours.get(sli_key, {}))
        open_ones = starts[~np.isin(starts - starts % SECONDS_PER_HOUR, past)]
        return np.setdiff1d(open_ones, summed_slices(self._by_origin(sli_key, origin)).starts)

    def _runs(self, sli_keys: Sequence[str], origin: str, points: Sequence[IntArray]) -> list[MissingRun]:
        found = [
            (row, span.start, span.end, self._measured_until(sli_keys[row], origin, span.start))
            for row, own in enumerate(points)
            for span in runs(own, self._grid.step_seconds)
        ]
        rows, starts, ends, until = np.array(found, dtype=np.int64).reshape(-1, 4).T
        return grouped(Runs(rows, starts, ends), until)

    def _measured_until(self, sli_key: str, origin: str, start: int) -> int:
        end = self._last_end(sli_key, start, origin)
        if end == NEVER:
            return NEVER
        between = lattice(Span(end, start), self._grid.step_seconds)
        return NEVER if len(self._unanswered(sli_key, origin, between)) else end

    def _last_end(self, sli_key: str, limit: int, origin: str | None) -> int:
        own = summed_slices(self._by_origin(sli_key, origin))
        measured = own.starts[own.measured & (own.starts < limit)]
        past = [
            hour + SECONDS_PER_HOUR
            for hour, counts in self._counts.hours.get(sli_key, {}).items()
            if counts[2] and hour + SECONDS_PER_HOUR <= limit
        ]
        return max([int(measured[-1]) + self._grid.step_seconds] if len(measured) else past, default=NEVER)

    def _expire_slices(self, sli_key: str, slices_from: int) -> int:
        old = summed_slices([_chosen(one, one.starts < slices_from) for one in self._by_origin(sli_key, None)])
        hours = old.starts - old.starts % SECONDS_PER_HOUR
        kept = dict(self._counts.hours.get(sli_key, {}))
        for hour in np.unique(hours).tolist():
            own = _chosen(old, hours == hour)
            kept[hour] = (float(own.good.sum()), float(own.total.sum()), int(own.measured.sum()), len(own))
        self._counts.hours[sli_key] = kept
        for (key, origin), slices in list(self._counts.slices.items()):
            if key == sli_key:
                self._counts.slices[key, origin] = _chosen(slices, slices.starts >= slices_from)
        if len(old):
            self._counts.written[sli_key] = (*self._counts.written.get(sli_key, ()), (self._counts.number, 0))
        return len(old)


def _chosen(slices: Slices, which: npt.NDArray[np.bool_]) -> Slices:
    return Slices(slices.starts[which], slices.good[which], slices.total[which], slices.states[which])


def _in_order(one: Slices, other: Slices) -> Slices:
    """Slices of both, ascending; no start is in both."""
    starts = np.concatenate([one.starts, other.starts])
    order = np.argsort(starts)
    return Slices(
        starts[order],
        np.concatenate([one.good, other.good])[order],
        np.concatenate([one.total, other.total])[order],
        np.concatenate([one.states, other.states])[order],
    )
