"""From key results to objectives, children before their parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.measuring.composing import Reports, is_current
from okrbridge.application.snapshot import CycleReport, KeyResultReport, ObjectiveReport
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.objectives import Alignment, OkrObjective
from okrbridge.domain.rollup import Contribution, RolledUp, child_contribution, objective_status, roll_up


def objective_reports(definitions: DefinitionSet, key_results: Reports, at: datetime) -> tuple[ObjectiveReport, ...]:
    """All objectives, in the order declared.

    Restricted key results and objectives are in the numbers of those above them like all others.
    """
    done: dict[str, ObjectiveReport] = {}
    children = _by_parent(definitions.objectives)
    for objective in children_first(definitions.objectives):
        contributing = [
            done[one.name]
            for one in children[objective.name]
            if one.alignment is Alignment.CONTRIBUTES and one.name in done
        ]
        done[objective.name] = _report(definitions, objective, key_results, contributing, at)
    return tuple(done[objective.name] for objective in definitions.objectives)


def children_first(objectives: Sequence[OkrObjective]) -> Iterator[OkrObjective]:
    """Each objective after its children; a circle of parents is refused when definitions are loaded."""
    children = _by_parent(objectives)
    entered: set[str] = set()

    def below(one: OkrObjective) -> Iterator[OkrObjective]:
        if one.name not in entered:
            entered.add(one.name)
            for child in children[one.name]:
                yield from below(child)
            yield one

    for one in objectives:
        yield from below(one)


def _by_parent(objectives: Sequence[OkrObjective]) -> Mapping[str, Sequence[OkrObjective]]:
    children: dict[str, list[OkrObjective]] = defaultdict(list)
    for one in objectives:
        children[one.above].append(one)
    return children


def _report(
    definitions: DefinitionSet,
    objective: OkrObjective,
    key_results: Reports,
    children: Sequence[ObjectiveReport],
    at: datetime,
) -> ObjectiveReport:
    """One objective, rolled up from its key results and its contributing children (formulas A9, A10).

    Args:
        key_results: of all objectives, by id.
    """
    cycle = definitions.cycle_by_name[objective.cycle]
    own = tuple(key_results[one.id] for one in objective.key_results)
    contributions = [*(_of_key_result(one, key_results) for one in own), *map(_of_child, children)]
    rolled = roll_up(contributions, objective.rollup, objective.manual_progress)
    expected = cycle.elapsed_ratio(at)
    policy = definitions.policy_of(cycle)
    status = objective_status(
        contributions, rolled.progress_ratio, expected, objective.commitment, policy, mode=objective.rollup
    )
    return ObjectiveReport(
        objective=objective,
        progress_ratio=rolled.progress_ratio,
        measured_only_ratio=rolled.measured_only_ratio,
        coverage_ratio=rolled.coverage_ratio,
        expected_ratio=expected,
        status=status,
        key_results=own,
        contributing=tuple(one.objective.name for one in children),
    )


def _of_key_result(report: KeyResultReport, reports: Reports) -> Contribution:
    return Contribution(
        weight=report.key_result.weight,
        progress_ratio=report.progress.progress_ratio,
        is_current=is_current(report, reports),
        status=report.status,
        commitment=report.key_result.commitment,
        counts=report.key_result.counts,
    )


def _of_child(report: ObjectiveReport) -> Contribution:
    child = report.objective
    return child_contribution(
        RolledUp(report.progress_ratio, report.measured_only_ratio, report.coverage_ratio),
        report.status,
        weight=child.weight,
        commitment=child.commitment,
        alignment=child.alignment,
        state=child.state,
    )


def cycle_report(cycle: Cycle, at: datetime, closed: Collection[str]) -> CycleReport:
    """Where a cycle stands at an instant, given the names of the cycles that people closed."""
    return CycleReport(cycle, cycle.elapsed_ratio(at), phase_of(cycle, at, closed))
