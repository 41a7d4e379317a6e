"""Frozen baselines and scores in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from okrbridge.application.okr_records import FrozenBaseline, ScoreRecord
from okrbridge.domain.scoring import Outcome
from okrbridge.domain.windows import Interval
from okrbridge.storage.okr_tables import baselines
from okrbridge.storage.okr_tables import scores as scores_table
from okrbridge.storage.upsert import insert_new, upsert
from okrbridge.storage.values import (
    from_microseconds,
    instant_or_none,
    microseconds_or_none,
    require_finite,
    storable,
    storable_json,
    to_microseconds,
)


@dataclass(frozen=True, slots=True)
class SqlBaselineRecords:
    """The port ``BaselineRecords`` inside one transaction."""

    connection: Connection

    def save(self, baseline: FrozenBaseline) -> None:
        """Store; one already there for the same key result and question stays as it is."""
        insert_new(self.connection, baselines, [_baseline_row(baseline)])

    def all(self) -> list[FrozenBaseline]:
        """Every baseline."""
        rows = self.connection.execute(select(baselines).order_by(baselines.c.key_result, baselines.c.frozen_at_us))
        return [_baseline(row) for row in rows]


@dataclass(frozen=True, slots=True)
class SqlScoreRecords:
    """The port ``ScoreRecords`` inside one transaction."""

    connection: Connection

    def save(self, *scores: ScoreRecord) -> None:
        """Store, idempotent on (cycle, key result)."""
        upsert(self.connection, scores_table, [_score_row(one) for one in scores])

    def of_cycle(self, cycle: str) -> list[ScoreRecord]:
        """Scores of a cycle, by key result."""
        return self._found(select(scores_table).where(scores_table.c.cycle == cycle))

    def all(self) -> list[ScoreRecord]:
        """Every score, by cycle and key result."""
        return self._found(select(scores_table))

    def cycles(self) -> frozenset[str]:
        """Names of the cycles that have scores."""
        return frozenset(self.connection.execute(select(scores_table.c.cycle).distinct()).scalars())

    def _found(self, wanted: Select[Any]) -> list[ScoreRecord]:
        rows = self.connection.execute(wanted).all()
        return sorted(map(_score, rows), key=lambda one: (one.cycle, one.key_result))


def _baseline_row(baseline: FrozenBaseline) -> dict[str, Any]:
    numbers = {"value": baseline.value, "sample_count": baseline.sample_count, "noise": baseline.noise}
    require_finite(f"baseline of {baseline.key_result}", numbers)
    return {
        **numbers,
        "key_result": baseline.key_result,
        "question": storable(baseline.question),
        "window_start_us": to_microseconds(baseline.window.start),
        "window_end_us": to_microseconds(baseline.window.end),
        "frozen_at_us": to_microseconds(baseline.frozen_at),
    }


def _baseline(row: Row[Any]) -> FrozenBaseline:
    return FrozenBaseline(
        key_result=row.key_result,
        question=row.question,
        value=row.value,
        window=Interval(from_microseconds(row.window_start_us), from_microseconds(row.window_end_us)),
        sample_count=row.sample_count,
        frozen_at=from_microseconds(row.frozen_at_us),
        noise=row.noise,
    )


def _score_row(score: ScoreRecord) -> dict[str, Any]:
    numbers = {"computed": score.computed, "score": score.score, "final": score.final}
    require_finite(f"score of {score.key_result}", numbers)
    return {
        **numbers,
        "cycle": score.cycle,
        "key_result": score.key_result,
        "closed_at_us": to_microseconds(score.closed_at),
        "closed_by": storable(score.closed_by),
        "outcome": score.outcome.value,
        "evidence": storable_json(score.evidence),
        "override_reason": storable(score.override_reason),
        "review": storable(score.review),
        "final_at_us": microseconds_or_none(score.final_at),
        "significance": None if score.significance is None else storable_json(score.significance),
    }


def _score(row: Row[Any]) -> ScoreRecord:
    return ScoreRecord(
        key_result=row.key_result,
        cycle=row.cycle,
        closed_at=from_microseconds(row.closed_at_us),
        closed_by=row.closed_by,
        computed=row.computed,
        score=row.score,
        outcome=Outcome(row.outcome),
        evidence=row.evidence,
        override_reason=row.override_reason,
        review=row.review,
        final=row.final,
        final_at=instant_or_none(row.final_at_us),
        significance=row.significance,
    )
