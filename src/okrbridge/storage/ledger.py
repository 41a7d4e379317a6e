"""The ledger in SQL: slices of 256 SLIs and an hour packed into a row, and sums of hours beside them.

A window is its whole hours, from the sums, and its ragged ends, from the slices. Both are written in one transaction,
so they always tell the same; what was read or written once is remembered by the storage (``ledger_cache``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

import numpy as np
from sqlalchemy import Connection

from okrbridge.application.ports import Buckets, Clock, MissingRun
from okrbridge.domain.ledger import FloatArray, IntArray, Slices, SliceTable, WindowCounts, WindowSums
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import StorageError
from okrbridge.storage.blocks import BLOCK_SLOTS, read_hour_sums
from okrbridge.storage.bucketing import Parts, bucket_sums
from okrbridge.storage.ledger_answers import LedgerAnswers
from okrbridge.storage.ledger_cache import LedgerCache, LedgerCaches, floor_hour
from okrbridge.storage.ledger_rows import COUNTED_TWICE, LedgerRows, RegisteredSli
from okrbridge.storage.ledger_sums import LedgerSums, slots_of
from okrbridge.storage.ledger_tables import TableReader
from okrbridge.storage.ledger_writing import LedgerWriter
from okrbridge.storage.slice_runs import NEVER, Runs, grouped
from okrbridge.storage.spans import Span
from okrbridge.storage.tables import SECONDS_PER_HOUR
from okrbridge.storage.values import require_on_grid, require_sound, steps_of, to_microseconds

_HOUR = timedelta(seconds=SECONDS_PER_HOUR)


class SqlLedger:
    """The port ``Ledger`` inside one transaction."""

    def __init__(self, connection: Connection, grid: Grid, caches: LedgerCaches, clock: Clock) -> None:
        self.connection = connection
        self._grid = grid
        self._caches = caches
        self._clock = clock
        self._rows = LedgerRows(connection)
        self._cache: LedgerCache | None = None
        self._fork: LedgerCache | None = None

    def committed(self) -> None:
        """Let others use what this transaction has written; called when the database has kept it."""
        if self._fork is not None:
            self._caches.committed(self._fork)

    def write(self, slis: Sequence[Sli], origin: str, table: SliceTable) -> int:
        """Store slices and sum their hours anew.

        Raises:
            ValueError: slices off the grid or out of order, counts that are not finite, a gap with events, an SLI
                twice, a composite, an origin without a name.
            StorageError: an SLI was counted on another grid before.
        """
        if not origin:
            raise ValueError("the origin of slices has no name")
        require_sound(table, self._grid)
        if len(slis) != len(table):
            raise ValueError(f"{len(slis)} SLIs and a table of {len(table)} rows")
        known = np.flatnonzero(table.states.any(axis=1))
        if len(known) == 0:
            return 0
        cache = self._writable()
        numbers = self._registered([slis[row] for row in known.tolist()], cache)
        if len(known) < len(table):
            table = SliceTable(table.starts, table.good[known], table.total[known], table.states[known])
        return LedgerWriter(self._sums(cache), cache.state.written).write(numbers, origin, table)

    def window_sums(self, sli_keys: Sequence[str], intervals: Sequence[Interval]) -> WindowSums:
        """Sums over intervals. Raises ValueError for an end off the grid."""
        for interval in intervals:
            require_on_grid(interval, self._grid)
        values = np.zeros((len(intervals), 4, len(sli_keys)))
        with self._seen() as cache:
            numbers, known = self._numbers(sli_keys, cache)
            blocks = np.unique(numbers // BLOCK_SLOTS).tolist()
            slots = slots_of(numbers, blocks) if blocks else numbers
            spans = [Span.of(interval) for interval in intervals] if blocks else []
            for place, found in enumerate(self._sums(cache).windows(spans, blocks)):
                values[place][:, known] = found.reshape(4, -1)[:, slots]
        good, total, measured, asked = values.transpose(1, 2, 0)
        step = self._grid.step_seconds
        return WindowSums(good, total, measured * step, asked * step)

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """The sums of one SLI. Raises ValueError for an end off the grid."""
        sums = self.window_sums([sli_key], intervals)
        columns = (sums.good[0].tolist(), sums.total[0].tolist(), sums.measured_seconds[0].tolist(), intervals)
        return [
            WindowCounts(good, total, timedelta(seconds=measured), interval.length)
            for good, total, measured, interval in zip(*columns, strict=True)
        ]

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        return self.slices_of([sli_key], interval).row(0)

    def slices_of(self, sli_keys: Sequence[str], interval: Interval) -> SliceTable:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        span = Span.of(interval)
        with self._seen() as cache:
            numbers, known = self._numbers(sli_keys, cache)
            table = TableReader(self._sums(cache), numbers, span).read()
        return table if len(known) == len(sli_keys) else _spread(table, known, len(sli_keys))

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over steps; whole hours are answered from the hourly sums.

        The last step is cut short by the interval's end when the step does not divide the interval.

        Raises:
            ValueError: an end off the grid, or a step that is not a multiple of the grid's.
        """
        require_on_grid(interval, self._grid)
        count = steps_of(interval, step, self._grid)
        if step % _HOUR == timedelta(0) and Span.of(interval).is_whole_hours:
            parts = self._hours(sli_key, Span.of(interval))
        else:
            fine = self.slices(sli_key, interval)
            parts = Parts(
                fine.starts, fine.good, fine.total, fine.measured.astype(np.float64) * self._grid.step_seconds
            )
        return bucket_sums(parts, first=interval.start, step=step, count=count)

    def missing(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """Runs of slices without an answer, the oldest first. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        span = Span.of(interval)
        with self._seen() as cache:
            numbers, known = self._numbers(sli_keys, cache)
            answers = LedgerAnswers(self._sums(cache), origin)
            runs = answers.missing(numbers, span)
            ends = answers.measured_until(numbers, runs)
        unknown = np.setdiff1d(np.arange(len(sli_keys)), known)
        if len(unknown) and span.start < span.end:
            never = Runs.of(unknown, span)
            ends = np.concatenate([ends, np.full(len(unknown), NEVER)])
            runs = Runs(
                *(
                    np.concatenate(pair)
                    for pair in ((known[runs.rows], never.rows), (runs.starts, never.starts), (runs.ends, never.ends))
                )
            )
        else:
            runs = replace(runs, rows=known[runs.rows])
        return grouped(runs, ends)

    def gaps(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """Runs of slices answered with a gap, the oldest first. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        with self._seen() as cache:
            numbers, known = self._numbers(sli_keys, cache)
            answers = LedgerAnswers(self._sums(cache), origin)
            runs = answers.gaps(numbers, Span.of(interval))
            ends = answers.measured_until(numbers, runs)
        return grouped(replace(runs, rows=known[runs.rows]), ends)

    def last_measured_ends(self, sli_keys: Sequence[str], before: datetime, origin: str | None = None) -> IntArray:
        """End of the last measured slice that starts before an instant; its hour's end where slices have expired."""
        ends = np.full(len(sli_keys), NEVER, dtype=np.int64)
        with self._seen() as cache:
            numbers, known = self._numbers(sli_keys, cache)
            if len(numbers):
                limit = epoch_seconds(self._grid.ceil(before))
                ends[known] = LedgerAnswers(self._sums(cache), origin).last_ends(numbers, limit)
        return ends

    def revision(self, sli_keys: Sequence[str], before: datetime) -> int:
        """Grows whenever an hour that starts before an instant is written, of these SLIs or of some packed beside."""
        with self._seen() as cache:
            numbers, _ = self._numbers(sli_keys, cache)
            expired = cache.state.expired
        blocks = np.unique(numbers // BLOCK_SLOTS).tolist()
        return max(expired, self._rows.last_written(blocks, epoch_seconds(self._grid.ceil(before))))

    def expire(self, slices_before: datetime, hours_before: datetime) -> int:
        """Forget old slices and sums; sums are kept at least as long as slices."""
        slices_from = floor_hour(epoch_seconds(slices_before))
        hours_from = min(slices_from, floor_hour(epoch_seconds(hours_before)))
        with self._seen() as seen:
            blocks = range(seen.highest // BLOCK_SLOTS + 1)
        removed = self._rows.remove(blocks, slices_from, hours_from)
        if removed:
            cache = self._writable()
            state = cache.state
            cache.state = replace(
                state,
                expired=state.written,
                slices_from=max(slices_from, state.slices_from),
                hours_from=max(hours_from, state.hours_from),
            )
            cache.expired(cache.state)
            self._rows.save_state(cache.state)
        return removed

    @contextmanager
    def _seen(self) -> Iterator[LedgerCache]:
        """The cache for what this transaction sees, held for it alone."""
        if self._cache is None:
            self._cache = self._caches.at(self._rows, self._rows.state())
        cache = self._fork or self._cache
        with cache.lock:
            self._require_step(cache)
            yield cache

    def _writable(self) -> LedgerCache:
        """The cache of this transaction alone, at the state that is there once it is committed."""
        if self._fork is None:
            with self._seen() as cache:
                fork = cache.forked()
            fork.state = replace(fork.state, written=fork.state.written + 1)
            self._rows.save_state(fork.state)
            self._fork = fork
        return self._fork

    def _sums(self, cache: LedgerCache) -> LedgerSums:
        return LedgerSums(cache, self._rows, self._grid.step_seconds)

    def _numbers(self, sli_keys: Sequence[str], cache: LedgerCache) -> tuple[IntArray, IntArray]:
        """Numbers of the SLIs that are known, and which keys those are."""
        keys = tuple(sli_keys)
        if cache.asked[0] is not cache.numbers or cache.asked[1] != keys:
            numbers = np.array([cache.numbers.get(key, -1) for key in keys], dtype=np.int64)
            known = np.flatnonzero(numbers >= 0)
            cache.asked = (cache.numbers, keys, numbers[known], known)
        return cache.asked[2:]

    def _registered(self, slis: Sequence[Sli], cache: LedgerCache) -> IntArray:
        keys = [sli.key for sli in slis]
        if len(set(keys)) < len(keys):
            raise ValueError("one SLI is in the table twice")
        unknown = [sli for sli in slis if sli.key not in cache.numbers]
        if unknown:
            self._register(unknown, cache)
        return np.array([cache.numbers[key] for key in keys], dtype=np.int64)

    def _register(self, slis: Sequence[Sli], cache: LedgerCache) -> None:
        composite = next((sli for sli in slis if sli.kind is SliKind.COMPOSITE), None)
        if composite is not None:
            raise ValueError(f"the composite SLI {composite.name!r} has no slices of its own")
        now, step = to_microseconds(self._clock()), self._grid.step_seconds
        first = cache.highest + 1
        self._rows.register([_sli_row(first + place, sli, step, now) for place, sli in enumerate(slis)])
        cache.learn(RegisteredSli(first + place, sli.key, step) for place, sli in enumerate(slis))

    def _require_step(self, cache: LedgerCache) -> None:
        step = self._grid.step_seconds
        other = next((one for one in cache.steps if one != step), None)
        if other is not None:
            raise StorageError(
                f"the ledger holds slices of {other} s, and okrbridge now works with {step} s; "
                "go back to the old tick length, or start a new database"
            )

    def _hours(self, sli_key: str, span: Span) -> Parts:
        with self._seen() as cache:
            number = cache.numbers.get(sli_key)
        hours = np.arange(span.start, span.end, SECONDS_PER_HOUR, dtype=np.int64)
        values: FloatArray = np.zeros((3, len(hours)))
        block, slot = divmod(number if number is not None else 0, BLOCK_SLOTS)
        rows = next(self._rows.hours([block], span.start, span.end)) if number is not None else []
        for row, sums in zip(rows, read_hour_sums([row.blob for row in rows])[0], strict=True):
            own = sums[:3, slot]
            values[:, (row.hour_start - span.start) // SECONDS_PER_HOUR] += -own if row.origin == COUNTED_TWICE else own
        return Parts(hours, values[0], values[1], values[2] * self._grid.step_seconds)


def _sli_row(number: int, sli: Sli, step: int, now: int) -> dict[str, object]:
    row = dict(zip(_SLI_TEXTS, _SLI_FIELDS(sli), strict=True))
    threshold = sli.kind is SliKind.THRESHOLD
    return {
        **row,
        "id": number,
        "kind": sli.kind.value,
        "op": sli.op if threshold else None,
        "limit_value": sli.limit if threshold else None,
        "step_seconds": step,
        "created_at_us": now,
    }


_SLI_TEXTS = ("key", "name", "source", "total", "good", "bad")
_SLI_FIELDS = attrgetter(*_SLI_TEXTS)


def _spread(table: SliceTable, rows: IntArray, number: int) -> SliceTable:
    """A table's rows put into these rows of a larger one, which knows nothing else."""
    larger = SliceTable.unknown(table.starts, number)
    larger.good[rows], larger.total[rows], larger.states[rows] = table.good, table.total, table.states
    return larger
