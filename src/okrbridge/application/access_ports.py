"""Who may do what, what was done, and which answers were given: the records and what keeps them, as protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

JsonObject = Mapping[str, Any]


class Role(StrEnum):
    """What a token is for; also what a route may need."""

    VIEWER = "viewer"
    """Reads."""
    INGEST = "ingest"
    """Sends events, slices and hooks, and reads nothing."""
    EDITOR = "editor"
    """Reads everything, writes documents and check-ins, sends what ingest sends."""
    ADMIN = "admin"
    """Everything: also the audit log, policies and reloading."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks.

    Attributes:
        name: the token's name; names are never given twice, so it says who it was for ever.
        role: None for whoever shows no token.
        sees_restricted: whether restricted objectives and key results are shown.
    """

    name: str
    role: Role | None
    sees_restricted: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; its text is not.

    Attributes:
        id: short and public; logs may hold it.
        created_by: who made it.
        expires_at: None for a token that never expires.
        revoked_at: None while it was not taken back.
    """

    id: str
    name: str
    role: Role
    sees_restricted: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Whether it lets somebody in at an instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    @property
    def caller(self) -> Caller:
        """Who shows it."""
        return Caller(self.name, self.role, self.sees_restricted)


class TokenRecords(Protocol):
    """Tokens, each with the SHA-256 of its text."""

    def add(self, token: Token, digest: bytes) -> None:
        """Store a new one; its id, name and digest are nobody else's."""

    def by_digest(self, digest: bytes) -> Token | None:
        """The token whose text has this SHA-256, in force or not."""

    def find(self, name_or_id: str) -> Token | None:
        """The token of that name or id, in force or not."""

    def all(self) -> list[Token]:
        """Every token ever made, by name."""

    def revoke(self, token_id: str, at: datetime) -> None:
        """Take one back; one that was taken back before keeps its instant."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One write.

    Attributes:
        number: ascending, given out when it is stored; 0 before.
        by: the caller's name.
        role: the caller's role.
        action: create, update, delete, check_in, close, …
        kind, name: what was written.
        before, after: the object as it was and as it is; None where there is none.
        why: the reason that was given.
        request_id: the HTTP request it came with; empty for a command.
    """

    at: datetime
    by: str
    role: str
    action: str
    kind: str
    name: str
    before: JsonObject | None
    after: JsonObject | None
    why: str = ""
    request_id: str = ""
    number: int = 0


class AuditRecords(Protocol):
    """Every write; entries are never changed and never removed."""

    def add(self, entry: AuditEntry) -> AuditEntry:
        """Store an entry; returned with its number. Raises ValueError when it holds a number that is not finite."""

    def newest(
        self, *, kind: str | None = None, name: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditEntry]:
        """Entries with smaller numbers than ``before``, the newest first."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given.

    Attributes:
        headers: those that belong to the object, such as ETag and Location.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an idempotency key.

    Attributes:
        caller: the name of whoever sent it; keys of different callers have nothing to do with each other.
        fingerprint: SHA-256 of method, path, query and body.
    """

    caller: str
    key: str
    fingerprint: bytes


class IdempotencyRecords(Protocol):
    """Answers by caller and key."""

    def get(self, caller: str, key: str) -> tuple[bytes, StoredAnswer] | None:
        """The fingerprint of the first request under a key, and its answer."""

    def put(self, request: KeyedRequest, answer: StoredAnswer, at: datetime) -> None:
        """Keep an answer; the key must be free."""

    def expire(self, before: datetime) -> int:
        """Forget what was kept before an instant; returns how many."""

    def trim(self, caller: str, most: int) -> int:
        """Forget the oldest of a caller's answers beyond so many; returns how many."""
