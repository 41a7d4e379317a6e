"""Answers by idempotency key in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from okrbridge.application.access_ports import KeyedRequest, StoredAnswer
from okrbridge.storage.access_tables import idempotency_keys
from okrbridge.storage.values import to_microseconds


@dataclass(frozen=True, slots=True)
class SqlIdempotencyRecords:
    """The port ``IdempotencyRecords`` inside one transaction."""

    connection: Connection

    def get(self, caller: str, key: str) -> tuple[bytes, StoredAnswer] | None:
        """The fingerprint of the first request under a key, and its answer."""
        own = idempotency_keys.c
        row = self.connection.execute(
            select(idempotency_keys).where(own.caller == caller, own.key == key)
        ).one_or_none()
        if row is None:
            return None
        return bytes(row.fingerprint), StoredAnswer(row.status, bytes(row.body), row.headers)

    def put(self, request: KeyedRequest, answer: StoredAnswer, at: datetime) -> None:
        """Keep an answer; the key must be free."""
        row = {
            "caller": request.caller,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": answer.body,
            "at_us": to_microseconds(at),
        }
        self.connection.execute(insert(idempotency_keys), [row])

    def expire(self, before: datetime) -> int:
        """Forget what was kept before an instant; returns how many."""
        old = idempotency_keys.c.at_us < to_microseconds(before)
        return self.connection.execute(delete(idempotency_keys).where(old)).rowcount

    def trim(self, caller: str, most: int) -> int:
        """Forget the oldest of a caller's answers beyond so many; returns how many."""
        own = idempotency_keys.c
        beyond = select(own.key).where(own.caller == caller).order_by(own.at_us.desc(), own.key.desc()).offset(most)
        # SQLite takes OFFSET only after a LIMIT, which SQLAlchemy adds.
        too_many = self.connection.execute(beyond).scalars().all()
        if too_many:
            self.connection.execute(delete(idempotency_keys).where(own.caller == caller, own.key.in_(too_many)))
        return len(too_many)
