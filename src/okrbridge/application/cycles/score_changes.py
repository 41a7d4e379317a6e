"""Putting a score right after the close, while there is time for second thoughts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from okrbridge.application.access_ports import Caller
from okrbridge.application.audit import Change, record_change
from okrbridge.application.cycles.closing import Lack, UnfinishedClosingError
from okrbridge.application.cycles.phases import scores_change_until
from okrbridge.application.cycles.rules import CycleClosedError
from okrbridge.application.cycles.score_items import commitment_of, score_item
from okrbridge.application.cycles.scored import UNSCORED
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.ports import Transaction
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResultKind, KeyResultState
from okrbridge.domain.progress import Progress
from okrbridge.domain.scoring import Outcome, outcome_of
from okrbridge.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """What is put right.

    Attributes:
        reason: why; kept with the score, and in the audit log.
        score: another one, 0..1; None leaves it.
        result: of a hypothesis; None leaves it.
        review: a better sentence; empty leaves it.
    """

    reason: str
    score: float | None = None
    result: Outcome | None = None
    review: str = ""


def find_score(transaction: Transaction, cycle: str, key_result: str) -> ScoreRecord:
    """The score of a key result in a cycle. Raises NotFoundError when there is none."""
    for record in transaction.scores.of_cycle(cycle):
        if record.key_result == key_result:
            return record
    raise NotFoundError("score", f"{cycle}/{key_result}")


@dataclass(frozen=True)
class Changing:
    """Changes scores of a closed cycle at an instant."""

    transaction: Transaction
    definitions: DefinitionSet
    cycle: Cycle
    at: datetime

    def change(self, before: ScoreRecord, change: ScoreChange, caller: Caller, request_id: str = "") -> ScoreRecord:
        """Keep the score with a change, and a line in the audit log.

        Raises:
            CycleClosedError: the time for second thoughts is over.
            UnfinishedClosingError: the change does not fit the kind of key result, or changes nothing.
        """
        until = scores_change_until(self.cycle, before.closed_at)
        if self.at >= until:
            raise CycleClosedError(f"the scores of cycle {self.cycle.name} stand since {until:%Y-%m-%dT%H:%M:%SZ}")
        lacks = _lacks(before, change)
        if lacks:
            raise UnfinishedClosingError(lacks)
        after = self._changed(before, change)
        self.transaction.scores.save(after)
        name = f"{before.cycle}/{before.key_result}"
        entry = Change("update", "Score", name, score_item(before), score_item(after), change.reason)
        record_change(self.transaction, caller, entry, self.at, request_id)
        return after

    def _changed(self, before: ScoreRecord, change: ScoreChange) -> ScoreRecord:
        after = replace(before, review=change.review.strip() or before.review, outcome=change.result or before.outcome)
        if change.score is None:
            return after
        score = change.score + 0.0
        return replace(after, score=score, override_reason=change.reason, outcome=self._outcome(before, score))

    def _outcome(self, before: ScoreRecord, score: float) -> Outcome:
        state = KeyResultState.DROPPED if before.outcome is Outcome.DROPPED else KeyResultState.ACTIVE
        policy = self.definitions.policy_of(self.cycle)
        return outcome_of(Progress.of(score), commitment_of(before), state, policy)


def _lacks(record: ScoreRecord, change: ScoreChange) -> list[Lack]:
    kind, found = record.evidence.get("kind"), []
    if not change.reason.strip():
        found.append(Lack(record.key_result, "reason", "a change needs a reason"))
    if change.score is not None and kind in UNSCORED:
        found.append(Lack(record.key_result, "score", f"a key result of kind {kind} has no score"))
    if change.result is not None and kind != KeyResultKind.HYPOTHESIS:
        found.append(Lack(record.key_result, "result", "only a hypothesis has a result"))
    if change.score is None and change.result is None and not change.review.strip():
        found.append(Lack(record.key_result, "score", "give a score, a result or a review"))
    return found
