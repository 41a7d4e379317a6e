"""What the OKR side keeps in the database, as protocols; each is part of a Transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from okrbridge.application.okr_records import (
    CheckIn,
    Edition,
    Event,
    Finding,
    FrozenBaseline,
    ScoreRecord,
    StoredDocument,
)
from okrbridge.domain.windows import Interval


class DocumentRecords(Protocol):
    """Documents that were made over HTTP."""

    def all(self) -> list[StoredDocument]:
        """Every document, by kind and name."""

    def editions(self) -> frozenset[Edition]:
        """Which documents there are, without their contents: it tells whether anything was written."""

    def get(self, kind: str, name: str) -> StoredDocument | None:
        """One document."""

    def put(self, document: StoredDocument) -> None:
        """Make it, or replace the one with the version before.

        Raises:
            ConflictError: the stored version is not ``document.version - 1``.
        """

    def delete(self, kind: str, name: str, version: int) -> None:
        """Remove it. Raises ConflictError when the stored version is another one."""


class CheckInRecords(Protocol):
    """What people said; nothing is ever changed."""

    def add(self, check_in: CheckIn) -> None:
        """Store one more."""

    def of(self, key_result: str, interval: Interval | None = None, limit: int = 1000) -> list[CheckIn]:
        """Check-ins of a key result, ascending; the newest ``limit``."""

    def within(self, key_results: Sequence[str], interval: Interval, limit: int = 1000) -> Mapping[str, list[CheckIn]]:
        """Check-ins of several key results in an interval, each ascending; the newest ``limit`` of each."""

    def count(self, until: datetime) -> int:
        """How many there are of all key results at or before an instant; it tells whether anything was added."""

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each at or before an instant; absent when there is none."""

    def recent(self, key_results: Sequence[str], until: datetime, count: int) -> Mapping[str, list[CheckIn]]:
        """The last ``count`` check-ins of each, ascending."""

    def latest_values(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each that says a value or withdraws one, at or before an instant.

        Absent when there is none.
        """


class EventRecords(Protocol):
    """What happened."""

    def save(self, events: Sequence[Event]) -> int:
        """Store, idempotent on (source, external id); returns how many were new."""

    def known(self, sent: Sequence[Event]) -> list[Event]:
        """The events that are stored under the sources and external ids of these, as they are."""

    def between(
        self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000, after: str = ""
    ) -> list[Event]:
        """Events that started in an interval, ascending by start, source and external id.

        Args:
            after: the ``place`` of the last event of the page before; empty for the first page.
        """

    def newest(self, kind: str, interval: Interval, limit: int, before: str = "") -> list[Event]:
        """Events of a kind that started in an interval, in the opposite order of ``between``: the newest first.

        Args:
            before: the ``place`` of the last event of the page before; empty for the first page.
        """

    def named(self, kind: str, external_id: str, limit: int = 100) -> list[Event]:
        """Events of a kind with one external id, ascending: each source gives its own ids, so there may be several."""

    def state(self, interval: Interval, kind: str) -> tuple[int, datetime | None]:
        """How many events of a kind started in an interval, and when the newest of them came in.

        It tells whether any came, or came again, since it was last asked.
        """

    def overlapping(self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000) -> list[Event]:
        """Events that started before the interval's end and were not over at its start, ascending.

        An incident without an end still lasts; any other event without one is a moment.
        """


class BaselineRecords(Protocol):
    """Frozen baselines."""

    def save(self, baseline: FrozenBaseline) -> None:
        """Store; one already there for the same key result and question stays as it is."""

    def all(self) -> list[FrozenBaseline]:
        """Every baseline."""


class ScoreRecords(Protocol):
    """Scores."""

    def save(self, *scores: ScoreRecord) -> None:
        """Store, idempotent on (cycle, key result)."""

    def of_cycle(self, cycle: str) -> list[ScoreRecord]:
        """Scores of a cycle, by key result."""

    def all(self) -> list[ScoreRecord]:
        """Every score, by cycle and key result."""

    def cycles(self) -> frozenset[str]:
        """Names of the cycles that have scores."""


class FindingRecords(Protocol):
    """What was noticed."""

    def all(self) -> list[Finding]:
        """Every finding, by code and subject."""

    def save(self, findings: Sequence[Finding]) -> None:
        """Store, idempotent on (code, subject)."""
