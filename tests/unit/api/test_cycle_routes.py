"""Closing a cycle over HTTP, its scores, and its report in three formats."""

import csv
import dataclasses
import io
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.unit.api.snapshots import ERRORS, LATENCY
from tests.unit.api.tokens import Tokens, every_token
from tests.unit.application.cycle_story import DAY, END, IDEA, START, Story

from okrbridge.api.schemas import cycles as schemas
from okrbridge.api.schemas.base import Page
from okrbridge.application.cycles.scored import Scored, Scoring
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.domain.key_results import Visibility
from okrbridge.domain.objectives import Retrospective, RetrospectiveAction

Q1, Q2 = "/api/v1/cycles/2026-q1", "/api/v1/cycles/2026-q2"
SCORE = f"{Q1}/scores/fast-search/p99-latency"
SECRET = dataclasses.replace(ERRORS, visibility=Visibility.RESTRICTED)


@dataclasses.dataclass
class Cycles:
    """A story behind the API."""

    story: Story
    tokens: Tokens
    snapshots: SnapshotHolder = dataclasses.field(default_factory=SnapshotHolder)
    made: dict[str, TestClient] = dataclasses.field(default_factory=dict)

    def client(self, kind: str = "editor") -> TestClient:
        """A client that sends a token of that kind, at the story's instant."""
        self.snapshots.current = self.story.snapshot()
        if kind not in self.made:
            self.made[kind] = self.tokens.client(
                kind,
                definitions=lambda: self.story.definitions,
                snapshots=self.snapshots,
                clock=lambda: self.story.at,
            )
        return self.made[kind]

    def closed(self) -> None:
        """Close with a sentence each."""
        answer = self.client().post(f"{Q1}/close", json=said(*self.story.key_results))
        assert answer.status_code == 200, answer.text


@pytest.fixture
def cycles() -> Cycles:
    return made(LATENCY, SECRET)


def made(*key_results: Any) -> Cycles:
    """(560 - 800) / (200 - 800) = 0.4, and errors that hold."""
    tokens = every_token()
    story = Story(key_results, storage=tokens.storage)
    story.measured(LATENCY, END, 560.0)
    story.measured(ERRORS, END, 0.01)
    return Cycles(story, tokens)


def said(*key_results: Any, **more: Any) -> dict[str, Any]:
    """A closing body."""
    names = [{"objective": one.objective, "key_result": one.name} for one in key_results]
    return {"key_results": [{**one, "review": "As expected.", **more} for one in names]}


def test_closing_scores_every_key_result_and_shows_the_cycle_as_closed(cycles: Cycles):
    client = cycles.client()
    cycles.story.at = END - DAY
    assert client.get(Q1).json()["phase"] == "delivery"
    assert client.get(f"{Q1}/close").json()["is_early"] is True
    # Nobody takes a close back, so one of a cycle that runs is meant, and said to be.
    refused = client.post(f"{Q1}/close", json=said(LATENCY, SECRET))
    assert refused.status_code == 409
    assert (
        'runs until 2026-04-01T00:00:00Z, and a close cannot be taken back; send "early": true'
        in refused.json()["detail"]
    )
    assert cycles.story.scores() == []
    answer = client.post(f"{Q1}/close", json=said(LATENCY, SECRET) | {"early": True})
    assert answer.status_code == 200
    body = schemas.Scores.model_validate(answer.json())
    assert body.closed_at == END - DAY
    # Both were measured at the end of the cycle alone, which is after this close.
    assert [(one.key_result, one.score) for one in body.items] == [("errors", None), ("p99-latency", None)]
    assert client.get(Q1).json()["phase"] == "closed"
    assert [one["phase"] for one in client.get("/api/v1/cycles").json()["items"]] == ["closed", "preparation"]


def test_r158_what_is_missing_is_named_for_each_key_result_and_nothing_is_stored():
    cycles = made(LATENCY, ERRORS, IDEA)
    body = said(LATENCY, IDEA)
    body["key_results"][0] |= {"review": "", "score": 1.0}
    answer = cycles.client().post(f"{Q1}/close", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["name"] for one in answer.json()["errors"]] == [
        "key_results.fast-search/errors.review",
        "key_results.fast-search/p99-latency.review",
        "key_results.fast-search/p99-latency.reason",
        "key_results.fast-search/prefetch.result",
    ]
    assert cycles.story.scores() == []


def test_the_closing_form_tells_what_is_asked(cycles: Cycles):
    form = schemas.ClosingForm.model_validate(cycles.client().get(f"{Q1}/close").json())
    assert [(one.key_result, one.asks, one.computed_score) for one in form.items] == [
        ("errors", ["review"], 1.0),
        ("p99-latency", ["review"], 0.4),
    ]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"score": 1.01, "reason": "why"}, "key_results.0.score"),
        ({"result": "missed"}, "key_results.0.result"),
        ({"owner": "li"}, "key_results.0.owner"),
        ({"review": "x" * 2001}, "key_results.0.review"),
    ],
)
def test_bodies_that_do_not_fit_are_refused_with_the_place(cycles: Cycles, change: dict[str, Any], name: str):
    answer = cycles.client().post(f"{Q1}/close", json=said(LATENCY, **change))
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (422, name)


def test_one_key_result_named_twice_is_refused(cycles: Cycles):
    answer = cycles.client().post(f"{Q1}/close", json=said(LATENCY, LATENCY))
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (422, "it is there twice")


@pytest.mark.parametrize("body", [b'{"key_results": [{"score": NaN}]}', b"", b"{"])
def test_bodies_that_are_no_json_are_refused(cycles: Cycles, body: bytes):
    headers = {"content-type": "application/json"}
    assert cycles.client().post(f"{Q1}/close", content=body, headers=headers).status_code == 422


def test_closing_twice_is_a_conflict_and_the_same_key_gets_the_first_answer_again(cycles: Cycles):
    client, body = cycles.client(), said(LATENCY, SECRET)
    first = client.post(f"{Q1}/close", json=body, headers={"Idempotency-Key": "k1"})
    again = client.post(f"{Q1}/close", json=body, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    second = client.post(f"{Q1}/close", json=body)
    assert (second.status_code, second.json()["type"]) == (409, "urn:okrbridge:problem:cycle-closed")


def test_a_close_is_worked_out_while_others_may_write(cycles: Cycles, monkeypatch: pytest.MonkeyPatch):
    was_locked: list[bool] = []
    score = Scoring.all

    def watched(self: Scoring) -> list[Scored]:
        was_locked.append(cycles.story.storage._writer.locked())
        return score(self)

    monkeypatch.setattr(Scoring, "all", watched)
    cycles.closed()
    assert was_locked == [False]


def test_a_cycle_that_has_not_begun_is_not_closed(cycles: Cycles):
    cycles.story.at = START + DAY
    answer = cycles.client().post(f"{Q2}/close", json={"key_results": []})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:okrbridge:problem:conflict")


@pytest.mark.parametrize("kind", ["anonymous", "viewer", "ingest"])
def test_only_editors_close_and_change_scores(cycles: Cycles, kind: str):
    client, refused = cycles.client(kind), 401 if kind == "anonymous" else 403
    assert client.post(f"{Q1}/close", json=said(LATENCY)).status_code == refused
    assert client.get(f"{Q1}/close").status_code == refused
    assert client.patch(SCORE, json={"reason": "x"}, headers={"If-Match": "*"}).status_code == refused


def test_a_score_is_put_right_under_its_tag(cycles: Cycles):
    cycles.closed()
    client = cycles.client()
    tag = client.get(SCORE).headers["ETag"]
    change = {"score": 0.7, "reason": "The probe lied."}
    assert client.patch(SCORE, json=change).status_code == 428
    after = client.patch(SCORE, json=change, headers={"If-Match": tag})
    item = schemas.ScoreItem.model_validate(after.json())
    assert (item.computed_score, item.score, item.outcome, item.override_reason) == (
        0.4,
        0.7,
        "achieved",
        "The probe lied.",
    )
    assert after.headers["ETag"] == client.get(SCORE).headers["ETag"] != tag
    assert client.patch(SCORE, json=change, headers={"If-Match": tag}).status_code == 412
    cycles.story.at = END + 14 * DAY
    late = client.patch(SCORE, json=change, headers={"If-Match": "*"})
    assert (late.status_code, late.json()["type"]) == (409, "urn:okrbridge:problem:cycle-closed")


def test_a_change_that_does_not_fit_names_what_is_wrong(cycles: Cycles):
    cycles.closed()
    answer = cycles.client().patch(SCORE, json={"reason": "x", "result": "refuted"}, headers={"If-Match": "*"})
    assert answer.json()["errors"][0]["name"] == "key_results.fast-search/p99-latency.result"


def test_scores_of_restricted_key_results_are_not_there_for_those_who_may_not_see_them(cycles: Cycles):
    cycles.closed()
    viewer = cycles.client("viewer")
    scores = schemas.Scores.model_validate(viewer.get(f"{Q1}/scores").json())
    assert ([one.key_result for one in scores.items], scores.closed_at) == (["p99-latency"], END)
    assert viewer.get(f"{Q1}/scores/fast-search/errors").status_code == 404
    assert cycles.client("seeing").get(f"{Q1}/scores/fast-search/errors").status_code == 200


def test_a_cycle_without_scores_has_an_empty_list(cycles: Cycles):
    assert cycles.client().get(f"{Q1}/scores").json() == {"cycle": "2026-q1", "closed_at": None, "items": []}
    assert cycles.client().get("/api/v1/cycles/2026-q7/scores").status_code == 404


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/json"),
        ("", "text/markdown", "text/markdown; charset=utf-8"),
        ("", "text/csv;q=0.5, text/markdown;q=0.4", "text/csv; charset=utf-8"),
        ("", "text/csv;q=0, application/json;q=0.1", "application/json"),
        ("", "text/csv;q=x", "application/json"),
        ("?format=csv", "text/markdown", "text/csv; charset=utf-8"),
        ("?format=markdown", "*/*", "text/markdown; charset=utf-8"),
        ("?format=json", "text/csv", "application/json"),
    ],
)
def test_a_report_comes_in_the_format_asked_for(cycles: Cycles, query: str, accept: str, media_type: str):
    answer = cycles.client().get(f"{Q1}/report{query}", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "Accept" in answer.headers["Vary"]
    headers = {"Accept": accept, "If-None-Match": answer.headers["ETag"]}
    assert cycles.client().get(f"{Q1}/report{query}", headers=headers).status_code == 304


def test_a_report_fits_its_description_before_and_after_the_close(cycles: Cycles):
    schemas.CycleReport.model_validate(cycles.client().get(f"{Q1}/report").json())
    cycles.closed()
    report = schemas.CycleReport.model_validate(cycles.client().get(f"{Q1}/report").json())
    assert {row.key_result: row.score for row in report.objectives[0].key_results} == {
        "errors": 1.0,
        "p99-latency": 0.4,
    }


def test_no_format_of_a_report_tells_of_restricted_key_results(cycles: Cycles):
    cycles.closed()
    for name in ("json", "markdown", "csv"):
        seen = cycles.client("viewer").get(f"{Q1}/report?format={name}").text
        assert SECRET.title not in seen
        assert SECRET.id not in seen
        assert SECRET.title in cycles.client("seeing").get(f"{Q1}/report?format={name}").text


def test_a_csv_report_is_a_file_to_keep(cycles: Cycles):
    answer = cycles.client().get(f"{Q1}/report?format=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="okr-2026-q1.csv"'
    assert len(list(csv.DictReader(io.StringIO(answer.text, newline="")))) == 2


def test_the_review_of_a_cycle_lists_what_the_ones_before_it_scored(cycles: Cycles):
    cycles.closed()
    review = Page[schemas.ReviewItem].model_validate(cycles.client().get(f"{Q2}/review").json())
    assert [(one.key_result, one.value_at_close, one.value_now) for one in review.items] == [
        ("errors", 0.01, 0.01),
        ("p99-latency", 560.0, 560.0),
    ]
    assert len(cycles.client("viewer").get(f"{Q2}/review").json()["items"]) == 1


def test_the_preparation_of_a_cycle_lists_what_is_left_to_do(cycles: Cycles):
    action = RetrospectiveAction("Define activation", due=END)
    cycles.story.more["retrospectives"] = (Retrospective("s", "2026-q1", "search", (), (action,)),)
    answer = Page[schemas.ActionItem].model_validate(cycles.client().get(f"{Q2}/preparation").json())
    assert [(one.action, one.is_overdue) for one in answer.items] == [("Define activation", True)]
    assert cycles.client().get(f"{Q1}/preparation").json()["items"] == []


@pytest.mark.parametrize("path", ["", "/report", "/review", "/preparation", "/close", "/scores"])
def test_a_cycle_that_nobody_declared_is_not_found(cycles: Cycles, path: str):
    answer = cycles.client().get(f"/api/v1/cycles/2026-q9{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:okrbridge:problem:not-found")


def test_r163_no_path_scores_a_person(cycles: Cycles):
    paths = cycles.client().get("/openapi.json").json()["paths"]
    scored = [path for path in paths if "score" in path or "report" in path or "review" in path]
    assert scored
    assert not [path for path in scored if "owner" in path or "person" in path or "people" in path or "user" in path]
