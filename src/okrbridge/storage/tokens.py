"""Tokens in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from okrbridge.application.access_ports import Role, Token
from okrbridge.storage.access_tables import tokens
from okrbridge.storage.values import from_microseconds, instant_or_none, microseconds_or_none, storable, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlTokenRecords:
    """The port ``TokenRecords`` inside one transaction."""

    connection: Connection

    def add(self, token: Token, digest: bytes) -> None:
        """Store a new one."""
        row = {
            "id": token.id,
            "name": token.name,
            "digest": digest,
            "role": token.role.value,
            "sees_restricted": token.sees_restricted,
            "created_at_us": to_microseconds(token.created_at),
            "created_by": storable(token.created_by),
            "expires_at_us": microseconds_or_none(token.expires_at),
            "revoked_at_us": microseconds_or_none(token.revoked_at),
        }
        self.connection.execute(insert(tokens), [row])

    def by_digest(self, digest: bytes) -> Token | None:
        """The token whose text has this SHA-256, in force or not."""
        row = self.connection.execute(select(tokens).where(tokens.c.digest == digest)).one_or_none()
        return None if row is None else _token(row)

    def find(self, name_or_id: str) -> Token | None:
        """The token of that name or id; the two never look the same."""
        wanted = storable(name_or_id)
        own = or_(tokens.c.name == wanted, tokens.c.id == wanted)
        row = self.connection.execute(select(tokens).where(own)).one_or_none()
        return None if row is None else _token(row)

    def all(self) -> list[Token]:
        """Every token ever made, by name."""
        return sorted(map(_token, self.connection.execute(select(tokens))), key=lambda token: token.name)

    def revoke(self, token_id: str, at: datetime) -> None:
        """Take one back; one that was taken back before keeps its instant."""
        own = tokens.c
        self.connection.execute(
            update(tokens)
            .where(own.id == token_id, own.revoked_at_us.is_(None))
            .values(revoked_at_us=to_microseconds(at))
        )


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        sees_restricted=row.sees_restricted,
        created_at=from_microseconds(row.created_at_us),
        created_by=row.created_by,
        expires_at=instant_or_none(row.expires_at_us),
        revoked_at=instant_or_none(row.revoked_at_us),
    )
