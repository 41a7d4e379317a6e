"""Events in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, tuple_

from okrbridge.application.okr_records import Event, order_of_place
from okrbridge.domain.windows import Interval
from okrbridge.storage.okr_tables import events
from okrbridge.storage.upsert import upsert
from okrbridge.storage.values import (
    from_microseconds,
    instant_or_none,
    microseconds_or_none,
    storable,
    storable_json,
    to_microseconds,
)


@dataclass(frozen=True, slots=True)
class SqlEventRecords:
    """The port ``EventRecords`` inside one transaction."""

    connection: Connection

    def save(self, sent: Sequence[Event]) -> int:
        """Store, idempotent on (source, external id); returns how many were new."""
        rows = {(row["source"], row["external_id"]): row for row in map(_row, sent)}
        before = self._stored(list(rows))
        upsert(self.connection, events, list(rows.values()))
        return len(rows) - before

    def known(self, sent: Sequence[Event]) -> list[Event]:
        """The events that are stored under the sources and external ids of these, as they are."""
        keys = list({(row["source"], row["external_id"]): None for row in map(_row, sent)})
        return [_event(row) for own in _chunks(keys) for row in self.connection.execute(select(events).where(own))]

    def _stored(self, keys: Sequence[tuple[str, str]]) -> int:
        counts = (select(func.count()).select_from(events).where(own) for own in _chunks(keys))
        return sum(self.connection.execute(count).scalar_one() for count in counts)

    def between(
        self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000, after: str = ""
    ) -> list[Event]:
        """Events that started in an interval, ascending by start, source and external id.

        Args:
            after: the place of the last event of the page before, see ``Event.place``.
        """
        own = events.c
        found = select(events).where(own.start_us >= to_microseconds(interval.start))
        found = found.where(own.start_us < to_microseconds(interval.end))
        if after:
            found = found.where(tuple_(own.start_us, own.source, own.external_id) > order_of_place(after))
        return self._listed(found, kinds, limit)

    def newest(self, kind: str, interval: Interval, limit: int, before: str = "") -> list[Event]:
        """Events of a kind that started in an interval, the newest first.

        Args:
            before: the place of the last event of the page before, see ``Event.place``.
        """
        own = events.c
        order = (own.start_us, own.source, own.external_id)
        found = select(events).where(own.kind == kind, own.start_us >= to_microseconds(interval.start))
        found = found.where(own.start_us < to_microseconds(interval.end))
        if before:
            found = found.where(tuple_(*order) < order_of_place(before))
        newest_first = found.order_by(*(column.desc() for column in order)).limit(limit)
        return [_event(row) for row in self.connection.execute(newest_first)]

    def named(self, kind: str, external_id: str, limit: int = 100) -> list[Event]:
        """Events of a kind with one external id, ascending."""
        return self._listed(select(events).where(events.c.external_id == storable(external_id)), [kind], limit)

    def state(self, interval: Interval, kind: str) -> tuple[int, datetime | None]:
        """How many events of a kind started in an interval, and when the newest of them came in."""
        own, start, end = events.c, to_microseconds(interval.start), to_microseconds(interval.end)
        found = select(func.count(), func.max(own.received_at_us))
        row = self.connection.execute(found.where(own.kind == kind, own.start_us >= start, own.start_us < end)).one()
        return row[0], instant_or_none(row[1])

    def overlapping(self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000) -> list[Event]:
        """Events that started before the interval's end and were not over at its start, ascending.

        An incident without an end still lasts; any other event without one is a moment.
        """
        own, start = events.c, to_microseconds(interval.start)
        lasts = own.end_us.is_(None) & (own.kind == "incident")
        found = select(events).where(
            own.start_us < to_microseconds(interval.end), or_(own.start_us >= start, own.end_us > start, lasts)
        )
        return self._listed(found, kinds, limit)

    def _listed(self, found: Select[Any], kinds: Sequence[str], limit: int) -> list[Event]:
        own = events.c
        if kinds:
            found = found.where(own.kind.in_(kinds))
        ordered = found.order_by(own.start_us, own.source, own.external_id).limit(limit)
        return [_event(row) for row in self.connection.execute(ordered)]


def _chunks(keys: Sequence[tuple[str, str]]) -> Iterator[ColumnElement[bool]]:
    """Conditions that together name the events of these sources and external ids."""
    own = tuple_(events.c.source, events.c.external_id)
    return (own.in_(keys[place : place + 400]) for place in range(0, len(keys), 400))


def _row(event: Event) -> dict[str, Any]:
    return {
        "source": storable(event.source),
        "external_id": storable(event.external_id),
        "kind": event.kind,
        "start_us": to_microseconds(event.start),
        "end_us": microseconds_or_none(event.end),
        "detected_at_us": microseconds_or_none(event.detected_at),
        "received_at_us": to_microseconds(event.received_at),
        "service": storable(event.service),
        "severity": storable(event.severity),
        "subject": storable(event.subject),
        "title": storable(event.title),
        "url": storable(event.url),
        "attributes": storable_json(dict(event.attributes)),
    }


def _event(row: Row[Any]) -> Event:
    return Event(
        source=row.source,
        external_id=row.external_id,
        kind=row.kind,
        start=from_microseconds(row.start_us),
        end=instant_or_none(row.end_us),
        detected_at=instant_or_none(row.detected_at_us),
        received_at=from_microseconds(row.received_at_us),
        service=row.service,
        severity=row.severity,
        subject=row.subject,
        title=row.title,
        url=row.url,
        attributes=row.attributes,
    )
