"""What becomes of scores after the close: measuring goes on, and so do the final score and its significance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from okrbridge.application.cycles.score_items import scored_as_of
from okrbridge.application.cycles.scored import progress_under_guards
from okrbridge.application.cycles.significance_statement import Statement, Statements, is_settled
from okrbridge.application.daily_progress import DAY
from okrbridge.application.okr_records import JsonValue, ScoreRecord
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.scoring import Outcome, score_of

EVERY = timedelta(hours=1)
"""How often scores are looked at; each is brought up to date once a day."""

LATE = timedelta(days=7)
"""So long after measuring has ended a score that was never measured again is still looked at."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A score to bring up to date, as of an instant."""

    record: ScoreRecord
    key_result: KeyResult
    until: datetime


@dataclass
class FinalScores:
    """Keeps the final scores of closed cycles up to date (formula A14), until measuring ends or the change is settled.

    The score at the close never changes. A change is settled when it is significant by 28 days that all lie after the
    close.
    """

    parts: Parts
    definitions: DefinitionSet
    _done: datetime | None = field(default=None, init=False)

    def run(self, at: datetime) -> int:
        """Do what is due at a tick; returns how many scores were brought up to date."""
        if self._done is not None and at - self._done < EVERY:
            return 0
        # Worked out while others may write; only what comes of it is written as the only writer.
        with self.parts.storage.reading() as database:
            updated = self._updated(database, list(self._due(database, at)))
        kept = self._keep(updated) if updated else 0
        self._done = at
        return kept

    def _keep(self, updated: Sequence[tuple[ScoreRecord, ScoreRecord]]) -> int:
        """Store scores in the place of those they were made from; one that was put right meanwhile waits an hour."""
        with self.parts.storage.transaction() as transaction:
            now = {(one.cycle, one.key_result): one for one in transaction.scores.all()}
            unchanged = [after for before, after in updated if now.get((before.cycle, before.key_result)) == before]
            transaction.scores.save(*unchanged)
        return len(unchanged)

    def _due(self, database: Transaction, at: datetime) -> Iterator[_Due]:
        for record in database.scores.all():
            cycle = self.definitions.cycle_by_name.get(record.cycle)
            key_result = self.definitions.key_result_by_id.get(record.key_result)
            if cycle is None or key_result is None or not self._goes_on(record, key_result, cycle):
                continue
            until = min(at, cycle.measure_until)
            if _is_due(record, until, at):
                yield _Due(record, key_result, until)

    def _goes_on(self, record: ScoreRecord, key_result: KeyResult, cycle: Cycle) -> bool:
        is_its_own = self.definitions.objective_by_name[key_result.objective].cycle == cycle.name
        is_scored = key_result.kind is not KeyResultKind.BASELINE and record.outcome is not Outcome.DROPPED
        return is_its_own and is_scored and not is_settled(record.significance, scored_as_of(record))

    def _updated(self, database: Transaction, due: Sequence[_Due]) -> list[tuple[ScoreRecord, ScoreRecord]]:
        """Each score with what becomes of it; those of one cycle end at one instant and are looked up together."""
        together: dict[datetime, list[_Due]] = defaultdict(list)
        for one in due:
            together[one.until].append(one)
        found: list[tuple[ScoreRecord, ScoreRecord]] = []
        for until, own in together.items():
            statements = Statements(database, self.definitions).of([one.key_result for one in own], until)
            records = database.progress.latest([one.key_result.id for one in own], until)
            for one in own:
                name = one.key_result.id
                found.append((one.record, _after(one, records.get(name), statements.get(name))))
        return found


def _after(due: _Due, record: ProgressRecord | None, statement: Statement | None) -> ScoreRecord:
    final = _final(due, record)
    return replace(
        due.record,
        final=final,
        final_at=due.until if final is not None else None,
        significance=statement if statement is not None else due.record.significance,
    )


def _is_due(record: ScoreRecord, until: datetime, at: datetime) -> bool:
    """Once a day after the close, and once more when measuring has ended."""
    last = record.final_at or scored_as_of(record)
    if until <= last or at - until > LATE:
        return False
    return until - last >= DAY or at > until


def _final(due: _Due, record: ProgressRecord | None) -> float | None:
    """The score of what was measured after the close, under the guards as they held until then; the one before if not.

    Guards are asked about the time up to the close: what breaks later spoils no score.
    """
    is_new = record is not None and record.measured_at is not None and record.measured_at > scored_as_of(due.record)
    if record is None or not is_new:
        return due.record.final
    progress = progress_under_guards(record, due.key_result, _held(due.record.evidence.get("guards")))
    return due.record.final if progress is None else score_of(progress.ratio).value


def _held(guards: JsonValue) -> list[float | None]:
    """The share that each guard held, as the evidence keeps it."""
    kept = [one.get("held_ratio") for one in guards if isinstance(one, dict)] if isinstance(guards, list) else []
    return [float(one) if isinstance(one, int | float) else None for one in kept]
