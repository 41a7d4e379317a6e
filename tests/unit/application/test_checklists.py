"""Checklists that fill themselves in: prerequisites, production, readiness, maturity, start plan, quality review."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes.definitions import CYCLE, START, slo, uptime

from okrbridge.application.checklist_ticks import Tick
from okrbridge.application.okr_records import CheckIn, Finding, FindingState
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.self_diagnosis_checklists import (
    Maturity,
    before_production,
    done_of,
    is_explained,
    maturity,
    prerequisites,
    production_readiness,
    quality_review,
    slo_readiness,
    start_plan,
)
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import ManualMeasure, NoMeasure
from okrbridge.domain.objectives import OkrObjective, Team
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus

DAY = timedelta(days=1)
JONAS = Tick("jonas", START)
SLO = replace(slo(), description="Failed requests lose orders.", labels={"owner": "maria"})
OBJECTIVE = OkrObjective("reliable", "Reliable", CYCLE.name, "backend", "maria", (uptime(),))
BACKEND = Team("backend", champion="jo", lead="maria")
WHOLE = DefinitionSet(slos=(SLO,), cycles=(CYCLE,), objectives=(OBJECTIVE,), teams=(BACKEND,))


def report(one: KeyResult, *, measured: bool = True) -> KeyResultReport:
    good = Measurement(one.id, START, CYCLE.interval, 0.99, Quality.OK)
    record = ProgressRecord(
        one.id, START, 0.99, 0.0, 0.0, 0.0, 0.0, SteadyStatus(KeyResultStatus.ON_TRACK), Quality.OK, START
    )
    return KeyResultReport(one, CYCLE, "backend", "maria", record, good, good if measured else None)


def missing(items: Any) -> set[str]:
    return {one.name for one in items if not one.is_done}


def test_r153_a_key_result_has_four_items_before_production():
    fresh = before_production(report(replace(uptime(), measure=NoMeasure()), measured=False), {})
    assert missing(fresh) == {"mapped", "validated", "alerts_tested", "runbook"}
    ready = replace(uptime(), runbook="https://runbooks.example/uptime")
    assert done_of(before_production(report(ready), {"alerts_tested": JONAS})) == "4/4"


def test_r153_what_only_a_person_knows_names_the_person():
    (tested,) = [one for one in before_production(report(uptime()), {"alerts_tested": JONAS}) if one.is_for_people]
    assert (tested.name, tested.evidence) == ("alerts_tested", "ticked by jonas")


def test_r17_a_key_result_without_a_runbook_is_open():
    assert missing(before_production(report(uptime()), {"alerts_tested": JONAS})) == {"runbook"}


def test_r154_readiness_without_escalation_is_3_of_4():
    trained = {"on_call_trained": JONAS}
    assert done_of(production_readiness(WHOLE, trained)) == "4/4"
    items = production_readiness(replace(WHOLE, teams=()), trained)
    assert (done_of(items), missing(items)) == ("3/4", {"escalation"})


@pytest.mark.parametrize("changes", [{"description": " "}, {"labels": {}}])
def test_r12_an_slo_without_rationale_or_owner_is_open(changes: dict[str, Any]):
    open_one = replace(SLO, **changes)
    assert not is_explained(open_one)
    items = {one.name: one for one in production_readiness(replace(WHOLE, slos=(open_one,)), {})}
    assert items["monitoring"].evidence == "open: api-availability"


def test_r17_an_slo_without_a_runbook_is_open():
    assert missing(slo_readiness(SLO, "")) == {"runbook"}
    assert done_of(slo_readiness(SLO, "https://runbooks.example/api")) == "3/3"


def test_r156_a_new_installation_has_three_open_prerequisites():
    assert missing(prerequisites(DefinitionSet())) == {"cadence", "telemetry", "owners"}
    assert done_of(prerequisites(WHOLE)) == "3/3"


def test_r76_telemetry_driven_and_gating_is_advanced():
    step, evidence = maturity([uptime()], ["api-availability"])
    assert step is Maturity.ADVANCED
    assert evidence == "1 of 1 key results move by themselves, and api-availability gates deployments"
    assert maturity([uptime()], [])[0] is Maturity.INTERMEDIATE
    by_hand = replace(uptime(), measure=ManualMeasure(DAY))
    assert maturity([uptime(), by_hand], ["api-availability"])[0] is Maturity.BEGINNER  # half is not most
    assert maturity([], [])[0] is Maturity.BEGINNER


def test_r78_seven_dated_tasks_close_themselves():
    fresh = start_plan(DefinitionSet(), [], [], START)
    assert [one.due for one in fresh] == [START + day * DAY for day in range(1, 8)]
    assert not any(one.is_done for one in fresh)
    two = replace(OBJECTIVE, key_results=(uptime(), replace(uptime(), name="other")))
    said = CheckIn("c1", "reliable/uptime", START, "maria", 7)
    done = start_plan(replace(WHOLE, objectives=(two,)), [report(one) for one in two.key_results], [said], START)
    assert all(one.is_done for one in done)
    assert [one.title for one in start_plan(WHOLE, [], [said], START) if not one.is_done] == [
        "Give it two key results that move by themselves",
        "See the first value of every key result",
    ]


def finding(code: str, first: timedelta, last: timedelta, state: FindingState = FindingState.OPEN) -> Finding:
    return Finding(code, "reliable/uptime", "", START + first, START + last, state=state)


def test_r74_week_two_shows_the_drift_since_the_start():
    review = quality_review(
        [
            finding("no_baseline", -DAY, 14 * DAY),
            finding("no_numbers", -DAY, 3 * DAY, FindingState.FIXED),
            finding("unguarded_metric", 5 * DAY, 14 * DAY),
            finding("gone_before", -9 * DAY, -DAY, FindingState.FIXED),
            finding("later", 15 * DAY, 20 * DAY),
        ],
        CYCLE,
    )
    subject = "reliable/uptime"
    assert review.due == (START, START + 14 * DAY)
    assert review.at_start == (("no_baseline", subject), ("no_numbers", subject))
    assert review.appeared == (("unguarded_metric", subject),)
    assert review.resolved == (("no_numbers", subject),)
