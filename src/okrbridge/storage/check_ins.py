"""Check-ins in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select

from okrbridge.application.okr_records import CheckIn, CheckInOutput
from okrbridge.domain.windows import Interval
from okrbridge.storage.okr_tables import check_ins
from okrbridge.storage.values import (
    from_microseconds,
    instant_or_none,
    microseconds_or_none,
    require_finite,
    storable,
    storable_json,
    to_microseconds,
)


@dataclass(frozen=True, slots=True)
class SqlCheckInRecords:
    """The port ``CheckInRecords`` inside one transaction."""

    connection: Connection

    def add(self, check_in: CheckIn) -> None:
        """Store one more. Raises ValueError for a value that is not finite."""
        self.connection.execute(insert(check_ins), [_row(check_in)])

    def of(self, key_result: str, interval: Interval | None = None, limit: int = 1000) -> list[CheckIn]:
        """Check-ins of a key result, ascending; the newest ``limit``."""
        own = check_ins.c
        newest_first = select(check_ins).where(own.key_result == key_result)
        if interval is not None:
            start, end = to_microseconds(interval.start), to_microseconds(interval.end)
            newest_first = newest_first.where(own.at_us >= start, own.at_us < end)
        newest_first = newest_first.order_by(own.at_us.desc(), own.id.desc()).limit(limit)
        return [_check_in(row) for row in reversed(self.connection.execute(newest_first).all())]

    def within(self, key_results: Sequence[str], interval: Interval, limit: int = 1000) -> Mapping[str, list[CheckIn]]:
        """Check-ins of several key results in an interval, each ascending; the newest ``limit`` of each."""
        own = check_ins.c
        inside = and_(own.at_us >= to_microseconds(interval.start), own.at_us < to_microseconds(interval.end))
        return self._newest(key_results, inside, limit)

    def count(self, until: datetime) -> int:
        """How many there are of all key results at or before an instant."""
        earlier = check_ins.c.at_us <= to_microseconds(until)
        return self.connection.execute(select(func.count()).select_from(check_ins).where(earlier)).scalar_one()

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each at or before an instant; absent when there is none."""
        return {name: found[-1] for name, found in self.recent(key_results, until, 1).items()}

    def recent(self, key_results: Sequence[str], until: datetime, count: int) -> Mapping[str, list[CheckIn]]:
        """The last ``count`` check-ins of each, ascending."""
        return self._newest(key_results, check_ins.c.at_us <= to_microseconds(until), count)

    def latest_values(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each that says a value or withdraws one, at or before an instant."""
        own = check_ins.c
        is_about_value = or_(own.override_value.is_not(None), own.override_expires_at_us.is_not(None))
        chosen = and_(own.at_us <= to_microseconds(until), is_about_value)
        return {name: found[-1] for name, found in self._newest(key_results, chosen, 1).items()}

    def _newest(self, key_results: Sequence[str], chosen: ColumnElement[bool], count: int) -> dict[str, list[CheckIn]]:
        own = check_ins.c
        place = func.row_number().over(partition_by=own.key_result, order_by=(own.at_us.desc(), own.id.desc()))
        numbered = select(check_ins, place.label("place")).where(chosen).subquery()
        rows = self.connection.execute(
            select(numbered).where(numbered.c.place <= count).order_by(numbered.c.at_us, numbered.c.id)
        )
        found: dict[str, list[CheckIn]] = defaultdict(list)
        wanted = set(key_results)
        for row in rows:
            if row.key_result in wanted:
                found[row.key_result].append(_check_in(row))
        return dict(found)


def _row(check_in: CheckIn) -> dict[str, Any]:
    require_finite(f"check-in of {check_in.key_result}", {"override_value": check_in.override_value})
    return {
        "key_result": check_in.key_result,
        "at_us": to_microseconds(check_in.at),
        "id": check_in.id,
        "by": storable(check_in.by),
        "confidence": check_in.confidence,
        "evidence": storable_json(check_in.evidence),
        "blockers": storable(check_in.blockers),
        "next_change": storable(check_in.next_change),
        "output": check_in.output.value,
        "output_note": storable(check_in.output_note),
        "slows": storable(check_in.slows),
        "override_value": check_in.override_value,
        "override_expires_at_us": microseconds_or_none(check_in.override_expires_at),
        "status": check_in.status,
    }


def _check_in(row: Row[Any]) -> CheckIn:
    return CheckIn(
        id=row.id,
        key_result=row.key_result,
        at=from_microseconds(row.at_us),
        by=row.by,
        confidence=row.confidence,
        evidence=row.evidence,
        blockers=row.blockers,
        next_change=row.next_change,
        output=CheckInOutput(row.output),
        output_note=row.output_note,
        slows=row.slows,
        override_value=row.override_value,
        override_expires_at=instant_or_none(row.override_expires_at_us),
        status=row.status,
    )
