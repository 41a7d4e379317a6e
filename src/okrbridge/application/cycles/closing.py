"""Closing a cycle: what is asked of people, and the scores that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.access_ports import Caller
from okrbridge.application.audit import Change, record_change
from okrbridge.application.cycles.rules import CycleClosedError
from okrbridge.application.cycles.score_items import score_item
from okrbridge.application.cycles.scored import UNSCORED, Basis, Scored, Scoring, judged
from okrbridge.application.cycles.significance_statement import Statement, Statements
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, KeyResultState
from okrbridge.domain.progress import Progress
from okrbridge.domain.scoring import Outcome
from okrbridge.errors import ConflictError, OkrbridgeError

RESULTS = (Outcome.VALIDATED, Outcome.REFUTED, Outcome.INCONCLUSIVE)
"""How a hypothesis may end."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says about a key result at the close.

    Attributes:
        review: one sentence on the outcome.
        score: in place of the computed one, 0..1; None to let that stand.
        reason: why another score.
        result: how a hypothesis ended.
    """

    review: str = ""
    score: float | None = None
    reason: str = ""
    result: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, or too much, in what was said about a key result.

    Attributes:
        key_result: ``OBJECTIVE/NAME``.
        field: of the judgement.
    """

    key_result: str
    field: str
    message: str


class UnfinishedClosingError(OkrbridgeError):
    """The cycle cannot be closed with what was said; nothing was stored.

    Attributes:
        lacks: all of them, by key result.
    """

    def __init__(self, lacks: Sequence[Lack]) -> None:
        self.lacks = tuple(lacks)
        super().__init__("; ".join(f"{one.key_result}: {one.message}" for one in lacks))


@dataclass(frozen=True, slots=True)
class Computed:
    """What the rules say at the close, worked out before anybody waits for it.

    Attributes:
        scored: every key result of the cycle but drafts, by id.
        statements: of significance, by id.
        basis: what was known then.
    """

    scored: Sequence[Scored]
    statements: Mapping[str, Statement]
    basis: Basis


@dataclass(frozen=True)
class Closing:
    """Closes one cycle at an instant.

    Attributes:
        at: now; what was measured by then, and by the cycle's end, counts.
        computed: what another transaction worked out for the same instant; None to do it in this one.
    """

    transaction: Transaction
    definitions: DefinitionSet
    cycle: Cycle
    at: datetime
    computed: Computed | None = None

    def compute(self) -> Computed | None:
        """What the rules say now, read from this transaction; None when the cycle is closed already.

        A thousand key results take a second or two. Done in a reading transaction first, it holds up no tick.
        """
        if self.transaction.scores.of_cycle(self.cycle.name):
            return None
        return self._computed(self.scoring)

    @property
    def scoring(self) -> Scoring:
        """The cycle's key results as they stand at the close."""
        return Scoring(self.transaction, self.definitions, self.cycle, min(self.at, self.cycle.interval.end))

    @property
    def is_early(self) -> bool:
        """Whether the cycle still runs."""
        return self.at < self.cycle.interval.end

    def form(self) -> Item:
        """What closing asks of people, with the scores that the rule gives now."""
        scoring = self.scoring
        items = [_form_item(scored) for scored in scoring.all()]
        return {
            "cycle": self.cycle.name,
            "as_of": rfc3339(scoring.until),
            "is_early": self.is_early,
            "items": items,
        }

    def close(
        self, judgements: Mapping[str, Judgement], caller: Caller, request_id: str = "", *, early: bool = False
    ) -> list[ScoreRecord]:
        """Keep a score of every key result but drafts; from then on the cycle is closed.

        Args:
            judgements: by ``OBJECTIVE/NAME``.
            early: whether a cycle that still runs is meant to be closed, which nobody can take back.

        Raises:
            CycleClosedError: the cycle is closed already.
            ConflictError: it has not begun, or still runs and ``early`` is not said, or has nothing to score, or was
                declared anew meanwhile.
            UnfinishedClosingError: something was not said, or is not for saying; nothing is stored.
        """
        self._require_open(early=early)
        computed = self._current()
        scored, statements = computed.scored, computed.statements
        if not scored:
            raise ConflictError(f"cycle {self.cycle.name} has no key result to score")
        lacks = [*_unknown(judgements, scored), *(lack for one in scored for lack in _lacks(one, judgements))]
        if lacks:
            raise UnfinishedClosingError(lacks)
        records = [
            self._record(one, judgements[one.key_result.id], caller, statements.get(one.key_result.id))
            for one in scored
        ]
        self.transaction.scores.save(*records)
        after = {"scores": [score_item(record) for record in records]}
        change = Change("close", "Cycle", self.cycle.name, None, after)
        record_change(self.transaction, caller, change, self.at, request_id)
        return records

    def _current(self) -> Computed:
        """What was computed before, when nothing that it rests on has changed since; else computed anew.

        Raises:
            ConflictError: what is declared has changed since, so that the caller looks at something that is no more.
        """
        scoring = self.scoring
        if self.computed is None:
            return self._computed(scoring)
        before = self.computed.basis
        if before.editions != scoring.basis.editions:
            raise ConflictError(f"a document was changed while cycle {self.cycle.name} was being closed; send it again")
        return self.computed if before == scoring.basis else self._computed(scoring)

    def _computed(self, scoring: Scoring) -> Computed:
        statements = Statements(self.transaction, self.definitions).of(scoring.key_results, scoring.until)
        return Computed(scoring.all(), statements, scoring.basis)

    def _require_open(self, *, early: bool) -> None:
        kept = self.transaction.scores.of_cycle(self.cycle.name)
        if kept:
            closed = f"{kept[0].closed_at:%Y-%m-%dT%H:%M:%SZ}"
            raise CycleClosedError(f"cycle {self.cycle.name} is closed since {closed}; PATCH changes a single score")
        if self.at < self.cycle.interval.start:
            raise ConflictError(f"cycle {self.cycle.name} has not begun, so there is nothing to score")
        if self.is_early and not early:
            end = rfc3339(self.cycle.interval.end)
            raise ConflictError(
                f"cycle {self.cycle.name} runs until {end}, and a close cannot be taken back; "
                'send "early": true to close it now'
            )

    def _record(self, scored: Scored, judgement: Judgement, caller: Caller, statement: Statement | None) -> ScoreRecord:
        return ScoreRecord(
            key_result=scored.key_result.id,
            cycle=self.cycle.name,
            closed_at=self.at,
            closed_by=caller.name,
            computed=scored.score,
            score=scored.score if judgement.score is None else finite(judgement.score),
            outcome=standing_outcome(self.definitions, self.cycle, scored, judgement),
            evidence=scored.evidence,
            override_reason=judgement.reason if judgement.score is not None else "",
            review=judgement.review.strip(),
            significance=statement,
        )


def standing_outcome(definitions: DefinitionSet, cycle: Cycle, scored: Scored, judgement: Judgement) -> Outcome:
    """The outcome with what a person said: the result, what the score set in place means, else the computed one."""
    if scored.outcome is None:
        return judgement.result or Outcome.INCONCLUSIVE
    if judgement.score is None:
        return scored.outcome
    return judged(definitions, cycle, scored.key_result, Progress.of(judgement.score))


def _form_item(scored: Scored) -> Item:
    key_result = scored.key_result
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "title": key_result.title,
        "kind": str(key_result.kind),
        "asks": ["review", "result"] if _asks_result(key_result) else ["review"],
        "computed_score": scored.score,
        "outcome": None if scored.outcome is None else str(scored.outcome),
        "evidence": scored.evidence,
    }


def _asks_result(key_result: KeyResult) -> bool:
    return key_result.kind is KeyResultKind.HYPOTHESIS and key_result.state is not KeyResultState.DROPPED


def _unknown(judgements: Mapping[str, Judgement], scored: Sequence[Scored]) -> list[Lack]:
    known = {one.key_result.id for one in scored}
    message = "the cycle scores no key result of this name"
    return [Lack(name, "key_result", message) for name in judgements if name not in known]


def _lacks(scored: Scored, judgements: Mapping[str, Judgement]) -> list[Lack]:
    """What is missing about one key result; a full score asks for its sentence like any other."""
    name, judgement = scored.key_result.id, judgements.get(scored.key_result.id, Judgement())
    found = []
    if not judgement.review.strip():
        found.append(Lack(name, "review", "one sentence on the outcome is missing"))
    if _asks_result(scored.key_result) and judgement.result is None:
        found.append(Lack(name, "result", "a hypothesis ends validated, refuted or inconclusive; say which"))
    if not _asks_result(scored.key_result) and judgement.result is not None:
        found.append(Lack(name, "result", "only a hypothesis has a result"))
    if judgement.score is not None:
        found += _lacks_of_score(scored, judgement)
    return found


def _lacks_of_score(scored: Scored, judgement: Judgement) -> list[Lack]:
    name = scored.key_result.id
    if scored.key_result.kind in UNSCORED:
        return [Lack(name, "score", f"a key result of kind {scored.key_result.kind} has no score")]
    return (
        [] if judgement.reason.strip() else [Lack(name, "reason", "another score than the computed one needs a reason")]
    )
