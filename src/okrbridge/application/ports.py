"""What the use cases need from the outside, as protocols.

The real parts live in ``sources`` and ``storage``; ``bootstrap`` picks them. Every implementation passes the
shared port tests in ``tests/ports``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from okrbridge.application.access_ports import AuditRecords, IdempotencyRecords, TokenRecords
from okrbridge.application.okr_ports import (
    BaselineRecords,
    CheckInRecords,
    DocumentRecords,
    EventRecords,
    FindingRecords,
    ScoreRecords,
)
from okrbridge.application.records import (
    DefinitionRevision,
    Evaluation,
    Measurement,
    ProgressRecord,
    TracePoint,
)
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.ledger import FloatArray, IntArray, Slices, SliceTable, WindowCounts, WindowSums
from okrbridge.domain.measures import AskedMeasure
from okrbridge.domain.pacing import KeyResultStatus
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


@dataclass(frozen=True, eq=False)
class CountRequest:
    """Count the events of several SLIs of one source in every slice of an interval.

    Attributes:
        slis: all counted by the source that is asked; none is a composite.
        interval: both ends on the grid.
        measured_until: end of the last measured slice before the interval, the same for all the SLIs, so that
            events of series that were born in unmeasured time are not lost: the interval's start when nothing was
            unmeasured. None when nothing is known to have been measured, or slices in between are still to be asked
            for; then births are looked for in the interval alone. What a known series grew by since its last sample
            before the interval always belongs to the slice of its next sample, whatever was measured meanwhile: that
            sample is its latest, so no other slice counts the same growth.
    """

    slis: tuple[Sli, ...]
    interval: Interval
    measured_until: datetime | None = None


@dataclass(frozen=True, eq=False)
class Counted:
    """The answer to a CountRequest.

    Attributes:
        table: a row for each of the request's SLIs, a column for each slice of its interval.
        failures: by row. A row that failed may hold known slices beside UNKNOWN ones; those are as good as any.
        warnings: what the source said beside its answers, such as a partial response, by row.
    """

    request: CountRequest
    table: SliceTable
    failures: Mapping[int, SourceFailure] = field(default_factory=dict)
    warnings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """One question that a source will ask at each slice, for ``plan`` and ``explain``.

    Attributes:
        query: PromQL, word for word.
        method: how its SLIs are counted, in a few words: ``series``, ``sums``, ``as written``.
        sli_keys: whose counts it gives.
        series: how many series it reads, where known.
        note: why it is asked this way; empty when there is nothing to say.
    """

    query: str
    method: str
    sli_keys: tuple[str, ...]
    series: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """Ask a source for one number at one instant, or for one number for each member of a population.

    Attributes:
        query: what is asked, for people: PromQL, SQL, a JSONPath, or the column of a table.
        window: what the value should speak of, where a source can tell times apart.
        measure: how it is asked, for sources that are not asked in PromQL; it also tells of members.
    """

    query: str
    at: datetime
    window: Interval | None = None
    measure: AskedMeasure | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer to a ValueRequest.

    ``value`` is None without a failure when the source answered that there is nothing: an empty result or NaN;
    ``note`` then says which. Where members were asked for, ``members`` holds (name, value) of each, None for one of
    which nothing is known, and ``value`` is None. ``deviation`` is the standard deviation of the samples of which the
    value is the mean; None where it is none.
    """

    request: ValueRequest
    value: float | None
    failure: SourceFailure | None = None
    note: str = ""
    warnings: tuple[str, ...] = ()
    sample_count: float | None = None
    members: tuple[tuple[str, float | None], ...] | None = None
    deviation: float | None = None


class ValueSource(Protocol):
    """A system that gives numbers. It never raises: failures are answers."""

    @property
    def name(self) -> str:
        """The declared name."""

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""

    def close(self) -> None:
        """Let go of connections."""


class MetricSource(ValueSource, Protocol):
    """A system that counts events too; its name is also the origin of the slices it counts."""

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order; one failing request leaves the others alone."""

    def check_query(self, query: str) -> SourceFailure | None:
        """Let the source itself read an expression; None when it accepts it."""

    def counting_query(self, sli: Sli) -> str:
        """The question that counts an ordinary slice of an SLI, word for word."""

    def counting_method(self, sli: Sli) -> str:
        """How this source counts an SLI, in a few words for ``explain``."""

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """The questions that count an ordinary slice of these SLIs, each with the SLIs it serves.

        May ask the source how many series there are; does not count.
        """


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


@dataclass(frozen=True, slots=True, eq=False)
class MissingRun:
    """Slices that were never answered for, the same for several SLIs.

    Attributes:
        rows: indexes into the keys asked about.
        measured_until: end of the last measured slice before the run when all slices between it and the run were
            answered for; None otherwise. See CountRequest.
    """

    interval: Interval
    rows: IntArray
    measured_until: datetime | None


class Ledger(Protocol):
    """All slices. Reads sum over origins; a slice counts as measured when any origin measured it."""

    def write(self, slis: Sequence[Sli], origin: str, table: SliceTable) -> int:
        """Store the known slices of a table, idempotent on (SLI, origin, slice start); returns how many are stored.

        A slice written again replaces its counts; a gap never replaces a measured slice; UNKNOWN is passed over.
        """

    def window_sums(self, sli_keys: Sequence[str], intervals: Sequence[Interval]) -> WindowSums:
        """Sums over intervals with ends on the grid; zero where nothing is known."""

    def window_counts(self, sli_key: str, intervals: Sequence[Interval]) -> list[WindowCounts]:
        """The sums of one SLI, in order; nothing is excluded, so the time in force is the interval's length."""

    def slices(self, sli_key: str, interval: Interval) -> Slices:
        """The slices that were asked for in an interval, ascending."""

    def slices_of(self, sli_keys: Sequence[str], interval: Interval) -> SliceTable:
        """Slices of several SLIs: a row for each key in the order given, a column for each slice of the interval.

        UNKNOWN where nothing is held. A slice takes 17 bytes: ask for many SLIs an hour or a day at a time.
        """

    def buckets(self, sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        """Sums over equal steps, a multiple of the grid's, counted from the interval's start."""

    def missing(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """The longest runs of slices that this origin never answered for; SLIs that miss the same are put together."""

    def gaps(self, sli_keys: Sequence[str], origin: str, interval: Interval) -> list[MissingRun]:
        """The longest runs of slices that this origin answered with a gap, put together as in ``missing``."""

    def last_measured_ends(self, sli_keys: Sequence[str], before: datetime, origin: str | None = None) -> IntArray:
        """Epoch seconds of the end of each SLI's last measured slice that starts before an instant; -1 for none."""

    def revision(self, sli_keys: Sequence[str], before: datetime) -> int:
        """Grows whenever slices of the SLIs that start before an instant are written: a key for what is derived."""

    def expire(self, slices_before: datetime, hours_before: datetime) -> int:
        """Forget fine slices, and hourly sums, older than these; sums of hours stay exact. Returns rows removed.

        Ends that lie inside an hour are moved back to its start.
        """


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

    def sampled(self, key_results: Sequence[str], instants: Sequence[datetime]) -> Mapping[str, list[ProgressRecord]]:
        """The last progress of each key result at or before each instant, ascending, every record once."""

    def lacking(
        self, key_results: Sequence[str], instants: Sequence[datetime], within: timedelta
    ) -> list[tuple[str, datetime]]:
        """The key results and instants without a record at the instant, or so soon after it, in no order."""

    def first_shown(
        self, statuses: Collection[KeyResultStatus], asked: Sequence[tuple[str, Interval]]
    ) -> list[datetime | None]:
        """When each of the key results first had one of the statuses in its interval; None for never."""

    def measured(self, key_result: str, interval: Interval) -> list[tuple[datetime, float | None]]:
        """When a key result was measured in an interval, and its value then, ascending; None for no value."""

    def names(self) -> list[str]:
        """Every key result and indicator that has records, declared or not, ascending."""

    def oldest(self) -> datetime | None:
        """When the oldest record is of; None without any."""

    def trace(self, key_result: str, interval: Interval) -> list[TracePoint]:
        """What tells the records of an interval apart, ascending."""

    def forget(self, key_result: str, spans: Sequence[Interval]) -> int:
        """Remove measurements and progress, both ends of each span included; returns how many records went."""

    def thinned_until(self, step: timedelta) -> datetime | None:
        """Up to when records were thinned to two a step; None before the first time."""

    def note_thinned(self, step: timedelta, until: datetime) -> None:
        """Keep up to when records were thinned to two a step."""


class EvaluationRecords(Protocol):
    """What each tick did."""

    def save(self, evaluation: Evaluation) -> None:
        """Store, idempotent on the evaluation's id."""

    def latest(self) -> Evaluation | None:
        """The evaluation of the latest slice boundary."""

    def expire(self, before: datetime, most: int) -> int:
        """Forget the oldest evaluations of boundaries before an instant, so many at most; returns how many."""


class DefinitionRecords(Protocol):
    """What was declared, with every revision."""

    def record(self, documents: Sequence[DeclaredDocument], origin: str, at: datetime) -> list[DefinitionRevision]:
        """Store a revision of each document that is new or changed, and retire those that are gone.

        Returns the revisions made; none when nothing changed.
        """

    def revisions(self, kind: str, name: str) -> list[DefinitionRevision]:
        """All revisions of one document, oldest first."""

    def begun_at(self) -> datetime | None:
        """When the first revision of anything was stored; None before."""


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

    @property
    def documents(self) -> DocumentRecords:
        """Documents made over HTTP."""

    @property
    def check_ins(self) -> CheckInRecords:
        """What people said."""

    @property
    def events(self) -> EventRecords:
        """What happened."""

    @property
    def baselines(self) -> BaselineRecords:
        """Frozen baselines."""

    @property
    def scores(self) -> ScoreRecords:
        """Scores of key results."""

    @property
    def findings(self) -> FindingRecords:
        """What was noticed."""

    @property
    def tokens(self) -> TokenRecords:
        """Who may do what."""

    @property
    def audit(self) -> AuditRecords:
        """Who wrote what."""

    @property
    def idempotency(self) -> IdempotencyRecords:
        """Answers to requests that may be sent again."""


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
