"""Measurements and progress of key results in SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from okrbridge.application.records import Measurement, ProgressRecord, TracePoint
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.windows import Interval
from okrbridge.storage.progress_rows import measurement_of, measurement_row, progress_records, progress_row
from okrbridge.storage.progress_statements import (
    every_name,
    first_in_each,
    newest_at_each,
    newest_of_each,
    oldest_record,
    removal,
    trace_of,
    without_record,
)
from okrbridge.storage.tables import measurements as measurements_table
from okrbridge.storage.tables import progress as progress_table
from okrbridge.storage.tables import thinning as thinning_table
from okrbridge.storage.upsert import upsert
from okrbridge.storage.values import from_microseconds, instant_or_none, to_microseconds

_AT = attrgetter("at")


@dataclass(frozen=True, slots=True)
class SqlProgressRecords:
    """The port ``ProgressRecords`` inside one transaction."""

    connection: Connection

    def save(self, measurements: Sequence[Measurement], progress: Sequence[ProgressRecord]) -> None:
        """Store both. Raises ValueError, with nothing written, for a number that is not finite."""
        measured_rows = [measurement_row(measurement) for measurement in measurements]
        progress_rows = [progress_row(record) for record in progress]
        upsert(self.connection, measurements_table, measured_rows)
        upsert(self.connection, progress_table, progress_rows)

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, ProgressRecord]:
        """The last progress of each key result at or before an instant."""
        rows = self._newest(progress_table, key_results, until, with_value=False)
        return {one.key_result: one for one in progress_records(rows)}

    def latest_good(self, key_results: Sequence[str], until: datetime) -> Mapping[str, Measurement]:
        """The last measurement with a value, at or before an instant."""
        rows = self._newest(measurements_table, key_results, until, with_value=True)
        return {row.key_result: measurement_of(row) for row in rows}

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
        return list(progress_records(reversed(self.connection.execute(newest_first).all())))

    def sampled(self, key_results: Sequence[str], instants: Sequence[datetime]) -> Mapping[str, list[ProgressRecord]]:
        """The last progress of each at or before each instant, ascending, every record once."""
        rows = self.connection.execute(
            newest_at_each(self.connection.dialect.name), _names(key_results) | _instants(instants)
        )
        found: dict[str, list[ProgressRecord]] = defaultdict(list)
        for record in progress_records(rows.all()):
            found[record.key_result].append(record)
        return {name: sorted(records, key=_AT) for name, records in found.items()}

    def lacking(
        self, key_results: Sequence[str], instants: Sequence[datetime], within: timedelta
    ) -> list[tuple[str, datetime]]:
        """The key results and instants without a record at the instant, or so soon after it, in no order."""
        within_us = within // timedelta(microseconds=1)
        rows = self.connection.execute(
            without_record(self.connection.dialect.name),
            {**_names(key_results), **_instants(instants), "within": within_us},
        )
        return [(name, from_microseconds(int(instant))) for name, instant in rows]

    def first_shown(
        self, statuses: Collection[KeyResultStatus], asked: Sequence[tuple[str, Interval]]
    ) -> list[datetime | None]:
        """When each of the key results first had one of the statuses in its interval; None for never."""
        spans = [(name, to_microseconds(span.start), to_microseconds(span.end)) for name, span in asked]
        statement = first_in_each(self.connection.dialect.name, [one.value for one in statuses])
        rows = self.connection.execute(statement, {"asked": json.dumps(spans)})
        found = {(name, start, end): at_us for name, start, end, at_us in rows}
        return [instant_or_none(found[span]) for span in spans]

    def measured(self, key_result: str, interval: Interval) -> list[tuple[datetime, float | None]]:
        """When a key result was measured in an interval, and its value then, ascending."""
        own = measurements_table.c
        start, end = to_microseconds(interval.start), to_microseconds(interval.end)
        points = select(own.at_us, own.value).where(own.key_result == key_result, own.at_us >= start, own.at_us < end)
        # A guard has many: fetched at once they take half the time of one by one.
        rows = self.connection.execute(points.order_by(own.at_us)).all()
        return [(from_microseconds(at_us), value) for at_us, value in rows]

    def names(self) -> list[str]:
        """Every key result and indicator that has records, declared or not, ascending."""
        return sorted(self.connection.execute(every_name()).scalars())

    def oldest(self) -> datetime | None:
        """When the oldest record is of; None without any."""
        return instant_or_none(self.connection.execute(oldest_record()).scalar())

    def trace(self, key_result: str, interval: Interval) -> list[TracePoint]:
        """What tells the records of an interval apart, ascending."""
        start, end = to_microseconds(interval.start), to_microseconds(interval.end)
        rows = self.connection.execute(trace_of(), {"name": key_result, "start": start, "end": end}).all()
        return [TracePoint(from_microseconds(at_us), *told) for at_us, *told in rows]

    def forget(self, key_result: str, spans: Sequence[Interval]) -> int:
        """Remove measurements and progress, both ends of each span included; returns how many records went."""
        if not spans:
            return 0
        ends = [
            {"name": key_result, "first": to_microseconds(span.start), "last": to_microseconds(span.end)}
            for span in spans
        ]
        self.connection.execute(removal(measurements_table), ends)
        return self.connection.execute(removal(progress_table), ends).rowcount

    def thinned_until(self, step: timedelta) -> datetime | None:
        """Up to when records were thinned to two a step; None before the first time."""
        own = thinning_table.c
        return instant_or_none(
            self.connection.execute(select(own.until_us).where(own.step_seconds == _seconds(step))).scalar()
        )

    def note_thinned(self, step: timedelta, until: datetime) -> None:
        """Keep up to when records were thinned to two a step."""
        row = {"step_seconds": _seconds(step), "until_us": to_microseconds(until)}
        upsert(self.connection, thinning_table, [row])

    def _newest(
        self, table: Table, key_results: Sequence[str], until: datetime, *, with_value: bool
    ) -> Sequence[Row[Any]]:
        statement = newest_of_each(table, self.connection.dialect.name, with_value=with_value)
        return self.connection.execute(statement, _names(key_results) | {"until": to_microseconds(until)}).all()


def _names(key_results: Sequence[str]) -> dict[str, object]:
    return {"names": json.dumps(sorted(set(key_results)))}


def _instants(instants: Sequence[datetime]) -> dict[str, object]:
    return {"instants": json.dumps([str(one) for one in sorted(map(to_microseconds, set(instants)))])}


def _seconds(step: timedelta) -> int:
    return step // timedelta(seconds=1)
