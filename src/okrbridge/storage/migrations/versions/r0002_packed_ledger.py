"""The ledger packed: 256 SLIs and an hour in one row, where there was a row for each slice.

The bytes in the rows carry the number of their format, so the code that packs them is shared and not spelt out here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

from okrbridge.errors import StorageError
from okrbridge.storage.blocks import BLOCK_SLOTS, HourBlock, HourSums, WrittenSlices, counted_twice
from okrbridge.storage.spans import slices_in

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_HOUR = 3600
_DAY = 86400
_ROWS_TOGETHER = 500


def upgrade() -> None:
    """Pack the slices, and let go of the tables they were in."""
    connection = op.get_bind()
    op.rename_table("ledger_slices", "old_slices")
    op.rename_table("ledger_hours", "old_hours")
    if connection.dialect.name == "postgresql":
        # The names of keys are the schema's there, so the old ones must not be in the way.
        op.execute("ALTER TABLE old_slices DROP CONSTRAINT pk_ledger_slices CASCADE")
        op.execute("ALTER TABLE old_hours DROP CONSTRAINT pk_ledger_hours CASCADE")
        op.execute("CREATE INDEX old_slices_key ON old_slices (sli_id, slice_start)")
        op.execute("CREATE INDEX old_hours_key ON old_hours (sli_id, hour_start)")
    _create_ledger()
    _convert(connection)
    op.drop_table("old_slices")
    op.drop_table("old_hours")
    _extend_slis(connection)


def downgrade() -> None:
    """Not offered: the way back is a backup."""
    raise StorageError("okrbridge databases only go forward; restore a backup")


def _create_ledger() -> None:
    op.create_table(
        "ledger_slices",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("slices", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "hour_start", "origin", name=op.f("pk_ledger_slices")),
        sa.CheckConstraint("hour_start % 3600 = 0", name=op.f("ck_ledger_slices_whole_hour")),
    )
    op.create_table(
        "ledger_hours",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("sums", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "hour_start", "origin", name=op.f("pk_ledger_hours")),
        sa.CheckConstraint("hour_start % 3600 = 0", name=op.f("ck_ledger_hours_whole_hour")),
    )
    op.create_index(op.f("ix_ledger_hours_written"), "ledger_hours", ["written"])
    op.create_table(
        "ledger_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("slices_from", sa.BigInteger(), nullable=False),
        sa.Column("hours_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_state")),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_state_one_row")),
    )
    op.execute("INSERT INTO ledger_state (id, written, expired, slices_from, hours_from) VALUES (1, 1, 0, 0, 0)")
    if op.get_bind().dialect.name == "postgresql":
        # The blobs are packed already, or will be written again within a minute: compressing them is lost time.
        op.execute("ALTER TABLE ledger_slices ALTER COLUMN slices SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE ledger_hours ALTER COLUMN sums SET STORAGE EXTERNAL")


def _extend_slis(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        op.add_column("slis", sa.Column("kind", sa.Text(), nullable=False, server_default="counters"))
        op.alter_column("slis", "kind", server_default=None)
        op.add_column("slis", sa.Column("op", sa.Text()))
        op.add_column("slis", sa.Column("limit_value", sa.Double()))
        op.drop_constraint(op.f("ck_slis_one_part"), "slis")
        op.create_check_constraint(op.f("ck_slis_one_part"), "slis", _ONE_PART)
        op.create_check_constraint(op.f("ck_slis_limit_value_finite"), "slis", _FINITE_LIMIT)
        op.alter_column("slis", "id", server_default=None)
        op.execute("DROP SEQUENCE IF EXISTS slis_id_seq")
        return
    # SQLite cannot change constraints of a table.
    op.rename_table("slis", "old_slis")
    _create_slis()
    op.execute(
        "INSERT INTO slis (id, key, name, source, kind, total, good, bad, step_seconds, created_at_us) "
        "SELECT id, key, name, source, 'counters', total, good, bad, step_seconds, created_at_us FROM old_slis"
    )
    op.drop_table("old_slis")


_ONE_PART = "kind = 'threshold' OR (good IS NULL) <> (bad IS NULL)"
_FINITE_LIMIT = "abs(limit_value) <= 1.7976931348623157e308"


def _create_slis() -> None:
    op.create_table(
        "slis",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("good", sa.Text()),
        sa.Column("bad", sa.Text()),
        sa.Column("op", sa.Text()),
        sa.Column("limit_value", sa.Double()),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slis")),
        sa.UniqueConstraint("key", name=op.f("uq_slis_key")),
        sa.CheckConstraint(_ONE_PART, name=op.f("ck_slis_one_part")),
        sa.CheckConstraint("step_seconds > 0", name=op.f("ck_slis_step_positive")),
        sa.CheckConstraint(_FINITE_LIMIT, name=op.f("ck_slis_limit_value_finite")),
    )


def _convert(connection: sa.Connection) -> None:
    steps = {row.id: row.step_seconds for row in connection.execute(sa.text("SELECT id, step_seconds FROM slis"))}
    packed: list[dict[str, Any]] = []
    for block in sorted({number // BLOCK_SLOTS for number in steps}):
        # A database is counted on one grid; its check refuses any other.
        step = next(steps[number] for number in sorted(steps) if number // BLOCK_SLOTS == block)
        for hour, rows in _hours_of(connection, block):
            packed += _packed_hour(block, hour, rows, step)
            if len(packed) >= _ROWS_TOGETHER:
                _insert(connection, packed)
                packed = []
    _insert(connection, packed)


def _hours_of(connection: sa.Connection, block: int) -> Iterator[tuple[int, list[Any]]]:
    """The old rows of a block, an hour at a time."""
    parameters = {"first": block * BLOCK_SLOTS, "last": block * BLOCK_SLOTS + BLOCK_SLOTS - 1}
    low, high = connection.execute(
        sa.text("SELECT min(slice_start), max(slice_start) FROM old_slices WHERE sli_id BETWEEN :first AND :last"),
        parameters,
    ).one()
    # From each SLI on into its slices of the day: both databases look those up in the key.
    of_day = sa.text(
        "SELECT o.slice_start - o.slice_start % 3600 AS hour, o.sli_id, o.slice_start, o.origin, o.good, o.total, "
        "o.state FROM slis s JOIN old_slices o ON o.sli_id = s.id AND o.slice_start >= :begin AND o.slice_start < :end "
        "WHERE s.id BETWEEN :first AND :last ORDER BY 1"
    )
    for begin in range(low - low % _DAY, high + 1, _DAY) if low is not None else ():
        rows = connection.execute(of_day, {**parameters, "begin": begin, "end": begin + _DAY})
        for hour, own in itertools.groupby(rows, key=lambda row: int(row.hour)):
            yield hour, list(own)


def _packed_hour(block: int, hour: int, rows: list[Any], step: int) -> Iterator[dict[str, Any]]:
    number, first = slices_in(hour, step), -(-hour // step) * step
    blocks = {}
    for origin in sorted({row.origin for row in rows}):
        own = [row for row in rows if row.origin == origin]
        at = (
            np.array([(row.slice_start - first) // step for row in own]),
            np.array([row.sli_id % BLOCK_SLOTS for row in own]),
        )
        states, good, total = (np.zeros((number, BLOCK_SLOTS)) for _ in range(3))
        states[at] = [row.state for row in own]
        good[at] = [row.good for row in own]
        total[at] = [row.total for row in own]
        new = WrittenSlices(states.astype(np.int8), good, total)
        blocks[origin], _ = HourBlock.empty(number).merged(np.arange(number), np.arange(BLOCK_SLOTS), new)
    for origin, held in blocks.items():
        blob = held.packed(compress=held.is_over)
        yield _row(block, hour, origin, blob, held.hour_sums())
    if len(blocks) > 1:
        twice = np.zeros((4, BLOCK_SLOTS))
        twice[2:] = counted_twice(blocks.values())
        yield _row(block, hour, "", None, HourSums(twice, whole=True))


def _row(block: int, hour: int, origin: str, blob: bytes | None, sums: HourSums) -> dict[str, Any]:
    return {"block": block, "hour_start": hour, "origin": origin, "slices": blob, "sums": sums.packed(), "written": 1}


def _insert(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    slices = [row for row in rows if row["slices"] is not None]
    if slices:
        names = "(block, hour_start, origin, slices) VALUES (:block, :hour_start, :origin, :slices)"
        connection.execute(sa.text(f"INSERT INTO ledger_slices {names}"), slices)
    if rows:
        names = "(block, hour_start, origin, written, sums) VALUES (:block, :hour_start, :origin, :written, :sums)"
        connection.execute(sa.text(f"INSERT INTO ledger_hours {names}"), rows)
