"""Which key results have no numbers, the most important first: what is to be instrumented next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport, Snapshot
from okrbridge.domain.okr import Commitment, NoMeasure


class Finding(StrEnum):
    """Why a key result has no numbers."""

    UNMAPPED = "unmapped"
    """Nothing is declared that measures it."""
    NEVER_MEASURED = "never_measured"
    """Its measure never gave a value since its period began."""


@dataclass(frozen=True)
class Uninstrumented:
    """A key result without numbers.

    Attributes:
        priority: its weight times the weight of its objective.
    """

    report: KeyResultReport
    finding: Finding
    priority: float

    @property
    def rank(self) -> tuple[bool, float, str]:
        """Sorts the list: committed before aspirational, then the higher priority, then by name."""
        key_result = self.report.key_result
        return key_result.commitment is not Commitment.COMMITTED, -self.priority, key_result.id


def uninstrumented(snapshot: Snapshot) -> list[Uninstrumented]:
    """The key results without numbers, the most important first."""
    return sorted(_found(snapshot), key=lambda one: one.rank)


def _found(snapshot: Snapshot) -> Iterator[Uninstrumented]:
    for objective in snapshot.objectives:
        for report in objective.key_results:
            if (finding := _finding(report)) is not None:
                yield Uninstrumented(report, finding, report.key_result.weight * objective.objective.weight)


def _finding(report: KeyResultReport) -> Finding | None:
    if isinstance(report.key_result.measure, NoMeasure):
        return Finding.UNMAPPED
    has_started = report.progress.at >= report.key_result.period.start
    return Finding.NEVER_MEASURED if report.last_good is None and has_started else None


def instrumentation_item(one: Uninstrumented) -> Item:
    """A key result without numbers, in the form of ``GET /instrumentation``."""
    report, key_result = one.report, one.report.key_result
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "title": key_result.title,
        "cycle": report.cycle.name,
        "team": report.team or None,
        "owner": report.owner or None,
        "commitment": str(key_result.commitment),
        "priority": finite(one.priority),
        "finding": str(one.finding),
        "reason": report.measurement.error,
        "evaluated_at": rfc3339(report.progress.at),
        "evaluation_id": report.progress.evaluation_id or None,
    }
