"""Incidents: what each cost by the ledger and by the progress kept, and the form of its postmortem."""

import dataclasses
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.unit.api import snapshots as made
from tests.unit.api.tokens import Tokens, every_token
from tests.unit.api.writing import slug

from okrbridge.api.app import create_app
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.incidents import IncidentImpact, IncidentItem, IncidentReview
from okrbridge.application.incidents import impact_on_slos, incident
from okrbridge.application.records import Evaluation, ProgressRecord, Quality
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, KeyResultState, Visibility
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.measures import IncidentMeasure
from okrbridge.domain.objectives import Initiative, InitiativeState, Retrospective
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.windows import Interval, epoch_seconds

START = datetime(2026, 2, 14, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
INCIDENT = {
    "source": "pagerduty",
    "id": "P1",
    "kind": "incident",
    "start": "2026-02-14T10:00:00Z",
    "detected_at": "2026-02-14T10:05:00Z",
    "end": "2026-02-14T10:20:00Z",
    "severity": "sev1",
    "service": "checkout",
    "title": "Checkout answers with errors",
    "url": "https://pager.example/P1",
}
POSTMORTEM = {
    "source": "wiki",
    "id": "pm-1",
    "kind": "postmortem",
    "at": "2026-02-14T15:00:00Z",
    "subject": "P1",
    "url": "https://wiki.example/P1",
    "attributes": {
        "assignee": "jo",
        "action_items": "Limit retries; Alert on queue length",
        "improvement_key_results": "fast-search/errors",
    },
}
SEVERE = KeyResult(
    name="severe",
    title="At most 3 severe incidents",
    objective="reliable-checkout",
    kind=KeyResultKind.DECREASE,
    measure=IncidentMeasure(severities=("sev1",)),
    unit=made.LATENCY.unit,
    baseline=12.0,
    target=3.0,
    period=made.CYCLE.interval,
)


def with_key_results(*key_results: KeyResult, **more: Any) -> DefinitionSet:
    """What is declared, with other key results of the checkout's objective."""
    objective = dataclasses.replace(made.CHECKOUT_OBJECTIVE, key_results=key_results)
    return dataclasses.replace(made.definitions(), objectives=(objective, made.SEARCH_OBJECTIVE), **more)


@dataclasses.dataclass
class Api:
    """The API over counts and progress that a test sets."""

    tokens: Tokens
    definitions: DefinitionSet = dataclasses.field(default_factory=made.definitions)

    @cached_property
    def app(self) -> FastAPI:
        return create_app(self.tokens.services(definitions=lambda: self.definitions))

    def client(self, kind: str = "editor") -> TestClient:
        headers = self.tokens.headers(kind)
        return TestClient(self.app, "http://testserver/api/v1", headers=headers, raise_server_exceptions=False)

    def get(self, path: str, kind: str = "anonymous", **asked: Any) -> Any:
        """What is answered, when it is as it is described."""
        answer = self.client(kind).get(f"/incidents{path}", params=asked)
        assert answer.status_code == 200, answer.text
        model = Page[IncidentItem] if not path else IncidentReview if path.endswith("/review") else IncidentImpact
        model.model_validate_json(answer.content)
        return answer.json()

    def send(self, *events: dict[str, Any]) -> None:
        answer = self.client("ingest").post("/events", json=list(events))
        assert answer.status_code == 200, answer.text

    def counted(self, *stretches: tuple[datetime, timedelta, float, float]) -> None:
        """Slices of the checkout's SLI: from when, how long, good and total in each minute."""
        for start, length, good, total in stretches:
            first = epoch_seconds(start)
            minutes = [(first + 60 * place, good, total, SliceState.MEASURED) for place in range(length // MINUTE)]
            with self.tokens.storage.transaction() as database:
                table = SliceTable.of_one(Slices.of(minutes))
                database.ledger.write([made.CHECKOUT.sli], "prometheus", table)

    def evaluated(self, at: datetime) -> None:
        with self.tokens.storage.transaction() as database:
            database.evaluations.save(Evaluation(f"e{at:%H%M}", at, at, at, 1))

    def stood(
        self, key_result: KeyResult, at: datetime, value: float, ratio: float, status: KeyResultStatus, **more: Any
    ) -> None:
        record = ProgressRecord(
            key_result.id, at, value, ratio, ratio, 0.5, 0.5 - ratio, SteadyStatus(status), Quality.OK, at
        )
        with self.tokens.storage.transaction() as database:
            database.progress.save([], [dataclasses.replace(record, **more)])


@pytest.fixture
def api() -> Api:
    return Api(every_token())


@pytest.fixture
def down(api: Api) -> Api:
    """20 minutes of 1000 requests that fail, at the end of 30 days of as many; uptime falls, and recovers a little."""
    api.counted((START + 20 * MINUTE - 30 * DAY, 30 * DAY - 20 * MINUTE, 1000.0, 1000.0))
    api.counted((START, 20 * MINUTE, 0.0, 1000.0), (START + 20 * MINUTE, 60 * MINUTE, 1000.0, 1000.0))
    api.evaluated(START + 80 * MINUTE)
    # Uptime goes from 99.2 % to 99.95 %: 99.8 % is (0.998 - 0.992) / 0.0075 = 0.8 of the way, 99.65 % is 0.6.
    api.stood(made.UPTIME, START, 0.998, 0.8, KeyResultStatus.ON_TRACK)
    api.stood(made.UPTIME, START + 21 * MINUTE, 0.9965, 0.6, KeyResultStatus.AT_RISK)
    api.stood(made.UPTIME, START + 80 * MINUTE, 0.99725, 0.7, KeyResultStatus.ON_TRACK)
    api.send(INCIDENT)
    return api


def test_r155_an_incident_of_20_bad_minutes_tells_the_budget_spent_and_the_difference_of_each_key_result(down: Api):
    shown = down.get("/P1")
    (spent,) = shown["slos"]
    uptime = next(one for one in shown["key_results"] if one["key_result"] == "uptime")

    assert (shown["counted_from"], shown["counted_to"]) == ("2026-02-14T10:00:00Z", "2026-02-14T10:20:00Z")
    assert (shown["counted_slices"], shown["slice_seconds"], shown["rule"]) == (20, 60, "named")
    # 20 minutes of 1000 requests. 30 days are 43,200 minutes, so 43,200,000 requests, of which 0.001 may fail: 43,200.
    assert (spent["good"], spent["bad"], spent["total"], spent["coverage_ratio"]) == (0.0, 20_000.0, 20_000.0, 1.0)
    assert (spent["window_total"], spent["window_coverage_ratio"]) == (43_200_000.0, 1.0)
    assert spent["budget_spent_ratio"] == pytest.approx(20_000 / 43_200)
    # Everything failed, of which 0.001 may.
    assert spent["burn_rate"] == pytest.approx(1000)
    assert (spent["why"], spent["contributed"], shown["slos_contributed"]) == ("service", True, True)
    assert spent["formula"]["numbers"].startswith("20000 / (0.001 x 43200000) = 0.46296")
    # Nothing else failed in these 30 days.
    assert spent["budget_remaining_ratio"] == pytest.approx(1 - 20_000 / 43_200)

    assert (uptime["slo"], uptime["budget_spent_ratio"]) == ("checkout-availability", spent["budget_spent_ratio"])
    assert uptime["value_delta"] == pytest.approx(0.9965 - 0.998)
    assert uptime["progress_delta_ratio"] == pytest.approx(0.6 - 0.8)
    assert uptime["progress_delta_now_ratio"] == pytest.approx(0.7 - 0.8)
    assert [uptime[name]["time"] for name in ("before", "after", "now")] == [
        "2026-02-14T10:00:00Z", "2026-02-14T10:21:00Z", "2026-02-14T11:20:00Z",
    ]  # fmt: skip
    assert (uptime["before"]["status"], uptime["after"]["status"]) == ("on_track", "at_risk")
    assert (uptime["why"], uptime["is_impacted"], uptime["reason"]) == (["slo"], True, None)


def test_r155_an_incident_is_assigned_and_annotated_by_its_attributes_and_by_its_postmortem(down: Api):
    down.send({**INCIDENT, "attributes": {"assignee": "li", "note": "The queue was full."}})
    assert (down.get("/P1")["incident"]["assignee"], down.get("/P1")["incident"]["note"]) == (
        "li", "The queue was full.",
    )  # fmt: skip
    down.send(POSTMORTEM)

    told = down.get("/P1")["incident"]
    assert (told["assignee"], told["note"], told["postmortem_url"]) == (
        "jo", "The queue was full.", "https://wiki.example/P1",
    )  # fmt: skip


def test_r178_a_postmortem_begins_with_the_key_results_the_slos_and_the_actions(down: Api):
    retrospective = Retrospective("payments-q1", "2026-q1", "payments", ("Retries are load.",))
    queue = Initiative(
        "queue", "A bounded queue", ("reliable-checkout/uptime",), url="https://wiki.example/P1", owner="ada",
        state=InitiativeState.ACTIVE,
    )  # fmt: skip
    down.definitions = dataclasses.replace(down.definitions, retrospectives=(retrospective,), initiatives=(queue,))
    down.send(POSTMORTEM)
    form = down.get("/P1/review")

    (uptime,) = (one for one in form["key_results_impacted"] if one["key_result"] == "uptime")
    # 20,000 of 43,200 that may fail are 46.3 %.
    assert uptime["summary"] == (
        "99.8% to 99.65%; progress 80% to 60%; on track to at risk; "
        "46.3% of the error budget of checkout-availability spent"
    )
    assert form["slos_contributed"] is True
    assert form["slos_contributed_reason"] == (
        "Yes: 20000 of 20000 events of checkout-availability were bad, a burn rate of 1000, "
        "46.3% of its error budget of 30d."
    )
    assert [(one["action"], one["named_by"], one["owner"]) for one in form["action_items"]] == [
        ("Limit retries", "event", None), ("Alert on queue length", "event", None),
        ("A bounded queue", "initiative", "ada"),
    ]  # fmt: skip
    assert [(one["objective"], one["key_result"], one["named_by"]) for one in form["improvement_key_results"]] == [
        ("reliable-checkout", "uptime", "initiative"), ("fast-search", "errors", "event"),
    ]  # fmt: skip
    assert form["retrospectives"] == [
        {
            "cycle": "2026-q1",
            "team": "payments",
            "retrospective": "payments-q1",
            "path": "/api/v1/retrospectives/payments-q1",
        }
    ]
    assert form["to_fill"] == []


def test_the_form_is_markdown_when_it_is_asked_for_or_accepted(down: Api):
    down.send({**INCIDENT, "title": "Down | *all* of it"})
    client = down.client("anonymous")
    asked = client.get("/incidents/P1/review?format=markdown")
    accepted = client.get("/incidents/P1/review", headers={"Accept": "text/markdown, application/json;q=0.5"})

    assert asked.headers["content-type"] == "text/markdown; charset=utf-8"
    assert {"Accept", "Authorization"} <= set(asked.headers["vary"].split(", "))
    assert accepted.text == asked.text
    assert asked.text.startswith(
        "# Down \\| \\*all\\* of it\n\nP1 · sev1 · checkout · 2026-02-14 10:00 to 2026-02-14 10:20 UTC (20 minutes)\n\n"
        "<https://pager.example/P1>\n\n## Key results impacted\n\n| Key result "
    )
    assert "| Increase uptime from 99.2% to 99.95% | 99.8%, 80%, on track | 99.65%, 60%, at risk | " in asked.text
    assert "\n## Action items\n\nNothing is known yet.\n" in asked.text
    assert client.get("/incidents/P1/review", headers={"If-None-Match": accepted.headers["etag"]}).status_code == 200
    again = {"If-None-Match": asked.headers["etag"], "Accept": "text/markdown"}
    assert client.get("/incidents/P1/review", headers=again).status_code == 304


def test_what_is_left_to_people_says_how_it_is_filled_in(api: Api):
    api.send({"source": "pager", "id": "P2", "kind": "incident", "start": "2026-02-14T10:00:00Z"})
    form = api.get("/P2/review")
    texts = {one["field"]: one["text"] for one in form["to_fill"]}

    assert list(texts) == [
        "key_results_impacted", "slos_contributed", "action_items", "improvement_key_results", "assignee",
        "postmortem_url", "retrospectives",
    ]  # fmt: skip
    assert "an event of the kind postmortem with the subject 'P2'" in texts["action_items"]
    assert form["retrospectives"] == [{"cycle": "2026-q1", "team": None, "retrospective": None, "path": None}]
    assert form["slos_contributed_reason"] == "Too little was measured to tell."


def test_while_an_incident_lasts_it_is_counted_up_to_the_last_evaluation(down: Api):
    down.send({**INCIDENT, "end": None})
    shown = down.get("/P1")
    uptime = next(one for one in shown["key_results"] if one["key_result"] == "uptime")

    assert (shown["incident"]["is_open"], shown["counted_to"]) == (True, "2026-02-14T11:20:00Z")
    assert (shown["slos"][0]["bad"], shown["slos"][0]["total"]) == (20_000.0, 80_000.0)
    assert uptime["after"] == uptime["now"]
    assert uptime["progress_delta_ratio"] == pytest.approx(0.7 - 0.8)
    assert "The incident still lasts: the numbers are those so far." in shown["notes"]


@pytest.mark.parametrize(
    ("minutes", "bad", "contributed", "coverage"),
    [
        (0, 0.0, "unknown", 0.0),
        (10, 0.0, "unknown", 0.5),
        (18, 0.0, "no", 0.9),
        (10, 1.0, "yes", 0.5),
        # 1 of 1000 is what the target allows all the time.
        (20, 0.01, "no", 1.0),
        (20, 0.011, "yes", 1.0),
    ],
)
def test_an_slo_is_cleared_only_when_enough_of_the_time_was_measured(
    api: Api, minutes: int, bad: float, contributed: str, coverage: float
):
    expected = {"yes": True, "no": False, "unknown": None}[contributed]
    api.counted((START, minutes * MINUTE, 10.0 - bad, 10.0))
    api.evaluated(START + 80 * MINUTE)
    api.send(INCIDENT)
    shown, form = api.get("/P1"), api.get("/P1/review")
    (spent,) = shown["slos"]

    assert (spent["contributed"], spent["coverage_ratio"]) == (expected, coverage)
    assert (spent["bad"] is None) == (spent["budget_spent_ratio"] is None) == (minutes == 0)
    assert {one["is_impacted"] for one in shown["key_results"]} == {expected}
    assert form["slos_contributed"] is expected
    assert bool(form["key_results_impacted"]) == (expected is not False)


def test_a_value_that_was_not_measured_since_makes_no_difference(api: Api):
    api.counted((START, 20 * MINUTE, 9.0, 10.0))
    api.evaluated(START + 30 * MINUTE)
    api.stood(made.UPTIME, START - MINUTE, 0.998, 0.8, KeyResultStatus.ON_TRACK)
    later = {"quality": Quality.ERROR, "measured_at": START - MINUTE}
    api.stood(made.UPTIME, START + 20 * MINUTE, 0.998, 0.8, KeyResultStatus.ON_TRACK, **later)
    api.send(INCIDENT)
    uptime = next(one for one in api.get("/P1")["key_results"] if one["key_result"] == "uptime")

    assert (uptime["value_delta"], uptime["progress_delta_ratio"]) == (None, None)
    assert uptime["reason"] == "it was not measured between the incident's begin and its end"
    assert (uptime["before"]["value"], uptime["after"]["value"]) == (0.998, 0.998)


def test_without_a_name_all_slos_that_burnt_are_listed_and_only_those(api: Api):
    api.counted((START, 20 * MINUTE, 9.0, 10.0))
    with api.tokens.storage.transaction() as database:
        fine = Slices.of([(epoch_seconds(START) + 60 * place, 5.0, 5.0, SliceState.MEASURED) for place in range(20)])
        database.ledger.write([made.SEARCH.sli], "prometheus", SliceTable.of_one(fine))
    api.evaluated(START + 30 * MINUTE)
    api.send({**INCIDENT, "service": "Checkout (prod)"})
    shown = api.get("/P1")

    assert (shown["rule"], [(one["slo"], one["why"]) for one in shown["slos"]]) == (
        "burnt", [("checkout-availability", "burnt")],
    )  # fmt: skip
    assert any("whatever the cause" in note for note in shown["notes"])
    assert api.get("/P1/review")["slos_contributed_reason"].startswith(
        "At the same time, and the incident names none: "
    )
    assert "No SLO has the service 'Checkout (prod)'." in shown["notes"]


def test_more_services_slos_and_key_results_are_named_by_attributes_and_by_the_postmortem(api: Api):
    named = {"services": "billing", "key_results": "fast-search/errors, no/such"}
    api.send({**INCIDENT, "service": "", "attributes": named})
    api.send({**POSTMORTEM, "attributes": {"slos": "search-latency\nnowhere"}})
    shown = api.get("/P1")

    assert shown["incident"]["services"] == ["billing"]
    assert {one["slo"]: one["why"] for one in shown["slos"]} == {
        "invoices-monthly": "service", "search-latency": "slo",
    }  # fmt: skip
    assert [(one["key_result"], one["why"], one["is_impacted"]) for one in shown["key_results"]] == [
        ("errors", ["event"], True),
    ]  # fmt: skip
    assert {"There is no SLO 'nowhere'.", "There is no key result 'no/such'."} <= set(shown["notes"])


def test_key_results_by_incidents_are_touched_by_those_they_count(api: Api):
    minor = dataclasses.replace(SEVERE, name="minor", measure=IncidentMeasure(severities=("sev3",)))
    later = dataclasses.replace(SEVERE, name="later", period=Interval(made.AT, made.CYCLE.interval.end))
    elsewhere = dataclasses.replace(SEVERE, name="elsewhere", measure=IncidentMeasure(services=("billing",)))
    api.definitions = with_key_results(SEVERE, minor, later, elsewhere)
    api.stood(SEVERE, START, 2.0, 1.0, KeyResultStatus.ON_TRACK)
    api.stood(SEVERE, START + MINUTE, 3.0, 1.0, KeyResultStatus.ON_TRACK)
    api.send(INCIDENT)

    (severe,) = api.get("/P1")["key_results"]
    assert (severe["key_result"], severe["why"], severe["value_delta"]) == ("severe", ["incidents"], 1.0)
    assert severe["progress_delta_ratio"] == 0.0


@pytest.mark.parametrize("state", [KeyResultState.DRAFT, KeyResultState.DROPPED, KeyResultState.POSTPONED])
def test_a_key_result_that_is_not_in_force_is_touched_only_when_it_is_named(api: Api, state: KeyResultState):
    api.definitions = with_key_results(dataclasses.replace(made.UPTIME, state=state))
    api.send(INCIDENT)
    assert api.get("/P1")["key_results"] == []

    api.send({**INCIDENT, "attributes": {"key_results": made.UPTIME.id}})
    assert [one["why"] for one in api.get("/P1")["key_results"]] == [["event"]]


def test_r169_restricted_key_results_are_told_of_only_to_who_may_see_them(down: Api):
    secret = dataclasses.replace(made.UPTIME, title="Sell the company", visibility=Visibility.RESTRICTED)
    down.definitions = with_key_results(secret, made.BUDGET)
    attributes = {"key_results": secret.id, "improvement_key_results": secret.id, "note": "Sell the company later"}
    down.send({**INCIDENT, "attributes": attributes})
    paths = ("/incidents", "/incidents/P1", "/incidents/P1/review", "/incidents/P1/review?format=markdown")
    hidden, shown = ([down.client(kind).get(path).text for path in paths] for kind in ("anonymous", "seeing"))

    assert not [text for text in hidden if "Sell" in text or "uptime" in text or "0.998" in text]
    assert "Sell the company" in shown[1]
    assert "Sell the company" in shown[3]
    assert [one["key_result"] for one in down.get("/P1")["key_results"]] == ["budget"]


def test_an_incident_about_a_restricted_key_result_is_not_there_for_others(api: Api):
    secret = dataclasses.replace(made.UPTIME, visibility=Visibility.RESTRICTED)
    api.definitions = with_key_results(secret)
    api.send({**INCIDENT, "subject": secret.id})

    assert api.client("anonymous").get("/incidents/P1").status_code == 404
    assert "P1" not in api.client("anonymous").get("/incidents/P2").text
    assert api.get("")["items"] == []
    assert [one["incident"] for one in api.get("", "seeing")["items"]] == ["P1"]


def test_where_several_sources_gave_the_same_id_the_source_tells_them_apart(api: Api):
    api.send(INCIDENT, {**INCIDENT, "source": "opsgenie", "title": "Another"})
    answer = api.client().get("/incidents/P1")

    assert (answer.status_code, slug(answer)) == (400, "bad-request")
    assert "say which source: opsgenie, pagerduty" in answer.json()["detail"]
    assert api.get("/P1", source="opsgenie")["incident"]["title"] == "Another"


def test_an_unknown_incident_is_not_found_with_the_nearest_id(api: Api):
    api.send({**INCIDENT, "id": "INC-4711"})
    answer = api.client().get("/incidents/INC-471")

    assert answer.status_code == 404
    assert "there is no incident named 'INC-471'; did you mean 'INC-4711'?" in answer.json()["detail"]


def test_an_id_may_hold_what_an_address_holds(api: Api):
    api.send({**INCIDENT, "id": "org/repo issue #7"})

    assert api.get("/org/repo%20issue%20%237")["incident"]["incident"] == "org/repo issue #7"
    assert api.get("/org/repo%20issue%20%237/review")["incident"]["incident"] == "org/repo issue #7"


def day(number: int, **more: Any) -> dict[str, Any]:
    """An incident on a day of February."""
    at = f"2026-02-{number:02}T10:00:00Z"
    return {**INCIDENT, "id": f"P{number}", "start": at, "detected_at": at, "end": at, **more}


def test_incidents_are_listed_the_newest_first_and_page_after_page(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(incident, "PAGE", 2)
    api.send(*(day(number) for number in (3, 1, 5, 2, 4)), {**POSTMORTEM, "subject": "P2"})
    first = api.get("", limit=2)
    second = api.get("", limit=2, cursor=first["next"])
    third = api.get("", limit=2, cursor=second["next"])

    assert [[one["incident"] for one in page["items"]] for page in (first, second, third)] == [
        ["P5", "P4"], ["P3", "P2"], ["P1"],
    ]  # fmt: skip
    assert third["next"] is None
    assert [one["assignee"] for one in second["items"]] == [None, "jo"]
    assert api.client().get("/incidents?cursor=djE6eA").status_code == 400


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["P3", "P2", "P1"]),
        ({"open": "true"}, ["P1"]),
        ({"open": "false"}, ["P3", "P2"]),
        ({"service": "billing"}, ["P3", "P2"]),
        ({"service": "check"}, []),
        ({"from": "2026-02-02T00:00:00Z"}, ["P3", "P2"]),
        ({"from": "2026-02-01T10:00:00Z", "to": "2026-02-02T10:00:00Z"}, ["P1"]),
    ],
)
def test_incidents_are_asked_for_by_time_service_and_whether_they_last(
    api: Api, asked: dict[str, str], expected: list[str]
):
    both = {"services": "billing,search"}
    api.send(day(1, end=None), day(2, service="billing"), day(3, attributes=both), {**day(4), "kind": "deploy"})

    assert [one["incident"] for one in api.get("", **asked)["items"]] == expected


def test_a_page_that_would_look_at_too_many_is_short_and_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(incident, "PAGE", 1)
    monkeypatch.setattr(incident, "MOST_LOOKED_AT", 2)
    api.send(day(1, service="billing"), day(2), day(3))
    first = api.get("", service="billing")

    assert first["items"] == []
    assert [one["incident"] for one in api.get("", service="billing", cursor=first["next"])["items"]] == ["P1"]


@pytest.mark.parametrize(("bad", "contributed"), [(1.0, True), (0.0, None)])
def test_of_more_slos_than_the_most_those_that_burnt_fastest_are_counted_and_nothing_is_cleared(
    api: Api, monkeypatch: pytest.MonkeyPatch, bad: float, contributed: Any
):
    monkeypatch.setattr(impact_on_slos, "MOST_COUNTED", 1)
    api.counted((START, 20 * MINUTE, 10.0 - bad, 10.0))
    api.evaluated(START + 80 * MINUTE)
    api.send({**INCIDENT, "attributes": {"services": "search,billing"}})
    shown = api.get("/P1")

    # Of search-latency, which is declared first, and of invoices-monthly nothing is known.
    assert [one["slo"] for one in shown["slos"]] == ["checkout-availability" if bad else "search-latency"]
    assert shown["slos_contributed"] is contributed
    assert "2 more SLOs, which burnt more slowly, were left out." in shown["notes"]


@pytest.mark.parametrize(("bad", "listed"), [(0.0, []), (1.0, ["checkout-availability"])])
def test_without_a_name_all_slos_are_cleared_when_all_were_measured(api: Api, bad: float, listed: list[str]):
    api.definitions = dataclasses.replace(made.definitions(), slos=(made.CHECKOUT,))
    api.counted((START, 20 * MINUTE, 10.0 - bad, 10.0))
    api.evaluated(START + 80 * MINUTE)
    api.send({**INCIDENT, "service": ""})
    form = api.get("/P1/review")

    assert ([one["slo"] for one in form["slos"]], form["slos_contributed"]) == (listed, bool(listed))


def test_of_an_incident_that_lasts_for_ages_the_last_90_days_are_counted(api: Api):
    api.evaluated(made.AT)
    api.send({**INCIDENT, "start": "2020-01-01T00:00:00Z", "detected_at": None, "end": None})
    shown = api.get("/P1")

    # 90 days before 15 February are 17 November: 15 of February, 31, 31, and 13 of November.
    assert (shown["counted_from"], shown["counted_to"]) == ("2025-11-17T00:00:00Z", "2026-02-15T00:00:00Z")
    assert any("its last 90d" in note for note in shown["notes"])


def test_what_is_counted_are_the_whole_slices_that_the_incident_touches(api: Api):
    api.evaluated(made.AT)
    api.send({**INCIDENT, "start": "2026-02-14T10:00:30Z", "end": "2026-02-14T10:20:01Z"})
    shown = api.get("/P1")

    assert (shown["counted_from"], shown["counted_to"], shown["counted_slices"]) == (
        "2026-02-14T10:00:00Z", "2026-02-14T10:21:00Z", 21,
    )  # fmt: skip


def test_before_anything_of_its_time_was_evaluated_an_incident_has_no_numbers(api: Api):
    api.evaluated(START)
    api.send(INCIDENT)
    shown = api.get("/P1")

    assert shown["counted_slices"] == 0
    assert [(one["slo"], one["bad"], one["contributed"]) for one in shown["slos"]] == [
        ("checkout-availability", None, None),
    ]  # fmt: skip
    assert "Its end was not evaluated yet: what is counted ends before it." in shown["notes"]


def test_a_postmortem_may_name_its_incident_by_the_subject_they_share_and_says_nothing_of_earlier_ones(api: Api):
    api.send({**INCIDENT, "subject": "INC-7"}, {**POSTMORTEM, "subject": "INC-7"})
    assert api.get("/P1")["incident"]["assignee"] == "jo"

    api.send({**POSTMORTEM, "subject": "INC-7", "at": "2026-02-14T09:59:59Z"})
    assert api.get("/P1")["incident"]["assignee"] is None


def test_what_is_no_address_of_the_web_is_no_place_of_a_postmortem(api: Api):
    api.send({**INCIDENT, "attributes": {"postmortem_url": "javascript:alert(1)", "assignee": True}})

    told = api.get("/P1")["incident"]
    assert (told["postmortem_url"], told["assignee"]) == (None, None)
