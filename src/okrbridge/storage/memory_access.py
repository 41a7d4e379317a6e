"""Tokens, the audit log and answers by idempotency key in memory, as ``storage.memory`` works."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from okrbridge.application.access_ports import AuditEntry, KeyedRequest, StoredAnswer, Token
from okrbridge.storage.audit import storable_entry
from okrbridge.storage.memory_ledger import require_writable
from okrbridge.storage.values import storable


@dataclass(slots=True)
class MemoryAccess:
    """What the three hold.

    Attributes:
        tokens: by the SHA-256 of their text.
        answers: by caller and key: when, the request, its answer.
    """

    tokens: dict[bytes, Token] = field(default_factory=dict)
    audit: tuple[AuditEntry, ...] = ()
    answers: dict[tuple[str, str], tuple[datetime, KeyedRequest, StoredAnswer]] = field(default_factory=dict)
    writable: bool = False

    def copied(self, *, writable: bool) -> MemoryAccess:
        """A copy that changes nothing here."""
        return MemoryAccess(dict(self.tokens), self.audit, dict(self.answers), writable)


@dataclass(frozen=True, slots=True)
class MemoryTokenRecords:
    """The port ``TokenRecords``."""

    _held: MemoryAccess

    def add(self, token: Token, digest: bytes) -> None:
        """Store a new one."""
        require_writable(allowed=self._held.writable)
        self._held.tokens[digest] = replace(token, created_by=storable(token.created_by))

    def by_digest(self, digest: bytes) -> Token | None:
        """The token whose text has this SHA-256, in force or not."""
        return self._held.tokens.get(digest)

    def find(self, name_or_id: str) -> Token | None:
        """The token of that name or id."""
        return next((token for token in self._held.tokens.values() if name_or_id in (token.name, token.id)), None)

    def all(self) -> list[Token]:
        """Every token ever made, by name."""
        return sorted(self._held.tokens.values(), key=lambda token: token.name)

    def revoke(self, token_id: str, at: datetime) -> None:
        """Take one back; one that was taken back before keeps its instant."""
        require_writable(allowed=self._held.writable)
        for digest, token in list(self._held.tokens.items()):
            if token.id == token_id and token.revoked_at is None:
                self._held.tokens[digest] = replace(token, revoked_at=at)


@dataclass(frozen=True, slots=True)
class MemoryAuditRecords:
    """The port ``AuditRecords``."""

    _held: MemoryAccess

    def add(self, entry: AuditEntry) -> AuditEntry:
        """Store an entry; returned as it is stored. Raises ValueError when it holds a number that is not finite."""
        require_writable(allowed=self._held.writable)
        stored = replace(storable_entry(entry), number=len(self._held.audit) + 1)
        self._held.audit += (stored,)
        return stored

    def newest(
        self, *, kind: str | None = None, name: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[AuditEntry]:
        """Entries with smaller numbers than ``before``, the newest first."""
        found = [
            entry
            for entry in reversed(self._held.audit)
            if kind in (None, entry.kind) and name in (None, entry.name) and (before is None or entry.number < before)
        ]
        return found[:limit]


@dataclass(frozen=True, slots=True)
class MemoryIdempotencyRecords:
    """The port ``IdempotencyRecords``."""

    _held: MemoryAccess

    def get(self, caller: str, key: str) -> tuple[bytes, StoredAnswer] | None:
        """The fingerprint of the first request under a key, and its answer."""
        found = self._held.answers.get((caller, key))
        return None if found is None else (found[1].fingerprint, found[2])

    def put(self, request: KeyedRequest, answer: StoredAnswer, at: datetime) -> None:
        """Keep an answer."""
        require_writable(allowed=self._held.writable)
        self._held.answers[request.caller, request.key] = (at, request, answer)

    def expire(self, before: datetime) -> int:
        """Forget what was kept before an instant; returns how many."""
        require_writable(allowed=self._held.writable)
        return self._forget([key for key, (at, _, _) in self._held.answers.items() if at < before])

    def trim(self, caller: str, most: int) -> int:
        """Forget the oldest of a caller's answers beyond so many; returns how many."""
        require_writable(allowed=self._held.writable)
        own = [(at, key) for key, (at, _, _) in self._held.answers.items() if key[0] == caller]
        return self._forget([key for _, key in sorted(own, reverse=True)[most:]])

    def _forget(self, keys: list[tuple[str, str]]) -> int:
        for key in keys:
            del self._held.answers[key]
        return len(keys)
