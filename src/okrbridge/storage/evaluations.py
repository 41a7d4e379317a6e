"""Evaluations in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from okrbridge.application.records import Evaluation
from okrbridge.storage.tables import evaluations
from okrbridge.storage.upsert import upsert
from okrbridge.storage.values import from_microseconds, storable, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlEvaluationRecords:
    """The port ``EvaluationRecords`` inside one transaction."""

    connection: Connection

    def save(self, evaluation: Evaluation) -> None:
        """Store, idempotent on the evaluation's id."""
        row = {
            "id": evaluation.id,
            "at_us": to_microseconds(evaluation.at),
            "started_at_us": to_microseconds(evaluation.started_at),
            "finished_at_us": to_microseconds(evaluation.finished_at),
            "slices_written": evaluation.slices_written,
            "failures": {name: storable(message) for name, message in evaluation.failures.items()},
        }
        upsert(self.connection, evaluations, [row])

    def latest(self) -> Evaluation | None:
        """The evaluation of the latest slice boundary; of several, the one that started last."""
        own = evaluations.c
        newest = select(evaluations).order_by(own.at_us.desc(), own.started_at_us.desc(), own.id.desc()).limit(1)
        row = self.connection.execute(newest).one_or_none()
        if row is None:
            return None
        return Evaluation(
            id=row.id,
            at=from_microseconds(row.at_us),
            started_at=from_microseconds(row.started_at_us),
            finished_at=from_microseconds(row.finished_at_us),
            slices_written=row.slices_written,
            failures=row.failures,
        )

    def expire(self, before: datetime, most: int) -> int:
        """Forget the oldest evaluations of boundaries before an instant, so many at most; returns how many."""
        own = evaluations.c
        oldest = select(own.id).where(own.at_us < to_microseconds(before)).order_by(own.at_us).limit(most)
        return self.connection.execute(delete(evaluations).where(own.id.in_(oldest))).rowcount
