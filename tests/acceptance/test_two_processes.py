"""Two processes on one PostgreSQL take what people write as one would."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.acceptance.api_user import ApiUser, made_token
from tests.acceptance.known_fleet import cycle_document, now
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge
from tests.servers.postgresql import PostgresServer
from tests.servers.programs import wait_until

SURVEY = {"name": "survey", "from": 0, "to": 10, "measure": {"manual": {"expiresAfter": "14d"}}}
GROWTH = {
    "metadata": {"name": "growth"},
    "spec": {"title": "Grow", "cycle": "now", "owner": "li", "keyResults": [SURVEY]},
}
DOCUMENT = "/objectives/growth/document"


@pytest.fixture
def editors(postgres: PostgresServer, tmp_path: Path) -> Iterator[list[ApiUser]]:
    """One editor at two processes, with an objective that was made at the first of them."""
    url = postgres.create_database()
    assert okrbridge("db", "upgrade", "--database-url", url).returncode == 0
    token = made_token(url, "editor", "li")
    config = tmp_path / "config"
    config.mkdir()
    (config / "cycle.yaml").write_text(cycle_document(now() - timedelta(hours=5)).removeprefix("---\n"))
    quick = {
        "OKRBRIDGE_TICK_SECONDS": "2",
        "OKRBRIDGE_INGEST_DELAY_SECONDS": "0",
        "OKRBRIDGE_PROMETHEUS_URL": "simulated:",
    }
    with (
        OkrbridgeServer(config, url, tmp_path / "first.log", **quick) as first,
        OkrbridgeServer(config, url, tmp_path / "second.log", **quick) as second,
    ):
        found = [ApiUser(first, token), ApiUser(second, token)]
        found[0].done("POST", "/objectives", GROWTH)
        _wait_for_all(found, lambda one: one.send("GET", "/key-results/growth/survey").ok, "both know it")
        yield found


def test_what_is_written_at_two_processes_at_once_is_written_once(editors: list[ApiUser]):
    _change(editors)
    _check_in(editors)
    _make(editors)
    _close(editors)


def _change(editors: list[ApiUser]) -> None:
    """Of two changes of one state, one is kept, and it comes into force everywhere."""
    tag = editors[0].tag(DOCUMENT)
    goals = {"title": "Grow faster"}, {"title": "Grow slower"}
    bodies = iter([{"spec": goal} for goal in goals])
    answers = _at_once(editors, lambda one: one.send("PATCH", "/objectives/growth", next(bodies), If_Match=tag))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    [kept] = [answer.json()["document"]["spec"]["title"] for answer in answers if answer.ok]
    assert len({one.tag(DOCUMENT) for one in editors}) == 1
    _wait_for_all(editors, lambda one: one.get("/objectives/growth")["title"] == kept, "the title is in force")


def _check_in(editors: list[ApiUser]) -> None:
    """The same request under the same key is one check-in, and both askers get its answer."""
    path, said = "/key-results/growth/survey/check-ins", {"confidence": 8, "override_value": 5}
    answers = _at_once(editors, lambda one: one.send("POST", path, said, Idempotency_Key="monday"))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert sorted(answer.headers.get("Idempotency-Replayed", "") for answer in answers) == ["", "true"]
    assert [len(one.get(path)["items"]) for one in editors] == [1, 1]
    _wait_for_all(
        # 5 of 10
        editors,
        lambda one: one.get("/key-results/growth/survey")["progress_ratio"] == 0.5,
        "the value counts",
    )


def _make(editors: list[ApiUser]) -> None:
    """Of two documents of one name, one is made."""
    team = {"metadata": {"name": "growth-team"}, "spec": {}}
    answers = _at_once(editors, lambda one: one.send("POST", "/teams", team))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert [len(one.get("/teams")["items"]) for one in editors] == [1, 1]


def _close(editors: list[ApiUser]) -> None:
    """A cycle is closed once, and is closed everywhere."""
    judged = {"key_results": [{"objective": "growth", "key_result": "survey", "review": "Half of it."}], "early": True}
    answers = _at_once(editors, lambda one: one.send("POST", "/cycles/now/close", judged))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [scores, same] = [one.get("/cycles/now/scores") for one in editors]
    assert scores == same
    assert [item["score"] for item in scores["items"]] == [0.5]
    for one in editors:
        refused = one.refused(409, "PATCH", "/key-results/growth/survey", {"to": 5}, If_Match="*")
        assert refused["type"] == "urn:okrbridge:problem:cycle-closed"
    _wait_for_all(editors, lambda one: one.get("/cycles/now")["phase"] == "closed", "the cycle is closed")


def _at_once(editors: list[ApiUser], send: Callable[[ApiUser], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(editors)) as threads:
        return list(threads.map(send, editors))


def _wait_for_all(editors: list[ApiUser], holds: Callable[[ApiUser], Any], what: str) -> None:
    wait_until(lambda: all(holds(one) for one in editors), what=what)
