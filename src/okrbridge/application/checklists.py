"""Every checklist of what is declared and evaluated, with what to do about each item that is open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from okrbridge.application.checklist_ticks import Ticks, list_name
from okrbridge.application.okr_records import CheckIn, Finding
from okrbridge.application.reports import Item as Json
from okrbridge.application.reports import rfc3339
from okrbridge.application.self_diagnosis_checklists import (
    Item,
    Maturity,
    QualityReview,
    before_production,
    maturity,
    prerequisites,
    production_readiness,
    quality_review,
    slo_readiness,
    start_plan,
)
from okrbridge.application.snapshot import KeyResultReport, Snapshot
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultState

WHOLE = "installation"
"""The subject of checklists about everything together."""
READINESS = "production_readiness"
_RUNBOOK = "runbook"
"""The annotation of an SLO that has the address of its runbook, with a prefix of one's own or without."""
_REMEDIES = {
    "cadence": "declare a Cycle with its cadence",
    "telemetry": "declare an SLO, or a key result with a measure",
    "owners": "write owner in each objective",
    "mapped": "write measure in the key result",
    "validated": "see its error in GET /key-results, and put its measure or its source right",
    "alerts_tested": "test dashboards and alerts, then tick it",
    "runbook": "key results: write runbook; SLOs: the annotation runbook",
    "monitoring": "write description and the label owner in each SLO that is named",
    "escalation": "write lead and champion in each Team that is named",
    "error_budgets": "let a key result follow an SLO: measure: {slo: NAME}",
    "on_call_trained": "train the people on call, then tick it",
    "rationale": "write spec.description in the SLO",
    "owner": "write the label owner, or team, in the SLO",
    "cycle": "declare a Cycle",
    "slo": "declare a DataSource and an SLO",
    "objective": "declare an Objective with its owner",
    "key_results": "give key results a measure that machines answer",
    "values": "see GET /instrumentation for those without a value",
    "champions": "write champion in each Team",
    "check_in": "check in: POST /key-results/{objective}/{key_result}/check-ins",
    "intermediate": "give more than half of the team's key results a measure that machines answer",
    "advanced": "give all of them such a measure; an error budget that gates deployments is not part of this release",
    "at_start": "settle the findings, or accept them with a note: GET /findings",
    "week_2": "settle what appeared since the start, or accept it with a note: GET /findings",
}
"""What to do about an open item, by its name."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """One list about one subject.

    Attributes:
        subject: ``OBJECTIVE/NAME``, the name of an SLO, a team or a cycle, or ``WHOLE``.
        level: of a team's maturity; None for other lists.
        review: of a cycle's quality; None for other lists.
    """

    name: str
    subject: str
    items: Sequence[Item]
    level: Maturity | None = None
    review: QualityReview | None = None

    @property
    def key(self) -> str:
        """Its place in the list of all."""
        return f"{self.name} {self.subject}"


@dataclass(frozen=True)
class Seen:
    """What the lists are made from, as one caller sees it.

    Attributes:
        check_ins: the latest of each key result.
        begun: when okrbridge was installed.
    """

    snapshot: Snapshot
    definitions: DefinitionSet
    now: datetime
    begun: datetime
    findings: Sequence[Finding] = ()
    check_ins: Sequence[CheckIn] = ()
    ticks: Ticks = field(default_factory=dict)


def checklists(seen: Seen) -> list[Checklist]:
    """Every checklist, those of the whole first."""
    whole, reports = seen.definitions, seen.snapshot.key_results
    return [
        Checklist("prerequisites", WHOLE, prerequisites(whole)),
        Checklist("start_plan", WHOLE, start_plan(whole, reports, seen.check_ins, seen.begun)),
        Checklist(READINESS, WHOLE, production_readiness(whole, seen.ticks.get(list_name(READINESS, WHOLE), {}))),
        *(_before_production(seen, one) for one in reports if _is_kept(one.key_result)),
        *_slos(whole),
        *_maturities(reports),
        *(_quality(seen, one) for one in whole.cycles),
    ]


def _before_production(seen: Seen, report: KeyResultReport) -> Checklist:
    name, identity = "before_production", report.key_result.id
    return Checklist(name, identity, before_production(report, seen.ticks.get(list_name(name, identity), {})))


def _is_kept(key_result: KeyResult) -> bool:
    return key_result.state in (KeyResultState.DRAFT, KeyResultState.ACTIVE)


def _slos(definitions: DefinitionSet) -> Iterator[Checklist]:
    runbooks = {one.name: _runbook(one.content) for one in definitions.documents if one.kind == "SLO"}
    for slo in definitions.slos:
        runbook = runbooks.get(slo.name)
        if runbook is None:
            # The second objective of the SLO api is the SLO api-99.9.
            declaring = [name for name in runbooks if slo.name.startswith(f"{name}-")]
            runbook = runbooks[max(declaring, key=len)] if declaring else ""
        yield Checklist("slo_readiness", slo.name, slo_readiness(slo, runbook))


def _runbook(content: str) -> str:
    metadata = json.loads(content).get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    return next((str(text) for key, text in annotations.items() if key.rpartition("/")[2] == _RUNBOOK), "")


def _maturities(reports: Iterable[KeyResultReport]) -> Iterator[Checklist]:
    by_team: dict[str, list[KeyResult]] = {}
    for report in reports:
        if report.team and report.key_result.state.counts:
            by_team.setdefault(report.team, []).append(report.key_result)
    ladder = list(Maturity)
    for team, key_results in by_team.items():
        # No SLO gates deployments in this release, so nobody is advanced.
        level, evidence = maturity(key_results, ())
        rungs = [
            Item(str(rung), _RUNGS[rung], ladder.index(rung) <= ladder.index(level), evidence) for rung in Maturity
        ]
        yield Checklist("maturity", team, rungs, level)


_RUNGS = {
    Maturity.BEGINNER: "It has key results",
    Maturity.INTERMEDIATE: "Most of its key results move by themselves",
    Maturity.ADVANCED: "All of them do, and an error budget gates deployments",
}


def _quality(seen: Seen, cycle: Cycle) -> Checklist:
    own = {one.name for one in seen.definitions.objectives if one.cycle == cycle.name}
    review = quality_review([one for one in seen.findings if _objective_of(one.subject) in own], cycle)
    still = len(review.at_start) - len(review.resolved)
    start = f"{len(review.at_start)} findings at the start, {still} of them still stand"
    drift = f"{len(review.appeared)} findings appeared, {len(review.resolved)} are settled"
    items = [
        Item("at_start", "The definitions were sound at the start", still == 0, start, due=review.due[0]),
        Item("week_2", "Nothing appeared until week 2", not review.appeared, drift, due=review.due[1]),
    ]
    return Checklist("quality_review", cycle.name, [_once_due(one, seen.now) for one in items], review=review)


def _once_due(item: Item, now: datetime) -> Item:
    """An item that nothing can be said of before its day."""
    is_past = item.due is not None and now >= item.due
    return item if is_past else replace(item, is_done=False, evidence="its day is still to come")


def _objective_of(subject: str) -> str:
    """The objective that a finding is about; not one's name for findings about other things."""
    return subject.removeprefix("objective:").partition("/")[0]


def checklist_item(one: Checklist) -> Json:
    """A checklist as ``GET /checklists`` has it."""
    return {
        "checklist": one.name,
        "subject": one.subject,
        "done_count": sum(item.is_done for item in one.items),
        "items_count": len(one.items),
        "level": one.level and str(one.level),
        "drift": one.review and _drift_item(one.review),
        "items": [item_of(item) for item in one.items],
    }


def item_of(item: Item) -> Json:
    """One item of a checklist; the remedy only while it is open."""
    return {
        "name": item.name,
        "title": item.title,
        "is_done": item.is_done,
        "evidence": item.evidence,
        "remedy": None if item.is_done else _REMEDIES[item.name],
        "is_for_people": item.is_for_people,
        "ticked_by": item.tick.by if item.tick else None,
        "ticked_at": rfc3339(item.tick.at) if item.tick else None,
        "note": (item.tick.note or None) if item.tick else None,
        "due": rfc3339(item.due),
    }


def _drift_item(review: QualityReview) -> Json:
    return {
        name: [{"code": code, "subject": subject} for code, subject in found]
        for name, found in (
            ("at_start", review.at_start),
            ("appeared", review.appeared),
            ("resolved", review.resolved),
        )
    }
