"""One tick: from the sources' answers at a slice boundary to a published snapshot."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from okrbridge.application import counting
from okrbridge.application.backfill import Backfill, Filled
from okrbridge.application.counting_facts import CountingFacts, learnt
from okrbridge.application.cycles.final_scores import FinalScores
from okrbridge.application.event_counters import EventCounters
from okrbridge.application.findings import Findings
from okrbridge.application.key_result_history import fill_key_result_history
from okrbridge.application.measuring.baselines import freeze_baselines
from okrbridge.application.measuring.evaluation import KeyResultEvaluation
from okrbridge.application.measuring.requests import answers, sources_of, value_requests
from okrbridge.application.measuring.rollup import cycle_report, objective_reports
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, Reading, Transaction
from okrbridge.application.recheck import Recheck
from okrbridge.application.records import Evaluation
from okrbridge.application.retention import Retention
from okrbridge.application.settling import settled
from okrbridge.application.slo_evaluation import SloEvaluation
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.application.source_health import SourceHealth
from okrbridge.application.thinning import Thinning
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Interval
from okrbridge.errors import StorageError

CATCH_UP = timedelta(hours=1)
"""How much of a hole a tick fills before it computes; what is older follows right after, newest first."""

RETRY_PAST = timedelta(hours=1)
"""How long to wait before key results' past is asked for again after a source failed."""

PUBLISH_EVERY = 5.0
"""Seconds between snapshots while history is filled."""

NO_OLDER_DATA = "the source keeps less history than the windows need, or nothing was there yet"

log = structlog.get_logger(__name__)


@dataclass
class Evaluator:
    """Runs ticks over one set of definitions; one thread at a time.

    Attributes:
        events: live event counters, handed on when definitions are reloaded.
    """

    parts: Parts
    definitions: DefinitionSet
    snapshots: SnapshotHolder
    events: EventCounters = field(default_factory=EventCounters)

    def __post_init__(self) -> None:
        self.health = SourceHealth({source.name: source.type for source in self.definitions.sources})
        self.backfill = Backfill(self.parts, self.definitions)
        self.recheck = Recheck(self.parts, self.definitions)
        self.retention = Retention(self.parts, self.definitions)
        self._thinning = Thinning(self.parts, self.definitions)
        self._final_scores = FinalScores(self.parts, self.definitions)
        self._findings = Findings(self.parts, self.definitions)
        self._slos = SloEvaluation(self.definitions, self.parts.grid, self.parts.sources)
        self._key_results = KeyResultEvaluation(self.definitions, self.parts.grid, self._slos.memory)
        self._facts = CountingFacts(ingest_delay=self.parts.ingest_delay, late=self.parts.late)
        self._readings: Mapping[str, Reading] = {}
        self._past_due: datetime | None = datetime.min.replace(tzinfo=UTC)

    def tick(self, at: datetime | None = None) -> Snapshot:
        """Evaluate one boundary, the newest by default, and publish the snapshot.

        Sources that fail leave their last good numbers standing.

        Raises:
            StorageError: the database failed; nothing of the tick was kept and the old snapshot stands.
        """
        at = at or self.parts.boundary()
        lateness = (self.parts.clock() - at - self.parts.ingest_delay).total_seconds()
        watch, telemetry = _Laps(), self.parts.telemetry
        with telemetry.span("okrbridge.tick", {"okrbridge.at": at.isoformat()}) as span:
            try:
                self.snapshots.current = self._evaluate(at, watch)
            except Exception as problem:
                span.record_exception(problem)
                telemetry.tick_finished(duration=watch.seconds, lateness=lateness, succeeded=False)
                raise
        telemetry.tick_finished(duration=watch.seconds, lateness=lateness, succeeded=True)
        return self.snapshots.current

    def fill_history(self, at: datetime, keep_going: Callable[[], bool]) -> bool:
        """Fill older history, newest first, while asked to keep going; publish again when that changed numbers.

        Returns whether anything was filled.
        """
        published = time.monotonic()

        def publish_now_and_then(_chunk: Interval, _slices: int) -> None:
            nonlocal published
            if time.monotonic() - published >= PUBLISH_EVERY:
                self._publish_again()
                published = time.monotonic()

        made = 0
        if not self._is_filled(at):
            filled = self.backfill.run(at, keep_going, skip=self.health.failing_slis(), on_chunk=publish_now_and_then)
            self._tell(filled)
            made = filled.slices
        if keep_going() and self._past_due is not None and at >= self._past_due:
            made += self.fill_past(at, keep_going)
        if made:
            self._key_results.memory.forget_history()
            self._publish_again()
        return made > 0

    def upkeep(self, at: datetime, keep_going: Callable[[], bool]) -> None:
        """What is due beside the tick.

        Late slices are read again, old ones are forgotten, old records of key results are thinned, scores of closed
        cycles are brought up to date, findings are looked for, and plans are learnt again.
        """
        self.recheck.run(at, keep_going, skip=self.health.failing_slis())
        if keep_going():
            self.retention.run(at)
        if keep_going():
            self._try("thinning", lambda: self._thinning.run(at, keep_going))
        if keep_going():
            self._try("final scores", lambda: self._final_scores.run(at))
        if keep_going():
            self._try("findings", self._find)
        if keep_going() and self._facts.is_due(at):
            self.learn_plan(at)

    def _find(self) -> None:
        if self.snapshots.current is not None:
            self._findings.run(self.snapshots.current)

    def _try(self, what: str, work: Callable[[], object]) -> None:
        """Do what neither the tick nor the history waits for; the next tick tries again."""
        try:
            work()
        except StorageError as problem:
            log.warning("left for the next tick: the database failed", what=what, problem=str(problem))
        except Exception:
            log.exception("left for the next tick: it failed", what=what)

    def learn_plan(self, at: datetime) -> None:
        """Have the sources tell which questions they ask together; the next snapshot holds it."""
        self._facts = learnt(self.parts, self.definitions, at)

    def _is_filled(self, at: datetime) -> bool:
        """Whether the snapshot of this very boundary found nothing missing: then the ledger is not asked again."""
        current = self.snapshots.current
        return current is not None and current.at == at and current.history_filled_ratio >= 1

    def _tell(self, filled: Filled) -> None:
        for text, times in filled.warnings.items():
            log.warning("source warns about history", warning=text, answers=times)
        for source in self.health.note_history(filled.no_data_before):
            begin = filled.no_data_before[source]
            log.warning("no older data", source=source, begins=begin.isoformat(), remedy=NO_OLDER_DATA)

    def fill_past(self, at: datetime, keep_going: Callable[[], bool]) -> int:
        """The key results' baselines and past, once; again after a while when a part of it could not be had."""
        frozen = freeze_baselines(self.parts, self.definitions, at, keep_going)
        past = fill_key_result_history(self.parts, self.definitions, at, keep_going)
        if keep_going():
            is_complete = past.is_complete and not frozen.waiting
            self._past_due = None if is_complete else at + RETRY_PAST
        if frozen.made + past.made:
            self._key_results.memory.forget_history()
        return frozen.made + past.made

    def _publish_again(self) -> None:
        """The current boundary's numbers once more from the fuller ledger, without asking the sources again."""
        current = self.snapshots.current
        if current is None:
            return
        with self.parts.storage.transaction() as transaction:
            self.snapshots.current = self._compute(transaction, current.at, current.evaluation_id, self.events)

    def _evaluate(self, at: datetime, watch: _Laps) -> Snapshot:
        started, evaluation_id = self.parts.clock(), uuid.uuid4().hex
        counted = self._count(at)
        answers_and_settled = settled(self.parts, counted, max(at, self.parts.boundary()))
        answers = answers_and_settled[: len(counted)]
        self._readings = self._read_values(at)
        self.health.note_counts(answers, at)
        failures = _failures(answers, self._readings)
        watch.lap("query")
        events = self.events.plus(answers)
        with self.parts.telemetry.span("okrbridge.write"), self.parts.storage.transaction() as transaction:
            written = counting.write(transaction.ledger, answers_and_settled)
            watch.lap("write")
            snapshot = self._compute(transaction, at, evaluation_id, events)
            watch.lap("compute")
            finished = self.parts.clock()
            transaction.evaluations.save(Evaluation(evaluation_id, at, started, finished, written, failures))
        watch.lap("write")
        self.events = events
        return snapshot

    def _count(self, at: datetime) -> list[Counted]:
        recent = Interval(at - CATCH_UP, at)
        with self.parts.storage.reading() as database:
            requests = counting.missing_requests(database.ledger, self.definitions.slis, recent)
        return counting.count(self.parts.sources, requests)

    def _read_values(self, at: datetime) -> dict[str, Reading]:
        requests = value_requests(self.definitions, at)
        readings = answers(self.parts.askable, requests)
        self.health.note_values(zip(sources_of(requests), readings.values(), strict=True), at)
        return readings

    def _compute(self, transaction: Transaction, at: datetime, evaluation_id: str, events: EventCounters) -> Snapshot:
        """The snapshot of a boundary from the ledger and the readings; saves what it measured."""
        ledger, closed = transaction.ledger, transaction.scores.cycles()
        measured = self._key_results.evaluate(transaction, at, self._readings, evaluation_id)
        return Snapshot(
            evaluation_id=evaluation_id,
            at=at,
            published_at=self.parts.clock(),
            slos=self._slos.reports(ledger, at, outcomes=self.health.outcomes, events=events),
            objectives=objective_reports(self.definitions, measured.key_results, at),
            indicators=measured.indicators,
            cycles=tuple(cycle_report(cycle, at, closed) for cycle in self.definitions.cycles),
            sources=tuple(self.health.report(name, at) for name in self.parts.askable),
            history_filled_ratio=self.backfill.needs.filled_ratio(ledger, at),
            counting=self._facts,
        )


def _failures(answers: Sequence[Counted], readings: Mapping[str, Reading]) -> dict[str, str]:
    failed = {
        answer.request.slis[row].key: failure.message for answer in answers for row, failure in answer.failures.items()
    }
    return failed | {name: reading.failure.message for name, reading in readings.items() if reading.failure}


@dataclass
class _Laps:
    """Seconds spent by phase: each lap adds the time since the one before to its phase."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now
