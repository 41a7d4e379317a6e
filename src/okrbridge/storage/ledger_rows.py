"""The rows of the ledger: what is read and written of its tables, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from okrbridge.storage.tables import SECONDS_PER_HOUR, ledger_hours, ledger_slices, ledger_state, slis
from okrbridge.storage.upsert import upsert

_hours, _slices, _slis = ledger_hours.c, ledger_slices.c, slis.c

COUNTED_TWICE = ""
"""In the place of an origin: the row that tells how many slices several origins counted, to be taken off."""

_ROWS_TOGETHER = 50
"""Read at once: packed slices take some 25 kB each."""

_SUMS_TOGETHER = 800
"""Read at once: packed sums take 2 kB each, and 8 kB when they are unpacked."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the one row of ``ledger_state`` tells.

    Attributes:
        written: number of the last transaction that changed the ledger; grows from one to the next.
        expired: number of the last one that removed rows.
        slices_from, hours_from: epoch seconds before which slices, and sums of hours, were removed.
    """

    written: int = 0
    expired: int = 0
    slices_from: int = 0
    hours_from: int = 0


class PackedRow(NamedTuple):
    """One row of ``ledger_slices`` or ``ledger_hours``."""

    block: int
    hour_start: int
    origin: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class RegisteredSli:
    """What the ledger knows of an SLI."""

    number: int
    key: str
    step_seconds: int


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """The tables of the ledger inside one transaction."""

    connection: Connection

    def state(self) -> LedgerState:
        """Where the ledger is."""
        row = self.connection.execute(select(ledger_state)).one_or_none()
        return LedgerState() if row is None else LedgerState(row.written, row.expired, row.slices_from, row.hours_from)

    def save_state(self, state: LedgerState) -> None:
        """Put a new state in the place of the old one."""
        row = {
            "id": 1,
            "written": state.written,
            "expired": state.expired,
            "slices_from": state.slices_from,
            "hours_from": state.hours_from,
        }
        upsert(self.connection, ledger_state, [row])

    def slis_from(self, number: int) -> list[RegisteredSli]:
        """The SLIs with this number and higher ones."""
        found = select(_slis.id, _slis.key, _slis.step_seconds).where(_slis.id >= number)
        return [RegisteredSli(*row) for row in self.connection.execute(found)]

    def slices(self, blocks: Sequence[int], start: int, end: int) -> Iterator[PackedRow]:
        """Packed slices of hours that start in a span, of all origins, block by block and ascending."""
        columns = select(_slices.block, _slices.hour_start, _slices.origin, _slices.slices)
        for block in blocks:
            inside = (_slices.block == block) & (_slices.hour_start >= start) & (_slices.hour_start < end)
            found = self.connection.execute(columns.where(inside).order_by(_slices.hour_start, _slices.origin))
            for part in found.partitions(_ROWS_TOGETHER):
                yield from map(PackedRow._make, part)

    def slices_at(self, blocks: Sequence[int], hour: int) -> Iterator[PackedRow]:
        """Packed slices of one hour."""
        columns = select(_slices.block, _slices.hour_start, _slices.origin, _slices.slices)
        inside = _slices.block.in_(blocks) & (_slices.hour_start == hour)
        for row in self.connection.execute(columns.where(inside).order_by(_slices.block, _slices.origin)):
            yield PackedRow(*row)

    def hours(self, blocks: Sequence[int], start: int, end: int) -> Iterator[list[PackedRow]]:
        """Packed sums of hours that start in a span, of all origins, ordered by block and hour.

        They come in portions of some megabytes; all rows of a block are in one portion.
        """
        columns = select(_hours.block, _hours.hour_start, _hours.origin, _hours.sums)
        together = max(1, _SUMS_TOGETHER * SECONDS_PER_HOUR // max(1, end - start))
        for first in range(0, len(blocks), together):
            own = _hours.block.in_(blocks[first : first + together])
            inside = (_hours.hour_start >= start) & (_hours.hour_start < end)
            found = self.connection.execute(columns.where(own, inside).order_by(_hours.block, _hours.hour_start))
            yield [PackedRow._make(row) for row in found.all()]

    def hours_at(self, blocks: Sequence[int], hour: int) -> list[PackedRow]:
        """Packed sums of one hour."""
        columns = select(_hours.block, _hours.hour_start, _hours.origin, _hours.sums)
        found = self.connection.execute(columns.where(_hours.block.in_(blocks), _hours.hour_start == hour))
        return [PackedRow._make(row) for row in found.all()]

    def changed_since(self, written: int, at_most: int) -> list[tuple[int, int]] | None:
        """(block, hour) of all that was written after a number; None when there is more than ``at_most``."""
        newer = select(_hours.block, _hours.hour_start).where(_hours.written > written).limit(at_most + 1)
        rows = self.connection.execute(newer).all()
        return None if len(rows) > at_most else [(row.block, row.hour_start) for row in rows]

    def last_written(self, blocks: Collection[int], before: int) -> int:
        """The highest number with which hours of blocks that start before an instant were written; 0 for none."""
        wanted = set(blocks)
        # Newest first: it stands among the first rows, where a search by block would read every hour of each.
        newest = select(_hours.block, _hours.written).where(_hours.hour_start < before).order_by(_hours.written.desc())
        with self.connection.execute(newest, execution_options={"stream_results": True}) as rows:
            return next((row.written for row in rows if row.block in wanted), 0) if wanted else 0

    def first_hours(self, blocks: Sequence[int]) -> dict[int, int]:
        """Start of the oldest hour held, by block."""
        found = {}
        for block in blocks:
            oldest = self.connection.execute(select(func.min(_hours.hour_start)).where(_hours.block == block)).scalar()
            if oldest is not None:
                found[block] = int(oldest)
        return found

    def save_slices(self, rows: Sequence[PackedRow]) -> None:
        """Insert or replace packed slices."""
        upsert(
            self.connection,
            ledger_slices,
            [
                {"block": row.block, "hour_start": row.hour_start, "origin": row.origin, "slices": row.blob}
                for row in rows
            ],
        )

    def save_hours(self, rows: Sequence[PackedRow], written: int) -> None:
        """Insert or replace packed sums, with the number of the transaction."""
        upsert(
            self.connection,
            ledger_hours,
            [
                {
                    "block": row.block,
                    "hour_start": row.hour_start,
                    "origin": row.origin,
                    "written": written,
                    "sums": row.blob,
                }
                for row in rows
            ],
        )

    def register(self, rows: Sequence[dict[str, object]]) -> None:
        """Insert SLIs."""
        self.connection.execute(insert(slis), list(rows))

    def remove(self, blocks: Sequence[int], slices_before: int, hours_before: int) -> int:
        """Delete what is older of these blocks, by the primary keys; returns how many rows went."""
        removed = 0
        for table, before in ((ledger_slices, slices_before), (ledger_hours, hours_before)):
            old = delete(table).where(table.c.block.in_(blocks), table.c.hour_start < before)
            removed += self.connection.execute(old).rowcount
        return removed
