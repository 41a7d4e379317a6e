"""What the rule gives a key result at the close of its cycle, with the evidence it rests on.

Only what is stored is looked at, up to the instant asked for: asked again, the answer is the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from okrbridge.application.cycles.guard_time import (
    FrozenByQuestion,
    frozen_by_question,
    guard_compliance,
    with_frozen_baseline,
)
from okrbridge.application.okr_records import Edition, FrozenBaseline, JsonValue
from okrbridge.application.ports import Transaction
from okrbridge.application.records import Measurement, ProgressRecord
from okrbridge.application.reports import finite, rfc3339
from okrbridge.domain.composition import capped_score
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, KeyResultState, Visibility
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.progress import Progress
from okrbridge.domain.scoring import Outcome, outcome_of, score_of
from okrbridge.domain.windows import Interval

UNSCORED = (KeyResultKind.BASELINE, KeyResultKind.HYPOTHESIS)
"""Kinds that end without a score."""

_GIVEN_UP = (KeyResultState.DROPPED, KeyResultState.POSTPONED)
"""What was not seen through has no score; the evidence tells how far it came."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A key result at an instant.

    Attributes:
        progress: as its guards cap it; None where there is none to speak of.
        score: 0..1 in steps of 0.1.
        outcome: None for a hypothesis, of which people say how it ended.
    """

    key_result: KeyResult
    progress: Progress | None
    score: float | None
    outcome: Outcome | None
    evidence: Mapping[str, JsonValue]


def key_results_of(definitions: DefinitionSet, cycle: Cycle) -> list[KeyResult]:
    """The key results of a cycle that end with it, by id, each in the state its objective leaves it; drafts do not."""
    found = [
        _under(objective, key_result)
        for objective in definitions.objectives
        if objective.cycle == cycle.name
        for key_result in objective.key_results
    ]
    return sorted((one for one in found if one.state is not KeyResultState.DRAFT), key=lambda one: one.id)


def _under(objective: OkrObjective, key_result: KeyResult) -> KeyResult:
    """A key result is no more alive, and no more public, than its objective."""
    is_restricted = Visibility.RESTRICTED in (objective.visibility, key_result.visibility)
    overruling = (KeyResultState.DRAFT, *_GIVEN_UP)
    return replace(
        key_result,
        visibility=Visibility.RESTRICTED if is_restricted else Visibility.PUBLIC,
        state=objective.state if objective.state in overruling else key_result.state,
    )


@dataclass(frozen=True)
class Basis:
    """What scores are made from: with equal ones, scoring again gives the same.

    Attributes:
        until: measurements after it do not count.
        editions: of the documents that were made over HTTP.
        records, measurements: the last of each, by id.
    """

    until: datetime
    editions: frozenset[Edition]
    records: Mapping[str, ProgressRecord]
    measurements: Mapping[str, Measurement]
    baselines: tuple[FrozenBaseline, ...]


@dataclass(frozen=True)
class Scoring:
    """Scores the key results of a cycle as they stood at an instant, which is never after the cycle's end.

    Attributes:
        until: measurements after it do not count.
    """

    transaction: Transaction
    definitions: DefinitionSet
    cycle: Cycle
    until: datetime

    def all(self) -> list[Scored]:
        """Every key result of the cycle but drafts, by id."""
        return [self.one(key_result) for key_result in self.key_results]

    def one(self, declared: KeyResult) -> Scored:
        """A key result of the cycle (formulas A11, A14)."""
        key_result = with_frozen_baseline(declared, self._frozen)
        record, measurement = self._known(key_result)
        guards = self._guards(key_result)
        is_kept = record is not None and key_result.state not in _GIVEN_UP
        progress = progress_under_guards(record, key_result, guards.values()) if record and is_kept else None
        evidence = {**self._evidence(key_result, record, measurement), "guards": self._guard_items(key_result, guards)}
        return Scored(
            key_result,
            progress,
            None if progress is None else score_of(progress.ratio).value,
            self._outcome(key_result, progress, measurement),
            evidence,
        )

    @cached_property
    def key_results(self) -> Sequence[KeyResult]:
        """What is scored."""
        return key_results_of(self.definitions, self.cycle)

    @cached_property
    def basis(self) -> Basis:
        """The newest of what the scores are made from, guards included."""
        ids = {one.id for one in self.key_results}
        guards = {name for one in self.key_results for name in one.guards}
        return Basis(
            self.until,
            self.transaction.documents.editions(),
            self.transaction.progress.latest(sorted(ids | guards), self.until),
            self.transaction.progress.latest_good(sorted(ids), self.until),
            tuple(self.transaction.baselines.all()),
        )

    @cached_property
    def _frozen(self) -> FrozenByQuestion:
        return frozen_by_question(self.basis.baselines)

    @cached_property
    def _held(self) -> dict[tuple[str, Interval], float | None]:
        """Guards that were looked at; many key results have the same one."""
        return {}

    @cached_property
    def _revisions(self) -> Mapping[str, int | None]:
        return {name: self._revision(name) for name in sorted({one.objective for one in self.key_results})}

    def _known(self, key_result: KeyResult) -> tuple[ProgressRecord | None, Measurement | None]:
        """The last progress and the measurement behind it; those of an earlier use of the name do not count."""
        record, measurement = self.basis.records.get(key_result.id), self.basis.measurements.get(key_result.id)
        if measurement is None or record is None or measurement.at < key_result.period.start:
            return None, None
        return record, measurement

    def _guards(self, key_result: KeyResult) -> Mapping[str, float | None]:
        """The share of the key result's time that each of its guards held, by id."""
        period = Interval(key_result.period.start, max(key_result.period.start, self.until))
        declared = self.definitions.key_result_by_id
        guards = [with_frozen_baseline(declared[name], self._frozen) for name in key_result.guards]
        return {guard.id: self._held_ratio(guard, period) for guard in guards}

    def _held_ratio(self, guard: KeyResult, period: Interval) -> float | None:
        key = (guard.id, period)
        if key not in self._held:
            self._held[key] = guard_compliance(self.transaction, guard, period).ratio
        return self._held[key]

    def _guard_items(self, key_result: KeyResult, guards: Mapping[str, float | None]) -> list[JsonValue]:
        """The guards as evidence. Once they are removed nobody else knows which ones were restricted."""
        required = key_result.guard_required_share
        return [
            {
                "guard": name,
                "held_ratio": finite(ratio),
                "required_ratio": required,
                "is_restricted": self._is_restricted(name),
            }
            for name, ratio in guards.items()
        ]

    def _is_restricted(self, name: str) -> bool:
        guard = self.definitions.key_result_by_id[name]
        return _under(self.definitions.objective_by_name[guard.objective], guard).visibility is Visibility.RESTRICTED

    def _outcome(
        self, key_result: KeyResult, progress: Progress | None, measurement: Measurement | None
    ) -> Outcome | None:
        if key_result.kind is KeyResultKind.HYPOTHESIS and key_result.state is not KeyResultState.DROPPED:
            return None
        if key_result.kind is KeyResultKind.BASELINE and measurement is not None:
            return Outcome.ACHIEVED
        return judged(self.definitions, self.cycle, key_result, progress)

    def _evidence(
        self, key_result: KeyResult, record: ProgressRecord | None, measurement: Measurement | None
    ) -> dict[str, JsonValue]:
        """What is kept, so that the score can be explained when the definition is long gone."""
        objective = self.definitions.objective_by_name[key_result.objective]
        return {
            "title": key_result.title,
            "team": objective.team,
            "kind": str(key_result.kind),
            "commitment": str(key_result.commitment),
            "is_restricted": key_result.visibility is Visibility.RESTRICTED,
            "unit": key_result.unit.symbol,
            "baseline": finite(key_result.baseline),
            "target": finite(key_result.target),
            "as_of": rfc3339(self.until),
            "revision": self._revisions[objective.name],
            "raw_ratio": finite(record.raw_ratio) if record else None,
            "progress_ratio": finite(record.progress_ratio) if record else None,
            **_measurement_evidence(measurement),
        }

    def _revision(self, objective: str) -> int | None:
        """Number of the objective's definition in force at the instant; None when none was recorded by then."""
        made = [
            one.number for one in self.transaction.definitions.revisions("Objective", objective) if one.at <= self.until
        ]
        return made[-1] if made else None


def judged(definitions: DefinitionSet, cycle: Cycle, key_result: KeyResult, progress: Progress | None) -> Outcome:
    """How a key result with a progress ended; what was put off proved nothing."""
    known = None if key_result.state is KeyResultState.POSTPONED else progress
    return outcome_of(known, key_result.commitment, key_result.state, definitions.policy_of(cycle))


def progress_under_guards(
    record: ProgressRecord, key_result: KeyResult, compliances: Iterable[float | None]
) -> Progress | None:
    """A stored progress, capped when a guard held for too little of the time (formula A11); None without one."""
    if record.raw_ratio is None or key_result.kind in UNSCORED:
        return None
    progress = Progress.of(record.raw_ratio)
    cap = capped_score(progress.ratio, compliances, key_result.guard_required_share)
    return progress if cap >= progress.ratio else Progress.of(cap)


def _measurement_evidence(measurement: Measurement | None) -> dict[str, JsonValue]:
    if measurement is None:
        names = ("value", "window", "query", "sample_count", "coverage_ratio", "quality", "measured_at")
        return dict.fromkeys([*names, "evaluation_id"])
    window = {"from": rfc3339(measurement.window.start), "to": rfc3339(measurement.window.end)}
    return {
        "value": finite(measurement.value),
        "window": dict(window),
        "query": measurement.query,
        "sample_count": finite(measurement.sample_count),
        "coverage_ratio": finite(measurement.coverage_ratio),
        "quality": str(measurement.quality),
        "measured_at": rfc3339(measurement.at),
        "evaluation_id": measurement.evaluation_id,
    }
