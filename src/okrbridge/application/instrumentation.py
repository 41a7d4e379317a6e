"""Which key results have no numbers, the most important first: what is to be instrumented next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport, Snapshot
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import Commitment, KeyResult, KeyResultKind
from okrbridge.domain.measures import NoMeasure


class Finding(StrEnum):
    """Why a key result has no numbers."""

    UNMAPPED = "unmapped"
    """Nothing is declared that measures it."""
    NEVER_MEASURED = "never_measured"
    """Its measure never gave a value since its period began."""


_WITHOUT_MEASURE = (KeyResultKind.BINARY, KeyResultKind.MILESTONE, KeyResultKind.ORDINAL, KeyResultKind.COMPOSITE)


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
        """Sorts the list."""
        return _rank(self.report.key_result, self.priority)


def _rank(key_result: KeyResult, priority: float) -> tuple[bool, float, str]:
    """Committed before aspirational, then the higher priority, then by name."""
    return key_result.commitment is not Commitment.COMMITTED, -priority, key_result.id


def unmapped(definitions: DefinitionSet) -> list[KeyResult]:
    """The key results that nothing measures, the most important first, as ``uninstrumented`` has them."""
    found = [
        (_rank(key_result, key_result.weight * objective.weight), key_result)
        for objective in definitions.objectives
        for key_result in objective.key_results
        if _is_unmapped(key_result)
    ]
    return [key_result for _, key_result in sorted(found, key=lambda one: one[0])]


def uninstrumented(snapshot: Snapshot) -> list[Uninstrumented]:
    """The key results without numbers, the most important first."""
    return sorted(_found(snapshot), key=lambda one: one.rank)


def _found(snapshot: Snapshot) -> Iterator[Uninstrumented]:
    for objective in snapshot.objectives:
        for report in objective.key_results:
            if (finding := _finding(report)) is not None:
                yield Uninstrumented(report, finding, report.key_result.weight * objective.objective.weight)


def _is_unmapped(key_result: KeyResult) -> bool:
    """Whether it lacks a measure; what people state, and what is made of parts, needs none."""
    return isinstance(key_result.measure, NoMeasure) and key_result.kind not in _WITHOUT_MEASURE


def _finding(report: KeyResultReport) -> Finding | None:
    if _is_unmapped(report.key_result):
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
