"""The audit log in SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from okrbridge.application.access_ports import AuditEntry, JsonObject
from okrbridge.storage.access_tables import audit_log
from okrbridge.storage.values import from_microseconds, storable, storable_json, to_microseconds

_TEXTS = ("by", "role", "action", "kind", "name", "why", "request_id")


@dataclass(frozen=True, slots=True)
class SqlAuditRecords:
    """The port ``AuditRecords`` inside one transaction."""

    connection: Connection

    def add(self, entry: AuditEntry) -> AuditEntry:
        """Store an entry; returned as it is stored. Raises ValueError when it holds a number that is not finite."""
        # One process writes at a time, so the highest number is known.
        last = self.connection.execute(select(func.max(audit_log.c.number))).scalar()
        stored = replace(storable_entry(entry), number=(last or 0) + 1)
        row = {
            "number": stored.number,
            "at_us": to_microseconds(stored.at),
            "before": stored.before,
            "after": stored.after,
            **{name: getattr(stored, name) for name in _TEXTS},
        }
        self.connection.execute(insert(audit_log), [row])
        return stored

    def newest(
        self, *, kind: str | None = None, name: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditEntry]:
        """Entries with smaller numbers than ``before``, the newest first."""
        own = audit_log.c
        wanted = select(audit_log).order_by(own.number.desc()).limit(limit)
        if kind is not None:
            wanted = wanted.where(own.kind == storable(kind))
        if name is not None:
            wanted = wanted.where(own.name == storable(name))
        if before is not None:
            wanted = wanted.where(own.number < before)
        return [_entry(row) for row in self.connection.execute(wanted)]


def storable_entry(entry: AuditEntry) -> AuditEntry:
    """An entry with texts that every database takes. Raises ValueError for a number that is not finite."""

    def kept(value: JsonObject | None) -> JsonObject | None:
        return None if value is None else storable_json(value)

    texts: dict[str, Any] = {name: storable(getattr(entry, name)) for name in _TEXTS}
    return replace(entry, **texts, before=kept(entry.before), after=kept(entry.after))


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=from_microseconds(row.at_us),
        before=row.before,
        after=row.after,
        number=row.number,
        **{name: getattr(row, name) for name in _TEXTS},
    )
