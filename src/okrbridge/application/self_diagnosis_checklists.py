"""Checklists that fill themselves in from what is declared and measured, and what is left for people to tick."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from okrbridge.application.checklist_ticks import Tick
from okrbridge.application.okr_records import CheckIn, Finding, FindingState
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import ManualMeasure, NoMeasure, SloMeasure
from okrbridge.domain.slo import Slo

REVIEW_AGAIN = timedelta(weeks=2)
"""After so much of a cycle its definitions are looked at again."""
_BY_HAND = (NoMeasure, ManualMeasure)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist.

    Attributes:
        name: a stable short name; people tick by it.
        evidence: what shows that it is done, or what is missing.
        is_for_people: whether nothing but a person can tell.
        tick: of an item for people, once it is ticked.
        due: when it should be done; None for items without a date.
    """

    name: str
    title: str
    is_done: bool
    evidence: str
    is_for_people: bool = False
    tick: Tick | None = None
    due: datetime | None = None


def done_of(items: Sequence[Item]) -> str:
    """How much is done, such as ``3/4``."""
    return f"{sum(one.is_done for one in items)}/{len(items)}"


def _ticked(name: str, title: str, ticks: Mapping[str, Tick]) -> Item:
    """An item that a person ticks by name."""
    tick = ticks.get(name)
    evidence = f"ticked by {tick.by}" if tick else "nobody ticked it"
    return Item(name, title, tick is not None, evidence, is_for_people=True, tick=tick)


def before_production(report: KeyResultReport, ticks: Mapping[str, Tick]) -> list[Item]:
    """The four items of a key result before it counts.

    Args:
        ticks: those of this key result, by name of item.
    """
    one, good = report.key_result, report.last_good
    mapped = not isinstance(one.measure, NoMeasure)
    return [
        Item("mapped", "The key result is measured", mapped, "has a measure" if mapped else "has no measure"),
        Item(
            "validated",
            "Its instrumentation gave a value",
            good is not None,
            f"a value at {good.at:%Y-%m-%d %H:%M} UTC" if good is not None else "it never gave a value",
        ),
        _ticked("alerts_tested", "Dashboards and alerts are tested", ticks),
        Item("runbook", "A runbook is there", bool(one.runbook), one.runbook or "no runbook; write runbook"),
    ]


def production_readiness(definitions: DefinitionSet, ticks: Mapping[str, Tick]) -> list[Item]:
    """Whether the whole is ready for production: monitoring, escalation, error budgets, people.

    Escalation has somewhere to go when every team with an objective has a lead and a champion.
    """
    without = sorted(_teams_without_escalation(definitions))
    budgets = [one.id for one in definitions.key_results if isinstance(one.measure, SloMeasure)]
    open_slos = sorted(slo.name for slo in definitions.slos if not is_explained(slo))
    is_monitored = bool(definitions.slos) and not open_slos
    return [
        Item(
            "monitoring",
            "SLOs say why they are set, and who answers for them; their history is kept",
            is_monitored,
            f"open: {', '.join(open_slos)}" if open_slos else f"{len(definitions.slos)} SLOs",
        ),
        Item(
            "escalation",
            "Every team has a lead and a champion",
            bool(definitions.objectives) and not without,
            f"missing for {', '.join(without)}" if without else "all have",
        ),
        Item(
            "error_budgets",
            "Key results follow SLOs and their budgets by themselves",
            bool(budgets),
            f"{len(budgets)} do" if budgets else "none does; write measure: {slo: NAME}",
        ),
        _ticked("on_call_trained", "The people on call are trained", ticks),
    ]


def slo_readiness(slo: Slo, runbook: str) -> list[Item]:
    """Whether people who are paged for an SLO know why it is set, whom to ask and what to do.

    Args:
        runbook: its address; empty for none.
    """
    rationale = slo.description.strip()
    return [
        Item("rationale", "It says why it is set", bool(rationale), rationale or "no description"),
        Item("owner", "Somebody answers for it", bool(slo.owner), slo.owner or "no label owner or team"),
        Item("runbook", "A runbook is there", bool(runbook), runbook or "no annotation runbook"),
    ]


def is_explained(slo: Slo) -> bool:
    """Whether an SLO has a rationale and somebody who answers for it."""
    return bool(slo.description.strip()) and bool(slo.owner)


def _teams_without_escalation(definitions: DefinitionSet) -> Iterator[str]:
    told = {team.name for team in definitions.teams if team.lead and team.champion}
    yield from {one.team or f"objective {one.name}" for one in definitions.objectives} - told


def prerequisites(definitions: DefinitionSet) -> list[Item]:
    """What must be there before OKRs make sense: a cadence, telemetry, owners."""
    cycles, slos = len(definitions.cycles), len(definitions.slos)
    measured = [one for one in definitions.key_results if not isinstance(one.measure, _BY_HAND)]
    unowned = [one.name for one in definitions.objectives if not one.owner]
    return [
        Item("cadence", "A cadence is agreed", cycles > 0, f"{cycles} cycles" if cycles else "no Cycle is declared"),
        Item(
            "telemetry",
            "Something is measured by machines",
            bool(slos or measured),
            f"{slos} SLOs and {len(measured)} key results",
        ),
        Item(
            "owners",
            "Owners are named",
            bool(definitions.objectives) and not unowned,
            f"missing for {', '.join(unowned)}" if unowned else f"{len(definitions.objectives)} objectives",
        ),
    ]


class Maturity(StrEnum):
    """How far a team is on the ladder."""

    BEGINNER = "beginner"
    """People say how key results stand."""
    INTERMEDIATE = "intermediate"
    """Most key results move by themselves."""
    ADVANCED = "advanced"
    """All of them do, and an error budget gates deployments."""


def maturity(key_results: Sequence[KeyResult], gated: Collection[str]) -> tuple[Maturity, str]:
    """The step of a team on the ladder, with the evidence.

    Worked example: 3 of 3 key results measured by machines and one of their SLOs gating: advanced.

    Args:
        key_results: the active ones of the team.
        gated: names of SLOs whose budget gates deployments.
    """
    by_machine = [one for one in key_results if not isinstance(one.measure, _BY_HAND)]
    gating = {one.measure.slo for one in by_machine if isinstance(one.measure, SloMeasure)} & set(gated)
    evidence = f"{len(by_machine)} of {len(key_results)} key results move by themselves"
    if key_results and len(by_machine) == len(key_results) and gating:
        return Maturity.ADVANCED, f"{evidence}, and {', '.join(sorted(gating))} gates deployments"
    is_most = len(by_machine) * 2 > len(key_results)
    return Maturity.INTERMEDIATE if is_most else Maturity.BEGINNER, evidence


def start_plan(
    definitions: DefinitionSet, reports: Sequence[KeyResultReport], check_ins: Iterable[CheckIn], begun: datetime
) -> list[Item]:
    """Seven tasks for seven days, one each day, closed by what is there.

    Args:
        check_ins: the latest of each key result.
        begun: when okrbridge was installed.
    """
    moving = sum(map(_moves_by_itself, definitions.key_results))
    measured = sum(one.last_good is not None for one in reports)
    named = sum(bool(one.champion) for one in definitions.teams)
    owned = sum(bool(one.owner) for one in definitions.objectives)
    cycles, slos, teams, said = len(definitions.cycles), len(definitions.slos), len(definitions.teams), list(check_ins)
    tasks = (
        ("cycle", "Declare the cycle", cycles > 0, f"{cycles} cycles"),
        ("slo", "Connect a source and declare the first SLO", slos > 0, f"{slos} SLOs"),
        ("objective", "Write the first objective with an owner", owned > 0, f"{owned} objectives have an owner"),
        ("key_results", "Give it two key results that move by themselves", moving > 1, f"{moving} do"),
        (
            "values",
            "See the first value of every key result",
            0 < measured == len(reports),
            f"{measured} of {len(reports)} have one",
        ),
        ("champions", "Name a champion for every team", 0 < named == teams, f"{named} of {teams} teams have one"),
        ("check_in", "Hold the first check-in", bool(said), f"{len(said)} key results have one"),
    )
    return [Item(*task, due=begun + timedelta(days=day)) for day, task in enumerate(tasks, 1)]


def _moves_by_itself(key_result: KeyResult) -> bool:
    return not isinstance(key_result.measure, _BY_HAND)


@dataclass(frozen=True, slots=True)
class QualityReview:
    """The same look at the definitions before the start and two weeks later.

    Attributes:
        at_start: findings that were there when the cycle began.
        appeared, resolved: how that drifted since; code and subject of each.
    """

    due: tuple[datetime, datetime]
    at_start: tuple[tuple[str, str], ...]
    appeared: tuple[tuple[str, str], ...]
    resolved: tuple[tuple[str, str], ...]


def quality_review(findings: Sequence[Finding], cycle: Cycle) -> QualityReview:
    """What the quality review of a cycle found at its start, and the drift until it is done again in week 2.

    A finding that was gone before the start belongs to neither.
    """
    start = cycle.interval.start
    before = [one for one in findings if one.first_seen <= start and one.last_seen >= start]
    after = [one for one in findings if start < one.first_seen <= start + REVIEW_AGAIN]
    return QualityReview(
        due=(start, start + REVIEW_AGAIN),
        at_start=_keys(before),
        appeared=_keys(one for one in after if one.state is not FindingState.FIXED),
        resolved=_keys(one for one in before if one.state is FindingState.FIXED),
    )


def _keys(findings: Iterable[Finding]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((one.code, one.subject) for one in findings))
