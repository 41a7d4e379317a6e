"""Answers made of a snapshot are made once, and never outlive it."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fakes.scripted_source import SettableClock
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import services

from okrbridge.api.answer_cache import AnswerCache, Asked, Kept
from okrbridge.api.app import create_app
from okrbridge.api.dependencies import ApiServices
from okrbridge.application.slo_reports import SloReports

SLOS = "/api/v1/slos"


@dataclasses.dataclass
class Asking:
    """A client, and how many reports were made for it."""

    client: TestClient
    services: ApiServices
    clock: SettableClock
    made: list[int]


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Asking:
    reports: list[int] = []
    report = SloReports.__getitem__

    def noting(self: SloReports, row: Any) -> Any:
        reports.append(row)
        return report(self, row)

    monkeypatch.setattr(SloReports, "__getitem__", noting)
    clock = SettableClock(made.NOW)
    own = dataclasses.replace(services(), clock=clock)
    return Asking(TestClient(create_app(own)), own, clock, reports)


def test_a_list_asked_for_again_is_not_made_again(asking: Asking):
    first = asking.client.get(f"{SLOS}?limit=2")
    again = asking.client.get(f"{SLOS}?limit=2")

    assert first.json() == again.json()
    assert first.headers["etag"] == again.headers["etag"]
    assert first.headers["content-type"] == again.headers["content-type"]
    assert len(asking.made) == 2


def test_a_page_makes_no_more_reports_than_it_shows(asking: Asking):
    asking.client.get(f"{SLOS}?limit=1")

    assert len(asking.made) == 1


def test_another_query_is_another_answer(asking: Asking):
    assert len(asking.client.get(f"{SLOS}?limit=1").json()["items"]) == 1
    assert len(asking.client.get(f"{SLOS}?limit=2").json()["items"]) == 2


def test_a_client_that_has_a_kept_answer_gets_304(asking: Asking):
    tag = asking.client.get(SLOS).headers["etag"]

    assert asking.client.get(SLOS, headers={"If-None-Match": tag}).status_code == 304


def test_a_304_for_the_first_client_is_not_kept_for_the_second(asking: Asking):
    tag = asking.client.get(SLOS).headers["etag"]
    fresh = TestClient(create_app(asking.services))

    assert fresh.get(SLOS, headers={"If-None-Match": tag}).status_code == 304
    assert fresh.get(SLOS).status_code == 200


def test_a_new_snapshot_is_answered_at_once(asking: Asking):
    asking.client.get(SLOS)
    newer = dataclasses.replace(made.rich_snapshot(), evaluation_id="another")
    asking.services.snapshots.current = newer

    assert {item["evaluation_id"] for item in asking.client.get(SLOS).json()["items"]} == {"another"}


def test_ages_are_at_most_a_minute_behind(asking: Asking):
    def age(seconds: int) -> Any:
        asking.clock.now = made.AT + timedelta(seconds=seconds)
        return asking.client.get(f"{SLOS}?service=checkout").json()["items"][0]["data_age_seconds"]

    # published 5 s after the boundary, measured until 60 s before it
    assert [age(10), age(64), age(66)] == [70.0, 70.0, 126.0]


def test_refusals_and_explanations_are_not_kept(asking: Asking):
    for path in (f"{SLOS}?limit=0", f"{SLOS}/nothing", f"{SLOS}/checkout-availability/explain"):
        asking.client.get(path)

    assert asking.client.app.state.answers.size == 0  # type: ignore[attr-defined]  # the client's app is ours


def test_the_cache_forgets_what_was_asked_for_longest_ago():
    cache = AnswerCache(most_bytes=100)
    cache.turn_to(made.rich_snapshot(), made.NOW)
    for name in ("a", "b", "c", "d"):
        cache.put(Asked(name, b""), Kept(b"x" * 25, name))
    cache.get(Asked("a", b""))
    cache.put(Asked("e", b""), Kept(b"x" * 25, "e"))

    assert [name for name in "abcde" if cache.get(Asked(name, b""))] == ["a", "c", "d", "e"]
    assert cache.size == 100


def test_one_long_answer_does_not_push_out_all_others():
    cache = AnswerCache(most_bytes=100)
    cache.put(Asked("long", b""), Kept(b"x" * 26, ""))

    assert cache.get(Asked("long", b"")) is None


def test_the_cache_is_empty_in_the_next_minute():
    cache, snapshot = AnswerCache(), made.rich_snapshot()
    published: datetime = snapshot.published_at
    cache.turn_to(snapshot, published)
    cache.put(Asked("a", b""), Kept(b"x", ""))
    cache.turn_to(snapshot, published + timedelta(seconds=59))
    assert cache.get(Asked("a", b"")) is not None
    cache.turn_to(snapshot, published + timedelta(seconds=60))
    assert (cache.get(Asked("a", b"")), cache.size) == (None, 0)
