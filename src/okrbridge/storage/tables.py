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
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

JSON_TYPE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON, in the form that PostgreSQL can look into; None is NULL."""

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


def finite(column: str) -> CheckConstraint:
    """Refuse NaN and infinity in a column of floats."""
    # PostgreSQL sorts NaN above every number and SQLite stores it as NULL, so this refuses NaN on both.
    return CheckConstraint(f"abs({column}) <= 1.7976931348623157e308", name=f"{column}_finite")


slis = Table(
    "slis",
    metadata,
    # The ledger packs SLIs by this number, so okrbridge gives it out itself and without holes.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("total", Text, nullable=False),
    Column("good", Text),
    Column("bad", Text),
    Column("op", Text),
    Column("limit_value", Double),
    Column("step_seconds", Integer, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
    CheckConstraint("kind = 'threshold' OR (good IS NULL) <> (bad IS NULL)", name="one_part"),
    CheckConstraint("step_seconds > 0", name="step_positive"),
    finite("limit_value"),
)

ledger_slices = Table(
    "ledger_slices",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("hour_start", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, primary_key=True),
    Column("slices", LargeBinary, nullable=False),
    CheckConstraint("hour_start % 3600 = 0", name="whole_hour"),
)

ledger_hours = Table(
    "ledger_hours",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("hour_start", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, primary_key=True),
    Column("written", BigInteger, nullable=False),
    Column("sums", LargeBinary, nullable=False),
    Index(None, "written"),
    CheckConstraint("hour_start % 3600 = 0", name="whole_hour"),
)

ledger_state = Table(
    "ledger_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("written", BigInteger, nullable=False),
    Column("expired", BigInteger, nullable=False),
    Column("slices_from", BigInteger, nullable=False),
    Column("hours_from", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("finished_at_us", BigInteger, nullable=False),
    Column("slices_written", Integer, nullable=False),
    Column("failures", JSON_TYPE, nullable=False),
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
    Column("details", JSON_TYPE),
    finite("value"),
    finite("sample_count"),
    finite("coverage_ratio"),
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
    finite("value"),
    finite("raw_ratio"),
    finite("progress_ratio"),
    finite("expected_ratio"),
    finite("gap_ratio"),
    sqlite_with_rowid=False,
)

thinning = Table(
    "thinning",
    metadata,
    Column("step_seconds", Integer, primary_key=True, autoincrement=False),
    Column("until_us", BigInteger, nullable=False),
    CheckConstraint("step_seconds > 0", name="step_positive"),
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
