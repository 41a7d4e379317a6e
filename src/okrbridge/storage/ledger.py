"""The ledger in SQL: slices, and sums over hours beside them.

A window is read as its whole hours from ``ledger_hours`` and its ragged ends from ``ledger_slices``, so thirty
days cost about 720 and at most 120 rows. The hours are summed anew from the slices in the transaction that
wrote those, so both always tell the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, insert, select

from okrbridge.application.ports import Buckets, Clock
from okrbridge.domain.ledger import Slices, SliceState, WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch
from okrbridge.errors import StorageError
from okrbridge.storage.bucketing import Parts, bucket_sums
from okrbridge.storage.ledger_statements import LedgerStatements
from okrbridge.storage.spans import Span, lattice, runs, slices_in_hours
from okrbridge.storage.tables import SECONDS_PER_HOUR, ledger_hours, ledger_slices, slis
from okrbridge.storage.values import require_on_grid, require_sound, steps_of, to_microseconds

_HOUR = timedelta(seconds=SECONDS_PER_HOUR)


@dataclass(frozen=True, slots=True)
class SqlLedger:
    """The port ``Ledger`` inside one transaction."""

    connection: Connection
    grid: Grid
    statements: LedgerStatements
    clock: Clock

    def write(self, sli: Sli, origin: str, slices: Slices) -> None:
        """Store slices and sum their hours anew.

        Raises:
            ValueError: slices off the grid or out of order, counts that are not finite, a gap with events.
            StorageError: the SLI was counted on another grid before.
        """
        require_sound(slices, self.grid)
        if len(slices) == 0:
            return
        sli_id = self._registered(sli)
        self.connection.execute(self.statements.upsert_slices, self.statements.slice_parameters(sli_id, origin, slices))
        first, last = int(slices.starts[0]), int(slices.starts[-1])
        self.connection.execute(
            self.statements.refresh_hours,
            {
                "sli": sli_id,
                "first": first - first % SECONDS_PER_HOUR,
                "end": last - last % SECONDS_PER_HOUR + SECONDS_PER_HOUR,
            },
        )

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """Sums over intervals, all in one statement. Raises ValueError for an end off the grid."""
        hours, edges = [], []
        for place, interval in enumerate(intervals):
            require_on_grid(interval, self.grid)
            whole, ragged = Span.of(interval).cut_at_hours()
            if whole is not None:
                hours.append((place, whole.start, whole.end))
            edges += [(place, edge.start, edge.end) for edge in ragged]
        sums = {}
        if (sli_id := self._known(sli_key)) is not None:
            parameters = {"sli": sli_id, "hours": json.dumps(hours), "edges": json.dumps(edges)}
            for place, *counts in self.connection.execute(self.statements.window_sums, parameters):
                sums[place] = counts
        return [
            WindowCounts(
                good=float(good),
                total=float(total),
                measured=int(measured) * self.grid.step,
                in_force=interval.length,
            )
            for interval, (good, total, measured) in (
                (interval, sums.get(place, (0.0, 0.0, 0))) for place, interval in enumerate(intervals)
            )
        ]

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self.grid)
        sli_id = self._known(sli_key)
        if sli_id is None:
            return Slices.empty()
        span = Span.of(interval)
        rows = self.connection.execute(self.statements.slices, {"sli": sli_id, "first": span.start, "end": span.end})
        return Slices.of([(start, good, total, state) for start, good, total, state in rows])

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over steps; whole hours are answered from the hourly sums.

        The last step is cut short by the interval's end when the step does not divide the interval.

        Raises:
            ValueError: an end off the grid, or a step that is not a multiple of the grid's.
        """
        require_on_grid(interval, self.grid)
        count = steps_of(interval, step, self.grid)
        if step % _HOUR == timedelta(0) and Span.of(interval).is_whole_hours:
            parts = self._hours(sli_key, Span.of(interval))
        else:
            fine = self.slices(sli_key, interval)
            parts = Parts(fine.starts, fine.good, fine.total, fine.measured.astype(np.float64) * self.grid.step_seconds)
        return bucket_sums(parts, first=interval.start, step=step, count=count)

    def missing(self, sli_key: str, origin: str, interval: Interval) -> list[Interval]:
        """Runs of slices that the origin never answered for. Raises ValueError for an end off the grid.

        Hours that are known to be complete are not looked into.
        """
        require_on_grid(interval, self.grid)
        sli_id = self._known(sli_key)
        if sli_id is None:
            return [interval] if interval.start < interval.end else []
        unsure = self._incomplete(sli_id, origin, Span.of(interval))
        if not unsure:
            return []
        parameters = {"sli": sli_id, "by": origin, "spans": json.dumps([(0, span.start, span.end) for span in unsure])}
        rows = self.connection.execute(self.statements.answered, parameters)
        found = [start for (start,) in rows if start is not None]
        step = self.grid.step_seconds
        wanted = np.concatenate([lattice(span, step) for span in unsure])
        absent = np.setdiff1d(wanted, np.array(found, dtype=np.int64), assume_unique=True)
        return [span.interval for span in runs(np.sort(absent), step)]

    def last_measured_end(self, sli_key: str, before: datetime, origin: str | None = None) -> datetime | None:
        """End of the last measured slice that starts before an instant, of any origin or of one."""
        sli_id = self._known(sli_key)
        if sli_id is None:
            return None
        own = ledger_slices.c
        # Starts are whole seconds, so those before a fraction of a second are those up to its whole second.
        until = epoch_seconds(before) + (1 if before.microsecond else 0)
        newest = (
            select(own.slice_start)
            .where(own.sli_id == sli_id, own.slice_start < until, own.state == int(SliceState.MEASURED))
            .order_by(own.slice_start.desc())
            .limit(1)
        )
        if origin is not None:
            newest = newest.where(own.origin == origin)
        start = self.connection.execute(newest).scalar()
        return None if start is None else from_epoch(start) + self.grid.step

    def _hours(self, sli_key: str, span: Span) -> Parts:
        hourly = ledger_hours.c
        rows = self.connection.execute(
            select(hourly.hour_start, hourly.good, hourly.total, hourly.measured_slices).where(
                hourly.sli_id == self._known(sli_key), hourly.hour_start >= span.start, hourly.hour_start < span.end
            )
        )
        table = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 4)
        # Epoch seconds are far below 2**53, so they are exact as floats.
        return Parts(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3] * self.grid.step_seconds)

    def _incomplete(self, sli_id: int, origin: str, span: Span) -> list[Span]:
        """The edges of a span and its hours that are not known to be complete for an origin, ascending."""
        whole, edges = span.cut_at_hours()
        if whole is None:
            return edges
        hourly = ledger_hours.c
        rows = self.connection.execute(
            select(hourly.hour_start, hourly.asked_slices).where(
                hourly.sli_id == sli_id,
                hourly.hour_start >= whole.start,
                hourly.hour_start < whole.end,
                hourly.only_origin == origin,
            )
        )
        asked = np.zeros((whole.end - whole.start) // SECONDS_PER_HOUR, dtype=np.int64)
        for hour_start, asked_slices in rows:
            asked[(hour_start - whole.start) // SECONDS_PER_HOUR] = asked_slices
        hours = lattice(whole, SECONDS_PER_HOUR)
        incomplete = runs(hours[asked != slices_in_hours(hours, self.grid.step_seconds)], SECONDS_PER_HOUR)
        return sorted([*edges, *incomplete], key=lambda part: part.start)

    def _registered(self, sli: Sli) -> int:
        known = self._known(sli.key)
        if known is not None:
            return known
        row = {
            "key": sli.key,
            "name": sli.name,
            "source": sli.source,
            "total": sli.total,
            "good": sli.good,
            "bad": sli.bad,
            "step_seconds": self.grid.step_seconds,
            "created_at_us": to_microseconds(self.clock()),
        }
        return int(self.connection.execute(insert(slis).returning(slis.c.id), row).scalar_one())

    def _known(self, sli_key: str) -> int | None:
        row = self.connection.execute(select(slis.c.id, slis.c.step_seconds).where(slis.c.key == sli_key)).one_or_none()
        if row is None:
            return None
        if row.step_seconds != self.grid.step_seconds:
            raise StorageError(
                f"the ledger holds SLI {sli_key} in slices of {row.step_seconds} s, and okrbridge now works with "
                f"{self.grid.step_seconds} s; go back to the old tick length, or start a new database"
            )
        return int(row.id)
