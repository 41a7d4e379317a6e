"""What the API answers from the snapshot."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import FakeDatabase, services

from okrbridge.api.app import create_app
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.cycles import CycleItem
from okrbridge.api.schemas.explanations import KeyResultExplanation, SloExplanation
from okrbridge.api.schemas.key_results import KeyResultHistory, KeyResultItem
from okrbridge.api.schemas.objectives import ObjectiveDetail, ObjectiveItem, ObjectiveNode
from okrbridge.api.schemas.operations import Health, Readiness
from okrbridge.api.schemas.slos import SloHistory, SloItem

SLOS = "/api/v1/slos"
KEY_RESULTS = "/api/v1/key-results"
OBJECTIVES = "/api/v1/objectives"
CYCLES = "/api/v1/cycles"
EVERY_SNAPSHOT_PATH = (
    SLOS,
    f"{SLOS}/checkout-availability",
    f"{SLOS}/checkout-availability/explain",
    KEY_RESULTS,
    f"{KEY_RESULTS}/fast-search/errors",
    f"{KEY_RESULTS}/fast-search/errors/explain",
    OBJECTIVES,
    f"{OBJECTIVES}/tree",
    f"{OBJECTIVES}/fast-search",
    CYCLES,
    f"{CYCLES}/2026-q1",
)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_app(services())) as one:
        yield one


def _names(answer: Any, key: str) -> list[str]:
    return [item[key] for item in answer.json()["items"]]


def _app(**changes: Any) -> FastAPI:
    return create_app(dataclasses.replace(services(), **changes))


def test_slos_come_by_name(client: TestClient):
    answer = client.get(SLOS)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert _names(answer, "slo") == ["checkout-availability", "invoices-monthly", "search-latency"]
    assert answer.json()["next"] is None


@pytest.mark.parametrize(
    ("path", "key", "names"),
    [
        (f"{SLOS}?service=search", "slo", ["search-latency"]),
        (f"{SLOS}?state=no_data&state=error", "slo", ["search-latency"]),
        (f"{SLOS}?service=nobody", "slo", []),
        (KEY_RESULTS, "key_result", ["errors", "p99-latency", "budget", "uptime"]),
        (f"{KEY_RESULTS}?objective=reliable-checkout", "key_result", ["budget", "uptime"]),
        (f"{KEY_RESULTS}?cycle=2026-q1&status=no_data", "key_result", ["errors"]),
        (f"{KEY_RESULTS}?team=search", "key_result", ["errors", "p99-latency"]),
        (f"{OBJECTIVES}?team=payments", "objective", ["reliable-checkout"]),
        (f"{OBJECTIVES}?status=no_data", "objective", ["fast-search"]),
        (f"{OBJECTIVES}?cycle=2026-q2", "objective", []),
        (CYCLES, "cycle", ["2026-q1"]),
    ],
)
def test_lists_can_be_narrowed(client: TestClient, path: str, key: str, names: list[str]):
    assert _names(client.get(path), key) == names


def test_pages_follow_each_other_and_end(client: TestClient):
    seen, cursor = [], ""
    for _ in range(4):
        answer = client.get(KEY_RESULTS, params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        seen += _names(answer, "key_result")
        cursor = answer.json()["next"]

    assert seen == ["errors", "p99-latency", "budget", "uptime"]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor", ["!!!", "AAAA", "djE6_w", "ä"], ids=["no base64", "other text", "no utf-8", "umlaut"]
)
def test_a_foreign_cursor_is_refused(client: TestClient, cursor: str):
    answer = client.get(SLOS, params={"cursor": cursor})

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:okrbridge:problem:bad-request"


def test_the_tree_nests_objectives(client: TestClient):
    [top] = client.get(f"{OBJECTIVES}/tree").json()["items"]

    assert top["objective"] == "reliable-checkout"
    assert [child["objective"] for child in top["children"]] == ["fast-search"]


@pytest.mark.parametrize("path", EVERY_SNAPSHOT_PATH)
def test_an_answer_the_client_already_has_is_not_sent_again(client: TestClient, path: str):
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})

    assert first.status_code == 200
    assert first.headers["etag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_evaluation_changes_the_tag():
    before = TestClient(create_app(services())).get(SLOS)
    newer = dataclasses.replace(made.rich_snapshot(), evaluation_id="another")
    after = TestClient(create_app(services(snapshot=newer))).get(SLOS)

    assert before.headers["etag"] != after.headers["etag"]


def test_ages_that_grow_without_evaluations_change_the_tag_once_a_minute():
    at_ten = TestClient(create_app(services())).get(SLOS)
    at_fifty = TestClient(create_app(services(now=made.AT + timedelta(seconds=50)))).get(SLOS)
    later = TestClient(create_app(services(now=made.AT + timedelta(minutes=5)))).get(SLOS)

    assert at_ten.headers["etag"] == at_fifty.headers["etag"]
    assert at_ten.headers["etag"] != later.headers["etag"]
    assert later.json()["items"][0]["data_age_seconds"] == 360.0


@pytest.mark.parametrize("path", EVERY_SNAPSHOT_PATH)
def test_before_the_first_evaluation_the_client_is_asked_to_come_back(path: str):
    answer = TestClient(create_app(services(has_snapshot=False))).get(path)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["type"] == "urn:okrbridge:problem:not-evaluated"


@pytest.mark.parametrize(
    "path",
    [f"{SLOS}/search-latency", f"{KEY_RESULTS}/fast-search/errors", f"{OBJECTIVES}/fast-search", f"{CYCLES}/2026-q1"],
)
def test_what_is_declared_and_not_yet_evaluated_is_not_called_unknown(path: str):
    empty = dataclasses.replace(made.rich_snapshot(), slos=made.slo_reports(), objectives=(), cycles=())
    answer = TestClient(create_app(services(snapshot=empty))).get(path)

    assert answer.status_code == 503
    assert "next tick" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"{SLOS}/checkout-avail", "there is no slo named 'checkout-avail'; did you mean 'checkout-availability'?"),
        (f"{KEY_RESULTS}/fast-search/error", "did you mean 'fast-search/errors'?"),
        (f"{OBJECTIVES}/nothing", "there is no objective named 'nothing'"),
        (f"{CYCLES}/2027-q1", "did you mean '2026-q1'?"),
    ],
)
def test_an_unknown_name_is_a_404_that_helps(client: TestClient, path: str, detail: str):
    answer = client.get(path)

    assert answer.status_code == 404
    assert detail in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (SLOS, Page[SloItem]),
        (f"{SLOS}/checkout-availability", SloItem),
        (f"{SLOS}/search-latency/explain", SloExplanation),
        (f"{SLOS}/checkout-availability/history", SloHistory),
        (KEY_RESULTS, Page[KeyResultItem]),
        (f"{KEY_RESULTS}/reliable-checkout/uptime", KeyResultItem),
        (f"{KEY_RESULTS}/reliable-checkout/uptime/explain", KeyResultExplanation),
        (f"{KEY_RESULTS}/reliable-checkout/uptime/history", KeyResultHistory),
        (OBJECTIVES, Page[ObjectiveItem]),
        (f"{OBJECTIVES}/tree", Page[ObjectiveNode]),
        (f"{OBJECTIVES}/fast-search", ObjectiveDetail),
        (CYCLES, Page[CycleItem]),
        ("/livez", Health),
        ("/readyz", Readiness),
    ],
)
def test_every_answer_fits_the_schema_it_is_described_by(client: TestClient, path: str, schema: type[BaseModel]):
    schema.model_validate_json(client.get(path).content)


def test_an_explanation_survives_a_database_that_is_down():
    answer = TestClient(_app(storage=FakeDatabase(is_broken=True))).get(f"{SLOS}/checkout-availability/explain")

    assert answer.status_code == 200
    assert "database" in answer.json()["warnings"][0]
