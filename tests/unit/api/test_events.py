"""Events that are sent in, and annotations."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api.snapshots import NOW
from tests.unit.api.writing import WritingApi, objective, slug

from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus

DEPLOY = {"source": "github", "id": "run-1", "kind": "deploy", "at": "2026-02-14T10:00:00Z", "title": "api 4.2"}
INCIDENT = {
    "source": "pagerduty",
    "id": "P1",
    "kind": "incident",
    "start": "2026-02-14T10:00:00Z",
    "detected_at": "2026-02-14T10:05:00Z",
    "end": "2026-02-14T10:20:00Z",
    "severity": "sev1",
    "service": "api",
    "attributes": {"alerts": 3, "is_security": False, "lead": "none"},
}


@pytest.fixture
def api(tmp_path: Path) -> WritingApi:
    return WritingApi(tmp_path)


def _send(api: WritingApi, body: Any):
    return api.client("ingest").post("/events", json=body)


def test_events_come_alone_or_together_and_once_however_often_they_are_sent(api: WritingApi):
    assert _send(api, DEPLOY).json() == {"received": 1, "new": 1}
    assert _send(api, [DEPLOY, INCIDENT]).json() == {"received": 2, "new": 1}

    items = api.client("anonymous").get("/events").json()["items"]
    assert [(one["kind"], one["source"], one["id"]) for one in items] == [
        ("deploy", "github", "run-1"), ("incident", "pagerduty", "P1"),
    ]  # fmt: skip


def test_r15_an_incident_tells_its_times_to_detect_and_to_restore(api: WritingApi):
    _send(api, INCIDENT)
    item = api.client("anonymous").get("/events?kind=incident").json()["items"][0]

    assert (item["time_to_detect_seconds"], item["time_to_restore_seconds"]) == (300.0, 1200.0)
    assert item["attributes"] == {"alerts": 3.0, "is_security": False, "lead": "none"}


@pytest.mark.parametrize(
    "change",
    [
        {"at": "2026-02-15T01:00:00Z"},
        {"at": "1980-01-01T00:00:00Z"},
        {"at": None},
        {"start": "2026-02-13T10:00:00Z"},
        {"end": "2026-02-14T09:00:00Z"},
        {"detected_at": "2026-02-14T09:00:00Z"},
        {"source": "okrbridge"},
        {"at": "2024-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_of_the_list_is_kept(api: WritingApi, change: dict[str, Any]):
    answer = _send(api, [{**DEPLOY, "id": "good"}, {**DEPLOY, **change}])

    assert (answer.status_code, slug(answer)) == (422, "refused-input"), answer.text
    assert answer.json()["errors"][0]["path"].startswith("[1].")
    assert api.client().get("/events").json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"source": "a b"},
        {"kind": "Deploy"},
        {"id": ""},
        {"url": "javascript:alert(1)"},
        {"attributes": {f"a{number}": 1 for number in range(33)}},
        {"attributes": {"a": "x" * 1001}},
        {"attributes": {"a": [1]}},
        {"at": "2026-02-14T10:00:00"},
        {"more": 1},
    ],
)
def test_what_does_not_fit_the_description_is_refused(api: WritingApi, change: dict[str, Any]):
    assert slug(_send(api, {**DEPLOY, **change})) == "invalid-request"


@pytest.mark.parametrize("count", [0, 1001])
def test_a_list_has_one_to_a_thousand(api: WritingApi, count: int):
    assert _send(api, [{**DEPLOY, "id": str(number)} for number in range(count)]).status_code == 422


def test_events_are_paged_in_their_order(api: WritingApi):
    _send(api, [{**DEPLOY, "id": str(number)} for number in range(3)])
    client = api.client("anonymous")
    first = client.get("/events?limit=2").json()
    second = client.get("/events", params={"limit": 2, "cursor": first["next"]}).json()

    assert [one["id"] for one in (*first["items"], *second["items"])] == ["0", "1", "2"]
    assert second["next"] is None
    assert client.get("/events?cursor=djE6eA").status_code == 400
    # "v1:5 a \0": no database could look for it.
    assert client.get("/events?cursor=djE6NSBhIAA").status_code == 400


def test_r16_a_deploy_is_told_to_the_chart_of_a_key_result_and_to_grafana_alike(api: WritingApi):
    _send(api, [DEPLOY, INCIDENT])
    client = api.client("anonymous")
    of_grafana = client.get("/annotations", params={"from": "1771020000000", "to": "1771113600000"}).json()["items"]
    of_chart = client.get("/annotations?from=now-1d&key_result=from-a-file/latency").json()["items"]

    assert [one for one in of_chart if one["kind"] == "deploy"] == [
        {
            "time": "2026-02-14T10:00:00Z",
            "timeEnd": None,
            "kind": "deploy",
            "title": "api 4.2",
            "text": "",
            "tags": ["deploy", "github"],
            "url": None,
        }
    ]
    assert {one["kind"] for one in of_grafana} == {"deploy", "incident"}


def test_annotations_tell_of_maintenance_definitions_and_statuses(api: WritingApi):
    window = {"metadata": {"name": "upgrade"}, "spec": {"start": "2026-02-14T01:00:00Z", "end": "2026-02-14T02:00:00Z"}}
    api.made(window, "/maintenance-windows")
    api.made(objective())
    api.client().patch("/key-results/growth/users", json={"to": 30}, headers={"If-Match": "*"})
    statuses = (KeyResultStatus.ON_TRACK, KeyResultStatus.AT_RISK, KeyResultStatus.AT_RISK)
    times = [NOW - timedelta(minutes=3 - place) for place in range(3)]
    with api.storage.transaction() as database:
        records = [
            ProgressRecord("growth/users", at, 1.0, 0.1, 0.1, 0.2, 0.1, SteadyStatus(status), Quality.OK, at)
            for at, status in zip(times, statuses, strict=True)
        ]
        database.progress.save([], records)
    api.move_to(NOW + timedelta(minutes=1))
    items = api.client("anonymous").get("/annotations?from=now-1d&key_result=growth/users").json()["items"]

    assert [(one["kind"], one["text"]) for one in items] == [
        ("maintenance", "maintenance"), ("status_change", "on_track to at_risk"), ("definition_change", "revision 2"),
    ]  # fmt: skip
    assert items[0]["timeEnd"] == "2026-02-14T02:00:00Z"


def test_r54_the_published_meaning_is_the_one_that_judges(api: WritingApi):
    api.made({"metadata": {"name": "strict"}, "spec": {"onTrackGap": 0.02}}, "/status-policies", kind="admin")
    shown = api.client("anonymous").get("/definitions").json()

    policies = {
        one["name"]: (one["on_track_gap"], one["at_risk_gap"], one["revision"]) for one in shown["status_policies"]
    }
    assert policies == {"default": (0.05, 0.25, 1), "strict": (0.02, 0.25, 1)}
    assert {one["status"] for one in shown["statuses"]} == set(map(str, KeyResultStatus))
    assert [one["id"] for one in shown["formulas"]] == [f"A{number}" for number in range(1, 17)]
    assert shown["confidence"] == {"green_from": 7, "amber_from": 4, "discuss_drop": 3, "divergence": 4}
    assert shown["policy_by_cycle"]["2026-q1"] == "default"
    meanings = {one["code"]: one["meaning"] for one in shown["finding_codes"]}
    assert (meanings["no_baseline"], len(meanings)) == ("a way without a start", 32)


def test_r10_an_indicator_has_one_series_with_the_targets_of_two_quarters(api: WritingApi):
    kpi = {"metadata": {"name": "uptime"}, "spec": {"title": "Uptime", "measure": {"promql": "up", "unit": "%"}}}
    api.made(kpi, "/indicators")
    for cycle, start, end in (("2026-q1", "99.2%", "99.5%"), ("2026-q2", "99.5%", "99.9%")):
        moved = {"name": "up", "from": start, "to": end, "indicator": "uptime", "measure": {"indicator": "uptime"}}
        api.made(objective(f"reliable-{cycle}", cycle, keyResults=[moved]))
    records = [
        ProgressRecord(
            "indicator:uptime", NOW - timedelta(days=back), 0.99, None, None, 0.0, None,
            SteadyStatus(KeyResultStatus.ON_TRACK), Quality.OK, NOW - timedelta(days=back),
        )
        for back in (60, 30, 1)
    ]  # fmt: skip
    with api.storage.transaction() as database:
        database.progress.save([], records)
    shown = api.client("anonymous").get("/indicators/uptime/history?from=now-90d").json()

    assert [one["value"] for one in shown["items"]] == [0.99, 0.99, 0.99]
    assert [(one["key_result"], one["from"], one["to"]) for one in shown["targets"]] == [
        ("reliable-2026-q1/up", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"),
        ("reliable-2026-q2/up", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"),
    ]


def test_what_an_event_took_the_place_of_is_in_the_audit_log(api: WritingApi):
    other = {**INCIDENT, "id": "P2"}
    _send(api, [INCIDENT, other])
    _send(api, [INCIDENT, {**other, "end": "2026-02-14T10:15:00Z"}])
    (changed, first) = api.client("admin").get("/audit?kind=Event").json()["items"]

    assert (first["before"], first["after"]["new"]) == (None, 2)
    # The first one came again as it was; of the second the restore was moved from 10:20 to 10:15.
    assert [(one["id"], one["end"]) for one in changed["before"]["replaced"]] == [("P2", "2026-02-14T10:20:00Z")]
    assert changed["after"] == {"received": 2, "new": 0, "first": "pagerduty P1"}
