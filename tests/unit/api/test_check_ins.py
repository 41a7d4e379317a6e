"""Check-ins: pre-filled, judged by what they leave behind, seen in every history they touch."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.snapshots import NOW
from tests.unit.api.writing import WritingApi, slug

from okrbridge.application.key_result_outlook import CheckInState, Outlook
from okrbridge.application.okr_records import Event
from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.forecast import Forecast, ForecastMethod
from okrbridge.domain.measures import ManualMeasure
from okrbridge.domain.objectives import Initiative, InitiativeState, Team
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus

UPTIME = "/key-results/reliable-checkout/uptime"
LATENCY = "/key-results/fast-search/p99-latency"
MONDAY = datetime(2026, 2, 9, 10, 0, tzinfo=UTC)


@pytest.fixture
def api(tmp_path: Path) -> WritingApi:
    """The hand-made snapshot, with a forecast for uptime."""
    told = Forecast(0.05, 0.1, 0.6, 0.8571, 1.1, 0.3, ForecastMethod.TREND, 7)
    outlook = Outlook(forecast=told, machine_confidence=3, check_ins=CheckInState(due_at=NOW + timedelta(days=2)))
    report = dataclasses.replace(made.uptime_report(), outlook=outlook)
    return _api(tmp_path, report)


def _api(folder: Path, uptime: KeyResultReport) -> WritingApi:
    whole = made.rich_snapshot()
    checkout = dataclasses.replace(whole.objectives[0], key_results=(uptime, made.budget_report()))
    api = WritingApi(folder, dataclasses.replace(whole, objectives=(checkout, whole.objectives[1])))
    declared = dataclasses.replace(
        made.definitions(),
        teams=(Team("payments", champion="chris"),),
        initiatives=(
            Initiative("cache", "A cache", ("reliable-checkout/uptime",), state=InitiativeState.STOPPED,
                       stopped_reason="no effect after three weeks"),
            Initiative("queue", "A queue", ("reliable-checkout/uptime",), state=InitiativeState.ACTIVE),
            Initiative("index", "An index", ("nowhere/else",), state=InitiativeState.STOPPED),
        ),
    )  # fmt: skip
    api.loaded = dataclasses.replace(api.loaded, definitions=declared)
    return api


def _off_track(folder: Path) -> WritingApi:
    report = made.uptime_report()
    red = SteadyStatus(KeyResultStatus.OFF_TRACK)
    return _api(folder, dataclasses.replace(report, progress=dataclasses.replace(report.progress, status=red)))


def _say(api: WritingApi, path: str = UPTIME, **said: Any):
    return api.client().post(f"{path}/check-ins", json=said)


def test_r67_a_draft_has_the_evidence_and_two_texts_remain(api: WritingApi):
    with api.storage.transaction() as database:
        start = NOW - timedelta(hours=2)
        database.events.save(
            [
                Event("ci", "1", "deploy", start, NOW, title="checkout 4.2"),
                Event("shop", "2", "signup", start, NOW, title="somebody"),
            ]
        )
    draft = api.client("anonymous").get(f"{UPTIME}/check-ins/draft").json()

    evidence = draft["evidence"]
    assert (evidence["value"], evidence["expected_ratio"], evidence["status"]) == (0.9972, 0.5, "on_track")
    assert (evidence["forecast_p50"], evidence["hit_probability_ratio"]) == (0.8571, 0.3)
    assert [one["title"] for one in evidence["events"]] == ["checkout 4.2"]
    assert {key for key, value in draft.items() if value == ""} == {"blockers", "next_change"}
    assert (draft["needs_output"], draft["due_at"]) == (False, "2026-02-17T00:00:10Z")


def test_a_check_in_keeps_the_evidence_of_its_time_and_the_next_tells_what_changed(api: WritingApi):
    first = _say(api, confidence=8, blockers="none", next_change="a second replica")
    assert first.status_code == 201, first.text
    assert (first.json()["by"], first.json()["confidence_colour"]) == ("editor", "green")
    api.move_to(NOW + timedelta(minutes=1))

    evidence = api.client().get(f"{UPTIME}/check-ins/draft").json()["evidence"]
    assert (evidence["since"], evidence["value_change"]) == ("2026-02-15T00:00:10Z", 0.0)
    with api.storage.reading() as database:
        entry = database.audit.newest(kind="KeyResult")[0]
    assert entry.after is not None
    assert (entry.action, entry.name, entry.after["confidence"]) == ("check_in", "reliable-checkout/uptime", 8)


def test_r44_confidence_over_time_has_its_colours_and_its_trend(api: WritingApi):
    for week, confidence in enumerate((8, 7, 4)):
        api.move_to(NOW + timedelta(weeks=week))
        _say(api, confidence=confidence)
    shown = api.client("anonymous").get(f"{UPTIME}/check-ins").json()

    assert shown["confidence_colours"] == ["green", "green", "amber"]
    assert shown["confidence_direction"] == "falling"
    assert [one["confidence"] for one in shown["items"]] == [8, 7, 4]


def test_r45_a_sharp_drop_opens_an_item_for_owner_and_champion(api: WritingApi):
    for week, confidence in enumerate((8, 7, 4)):
        api.move_to(NOW + timedelta(weeks=week))
        _say(api, confidence=confidence)
    found = api.client("anonymous").get("/findings?code=discuss").json()["items"]

    assert [(one["subject"], one["state"], one["evidence"]["from"], one["evidence"]["to"]) for one in found] == [
        ("reliable-checkout/uptime", "open", 7, 4)
    ]
    assert "maria and chris should talk" in found[0]["message"]


def test_r66_a_check_in_is_due_and_overdue_by_the_cadence_of_its_cycle(tmp_path: Path):
    state = CheckInState(due_at=NOW - timedelta(days=1), is_due=True, is_overdue=True)
    api = _api(tmp_path, dataclasses.replace(made.uptime_report(), outlook=Outlook(check_ins=state)))
    item = api.client("anonymous").get(UPTIME).json()

    assert (item["check_in_due_at"], item["is_check_in_due"], item["is_check_in_overdue"]) == (
        "2026-02-14T00:00:10Z", True, True,
    )  # fmt: skip
    assert api.client().get("/signals?cycle=2026-q1").json()["overdue"] == ["reliable-checkout/uptime"]


def test_r69_two_cadences_without_a_check_in_are_told(tmp_path: Path):
    state = CheckInState(due_at=NOW - timedelta(days=8), is_due=True, is_overdue=True, is_stale=True)
    api = _api(tmp_path, dataclasses.replace(made.uptime_report(), outlook=Outlook(check_ins=state)))

    assert api.client().get(UPTIME).json()["is_check_in_stale"] is True


def test_r68_off_track_without_an_output_is_stored_as_no_decision_and_counted(tmp_path: Path):
    api = _off_track(tmp_path)
    assert _say(api, confidence=3).json()["is_without_decision"] is True
    api.move_to(NOW + timedelta(days=1))
    decided = _say(api, output="ask", output_note="one more engineer from the platform team")
    assert decided.json()["is_without_decision"] is False

    api.move_to(NOW + timedelta(days=2))
    assert api.client().get(f"{UPTIME}/check-ins").json()["without_decision_count"] == 1
    signals = api.client().get("/signals?cycle=2026-q1").json()
    assert (signals["check_ins_count"], signals["without_decision_count"], signals["outputs"]["ask"]) == (2, 1, 1)


def test_r63_a_trade_off_stands_in_both_histories(api: WritingApi):
    answer = _say(
        api, output="trade_off", output_note="search waits for the second replica", slows="fast-search/p99-latency"
    )
    assert answer.status_code == 201, answer.text
    api.move_to(NOW + timedelta(hours=1))
    slowed = api.client().get(f"{LATENCY}/check-ins").json()["slowed_by"]

    assert [(one["in_favour_of"], one["note"]) for one in slowed] == [
        ("reliable-checkout/uptime", "search waits for the second replica")
    ]
    assert api.client().get(f"{UPTIME}/check-ins").json()["items"][0]["slows"] == "fast-search/p99-latency"
    told = api.client().get("/annotations").json()["items"]
    assert [one["kind"] for one in told] == ["trade_off"]


def test_r71_work_that_was_stopped_on_evidence_is_counted(api: WritingApi):
    signals = api.client("anonymous").get("/signals?cycle=2026-q1").json()

    assert signals["stopped_initiatives_count"] == 1
    assert signals["stopped_initiatives"][0]["reason"] == "no effect after three weeks"


def _history(api: WritingApi, key_result: str, statuses: Sequence[tuple[datetime, KeyResultStatus]]) -> None:
    records = [
        ProgressRecord(key_result, at, 0.99, 0.1, 0.1, 0.5, 0.4, SteadyStatus(status), Quality.OK, at)
        for at, status in statuses
    ]
    with api.storage.transaction() as database:
        database.progress.save([], records)


def test_r79_red_on_monday_and_decided_on_thursday_are_three_days(tmp_path: Path):
    api = _off_track(tmp_path)
    red = [(MONDAY + timedelta(days=day), KeyResultStatus.OFF_TRACK) for day in range(5)]
    _history(api, "reliable-checkout/uptime", [(MONDAY - timedelta(days=1), KeyResultStatus.AT_RISK), *red])
    api.move_to(MONDAY + timedelta(days=3))
    _say(api, output="initiative_change", output_note="the cache goes")
    api.move_to(MONDAY + timedelta(days=4))

    assert api.client().get(f"{UPTIME}/check-ins").json()["decision_latency_days"] == 3.0


def test_r80_the_week_of_the_first_red_is_told(tmp_path: Path):
    api = _off_track(tmp_path)
    # The cycle begins on Thursday 1 January: its sixth week is that of 5 to 11 February.
    _history(api, "reliable-checkout/uptime", [(MONDAY, KeyResultStatus.OFF_TRACK)])

    assert api.client().get(f"{UPTIME}/check-ins").json()["first_red_week"] == 6


def test_r50_a_reforecast_leaves_the_target_and_stays_on_record(api: WritingApi):
    _say(api, confidence=8)
    api.move_to(NOW + timedelta(weeks=4))
    shown = api.client("anonymous").get(f"{UPTIME}/forecast").json()

    assert (shown["target"], shown["p50"], shown["method"], shown["points"]) == (0.9995, 0.8571, "theil_sen", 7)
    # 0.992 + 0.8571 x 0.0075
    assert shown["value_p50"] == pytest.approx(0.99842825)
    assert [(one["time"], one["p50"]) for one in shown["history"]] == [("2026-02-15T00:00:10Z", 0.8571)]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"override_value": 0.9}, "override_expires_at"),
        ({"override_value": 0.9, "override_expires_at": "2026-02-14T00:00:00Z"}, "override_expires_at"),
        ({"override_value": 0.9, "override_expires_at": "2026-05-17T00:00:00Z"}, "override_expires_at"),
        ({"override_expires_at": "2026-02-17T00:00:00Z"}, "override_expires_at"),
        ({"output": "ask"}, "output_note"),
        ({"output": "trade_off", "output_note": "x", "slows": "no/where"}, "slows"),
        ({"output": "trade_off", "output_note": "x", "slows": "reliable-checkout/uptime"}, "slows"),
        ({"slows": "fast-search/p99-latency"}, "slows"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(api: WritingApi, said: dict[str, Any], field: str):
    answer = _say(api, **said)

    assert (answer.status_code, slug(answer)) == (422, "refused-input"), answer.text
    assert [one["path"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("said", [{"confidence": 11}, {"confidence": -1}, {"mood": "good"}, {"blockers": 4001 * "x"}])
def test_what_does_not_fit_the_description_is_refused(api: WritingApi, said: dict[str, Any]):
    assert slug(_say(api, **said)) == "invalid-request"


def test_a_value_stands_in_for_90_days_at_most(api: WritingApi):
    answer = _say(api, override_value=0.9, override_expires_at="2026-05-16T00:00:00Z")

    assert (answer.status_code, answer.json()["override_expires_at"]) == (201, "2026-05-16T00:00:00Z")


def test_an_override_is_withdrawn_by_a_later_check_in(api: WritingApi):
    _say(api, override_value=0.9, override_expires_at="2026-03-15T00:00:00Z")
    api.move_to(NOW + timedelta(minutes=1))
    body = {"withdraw_override": True, "blockers": "The exporter is put right."}
    answers = [
        api.client().post(f"{UPTIME}/check-ins", json=body, headers={"Idempotency-Key": "week-6"}) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201], answers[0].text
    assert answers[0].json() == answers[1].json()
    made = answers[0].json()
    assert (made["is_withdrawal"], made["override_value"], made["override_expires_at"]) == (
        True, None, "2026-02-15T00:01:10Z",
    )  # fmt: skip
    with api.storage.reading() as database:
        standing = database.check_ins.latest_values(["reliable-checkout/uptime"], NOW + timedelta(days=1))
        entry = database.audit.newest(kind="KeyResult")[0]
    assert not standing["reliable-checkout/uptime"].overrides_at(NOW + timedelta(minutes=1))
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["override_value"], entry.after["is_withdrawal"]) == (0.9, True)


def test_a_check_in_sent_again_gets_its_first_answer_although_it_could_not_be_made_any_more(api: WritingApi):
    body = {"override_value": 0.9, "override_expires_at": "2026-02-15T00:01:00Z"}
    for minutes, is_again in ((0, False), (2, True)):
        api.move_to(NOW + timedelta(minutes=minutes))
        answer = api.client().post(f"{UPTIME}/check-ins", json=body, headers={"Idempotency-Key": "minute"})
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, is_again), answer.text


def test_what_does_not_stand_cannot_be_withdrawn(api: WritingApi):
    def refused(**said: Any) -> list[str]:
        answer = _say(api, withdraw_override=True, **said)
        assert slug(answer) == "refused-input"
        return [one["path"] for one in answer.json()["errors"]]

    assert refused() == ["withdraw_override"]
    assert refused(override_value=0.9, override_expires_at="2026-03-15T00:00:00Z") == ["withdraw_override"]
    _say(api, override_value=0.9, override_expires_at="2026-02-16T00:00:00Z")
    api.move_to(datetime(2026, 2, 16, tzinfo=UTC))
    assert refused() == ["withdraw_override"]  # it has ended by itself


def test_a_manual_value_is_put_right_and_not_withdrawn(tmp_path: Path):
    by_hand = dataclasses.replace(made.UPTIME, measure=ManualMeasure(timedelta(days=14)))
    api = _api(tmp_path, dataclasses.replace(made.uptime_report(), key_result=by_hand))
    _say(api, override_value=0.9)
    answer = _say(api, withdraw_override=True)
    assert "say the right one with override_value" in answer.json()["errors"][0]["message"]


def test_a_finding_is_accepted_with_a_note_and_opened_again(api: WritingApi):
    _say(api, confidence=8)
    api.move_to(NOW + timedelta(weeks=1))
    _say(api, confidence=2)
    path = "/findings/discuss/reliable-checkout/uptime"
    assert slug(api.client().patch(path, json={"state": "accepted"})) == "refused-input"

    accepted = api.client().patch(path, json={"state": "accepted", "note": "we talked on Monday"}).json()
    assert (accepted["state"], accepted["note"], accepted["by"]) == ("accepted", "we talked on Monday", "editor")
    assert api.client().get("/findings?state=open").json()["items"] == []
    assert api.client().patch("/findings/discuss/no/where", json={"state": "open"}).status_code == 404
