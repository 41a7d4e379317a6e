"""The OKR side of the storage in memory, for unit tests: the same ports and the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.okr_records import (
    CheckIn,
    Edition,
    Event,
    Finding,
    FrozenBaseline,
    ScoreRecord,
    StoredDocument,
    order_of_place,
)
from okrbridge.domain.windows import Interval
from okrbridge.errors import ConflictError
from okrbridge.storage.memory_ledger import require_writable
from okrbridge.storage.values import require_finite


@dataclass(slots=True)
class MemoryOkr:
    """What the OKR side keeps; values are never changed in place."""

    documents: dict[tuple[str, str], StoredDocument] = field(default_factory=dict)
    check_ins: tuple[CheckIn, ...] = ()
    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    baselines: dict[tuple[str, str], FrozenBaseline] = field(default_factory=dict)
    scores: dict[tuple[str, str], ScoreRecord] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    writable: bool = False

    def copied(self, *, writable: bool) -> MemoryOkr:
        """A shallow copy for one transaction."""
        return MemoryOkr(
            dict(self.documents),
            self.check_ins,
            dict(self.events),
            dict(self.baselines),
            dict(self.scores),
            dict(self.findings),
            writable,
        )

    def require_writable(self) -> None:
        """Raise StorageError inside a reading."""
        require_writable(allowed=self.writable)


@dataclass(frozen=True, slots=True)
class MemoryDocumentRecords:
    """The port ``DocumentRecords``."""

    _okr: MemoryOkr

    def all(self) -> list[StoredDocument]:
        """Every document, by kind and name."""
        return [self._okr.documents[key] for key in sorted(self._okr.documents)]

    def editions(self) -> frozenset[Edition]:
        """Which documents there are, without their contents."""
        return frozenset(one.edition for one in self._okr.documents.values())

    def get(self, kind: str, name: str) -> StoredDocument | None:
        """One document."""
        return self._okr.documents.get((kind, name))

    def put(self, document: StoredDocument) -> None:
        """Make it, or replace the version before. Raises ConflictError when that is not the stored one."""
        self._okr.require_writable()
        before = self.get(document.kind, document.name)
        if (before.version if before else 0) != document.version - 1:
            raise ConflictError(f"{document.kind} {document.name} is not at version {document.version - 1} any more")
        self._okr.documents[document.kind, document.name] = document

    def delete(self, kind: str, name: str, version: int) -> None:
        """Remove it. Raises ConflictError when the stored version is another one."""
        self._okr.require_writable()
        before = self.get(kind, name)
        if before is None or before.version != version:
            raise ConflictError(f"{kind} {name} is not at version {version} any more")
        del self._okr.documents[kind, name]


@dataclass(frozen=True, slots=True)
class MemoryCheckInRecords:
    """The port ``CheckInRecords``."""

    _okr: MemoryOkr

    def add(self, check_in: CheckIn) -> None:
        """Store one more. Raises ValueError for a value that is not finite."""
        self._okr.require_writable()
        require_finite(f"check-in of {check_in.key_result}", {"override_value": check_in.override_value})
        self._okr.check_ins += (check_in,)

    def of(self, key_result: str, interval: Interval | None = None, limit: int = 1000) -> list[CheckIn]:
        """Check-ins of a key result, ascending; the newest ``limit``."""
        found = [one for one in self._ascending() if one.key_result == key_result]
        if interval is not None:
            found = [one for one in found if one.at in interval]
        return found[max(0, len(found) - limit) :]

    def within(self, key_results: Sequence[str], interval: Interval, limit: int = 1000) -> Mapping[str, list[CheckIn]]:
        """Check-ins of several key results in an interval, each ascending; the newest ``limit`` of each."""
        found = {name: self.of(name, interval, limit) for name in key_results}
        return {name: some for name, some in found.items() if some}

    def count(self, until: datetime) -> int:
        """How many there are of all key results at or before an instant."""
        return sum(one.at <= until for one in self._okr.check_ins)

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each at or before an instant; absent when there is none."""
        return {name: found[-1] for name, found in self.recent(key_results, until, 1).items()}

    def recent(self, key_results: Sequence[str], until: datetime, count: int) -> Mapping[str, list[CheckIn]]:
        """The last ``count`` check-ins of each, ascending."""
        found = {name: [one for one in self.of(name) if one.at <= until][-count:] for name in set(key_results)}
        return {name: some for name, some in found.items() if some}

    def latest_values(self, key_results: Sequence[str], until: datetime) -> Mapping[str, CheckIn]:
        """The last check-in of each that says a value or withdraws one, at or before an instant."""
        wanted = set(key_results)
        said = [one for one in self._ascending() if one.override_value is not None or one.is_withdrawal]
        return {one.key_result: one for one in said if one.at <= until and one.key_result in wanted}

    def _ascending(self) -> list[CheckIn]:
        return sorted(self._okr.check_ins, key=lambda one: (one.at, one.id))


@dataclass(frozen=True, slots=True)
class MemoryEventRecords:
    """The port ``EventRecords``."""

    _okr: MemoryOkr

    def save(self, sent: Sequence[Event]) -> int:
        """Store, idempotent on (source, external id); returns how many were new."""
        self._okr.require_writable()
        new = {(one.source, one.external_id): one for one in sent}
        before = len(self._okr.events)
        self._okr.events.update(new)
        return len(self._okr.events) - before

    def known(self, sent: Sequence[Event]) -> list[Event]:
        """The events that are stored under the sources and external ids of these, as they are."""
        keys = dict.fromkeys((one.source, one.external_id) for one in sent)
        return [self._okr.events[key] for key in keys if key in self._okr.events]

    def between(
        self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000, after: str = ""
    ) -> list[Event]:
        """Events that started in an interval, ascending; ``after`` is the place of the last one before."""
        found = [one for one in self._of(kinds) if one.start in interval]
        places = [one.place for one in found]
        first = places.index(after) + 1 if after in places else 0
        return found[first : first + limit]

    def newest(self, kind: str, interval: Interval, limit: int, before: str = "") -> list[Event]:
        """Events of a kind that started in an interval, the newest first; ``before`` is the last place before."""
        found = [one for one in self._of([kind]) if one.start in interval]
        earlier = [one for one in found if not before or order_of_place(one.place) < order_of_place(before)]
        return earlier[::-1][:limit]

    def named(self, kind: str, external_id: str, limit: int = 100) -> list[Event]:
        """Events of a kind with one external id, ascending."""
        return [one for one in self._of([kind]) if one.external_id == external_id][:limit]

    def state(self, interval: Interval, kind: str) -> tuple[int, datetime | None]:
        """How many events of a kind started in an interval, and when the newest of them came in."""
        received = [one.received_at for one in self._of([kind]) if one.start in interval]
        return len(received), max(received, default=None)

    def overlapping(self, interval: Interval, kinds: Sequence[str] = (), limit: int = 10_000) -> list[Event]:
        """Events that started before the interval's end and were not over at its start, ascending."""
        return [one for one in self._of(kinds) if one.start < interval.end and _lasts(one, interval.start)][:limit]

    def _of(self, kinds: Sequence[str]) -> Iterable[Event]:
        ascending = sorted(self._okr.events.values(), key=lambda one: (one.start, one.source, one.external_id))
        return [one for one in ascending if not kinds or one.kind in kinds]


def _lasts(event: Event, at: datetime) -> bool:
    """Whether an event is not over at an instant; an incident without an end still lasts."""
    if event.start >= at:
        return True
    return event.end > at if event.end is not None else event.kind == "incident"


@dataclass(frozen=True, slots=True)
class MemoryBaselineRecords:
    """The port ``BaselineRecords``."""

    _okr: MemoryOkr

    def save(self, baseline: FrozenBaseline) -> None:
        """Store; one already there for the same key result and question stays as it is."""
        self._okr.require_writable()
        numbers = {"value": baseline.value, "sample_count": baseline.sample_count, "noise": baseline.noise}
        require_finite(f"baseline of {baseline.key_result}", numbers)
        self._okr.baselines.setdefault((baseline.key_result, baseline.question), baseline)

    def all(self) -> list[FrozenBaseline]:
        """Every baseline."""
        return sorted(self._okr.baselines.values(), key=lambda one: (one.key_result, one.frozen_at))


@dataclass(frozen=True, slots=True)
class MemoryScoreRecords:
    """The port ``ScoreRecords``."""

    _okr: MemoryOkr

    def save(self, *scores: ScoreRecord) -> None:
        """Store, idempotent on (cycle, key result)."""
        self._okr.require_writable()
        for score in scores:
            numbers = {"computed": score.computed, "score": score.score, "final": score.final}
            require_finite(f"score of {score.key_result}", numbers)
            self._okr.scores[score.cycle, score.key_result] = score

    def of_cycle(self, cycle: str) -> list[ScoreRecord]:
        """Scores of a cycle, by key result."""
        return [one for one in self.all() if one.cycle == cycle]

    def all(self) -> list[ScoreRecord]:
        """Every score, by cycle and key result."""
        return [self._okr.scores[key] for key in sorted(self._okr.scores)]

    def cycles(self) -> frozenset[str]:
        """Names of the cycles that have scores."""
        return frozenset(cycle for cycle, _ in self._okr.scores)


@dataclass(frozen=True, slots=True)
class MemoryFindingRecords:
    """The port ``FindingRecords``."""

    _okr: MemoryOkr

    def all(self) -> list[Finding]:
        """Every finding, by code and subject."""
        return [self._okr.findings[key] for key in sorted(self._okr.findings)]

    def save(self, found: Sequence[Finding]) -> None:
        """Store, idempotent on (code, subject)."""
        self._okr.require_writable()
        self._okr.findings.update({(one.code, one.subject): one for one in found})
