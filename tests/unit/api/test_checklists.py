"""Checklists over HTTP: told from what is there, ticked by people, hidden from whoever may not see their subject."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.snapshots import NOW
from tests.unit.api.writing import WritingApi, slug

from okrbridge.application.okr_records import CheckIn, Finding, FindingState
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.key_results import Visibility
from okrbridge.domain.objectives import Team

TESTED = "/checklists/before_production/reliable-checkout/uptime/alerts_tested"
TRAINED = "/checklists/production_readiness/installation/on_call_trained"
START = made.CYCLE.interval.start
DAY = timedelta(days=1)


@pytest.fixture
def api(tmp_path: Path) -> WritingApi:
    """The hand-made snapshot; all of its SLOs are explained, and only checkout has a runbook."""
    api = WritingApi(tmp_path, made.rich_snapshot())
    whole = made.definitions()
    slos = [dataclasses.replace(one, description="Lost orders.", labels={"owner": "maria"}) for one in whole.slos]
    content = json.dumps({"metadata": {"annotations": {"example.com/runbook": "https://runbooks.example/checkout"}}})
    document = DeclaredDocument("SLO", "checkout-availability", content, "config/slos.yaml:1")
    teams = (Team("payments", champion="jo", lead="maria"), Team("search", champion="jo", lead="li"))
    declare(api, dataclasses.replace(whole, slos=tuple(slos), documents=(document,), teams=teams))
    return api


def declare(api: WritingApi, definitions: DefinitionSet) -> None:
    api.loaded = dataclasses.replace(api.loaded, definitions=definitions)


def shown(api: WritingApi, checklist: str, subject: str = "installation") -> dict[str, Any]:
    query = {"checklist": checklist, "subject": subject}
    (found,) = api.client("anonymous").get("/checklists", params=query).json()["items"]
    return dict(found)


def missing(checklist: dict[str, Any]) -> set[str]:
    return {one["name"] for one in checklist["items"] if not one["is_done"]}


def test_every_subject_has_its_checklists_and_every_open_item_a_remedy(api: WritingApi):
    found = api.client("anonymous").get("/checklists").json()["items"]
    assert {(one["checklist"], one["subject"]) for one in found} == {
        ("prerequisites", "installation"),
        ("start_plan", "installation"),
        ("production_readiness", "installation"),
        *(("before_production", one.id) for one in made.definitions().key_results),
        *(("slo_readiness", one.name) for one in made.definitions().slos),
        ("maturity", "payments"),
        ("maturity", "search"),
        ("quality_review", made.CYCLE.name),
    }
    items = [item for one in found for item in one["items"]]
    assert all(bool(item["remedy"]) != item["is_done"] for item in items)


def test_r156_a_new_installation_has_three_open_prerequisites(api: WritingApi):
    assert missing(shown(api, "prerequisites")) == set()
    declare(api, DefinitionSet())
    new = shown(api, "prerequisites")
    assert (new["done_count"], new["items_count"]) == (0, 3)
    assert missing(new) == {"cadence", "telemetry", "owners"}


def test_r153_a_key_result_has_four_items_told_from_state_or_ticked_by_a_named_person(api: WritingApi):
    assert missing(shown(api, "before_production", "reliable-checkout/uptime")) == {"alerts_tested", "runbook"}

    answer = api.client().put(TESTED, json={"note": "paged the dummy team"})
    assert answer.status_code == 200, answer.text
    after = shown(api, "before_production", "reliable-checkout/uptime")
    (tested,) = [one for one in after["items"] if one["name"] == "alerts_tested"]
    assert answer.json() == tested
    assert (tested["ticked_by"], tested["note"]) == ("editor", "paged the dummy team")
    assert tested["ticked_at"] == "2026-02-15T00:00:10Z"
    assert missing(after) == {"runbook"}
    # The tick is of this key result alone.
    assert "alerts_tested" in missing(shown(api, "before_production", "reliable-checkout/budget"))


def test_a_tick_is_taken_back_once_with_who_and_when(api: WritingApi):
    api.client().put(TESTED, json={})
    assert [api.client("admin").delete(TESTED).status_code for _ in range(2)] == [204, 204]

    assert "alerts_tested" in missing(shown(api, "before_production", "reliable-checkout/uptime"))
    audit = api.client("admin").get("/audit?kind=ChecklistItem").json()["items"]
    # Taking back what is not ticked changes nothing, so it leaves no entry.
    assert [(one["action"], one["by"]) for one in audit] == [("untick", "admin"), ("tick", "editor")]


def test_the_last_of_several_ticks_counts(api: WritingApi):
    api.client().put(TESTED, json={"note": "first"})
    api.move_to(NOW + DAY)
    api.client("admin").put(TESTED, json={"note": "second"})

    items = shown(api, "before_production", "reliable-checkout/uptime")["items"]
    assert [(one["ticked_by"], one["note"]) for one in items if one["ticked_by"]] == [("admin", "second")]


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/checklists/before_production/reliable-checkout/uptime/runbook", 422, "refused-input"),
        ("/checklists/before_production/reliable-checkout/uptime/nonsense", 404, "not-found"),
        ("/checklists/before_production/nobody/uptime/alerts_tested", 404, "not-found"),
        ("/checklists/nonsense/installation/on_call_trained", 404, "not-found"),
    ],
)
def test_only_items_that_people_tell_can_be_ticked(api: WritingApi, path: str, status: int, kind: str):
    for answer in (api.client().put(path, json={}), api.client().delete(path)):
        assert (answer.status_code, slug(answer)) == (status, kind)


def test_r154_readiness_without_escalation_is_three_of_four(api: WritingApi):
    api.client().put(TRAINED, json={})
    assert shown(api, "production_readiness")["done_count"] == 4

    declare(api, dataclasses.replace(api.definitions, teams=api.definitions.teams[:1]))
    ready = shown(api, "production_readiness")
    assert (ready["done_count"], ready["items_count"], missing(ready)) == (3, 4, {"escalation"})
    assert [one["evidence"] for one in ready["items"] if not one["is_done"]] == ["missing for search"]


def test_r12_an_slo_without_rationale_is_open_on_the_readiness_list(api: WritingApi):
    assert missing(shown(api, "slo_readiness", "checkout-availability")) == set()

    bare = [dataclasses.replace(one, description="") for one in api.definitions.slos]
    declare(api, dataclasses.replace(api.definitions, slos=tuple(bare)))
    assert missing(shown(api, "slo_readiness", "checkout-availability")) == {"rationale"}
    assert "monitoring" in missing(shown(api, "production_readiness"))


def test_r17_key_results_and_slos_without_a_runbook_are_open(api: WritingApi):
    checkout, search = (one.name for one in (made.CHECKOUT, made.SEARCH))
    (linked,) = [one for one in shown(api, "slo_readiness", checkout)["items"] if one["name"] == "runbook"]
    assert linked["evidence"] == "https://runbooks.example/checkout"
    assert missing(shown(api, "slo_readiness", search)) == {"runbook"}
    assert "runbook" in missing(shown(api, "before_production", "reliable-checkout/uptime"))


def test_r76_a_team_stands_on_the_ladder_with_the_evidence(api: WritingApi):
    ladder = shown(api, "maturity", "payments")
    assert (ladder["level"], missing(ladder)) == ("intermediate", {"advanced"})
    assert {one["evidence"] for one in ladder["items"]} == {"2 of 2 key results move by themselves"}


def test_r78_seven_dated_tasks_close_themselves(api: WritingApi):
    with api.storage.transaction() as database:
        database.definitions.record(api.definitions.documents, "file", NOW)
    plan = shown(api, "start_plan")
    # One a day, counted from the first definition.
    assert [one["due"] for one in plan["items"]] == [f"2026-02-{day}T00:00:10Z" for day in range(16, 23)]
    # One of the four key results was never measured.
    assert missing(plan) == {"values", "check_in"}

    with api.storage.transaction() as database:
        database.check_ins.add(CheckIn("c1", "reliable-checkout/uptime", NOW, "maria", 7))
    assert missing(shown(api, "start_plan")) == {"values"}


def test_r74_week_two_runs_the_review_again_and_shows_the_drift(api: WritingApi):
    def found(code: str, first: int, last: int, subject: str = "reliable-checkout/uptime", **more: Any) -> Finding:
        return Finding(code, subject, "", START + first * DAY, START + last * DAY, **more)

    with api.storage.transaction() as database:
        database.findings.save(
            [
                found("no_baseline", -1, 14, state=FindingState.FIXED),
                found("unguarded_metric", 5, 14),
                found("orphan_objective", 6, 14, "objective:reliable-checkout"),
                found("no_owner", 5, 14, "objective:of-another-cycle"),
            ]
        )
    review = shown(api, "quality_review", made.CYCLE.name)
    own = "reliable-checkout/uptime"
    assert review["drift"] == {
        "at_start": [{"code": "no_baseline", "subject": own}],
        "appeared": [
            {"code": "orphan_objective", "subject": "objective:reliable-checkout"},
            {"code": "unguarded_metric", "subject": own},
        ],
        "resolved": [{"code": "no_baseline", "subject": own}],
    }
    assert missing(review) == {"week_2"}
    assert [one["evidence"] for one in review["items"]] == [
        "1 findings at the start, 0 of them still stand",
        "2 findings appeared, 1 are settled",
    ]

    api.move_to(START + 13 * DAY)
    assert shown(api, "quality_review", made.CYCLE.name)["items"][1]["evidence"] == "its day is still to come"


def test_r169_a_checklist_of_something_restricted_is_not_there(api: WritingApi):
    whole = api.definitions
    hidden = dataclasses.replace(whole.objectives[0], visibility=Visibility.RESTRICTED)
    declare(api, dataclasses.replace(whole, objectives=(hidden, whole.objectives[1])))
    assert "reliable-checkout" not in api.client("anonymous").get("/checklists").text
    assert "reliable-checkout" in api.client("seeing").get("/checklists").text
