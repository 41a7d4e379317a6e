"""Storage in memory, for unit tests: the same ports and the same answers, gone when the process ends.

A transaction works on a shallow copy of the state, whose values are never changed in place; ending it well puts
the copy in the place of the state. Readers keep the state they began with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from okrbridge.application.ports import Buckets
from okrbridge.application.records import DefinitionRevision, Evaluation, Measurement, ProgressRecord
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.ledger import Slices, SliceState, WindowCounts, sum_window
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch
from okrbridge.errors import StorageError
from okrbridge.storage.bucketing import Parts, bucket_sums
from okrbridge.storage.revisions import DocumentId, KnownRevisions, new_revisions
from okrbridge.storage.spans import Span, lattice, runs
from okrbridge.storage.values import require_finite, require_on_grid, require_sound, steps_of, storable

_PATIENCE_SECONDS = 5.0


@dataclass(slots=True)
class _State:
    slices: dict[tuple[str, str], Slices] = field(default_factory=dict)
    """By SLI key and origin."""
    measurements: dict[tuple[str, datetime], Measurement] = field(default_factory=dict)
    progress: dict[tuple[str, datetime], ProgressRecord] = field(default_factory=dict)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    revisions: tuple[DefinitionRevision, ...] = ()
    writable: bool = False

    def copied(self, *, writable: bool) -> _State:
        return _State(
            dict(self.slices),
            dict(self.measurements),
            dict(self.progress),
            dict(self.evaluations),
            self.revisions,
            writable,
        )

    def require_writable(self) -> None:
        if not self.writable:
            raise StorageError("a write was tried while only reading; this is a defect of okrbridge, please report it")


@dataclass(frozen=True, slots=True)
class MemoryTransaction:
    """The port ``Transaction``."""

    ledger: MemoryLedger
    progress: MemoryProgressRecords
    evaluations: MemoryEvaluationRecords
    definitions: MemoryDefinitionRecords


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
            MemoryLedger(state, self._grid),
            MemoryProgressRecords(state),
            MemoryEvaluationRecords(state),
            MemoryDefinitionRecords(state),
        )


@dataclass(frozen=True, slots=True)
class MemoryLedger:
    """The port ``Ledger``; every read sums the slices themselves."""

    _state: _State
    _grid: Grid

    def write(self, sli: Sli, origin: str, slices: Slices) -> None:
        """Store slices. Raises ValueError for slices the ledger must not hold."""
        self._state.require_writable()
        require_sound(slices, self._grid)
        known = self._state.slices.get((sli.key, origin), Slices.empty())
        measured = known.starts[known.measured]
        fresh = _chosen(slices, slices.measured | ~np.isin(slices.starts, measured))
        kept = _chosen(known, ~np.isin(known.starts, fresh.starts))
        self._state.slices[sli.key, origin] = _in_order(kept, fresh)

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """Sums over intervals. Raises ValueError for an end off the grid."""
        return [sum_window(self.slices(sli_key, interval), interval, self._grid.step) for interval in intervals]

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """Slices summed over origins. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        return _summed([slices.within(interval) for (key, _), slices in self._state.slices.items() if key == sli_key])

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over steps. Raises ValueError for an end off the grid, or a step that is no multiple of its step."""
        require_on_grid(interval, self._grid)
        count = steps_of(interval, step, self._grid)
        fine = self.slices(sli_key, interval)
        seconds = fine.measured.astype(np.float64) * self._grid.step_seconds
        parts = Parts(fine.starts, fine.good, fine.total, seconds)
        return bucket_sums(parts, first=interval.start, step=step, count=count)

    def missing(self, sli_key: str, origin: str, interval: Interval) -> list[Interval]:
        """Runs of slices that the origin never answered for. Raises ValueError for an end off the grid."""
        require_on_grid(interval, self._grid)
        step = self._grid.step_seconds
        known = self._state.slices.get((sli_key, origin), Slices.empty())
        absent = np.setdiff1d(lattice(Span.of(interval), step), known.starts)
        return [span.interval for span in runs(absent, step)]

    def last_measured_end(self, sli_key: str, before: datetime, origin: str | None = None) -> datetime | None:
        """End of the last measured slice that starts before an instant."""
        limit = epoch_seconds(self._grid.ceil(before))
        ends = [
            from_epoch(int(measured[-1])) + self._grid.step
            for (key, counted_by), slices in self._state.slices.items()
            if key == sli_key and origin in (None, counted_by)
            if len(measured := slices.starts[slices.measured & (slices.starts < limit)])
        ]
        return max(ends, default=None)


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
            stored = replace(one, error=storable(one.error), query=storable(one.query))
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


def _chosen(slices: Slices, which: npt.NDArray[np.bool_]) -> Slices:
    return Slices(slices.starts[which], slices.good[which], slices.total[which], slices.states[which])


def _in_order(one: Slices, other: Slices) -> Slices:
    """Slices of both, ascending; no start is in both."""
    starts = np.concatenate([one.starts, other.starts])
    order = np.argsort(starts)
    return Slices(
        starts[order],
        np.concatenate([one.good, other.good])[order],
        np.concatenate([one.total, other.total])[order],
        np.concatenate([one.states, other.states])[order],
    )


def _summed(origins: Sequence[Slices]) -> Slices:
    """One slice a start: counts summed over origins, measured when any of them measured."""
    if len(origins) == 1:
        return origins[0]
    starts = np.unique(np.concatenate([Slices.empty().starts, *(slices.starts for slices in origins)]))
    good, total = np.zeros(len(starts)), np.zeros(len(starts))
    states = np.full(len(starts), SliceState.GAP, dtype=np.int8)
    for slices in origins:
        at = np.searchsorted(starts, slices.starts)
        good[at] += slices.good
        total[at] += slices.total
        states[at] = np.minimum(states[at], slices.states)
    return Slices(starts, good, total, states)
