"""The OKR side: documents made over HTTP, check-ins, events, baselines, scores, findings."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from okrbridge.errors import StorageError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and room for the details of measurements."""
    op.add_column("measurements", sa.Column("details", _json()))
    _documents()
    _check_ins()
    _events()
    _baselines()
    _scores()
    _findings()


def downgrade() -> None:
    """Not offered: the way back is a backup."""
    raise StorageError("okrbridge databases only go forward; restore a backup")


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _ordered(name: str) -> sa.Column[str]:
    """Text in the order of code points, whatever the language of the database."""
    kind: sa.types.TypeEngine[str] = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _finite(table: str, column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"abs({column}) <= 1.7976931348623157e308", name=op.f(f"ck_{table}_{column}_finite"))


def _documents() -> None:
    op.create_table(
        "documents",
        *map(_text, ("kind", "name", "content")),
        sa.Column("version", sa.Integer(), nullable=False),
        _instant("created_at_us"),
        _text("created_by"),
        _instant("updated_at_us"),
        _text("updated_by"),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_documents")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_documents_version_positive")),
    )


def _check_ins() -> None:
    op.create_table(
        "check_ins",
        _text("key_result"),
        _instant("at_us"),
        _ordered("id"),
        _text("by"),
        sa.Column("confidence", sa.Integer()),
        sa.Column("evidence", _json(), nullable=False),
        *map(_text, ("blockers", "next_change", "output", "output_note", "slows")),
        _number("override_value"),
        _instant("override_expires_at_us", nullable=True),
        _text("status"),
        sa.PrimaryKeyConstraint("key_result", "at_us", "id", name=op.f("pk_check_ins")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 10", name=op.f("ck_check_ins_confidence_range")),
        _finite("check_ins", "override_value"),
    )


def _events() -> None:
    op.create_table(
        "events",
        *map(_ordered, ("source", "external_id")),
        _text("kind"),
        _instant("start_us"),
        _instant("end_us", nullable=True),
        _instant("detected_at_us", nullable=True),
        _instant("received_at_us"),
        *map(_text, ("service", "severity", "subject", "title", "url")),
        sa.Column("attributes", _json(), nullable=False),
        sa.PrimaryKeyConstraint("source", "external_id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_kind_start_us", "events", ["kind", "start_us"])
    op.create_index(op.f("ix_events_start_us"), "events", ["start_us"])


def _baselines() -> None:
    op.create_table(
        "baselines",
        _ordered("key_result"),
        _text("question"),
        _number("value", nullable=False),
        _instant("window_start_us"),
        _instant("window_end_us"),
        _number("sample_count"),
        _number("noise"),
        _instant("frozen_at_us"),
        sa.PrimaryKeyConstraint("key_result", "question", name=op.f("pk_baselines")),
        *(_finite("baselines", column) for column in ("value", "sample_count", "noise")),
    )


def _scores() -> None:
    op.create_table(
        "scores",
        *map(_text, ("cycle", "key_result")),
        _instant("closed_at_us"),
        _text("closed_by"),
        *map(_number, ("computed", "score")),
        _text("outcome"),
        sa.Column("evidence", _json(), nullable=False),
        *map(_text, ("override_reason", "review")),
        _number("final"),
        _instant("final_at_us", nullable=True),
        sa.Column("significance", _json()),
        sa.PrimaryKeyConstraint("cycle", "key_result", name=op.f("pk_scores")),
        *(_finite("scores", column) for column in ("computed", "score", "final")),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        *map(_text, ("code", "subject", "message")),
        _instant("first_seen_us"),
        _instant("last_seen_us"),
        sa.Column("evidence", _json(), nullable=False),
        *map(_text, ("state", "note", "by")),
        sa.PrimaryKeyConstraint("code", "subject", name=op.f("pk_findings")),
    )
