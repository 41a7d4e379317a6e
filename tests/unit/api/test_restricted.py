"""Restricted objectives and key results: absent for whoever may not see them, and counted all the same."""

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.snapshots import AT, NOW
from tests.unit.api.writing import WritingApi, objective

from okrbridge.api.app import bare_app
from okrbridge.api.needs import route_needs
from okrbridge.application.key_result_outlook import Outlook
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Event, Finding
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.snapshot import KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.application.visibility import EVERYTHING, sight_of
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus

SECRETS = ("Lay off", "severance", "secretvalue", "acquire-rival", "Buy the rival", "offer-price", "31337", "0.31337")
"""Names, titles and numbers that only some may see."""

HIDDEN_OBJECTIVE = objective(
    "acquire-rival",
    "2026-q1",
    title="Buy the rival",
    visibility="restricted",
    keyResults=[{"name": "offer-price", "title": "secretvalue agreed", "from": 0, "to": 31337}],
)
OPEN_OBJECTIVE = objective(
    "people",
    "2026-q1",
    title="Healthy company",
    parent="acquire-rival",
    keyResults=[
        {"name": "attrition", "from": 20, "to": 10, "guards": ["severance"], "measure": {"promql": "attrition"}},
        {"name": "severance", "title": "Lay off two hundred", "from": 0, "to": 31337, "visibility": "restricted"},
        {"name": "mix", "parts": [{"keyResult": "attrition"}, {"keyResult": "severance"}]},
    ],
)
INITIATIVE = {
    "metadata": {"name": "plan-b"},
    "spec": {"title": "Lay off plan", "keyResults": ["people/severance"], "state": "stopped", "stoppedReason": "x"},
}
SHARED = {
    "metadata": {"name": "plan-c"},
    "spec": {"title": "Talk", "keyResults": ["people/severance", "people/attrition"]},
}


def _report(key_result: KeyResult, definitions: DefinitionSet) -> KeyResultReport:
    value = 31337.0 if key_result.name in ("severance", "offer-price") else 15.0
    measurement = Measurement(
        key_result.id, AT, made.CYCLE.interval, value, Quality.OK,
        query="kr/people/severance" if key_result.name == "mix" else f"ask_{key_result.name}",
        error="the part people/severance is missing" if key_result.name == "mix" else "",
        details={"parts": {"people/severance": 0.31337}} if key_result.name == "mix" else {},
    )  # fmt: skip
    progress = ProgressRecord(
        key_result.id, AT, value, 0.5, 0.5, 0.5, 0.0, SteadyStatus(KeyResultStatus.ON_TRACK), Quality.OK, AT, "e1"
    )
    breached = ("people/severance",) if key_result.name == "attrition" else ()
    return KeyResultReport(
        key_result, definitions.cycle_by_name["2026-q1"], "", "li", progress, measurement, measurement,
        Outlook(guard_breached=bool(breached), breached_guards=breached),
    )  # fmt: skip


def _snapshot(definitions: DefinitionSet) -> Snapshot:
    objectives = tuple(
        ObjectiveReport(
            one, 0.31, 0.31, 1.0, 0.5, KeyResultStatus.ON_TRACK,
            tuple(_report(key_result, definitions) for key_result in one.key_results),
            contributing=("people",) if one.name == "acquire-rival" else (),
        )
        for one in definitions.objectives
        if one.cycle == "2026-q1"
    )  # fmt: skip
    return dataclasses.replace(made.rich_snapshot(), objectives=objectives)


@pytest.fixture
def api(tmp_path: Path) -> WritingApi:
    """Everything that is kept of a key result, of restricted ones."""
    api = WritingApi(tmp_path)
    api.made(HIDDEN_OBJECTIVE)
    api.made(OPEN_OBJECTIVE)
    api.made(INITIATIVE, "/initiatives")
    api.made(SHARED, "/initiatives")
    changed = {"to": 31338, "revision": {"reason": "typo", "note": "secretvalue"}}
    api.client().patch("/key-results/people/severance", json=changed, headers={"If-Match": "*"})
    api.client().post("/objectives/acquire-rival/reviews", json={"decision": "comment", "note": "secretvalue"})
    with api.storage.transaction() as database:
        for identity in ("people/severance", "acquire-rival/offer-price"):
            database.check_ins.add(CheckIn(identity, identity, AT, "li", 3, blockers="secretvalue"))
        traded = CheckIn("t", "people/severance", AT, "li", 3, output=CheckInOutput.TRADE_OFF, slows="people/attrition")
        database.check_ins.add(traded)
        database.events.save(
            [
                Event("okrbridge", "t", "trade_off", AT, AT, subject="people/attrition",
                      title="people/attrition slows down for people/severance",
                      attributes={"for": "people/severance", "note": "secretvalue", "by": "li"}),
                Event("okrbridge", "u", "trade_off", AT, AT, subject="people/severance",
                      title="people/severance slows: secretvalue"),
            ]
        )  # fmt: skip
        database.findings.save(
            [
                Finding("unguarded_metric", "people/severance", "secretvalue", AT, AT),
                Finding("no_owner", "objective:acquire-rival", "secretvalue", AT, AT),
                Finding("possible_conflict", "people/attrition", "goes against people/severance (Lay off two hundred)",
                        AT, AT, {"other": "people/severance"}),
            ]
        )  # fmt: skip
    api.snapshots.current = _snapshot(api.definitions)
    api.move_to(NOW + timedelta(minutes=2))
    return api


VALUES = {
    "objective": ("people", "acquire-rival"),
    "key_result": ("attrition", "mix", "severance", "offer-price"),
    "cycle": ("2026-q1",),
    "initiative": ("plan-b", "plan-c"),
    "indicator": ("none",),
}
QUERIES = {
    "/api/v1/annotations": ("?from=now-2d", "?from=now-2d&key_result=people/attrition", "?key_result=people/severance"),
    "/api/v1/signals": ("?cycle=2026-q1",),
}


def _addresses() -> list[str]:
    """Every GET route with every value that it could be asked for."""
    paths = [one.path for one in route_needs(bare_app()) if one.method == "GET" and one.path != "/docs/oauth2-redirect"]
    found = []
    for path in paths:
        filled = [path]
        for name in re.findall(r"\{(\w+)\}", path):
            filled = [one.replace(f"{{{name}}}", value, 1) for one in filled for value in VALUES.get(name, ("x",))]
        found += [one + query for one in filled for query in QUERIES.get(path, ("",))]
    return found


@pytest.mark.parametrize("kind", ["anonymous", "viewer"])
def test_r169_no_get_route_tells_title_name_or_value_of_what_is_restricted(api: WritingApi, kind: str):
    # A problem repeats the address and the name that were asked for; that tells the asker nothing.
    client, told = api.client(kind), []
    for address in _addresses():
        answer = client.get(f"http://testserver{address}")
        assert answer.status_code != 500, address
        told += [(address, secret) for secret in SECRETS if secret in answer.text and secret not in address]

    assert told == []


@pytest.mark.parametrize("kind", ["seeing", "editor", "admin"])
def test_r169_who_may_see_restricted_objects_sees_them(api: WritingApi, kind: str):
    text = "".join(api.client(kind).get(f"http://testserver{address}").text for address in _addresses())

    assert [secret for secret in SECRETS if secret not in text] == []


@pytest.mark.parametrize(
    "path",
    [
        "/objectives/acquire-rival",
        "/objectives/acquire-rival/document",
        "/objectives/acquire-rival/reviews",
        "/key-results/people/severance",
        "/key-results/people/severance/history",
        "/key-results/people/severance/explain",
        "/key-results/people/severance/check-ins",
        "/key-results/people/severance/check-ins/draft",
        "/key-results/people/severance/forecast",
        "/key-results/people/severance/revisions",
        "/key-results/acquire-rival/offer-price",
        "/annotations?key_result=people/severance",
        "/initiatives/plan-b",
    ],
)
def test_r169_what_is_restricted_is_as_absent_as_what_never_was(api: WritingApi, path: str):
    hidden, seen = api.client("anonymous").get(path), api.client("editor").get(path)

    assert (hidden.status_code, seen.status_code) == (404, 200)
    never = api.client("anonymous").get(path.replace("severance", "nothing").replace("rival", "nothing"))
    assert not re.search(r"did you mean '[^']*(severance|rival|plan-b)", hidden.text)
    assert hidden.json()["type"] == (never.json()["type"] if never.status_code == 404 else hidden.json()["type"])


def test_r169_names_of_what_is_restricted_give_way_to_words(api: WritingApi):
    client = api.client("anonymous")
    attrition = client.get("/key-results/people/attrition").json()
    mix = client.get("/key-results/people/mix").json()
    document = client.get("/objectives/people/document").json()["document"]

    assert attrition["guards"] == attrition["breached_guards"] == ["a restricted key result"]
    assert mix["error"] == "the part a restricted key result is missing"
    assert [one["name"] for one in document["spec"]["keyResults"]] == ["attrition", "mix"]
    assert document["spec"]["keyResults"][1]["parts"][1]["keyResult"] == "a restricted key result"
    assert document["spec"]["parent"] == "a restricted objective"
    assert client.get("/initiatives/plan-c").json()["document"]["spec"]["keyResults"] == ["people/attrition"]


def test_r169_what_is_restricted_stays_in_the_roll_up(api: WritingApi):
    seen, hidden = (api.client(kind).get("/objectives/people").json() for kind in ("editor", "anonymous"))

    assert hidden["progress_ratio"] == seen["progress_ratio"] == 0.31
    assert [one["key_result"] for one in hidden["key_results"]] == ["attrition", "mix"]
    assert (hidden["parent"], seen["parent"]) == (None, "acquire-rival")


def test_r169_an_objective_under_a_restricted_one_stands_at_the_top_of_the_tree(api: WritingApi):
    tree = api.client("anonymous").get("/objectives/tree").json()["items"]

    assert "people" in [one["objective"] for one in tree]
    whole = {one["objective"]: one for one in api.client("editor").get("/objectives/tree").json()["items"]}
    assert [one["objective"] for one in whole["acquire-rival"]["children"]] == ["people"]


def test_r168_what_is_not_restricted_is_listed_to_whoever_asks(api: WritingApi):
    listed = api.client("anonymous").get("/key-results").json()["items"]

    assert {"attrition", "mix", "latency"} == {one["key_result"] for one in listed}
    assert {one["visibility"] for one in listed} == {"public"}


def test_r169_a_change_hides_at_once_and_not_at_the_next_evaluation(api: WritingApi):
    anonymous = api.client("anonymous")
    assert anonymous.get("/objectives/people").status_code == 200
    sent: dict[str, Any] = {"spec": {"visibility": "restricted"}}
    api.client().patch("/objectives/people", json=sent, headers={"If-Match": "*"})

    assert anonymous.get("/objectives/people").status_code == 404
    assert "attrition" not in anonymous.get("/key-results").text


def test_r169_a_team_restricts_its_objectives(api: WritingApi):
    api.made({"metadata": {"name": "board"}, "spec": {"visibility": "restricted"}}, "/teams")
    api.made(objective("merger", team="board"))

    assert api.client("anonymous").get("/objectives/merger/document").status_code == 404
    assert api.client("viewer").get("/objectives/merger/document").status_code == 404


def test_r169_a_document_that_was_left_out_is_shown_to_those_alone_who_see_all(api: WritingApi):
    api.loaded = api.prepare([]).loaded
    api.snapshots.current = None

    assert api.client("anonymous").get("/objectives/acquire-rival/document").status_code == 404
    assert api.client("editor").get("/objectives/acquire-rival/document").status_code == 200


def test_nothing_is_looked_for_when_nothing_is_restricted_or_the_caller_sees_all():
    definitions, snapshot, item = made.definitions(), made.rich_snapshot(), {"title": "Lay off"}

    assert sight_of(definitions, snapshot, sees_restricted=True) is EVERYTHING
    for sight in (EVERYTHING, sight_of(definitions, snapshot, sees_restricted=False)):
        assert sight.of_definitions(definitions) is definitions
        assert sight.of_snapshot(snapshot) is snapshot
        assert sight.redacted(item) is item


def test_r20_a_tree_of_organization_and_team_has_no_level_in_between(api: WritingApi):
    api.made(objective("company", "2026-q1"))
    api.made(objective("search", "2026-q1", parent="company"))
    api.snapshots.current = _snapshot(api.definitions)
    tree = {one["objective"]: one for one in api.client("anonymous").get("/objectives/tree").json()["items"]}

    assert [one["objective"] for one in tree["company"]["children"]] == ["search"]
    assert tree["company"]["children"][0]["children"] == []


def _closed(api: WritingApi) -> None:
    """The cycle closed, with a guard among the evidence that only some may see."""
    asked = api.client().get("/cycles/2026-q1/close").json()["items"]
    said = [{"objective": one["objective"], "key_result": one["key_result"], "review": "Done."} for one in asked]
    answer = api.client().post("/cycles/2026-q1/close", json={"key_results": said, "early": True})
    assert answer.status_code == 200, answer.text


def _guards_of_attrition(api: WritingApi, kind: str) -> list[str]:
    one = api.client(kind).get("/cycles/2026-q1/scores/people/attrition").json()
    listed = {each["key_result"]: each for each in api.client(kind).get("/cycles/2026-q1/scores").json()["items"]}
    assert listed["attrition"] == one
    return [each["guard"] for each in one["evidence"]["guards"]]


def test_r169_scores_rest_on_no_guard_that_is_restricted(api: WritingApi):
    _closed(api)

    assert _guards_of_attrition(api, "editor") == ["people/severance"]
    assert _guards_of_attrition(api, "anonymous") == []
    assert api.client("anonymous").get("/cycles/2026-q1/scores/people/severance").status_code == 404
    # Nor when the guard is gone, and nobody knows any more that it was restricted.
    api.loaded = api.prepare([]).loaded
    api.snapshots.current = None
    assert _guards_of_attrition(api, "anonymous") == []


def test_r169_revisions_name_no_part_that_is_restricted(api: WritingApi):
    parts = [{"keyResult": "attrition", "weight": 2}, {"keyResult": "severance"}]
    changed = {"parts": parts, "revision": {"reason": "typo", "note": "weights"}}
    api.client().patch("/key-results/people/mix", json=changed, headers={"If-Match": "*"})
    path = "/key-results/people/mix/revisions"
    (seen,), (hidden,) = (api.client(kind).get(path).json()["items"] for kind in ("editor", "anonymous"))

    assert seen["after"]["parts"] == parts
    assert hidden["after"]["parts"] == [parts[0], {"keyResult": "a restricted key result"}]


REMOVALS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "/key-results/people/mix", {"parts": [{"keyResult": "attrition"}], "revision": {"reason": "typo"}}),
    ("PATCH", "/key-results/people/attrition", {"guards": []}),
    ("DELETE", "/initiatives/plan-b", None),
    ("DELETE", "/initiatives/plan-c", None),
    ("DELETE", "/key-results/people/severance?why=over", None),
    ("PATCH", "/objectives/people", {"spec": {"parent": None}}),
    ("DELETE", "/objectives/acquire-rival?why=over", None),
]


@pytest.mark.parametrize("kind", ["anonymous", "viewer"])
def test_r169_what_was_restricted_stays_hidden_once_it_is_removed(api: WritingApi, kind: str):
    for method, path, sent in REMOVALS:
        answer = api.client().request(method, path, json=sent, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
    remaining = dataclasses.replace(made.rich_snapshot(), objectives=())
    api.snapshots.current = remaining
    kept = ("/events?from=now-3d", "/annotations?from=now-3d", "/findings", "/key-results/people/mix/revisions")
    told = {path: api.client(kind).get(path).text for path in kept}

    assert {path: [one for one in SECRETS if one in text] for path, text in told.items()} == {path: [] for path in kept}
    assert "secretvalue" in api.client("editor").get("/findings").text


def test_r169_a_document_hides_what_it_restricts_before_the_definitions_are_in_force_here(api: WritingApi):
    # Another process on the same database writes; this one hears of it before its next evaluation.
    before = api.loaded
    hidden = {"name": "secretplan", "title": "secretvalue", "from": 0, "to": 31337, "visibility": "restricted"}
    api.client().post("/objectives/people/key-results", json=hidden)
    api.client().patch("/key-results/people/mix", json={"visibility": "restricted"}, headers={"If-Match": "*"})
    api.made(objective("merger", "2026-q1", title="secretvalue", visibility="restricted"))
    api.loaded = before
    anonymous = api.client("anonymous")

    listed = anonymous.get("/objectives/people/document").json()["document"]["spec"]["keyResults"]
    assert [one["name"] for one in listed] == ["attrition"]
    assert anonymous.get("/objectives/merger/document").status_code == 404


def test_r169_what_is_restricted_may_be_named_and_titled_as_the_keys_of_an_answer(api: WritingApi):
    titled = {"name": "status", "title": "value", "from": 0, "to": 1, "visibility": "restricted"}
    api.made(objective("team", "2026-q1", title="progress_ratio", visibility="restricted", keyResults=[titled]))
    api.snapshots.current = _snapshot(api.definitions)
    keys = {kind: api.client(kind).get("/key-results/people/attrition").json().keys() for kind in ("editor", "viewer")}

    assert keys["viewer"] == keys["editor"]
