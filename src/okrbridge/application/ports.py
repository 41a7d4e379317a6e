"""What the use cases need from the outside, as protocols.

The real parts live in ``sources`` and ``storage``; ``bootstrap`` picks them. Every implementation passes the
shared port tests in ``tests/ports``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from okrbridge.application.records import (
    DefinitionRevision,
    Evaluation,
    Measurement,
    ProgressRecord,
)
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.ledger import FloatArray, IntArray, Slices, WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceFailureReason

Attribute = str | bool | float
"""What a span may carry."""

Clock = Callable[[], datetime]
"""Tells the current instant, aware and UTC."""


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """Why a question to a source has no usable answer."""

    reason: SourceFailureReason
    message: str


@dataclass(frozen=True, slots=True)
class CountRequest:
    """Count an SLI's events in every slice of an interval.

    Attributes:
        interval: both ends on the grid.
        last_measured_end: end of the last slice that was measured before the interval, so that increases
            which happened in unmeasured time are not lost; None when there is none.
    """

    sli: Sli
    interval: Interval
    last_measured_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """The answer to a CountRequest: either slices (one for each step of the interval) or a failure.

    Attributes:
        query: what was asked, word for word.
        warnings: what the source said beside its answer, such as a partial response.
    """

    request: CountRequest
    slices: Slices | None
    failure: SourceFailure | None = None
    query: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """Evaluate an expression that gives one number, at one instant."""

    query: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to a ValueRequest.

    ``value`` is None without a failure when the source answered that there is nothing: an empty result or NaN;
    ``note`` then says which.
    """

    request: ValueRequest
    value: float | None
    failure: SourceFailure | None = None
    note: str = ""
    warnings: tuple[str, ...] = ()


class MetricSource(Protocol):
    """A system that counts events and evaluates expressions. It never raises: failures are answers."""

    @property
    def name(self) -> str:
        """The declared name; also the origin of the slices it counts."""

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order; one failing request leaves the others alone."""

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""

    def check_query(self, query: str) -> SourceFailure | None:
        """Let the source itself read an expression; None when it accepts it."""

    def counting_query(self, sli: Sli) -> str:
        """The question that counts an ordinary slice of an SLI, word for word."""

    def counting_method(self, sli: Sli) -> str:
        """How this source counts an SLI, in a few words for ``explain``."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Sums of slices over equal steps, ascending, one entry a step of the interval asked for.

    Attributes:
        starts: epoch seconds.
        good, total: events in the measured slices.
        measured_seconds: time covered by measured slices.
    """

    starts: IntArray
    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray


class Ledger(Protocol):
    """All slices. Reads sum over origins; a slice counts as measured when any origin measured it."""

    def write(self, sli: Sli, origin: str, slices: Slices) -> None:
        """Store slices, idempotent on (sli, origin, slice start).

        A slice written again replaces its counts; a gap never replaces a measured slice.
        """

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """Sums over intervals with ends on the grid, in order; zero counts where nothing is known."""

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """The slices that were asked for in an interval, ascending."""

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over equal steps, a multiple of the grid's, counted from the interval's start."""

    def missing(self, sli_key: str, origin: str, interval: Interval) -> list[Interval]:
        """The longest runs of slices that this origin never answered for, ascending."""

    def last_measured_end(self, sli_key: str, before: datetime, origin: str | None = None) -> datetime | None:
        """End of the last measured slice that starts before an instant."""


class ProgressRecords(Protocol):
    """Measurements and progress of key results."""

    def save(self, measurements: Sequence[Measurement], progress: Sequence[ProgressRecord]) -> None:
        """Store, idempotent on (key result, instant): the same instant written again is replaced."""

    def latest(self, key_results: Sequence[str], until: datetime) -> Mapping[str, ProgressRecord]:
        """The last progress of each key result at or before an instant, by id; absent when there is none."""

    def latest_good(self, key_results: Sequence[str], until: datetime) -> Mapping[str, Measurement]:
        """The last measurement with a value, by key result id; absent when there is none."""

    def history(self, key_result: str, interval: Interval, limit: int) -> list[ProgressRecord]:
        """Progress in an interval, ascending; the newest ``limit`` when there are more."""


class EvaluationRecords(Protocol):
    """What each tick did."""

    def save(self, evaluation: Evaluation) -> None:
        """Store, idempotent on the evaluation's id."""

    def latest(self) -> Evaluation | None:
        """The evaluation of the latest slice boundary."""


class DefinitionRecords(Protocol):
    """What was declared, with every revision."""

    def record(self, documents: Sequence[DeclaredDocument], origin: str, at: datetime) -> list[DefinitionRevision]:
        """Store a revision of each document that is new or changed, and retire those that are gone.

        Returns the revisions made; none when nothing changed.
        """

    def revisions(self, kind: str, name: str) -> list[DefinitionRevision]:
        """All revisions of one document, oldest first."""


class Transaction(Protocol):
    """The database inside one transaction."""

    @property
    def ledger(self) -> Ledger:
        """Slices of good and total events."""

    @property
    def progress(self) -> ProgressRecords:
        """Measurements and progress of key results."""

    @property
    def evaluations(self) -> EvaluationRecords:
        """Finished ticks."""

    @property
    def definitions(self) -> DefinitionRecords:
        """Revisions of what was declared."""


class Storage(Protocol):
    """A database. Failures are StorageError."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Write: everything is kept when the block ends well, nothing when it raises."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read one consistent state; writing inside is an error."""

    def check(self) -> None:
        """Raise StorageError unless the database answers, can be written, and its schema is the one of this version."""

    def close(self) -> None:
        """Let go of connections."""


class Span(Protocol):
    """One traced step."""

    def set_attribute(self, key: str, value: Attribute) -> None:
        """Attach a fact."""

    def record_exception(self, exception: Exception) -> None:
        """Mark the step as failed."""


class Telemetry(Protocol):
    """Where okrbridge tells about itself."""

    def span(self, name: str, attributes: Mapping[str, Attribute] | None = None) -> AbstractContextManager[Span]:
        """Trace a step."""

    def tick_finished(self, *, duration: Mapping[str, float], lateness: float, succeeded: bool) -> None:
        """Count a tick: seconds by phase (query, compute, write), and how late after its boundary it began."""

    def source_failed(self, source: str, reason: SourceFailureReason) -> None:
        """Count a failed question to a source."""

    def reloaded(self, *, succeeded: bool, at: datetime) -> None:
        """Note that definitions were loaded, or were refused."""
