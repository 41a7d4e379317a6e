"""Storage in memory, for unit tests: the same ports and the same answers, gone when the process ends.

A transaction works on a shallow copy of the state, whose values are never changed in place; ending it well puts
the copy in the place of the state. Readers keep the state they began with.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from okrbridge.application.records import DefinitionRevision, Evaluation, Measurement, ProgressRecord, TracePoint
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.windows import Grid, Interval
from okrbridge.errors import StorageError
from okrbridge.storage.memory_access import (
    MemoryAccess,
    MemoryAuditRecords,
    MemoryIdempotencyRecords,
    MemoryTokenRecords,
)
from okrbridge.storage.memory_ledger import MemoryCounts, MemoryLedger, require_writable
from okrbridge.storage.memory_okr import (
    MemoryBaselineRecords,
    MemoryCheckInRecords,
    MemoryDocumentRecords,
    MemoryEventRecords,
    MemoryFindingRecords,
    MemoryOkr,
    MemoryScoreRecords,
)
from okrbridge.storage.revisions import DocumentId, KnownRevisions, new_revisions
from okrbridge.storage.values import require_finite, storable, storable_json

_PATIENCE_SECONDS = 5.0


@dataclass(slots=True)
class _State:
    ledger: MemoryCounts = field(default_factory=MemoryCounts)
    measurements: dict[tuple[str, datetime], Measurement] = field(default_factory=dict)
    progress: dict[tuple[str, datetime], ProgressRecord] = field(default_factory=dict)
    thinned: dict[timedelta, datetime] = field(default_factory=dict)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    revisions: tuple[DefinitionRevision, ...] = ()
    okr: MemoryOkr = field(default_factory=MemoryOkr)
    access: MemoryAccess = field(default_factory=MemoryAccess)
    writable: bool = False

    def copied(self, *, writable: bool) -> _State:
        return _State(
            self.ledger.copied(writable=writable),
            dict(self.measurements),
            dict(self.progress),
            dict(self.thinned),
            dict(self.evaluations),
            self.revisions,
            self.okr.copied(writable=writable),
            self.access.copied(writable=writable),
            writable,
        )

    def require_writable(self) -> None:
        require_writable(allowed=self.writable)


@dataclass(frozen=True, slots=True)
class MemoryTransaction:
    """The port ``Transaction``."""

    ledger: MemoryLedger
    progress: MemoryProgressRecords
    evaluations: MemoryEvaluationRecords
    definitions: MemoryDefinitionRecords
    documents: MemoryDocumentRecords
    check_ins: MemoryCheckInRecords
    events: MemoryEventRecords
    baselines: MemoryBaselineRecords
    scores: MemoryScoreRecords
    findings: MemoryFindingRecords
    tokens: MemoryTokenRecords
    audit: MemoryAuditRecords
    idempotency: MemoryIdempotencyRecords


class MemoryStorage:
    """The port ``Storage`` in memory."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._state = _State()
        self._writer = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        """Write, as the only writer. Raises StorageError when another writer does not end."""
        if not self._writer.acquire(timeout=_PATIENCE_SECONDS):
            raise StorageError("the storage in memory is locked by another transaction")
        try:
            state = self._state.copied(writable=True)
            yield self._inside(state)
            self._state = state
        finally:
            self._writer.release()

    @contextmanager
    def reading(self) -> Iterator[MemoryTransaction]:
        """Read one state; writing inside raises StorageError."""
        yield self._inside(self._state.copied(writable=False))

    def check(self) -> None:
        """Memory is always in order."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def _inside(self, state: _State) -> MemoryTransaction:
        return MemoryTransaction(
            MemoryLedger(state.ledger, self._grid),
            MemoryProgressRecords(state),
            MemoryEvaluationRecords(state),
            MemoryDefinitionRecords(state),
            MemoryDocumentRecords(state.okr),
            MemoryCheckInRecords(state.okr),
            MemoryEventRecords(state.okr),
            MemoryBaselineRecords(state.okr),
            MemoryScoreRecords(state.okr),
            MemoryFindingRecords(state.okr),
            MemoryTokenRecords(state.access),
            MemoryAuditRecords(state.access),
            MemoryIdempotencyRecords(state.access),
        )


@dataclass(frozen=True, slots=True)
class MemoryProgressRecords:
    """The port ``ProgressRecords``."""

    _state: _State

    def save(self, measurements: Sequence[Measurement], progress: Sequence[ProgressRecord]) -> None:
        """Store both. Raises ValueError for a number that is not finite."""
        self._state.require_writable()
        for one in measurements:
            numbers = {"value": one.value, "sample_count": one.sample_count, "coverage_ratio": one.coverage_ratio}
            require_finite(f"measurement of {one.key_result}", numbers)
        for other in progress:
            names = ("value", "raw_ratio", "progress_ratio", "expected_ratio", "gap_ratio")
            require_finite(f"progress of {other.key_result}", {name: getattr(other, name) for name in names})
        for one in measurements:
            stored = replace(
                one, error=storable(one.error), query=storable(one.query), details=storable_json(one.details)
            )
            self._state.measurements[one.key_result, one.at] = stored
        self._state.progress.update({(other.key_result, other.at): other for other in progress})

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, ProgressRecord]:
        """The last progress of each key result at or before an instant."""
        ascending = sorted(self._state.progress.values(), key=lambda record: record.at)
        return {
            record.key_result: record for record in ascending if record.at <= until and record.key_result in key_results
        }

    def latest_good(self, key_results: Sequence[str], until: datetime) -> Mapping[str, Measurement]:
        """The last measurement with a value, at or before an instant."""
        ascending = sorted(self._state.measurements.values(), key=lambda record: record.at)
        return {
            record.key_result: record
            for record in ascending
            if record.value is not None and record.at <= until and record.key_result in key_results
        }

    def history(self, key_result: str, interval: Interval, limit: int) -> list[ProgressRecord]:
        """Progress in an interval, ascending; the newest ``limit``. Raises ValueError for a limit below zero."""
        if limit < 0:
            raise ValueError(f"a limit of {limit} rows")
        inside = [
            record for (name, at), record in self._state.progress.items() if name == key_result and at in interval
        ]
        ascending = sorted(inside, key=lambda record: record.at)
        return ascending[max(0, len(ascending) - limit) :]

    def sampled(self, key_results: Sequence[str], instants: Sequence[datetime]) -> Mapping[str, list[ProgressRecord]]:
        """The last progress of each at or before each instant, ascending, every record once."""
        found: dict[str, dict[datetime, ProgressRecord]] = {}
        for instant in sorted(instants):
            for name, record in self.latest(key_results, instant).items():
                found.setdefault(name, {})[record.at] = record
        return {name: list(records.values()) for name, records in found.items()}

    def lacking(
        self, key_results: Sequence[str], instants: Sequence[datetime], within: timedelta
    ) -> list[tuple[str, datetime]]:
        """The key results and instants without a record at the instant, or so soon after it, in no order."""
        recorded = self._state.progress
        return [
            (name, instant)
            for name in set(key_results)
            for instant in set(instants)
            if not any(name == other and instant <= at <= instant + within for other, at in recorded)
        ]

    def first_shown(
        self, statuses: Collection[KeyResultStatus], asked: Sequence[tuple[str, Interval]]
    ) -> list[datetime | None]:
        """When each of the key results first had one of the statuses in its interval; None for never."""
        return [
            min(
                (
                    at
                    for (other, at), record in self._state.progress.items()
                    if other == name and at in span and record.shown in statuses
                ),
                default=None,
            )
            for name, span in asked
        ]

    def names(self) -> list[str]:
        """Every key result and indicator that has records, by name."""
        return sorted({name for name, _ in self._state.progress})

    def oldest(self) -> datetime | None:
        """When the oldest record is of; None without any."""
        return min((at for _, at in self._state.progress), default=None)

    def trace(self, key_result: str, interval: Interval) -> list[TracePoint]:
        """What tells the records of an interval apart, ascending."""
        measured = self._state.measurements
        inside = [one for (name, at), one in self._state.progress.items() if name == key_result and at in interval]
        return [
            TracePoint(
                one.at,
                measured[key_result, one.at].value if (key_result, one.at) in measured else None,
                one.shown.value,
                one.quality.value,
            )
            for one in sorted(inside, key=lambda record: record.at)
        ]

    def forget(self, key_result: str, spans: Sequence[Interval]) -> int:
        """Remove measurements and progress, both ends of each span included; returns how many records went."""
        self._state.require_writable()
        gone = [
            (name, at)
            for name, at in self._state.progress
            if name == key_result and any(span.start <= at <= span.end for span in spans)
        ]
        for one in gone:
            del self._state.progress[one]
            self._state.measurements.pop(one, None)
        return len(gone)

    def thinned_until(self, step: timedelta) -> datetime | None:
        """Up to when records were thinned to two a step; None before the first time."""
        return self._state.thinned.get(step)

    def note_thinned(self, step: timedelta, until: datetime) -> None:
        """Keep up to when records were thinned to two a step."""
        self._state.require_writable()
        self._state.thinned[step] = until

    def measured(self, key_result: str, interval: Interval) -> list[tuple[datetime, float | None]]:
        """When a key result was measured in an interval, and its value then, ascending."""
        return sorted(
            (
                (at, one.value)
                for (name, at), one in self._state.measurements.items()
                if name == key_result and at in interval
            ),
            key=lambda point: point[0],
        )


@dataclass(frozen=True, slots=True)
class MemoryEvaluationRecords:
    """The port ``EvaluationRecords``."""

    _state: _State

    def save(self, evaluation: Evaluation) -> None:
        """Store, idempotent on the evaluation's id."""
        self._state.require_writable()
        failures = {name: storable(message) for name, message in evaluation.failures.items()}
        self._state.evaluations[evaluation.id] = replace(evaluation, failures=failures)

    def latest(self) -> Evaluation | None:
        """The evaluation of the latest slice boundary; of several, the one that started last."""
        return max(self._state.evaluations.values(), key=lambda one: (one.at, one.started_at, one.id), default=None)

    def expire(self, before: datetime, most: int) -> int:
        """Forget the oldest evaluations of boundaries before an instant, so many at most; returns how many."""
        self._state.require_writable()
        old = sorted((one for one in self._state.evaluations.values() if one.at < before), key=lambda one: one.at)
        for one in old[:most]:
            del self._state.evaluations[one.id]
        return len(old[:most])


@dataclass(frozen=True, slots=True)
class MemoryDefinitionRecords:
    """The port ``DefinitionRecords``."""

    _state: _State

    def record(self, documents: Sequence[DeclaredDocument], origin: str, at: datetime) -> list[DefinitionRevision]:
        """Record what one origin declares now. Raises ValueError when one kind and name is there twice."""
        self._state.require_writable()
        contents: dict[DocumentId, str | None] = {}
        highest: dict[DocumentId, int] = {}
        for revision in self._state.revisions:
            highest[revision.kind, revision.name] = revision.number
            if revision.origin == origin:
                contents[revision.kind, revision.name] = revision.content
        made = new_revisions(documents, KnownRevisions(contents, highest), origin, at)
        self._state.revisions += tuple(made)
        return made

    def revisions(self, kind: str, name: str) -> list[DefinitionRevision]:
        """All revisions of one document, oldest first."""
        return [revision for revision in self._state.revisions if (revision.kind, revision.name) == (kind, name)]

    def begun_at(self) -> datetime | None:
        """When the first revision of anything was stored; None before."""
        return min((revision.at for revision in self._state.revisions), default=None)
