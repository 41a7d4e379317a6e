"""The tables of the OKR side: documents made over HTTP, check-ins, events, baselines, scores, findings."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, Index, Integer, Table, Text

from okrbridge.storage.tables import JSON_TYPE, finite, metadata

_ORDERED = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that SQL puts in order: by code points, as SQLite and Python do, whatever the language of the database."""

documents = Table(
    "documents",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at_us", BigInteger, nullable=False),
    Column("updated_by", Text, nullable=False),
    CheckConstraint("version >= 1", name="version_positive"),
)

check_ins = Table(
    "check_ins",
    metadata,
    Column("key_result", Text, primary_key=True),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _ORDERED, primary_key=True),
    Column("by", Text, nullable=False),
    Column("confidence", Integer),
    Column("evidence", JSON_TYPE, nullable=False),
    Column("blockers", Text, nullable=False),
    Column("next_change", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("output_note", Text, nullable=False),
    Column("slows", Text, nullable=False),
    Column("override_value", Double),
    Column("override_expires_at_us", BigInteger),
    Column("status", Text, nullable=False),
    CheckConstraint("confidence BETWEEN 0 AND 10", name="confidence_range"),
    finite("override_value"),
)

events = Table(
    "events",
    metadata,
    Column("source", _ORDERED, primary_key=True),
    Column("external_id", _ORDERED, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("detected_at_us", BigInteger),
    Column("received_at_us", BigInteger, nullable=False),
    Column("service", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("attributes", JSON_TYPE, nullable=False),
    Index("ix_events_kind_start_us", "kind", "start_us"),
    Index(None, "start_us"),
)

baselines = Table(
    "baselines",
    metadata,
    Column("key_result", _ORDERED, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("value", Double, nullable=False),
    Column("window_start_us", BigInteger, nullable=False),
    Column("window_end_us", BigInteger, nullable=False),
    Column("sample_count", Double),
    Column("noise", Double),
    Column("frozen_at_us", BigInteger, nullable=False),
    finite("value"),
    finite("sample_count"),
    finite("noise"),
)

scores = Table(
    "scores",
    metadata,
    Column("cycle", Text, primary_key=True),
    Column("key_result", Text, primary_key=True),
    Column("closed_at_us", BigInteger, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("computed", Double),
    Column("score", Double),
    Column("outcome", Text, nullable=False),
    Column("evidence", JSON_TYPE, nullable=False),
    Column("override_reason", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("final", Double),
    Column("final_at_us", BigInteger),
    Column("significance", JSON_TYPE),
    finite("computed"),
    finite("score"),
    finite("final"),
)

findings = Table(
    "findings",
    metadata,
    Column("code", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("message", Text, nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("last_seen_us", BigInteger, nullable=False),
    Column("evidence", JSON_TYPE, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("by", Text, nullable=False),
)
