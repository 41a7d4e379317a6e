"""The tables. docs/reference/database.md explains them to people who read them with SQL.

Instants of slices are whole epoch seconds, all other instants epoch microseconds: both are exact in a
BIGINT on every database, and so is what Python's datetime holds.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

LARGEST_COUNT = 1e300
"""Counts are held below this, so that no sum of them can overflow to infinity."""

SECONDS_PER_HOUR = 3600

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _finite_count(column: str) -> CheckConstraint:
    # PostgreSQL sorts NaN above every number and SQLite stores it as NULL, so this refuses NaN on both.
    return CheckConstraint(f"abs({column}) <= 1e300", name=f"{column}_finite")


def _finite(column: str) -> CheckConstraint:
    return CheckConstraint(f"abs({column}) <= 1.7976931348623157e308", name=f"{column}_finite")


slis = Table(
    "slis",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("total", Text, nullable=False),
    Column("good", Text),
    Column("bad", Text),
    Column("step_seconds", Integer, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    CheckConstraint("(good IS NULL) <> (bad IS NULL)", name="one_part"),
    CheckConstraint("step_seconds > 0", name="step_positive"),
)

ledger_slices = Table(
    "ledger_slices",
    metadata,
    Column("sli_id", Integer, ForeignKey("slis.id"), primary_key=True, autoincrement=False),
    # The start stands before the origin in the key, because reads want all origins of a stretch of time.
    Column("slice_start", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, primary_key=True),
    Column("good", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("state", SmallInteger, nullable=False),
    CheckConstraint("state IN (1, 2)", name="state_known"),
    CheckConstraint("state = 1 OR (good = 0 AND total = 0)", name="gap_empty"),
    _finite_count("good"),
    _finite_count("total"),
    sqlite_with_rowid=False,
)

ledger_hours = Table(
    "ledger_hours",
    metadata,
    Column("sli_id", Integer, ForeignKey("slis.id"), primary_key=True, autoincrement=False),
    Column("hour_start", BigInteger, primary_key=True, autoincrement=False),
    Column("good", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("measured_slices", Integer, nullable=False),
    Column("asked_slices", Integer, nullable=False),
    Column("only_origin", Text),
    CheckConstraint("measured_slices BETWEEN 0 AND asked_slices", name="measured_asked"),
    _finite("good"),
    _finite("total"),
    sqlite_with_rowid=False,
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("finished_at_us", BigInteger, nullable=False),
    Column("slices_written", Integer, nullable=False),
    Column("failures", JSON().with_variant(JSONB(), "postgresql"), nullable=False),
    Index(None, "at_us"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("key_result", Text, primary_key=True),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("window_start_us", BigInteger, nullable=False),
    Column("window_end_us", BigInteger, nullable=False),
    Column("value", Double),
    Column("quality", Text, nullable=False),
    Column("sample_count", Double),
    Column("coverage_ratio", Double),
    Column("error", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("evaluation_id", Text, nullable=False),
    _finite("value"),
    _finite("sample_count"),
    _finite("coverage_ratio"),
    sqlite_with_rowid=False,
)

progress = Table(
    "progress",
    metadata,
    Column("key_result", Text, primary_key=True),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double),
    Column("raw_ratio", Double),
    Column("progress_ratio", Double),
    Column("expected_ratio", Double, nullable=False),
    Column("gap_ratio", Double),
    Column("status", Text, nullable=False),
    Column("status_candidate", Text),
    Column("status_seen", Integer, nullable=False),
    Column("quality", Text, nullable=False),
    Column("measured_at_us", BigInteger),
    Column("evaluation_id", Text, nullable=False),
    _finite("value"),
    _finite("raw_ratio"),
    _finite("progress_ratio"),
    _finite("expected_ratio"),
    _finite("gap_ratio"),
    sqlite_with_rowid=False,
)

definition_revisions = Table(
    "definition_revisions",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Text),
    Column("origin", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    CheckConstraint("number >= 1", name="number_positive"),
)
