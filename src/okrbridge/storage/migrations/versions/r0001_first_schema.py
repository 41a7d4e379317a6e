"""The first schema: ledger, evaluations, measurements, progress, revisions of definitions.

A version is history: it spells its tables out and never imports ``tables.py``, which moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from okrbridge.errors import StorageError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_ledger()
    _create_evaluations()
    _create_key_results()
    _create_definitions()


def downgrade() -> None:
    """Not offered: the way back is a backup."""
    raise StorageError("okrbridge databases only go forward; restore a backup")


def _finite(table: str, column: str, limit: str = "1.7976931348623157e308") -> sa.CheckConstraint:
    return sa.CheckConstraint(f"abs({column}) <= {limit}", name=op.f(f"ck_{table}_{column}_finite"))


def _create_ledger() -> None:
    op.create_table(
        "slis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.Column("good", sa.Text()),
        sa.Column("bad", sa.Text()),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slis")),
        sa.UniqueConstraint("key", name=op.f("uq_slis_key")),
        sa.CheckConstraint("(good IS NULL) <> (bad IS NULL)", name=op.f("ck_slis_one_part")),
        sa.CheckConstraint("step_seconds > 0", name=op.f("ck_slis_step_positive")),
    )
    op.create_table(
        "ledger_slices",
        sa.Column("sli_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slice_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("good", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sli_id", "slice_start", "origin", name=op.f("pk_ledger_slices")),
        sa.ForeignKeyConstraint(["sli_id"], ["slis.id"], name=op.f("fk_ledger_slices_sli_id")),
        sa.CheckConstraint("state IN (1, 2)", name=op.f("ck_ledger_slices_state_known")),
        sa.CheckConstraint("state = 1 OR (good = 0 AND total = 0)", name=op.f("ck_ledger_slices_gap_empty")),
        _finite("ledger_slices", "good", "1e300"),
        _finite("ledger_slices", "total", "1e300"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_hours",
        sa.Column("sli_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("good", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("measured_slices", sa.Integer(), nullable=False),
        sa.Column("asked_slices", sa.Integer(), nullable=False),
        sa.Column("only_origin", sa.Text()),
        sa.PrimaryKeyConstraint("sli_id", "hour_start", name=op.f("pk_ledger_hours")),
        sa.ForeignKeyConstraint(["sli_id"], ["slis.id"], name=op.f("fk_ledger_hours_sli_id")),
        sa.CheckConstraint("measured_slices BETWEEN 0 AND asked_slices", name=op.f("ck_ledger_hours_measured_asked")),
        _finite("ledger_hours", "good"),
        _finite("ledger_hours", "total"),
        sqlite_with_rowid=False,
    )


def _create_evaluations() -> None:
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("started_at_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_us", sa.BigInteger(), nullable=False),
        sa.Column("slices_written", sa.Integer(), nullable=False),
        sa.Column("failures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index(op.f("ix_evaluations_at_us"), "evaluations", ["at_us"])


def _create_key_results() -> None:
    op.create_table(
        "measurements",
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_start_us", sa.BigInteger(), nullable=False),
        sa.Column("window_end_us", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("sample_count", sa.Double()),
        sa.Column("coverage_ratio", sa.Double()),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_result", "at_us", name=op.f("pk_measurements")),
        *(_finite("measurements", column) for column in ("value", "sample_count", "coverage_ratio")),
        sqlite_with_rowid=False,
    )
    ratios = ("raw_ratio", "progress_ratio", "expected_ratio", "gap_ratio")
    op.create_table(
        "progress",
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("raw_ratio", sa.Double()),
        sa.Column("progress_ratio", sa.Double()),
        sa.Column("expected_ratio", sa.Double(), nullable=False),
        sa.Column("gap_ratio", sa.Double()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_candidate", sa.Text()),
        sa.Column("status_seen", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("measured_at_us", sa.BigInteger()),
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_result", "at_us", name=op.f("pk_progress")),
        *(_finite("progress", column) for column in ("value", *ratios)),
        sqlite_with_rowid=False,
    )


def _create_definitions() -> None:
    op.create_table(
        "definition_revisions",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "number", name=op.f("pk_definition_revisions")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_definition_revisions_number_positive")),
    )
