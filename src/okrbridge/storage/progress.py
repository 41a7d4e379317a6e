"""Measurements and progress of key results in SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.windows import Interval
from okrbridge.storage.tables import measurements as measurements_table
from okrbridge.storage.tables import progress as progress_table
from okrbridge.storage.upsert import upsert
from okrbridge.storage.values import from_microseconds, require_finite, storable, storable_json, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlProgressRecords:
    """The port ``ProgressRecords`` inside one transaction."""

    connection: Connection

    def save(self, measurements: Sequence[Measurement], progress: Sequence[ProgressRecord]) -> None:
        """Store both. Raises ValueError, with nothing written, for a number that is not finite."""
        measured_rows = [_measurement_row(measurement) for measurement in measurements]
        progress_rows = [_progress_row(record) for record in progress]
        upsert(self.connection, measurements_table, measured_rows)
        upsert(self.connection, progress_table, progress_rows)

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, ProgressRecord]:
        """The last progress of each key result at or before an instant."""
        rows = self._newest(progress_table, key_results, until, with_value=False)
        return {row.key_result: _progress(row) for row in rows}

    def latest_good(self, key_results: Sequence[str], until: datetime) -> Mapping[str, Measurement]:
        """The last measurement with a value, at or before an instant."""
        rows = self._newest(measurements_table, key_results, until, with_value=True)
        return {row.key_result: _measurement(row) for row in rows}

    def history(self, key_result: str, interval: Interval, limit: int) -> list[ProgressRecord]:
        """Progress in an interval, ascending; the newest ``limit``. Raises ValueError for a limit below zero."""
        if limit < 0:
            raise ValueError(f"a limit of {limit} rows")
        own = progress_table.c
        newest_first = (
            select(progress_table)
            .where(
                own.key_result == key_result,
                own.at_us >= to_microseconds(interval.start),
                own.at_us < to_microseconds(interval.end),
            )
            .order_by(own.at_us.desc())
            .limit(limit)
        )
        return [_progress(row) for row in reversed(self.connection.execute(newest_first).all())]

    def sampled(self, key_results: Sequence[str], instants: Sequence[datetime]) -> Mapping[str, list[ProgressRecord]]:
        """The last progress of each at or before each instant, ascending, every record once."""
        statement = _newest_at_each(self.connection.dialect.name)
        asked = sorted({to_microseconds(instant) for instant in instants})
        parameters = {
            "names": json.dumps(sorted(set(key_results))),
            "instants": json.dumps([str(one) for one in asked]),
        }
        found: dict[str, dict[int, ProgressRecord]] = defaultdict(dict)
        for row in self.connection.execute(statement, parameters):
            found[row.key_result][row.at_us] = _progress(row)
        return {name: [records[at_us] for at_us in sorted(records)] for name, records in found.items()}

    def measured(self, key_result: str, interval: Interval) -> list[tuple[datetime, float | None]]:
        """When a key result was measured in an interval, and its value then, ascending."""
        own = measurements_table.c
        start, end = to_microseconds(interval.start), to_microseconds(interval.end)
        points = select(own.at_us, own.value).where(own.key_result == key_result, own.at_us >= start, own.at_us < end)
        rows = self.connection.execute(points.order_by(own.at_us))
        return [(from_microseconds(at_us), value) for at_us, value in rows]

    def _newest(
        self, table: Table, key_results: Sequence[str], until: datetime, *, with_value: bool
    ) -> Sequence[Row[Any]]:
        statement = _newest_of_each(table, self.connection.dialect.name, with_value=with_value)
        parameters = {"names": json.dumps(sorted(set(key_results))), "until": to_microseconds(until)}
        return self.connection.execute(statement, parameters).all()


def _newest_of_each(table: Table, dialect: str, *, with_value: bool) -> Select[Any]:
    """The newest row of each named key result: one look into the primary key each, however many there are."""
    wanted = _names(dialect)
    older = table.alias("older").c
    newest = select(func.max(older.at_us)).where(
        older.key_result == wanted.c.name, older.at_us <= bindparam("until", type_=BigInteger)
    )
    if with_value:
        newest = newest.where(older.value.is_not(None))
    matching = (table.c.key_result == wanted.c.name) & (table.c.at_us == newest.scalar_subquery())
    return select(table).select_from(wanted.join(table, matching))


def _newest_at_each(dialect: str) -> Select[Any]:
    """The newest progress of each named key result at each instant: two looks into the primary key each.

    Materialized, because SQLite would put the last look first otherwise: at every record of the key results.
    """
    wanted, instants = _names(dialect), _names(dialect, "instants")
    older = progress_table.alias("older").c
    last = _last_at(older, wanted, cast(instants.c.name, BigInteger))
    pairs = select(wanted.c.name, last.label("at_us")).select_from(wanted.join(instants, true())).distinct()
    newest = pairs.cte("newest").prefix_with("MATERIALIZED")
    matching = (progress_table.c.key_result == newest.c.name) & (progress_table.c.at_us == newest.c.at_us)
    return select(progress_table).select_from(newest.join(progress_table, matching))


def _last_at(older: Any, wanted: FromClause, until: ColumnElement[int]) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    return (
        select(func.max(older.at_us)).where(older.key_result == wanted.c.name, older.at_us <= until).scalar_subquery()
    )


def _names(dialect: str, parameter: str = "names") -> FromClause:
    """The JSON list of texts in a parameter as rows."""
    names = bindparam(parameter, type_=Text)
    rows = "wanted" if parameter == "names" else parameter
    if dialect == "sqlite":
        return select(func.json_each(names).table_valued("value").c.value.label("name")).subquery(rows)
    each = func.jsonb_array_elements_text(cast(names, JSONB)).table_valued("value")
    return select(each.c.value.label("name")).subquery(rows)


def _measurement_row(record: Measurement) -> dict[str, Any]:
    numbers = {
        "value": record.value,
        "sample_count": record.sample_count,
        "coverage_ratio": record.coverage_ratio,
    }
    require_finite(f"measurement of {record.key_result}", numbers)
    return {
        **numbers,
        "key_result": record.key_result,
        "at_us": to_microseconds(record.at),
        "window_start_us": to_microseconds(record.window.start),
        "window_end_us": to_microseconds(record.window.end),
        "quality": record.quality.value,
        "error": storable(record.error),
        "query": storable(record.query),
        "evaluation_id": record.evaluation_id,
        "details": storable_json(record.details) or None,
    }


def _measurement(row: Row[Any]) -> Measurement:
    return Measurement(
        key_result=row.key_result,
        at=from_microseconds(row.at_us),
        window=Interval(from_microseconds(row.window_start_us), from_microseconds(row.window_end_us)),
        value=row.value,
        quality=Quality(row.quality),
        sample_count=row.sample_count,
        coverage_ratio=row.coverage_ratio,
        error=row.error,
        query=row.query,
        evaluation_id=row.evaluation_id,
        details=row.details or {},
    )


def _progress_row(record: ProgressRecord) -> dict[str, Any]:
    numbers = {
        "value": record.value,
        "raw_ratio": record.raw_ratio,
        "progress_ratio": record.progress_ratio,
        "expected_ratio": record.expected_ratio,
        "gap_ratio": record.gap_ratio,
    }
    require_finite(f"progress of {record.key_result}", numbers)
    candidate = record.status.candidate
    return {
        **numbers,
        "key_result": record.key_result,
        "at_us": to_microseconds(record.at),
        "status": record.status.shown.value,
        "status_candidate": None if candidate is None else candidate.value,
        "status_seen": record.status.seen,
        "quality": record.quality.value,
        "measured_at_us": None if record.measured_at is None else to_microseconds(record.measured_at),
        "evaluation_id": record.evaluation_id,
    }


def _progress(row: Row[Any]) -> ProgressRecord:
    candidate = None if row.status_candidate is None else KeyResultStatus(row.status_candidate)
    return ProgressRecord(
        key_result=row.key_result,
        at=from_microseconds(row.at_us),
        value=row.value,
        raw_ratio=row.raw_ratio,
        progress_ratio=row.progress_ratio,
        expected_ratio=row.expected_ratio,
        gap_ratio=row.gap_ratio,
        status=SteadyStatus(KeyResultStatus(row.status), candidate, row.status_seen),
        quality=Quality(row.quality),
        measured_at=None if row.measured_at_us is None else from_microseconds(row.measured_at_us),
        evaluation_id=row.evaluation_id,
    )
