"""A cycle is planned, measured, steered and closed over HTTP, against a real process on either database."""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.acceptance.api_user import ApiUser, made_token
from tests.acceptance.known_fleet import epoch, now
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer

TOLD_TO_FEW = "Take over the rival company"
START = now() - timedelta(hours=5)
"""Of the cycle."""

KEY_RESULTS: list[dict[str, Any]] = [
    {"name": "users", "from": 10, "to": 20, "measure": {"indicator": "users"}},
    {"name": "latency", "from": "800ms", "to": "200ms", "measure": {"promql": "latency_seconds", "unit": "s"}},
    {"name": "errors", "operator": "le", "to": "3%", "measure": {"promql": "error_share", "unit": "ratio"}},
    {"name": "deploys", "from": 0, "to": 10, "measure": {"events": {"kind": "deploy"}}},
    {"name": "restore", "from": "4h", "to": "1h", "measure": {"incidents": {"quantity": "timeToRestore"}}},
    {"name": "survey", "from": 0, "to": 10, "measure": {"manual": {"expiresAfter": "14d"}}},
    {
        "name": "launched",
        "kind": "milestone",
        "done": True,
        "evidence": {"url": "https://example.org/launch", "reachedAt": "2026-01-01"},
    },
    {"name": "mix", "parts": [{"keyResult": "users", "weight": 1}, {"keyResult": "errors", "weight": 3}]},
    {
        "name": "merger",
        "title": TOLD_TO_FEW,
        "visibility": "restricted",
        "from": 0,
        "to": 100,
        "measure": {"promql": "active_users"},
    },
]

USERS = {
    "viewer": ("viewer", "vera"),
    "insider": ("viewer", "rita", "--restricted"),
    "editor": ("editor", "li"),
    "ingest": ("ingest", "ci"),
    "admin": ("admin", "root"),
}
"""Role, name and options of everybody's token."""

TEAM_IN_A_FILE = """\
apiVersion: okrbridge.dev/v1
kind: Team
metadata: {name: platform}
spec: {}
"""

EXPECTED = {
    # (15 - 10) / (20 - 10), by way of the indicator
    "users": (15, 0.5),
    # 0.5 s are 500 ms: (800 - 500) / (800 - 200)
    "latency": (500, 0.5),
    # 2 % are at most 3 %
    "errors": (0.02, 1.0),
    # 4 of 10 deploys
    "deploys": (4, 0.4),
    # restored after 30, 60 and 210 minutes, 100 on average: (4 - 5/3) / (4 - 1) = 7/9
    "restore": (5 / 3, 7 / 9),
    "survey": (None, None),
    "launched": (1, 1.0),
    # the mean of 0.5 and three times 1
    "mix": (0.875, 0.875),
    # 15 of 100
    "merger": (15, 0.15),
}
"""Value and progress after the first tick that knows them all."""

SCORES = {
    "users": 0.8,
    # 3/7 = 0.43
    "latency": 0.4,
    "errors": 1.0,
    "deploys": 0.4,
    # 7/9 = 0.78
    "restore": 0.8,
    "survey": 0.7,
    "launched": 1.0,
    # 0.95, a half is rounded up
    "mix": 1.0,
    # 0.15
    "merger": 0.2,
}
"""After what people said and changed, to one digit."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Numbers that stand still, from an hour before the cycle to hours after these tests."""
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    begin, minutes = START - timedelta(hours=1), 480
    still = {"active_users": 15, "latency_seconds": 0.5, "error_share": 0.02}
    samples = {name: [(epoch(begin) + 60 * at, value) for at in range(minutes)] for name, value in still.items()}
    server.backfill(samples)
    with server:
        yield server


@dataclass
class World:
    """One server and its users, who keep their tokens when it starts again."""

    database_url: str
    log: Path
    server: OkrbridgeServer
    tokens: dict[str, str]

    def __getattr__(self, name: str) -> ApiUser:
        return ApiUser(self.server, "" if name == "nobody" else self.tokens[name])


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, prometheus: PrometheusServer) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/okrbridge.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").create_database()
        assert okrbridge("db", "upgrade", "--database-url", url).returncode == 0
    with ThreadPoolExecutor() as threads:
        made = threads.map(lambda user: made_token(url, *user), USERS.values())
        tokens = dict(zip(USERS, made, strict=True))
    config = tmp_path / "config"
    config.mkdir()
    (config / "teams.yaml").write_text(TEAM_IN_A_FILE)
    log = tmp_path / "okrbridge.log"
    settings = {
        "OKRBRIDGE_TICK_SECONDS": "2",
        "OKRBRIDGE_INGEST_DELAY_SECONDS": "0",
        "OKRBRIDGE_LOG_LEVEL": "debug",
        "OKRBRIDGE_PROMETHEUS_URL": prometheus.url,
    }
    with OkrbridgeServer(config, url, log, **settings) as server:
        yield World(url, log, server, tokens)


def test_a_cycle_is_lived_over_http(world: World):
    _plan(world)
    _send_events(world)
    _measured(world)
    _check_in(world)
    _change(world)
    _keep_secrets(world)
    _close(world)
    _report(world)
    _start_again(world)
    _revoke(world)


def _plan(world: World) -> None:
    """Cycle, team, indicator and objective; who may not write is told which role would."""
    editor = world.editor
    span = {"start": _time(START), "end": _time(START + timedelta(days=40))}
    editor.done("POST", "/cycles", {"metadata": {"name": "now"}, "spec": span})
    editor.done("POST", "/teams", {"metadata": {"name": "growth-team"}, "spec": {}})
    indicator = {"title": "Users", "measure": {"promql": "active_users"}}
    editor.done("POST", "/indicators", {"metadata": {"name": "users"}, "spec": indicator})
    spec = _spec()
    objective = {"metadata": {"name": "growth"}, "spec": spec}

    assert world.viewer.refused(403, "POST", "/objectives", objective)["required_role"] == "editor"
    assert world.ingest.refused(403, "POST", "/objectives", objective)["required_role"] == "editor"
    world.nobody.refused(401, "POST", "/objectives", objective)
    lost = {**spec, "cycle": "never"}
    refused = editor.refused(422, "POST", "/objectives", {"metadata": {"name": "growth"}, "spec": lost})
    assert [error["path"] for error in refused["errors"]] == ["spec.cycle"]

    first = editor.send("POST", "/objectives", objective, Idempotency_Key="make-growth")
    again = editor.send("POST", "/objectives", objective, Idempotency_Key="make-growth")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["Location"] == "/api/v1/objectives/growth"
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = {"metadata": {"name": "other"}, "spec": spec}
    assert _kind(editor.refused(422, "POST", "/objectives", other, Idempotency_Key="make-growth")) == (
        "idempotency-key-reused"
    )
    assert _kind(editor.refused(409, "POST", "/objectives", objective)) == "conflict"


def _spec() -> dict[str, Any]:
    return {"title": "Grow", "cycle": "now", "owner": "li", "team": "growth-team", "keyResults": KEY_RESULTS}


def _send_events(world: World) -> None:
    """Four deploys, one of them sent twice; three incidents, restored after 30, 60 and 210 minutes."""
    deploys = [{"source": "ci", "id": f"run-{at}", "kind": "deploy", "at": _after(10 + at)} for at in range(4)]
    assert world.ingest.done("POST", "/events", deploys) == {"received": 4, "new": 4}
    assert world.ingest.done("POST", "/events", deploys[0]) == {"received": 1, "new": 0}
    starts_and_minutes = ((20, 30), (15, 60), (40, 210))
    incidents = [
        {"source": "pager", "id": f"i-{start}", "kind": "incident", "start": _after(start), "end": _after(start + long)}
        for start, long in starts_and_minutes
    ]
    world.ingest.done("POST", "/events", incidents)
    future = {"source": "ci", "id": "f", "kind": "deploy", "at": _time(now() + timedelta(days=1))}
    refused = world.ingest.refused(422, "POST", "/events", [deploys[0], future])
    assert [error["path"] for error in refused["errors"]] == ["[1].start"]


def _measured(world: World) -> None:
    """The numbers derived above, for whoever may see them, on any page of the list."""
    _wait_for(world, EXPECTED)
    pages, names = "/key-results?limit=3", []
    following = ""
    while following is not None:
        page = world.insider.get(pages + (f"&cursor={following}" if following else ""))
        names += [item["key_result"] for item in page["items"]]
        following = page["next"]
    assert names == sorted(EXPECTED)
    objective = world.insider.get("/objectives/growth")
    # The eight that have progress add up to 5.2028; the survey has none, and lowers the coverage.
    total = sum(progress or 0 for _, progress in EXPECTED.values())
    assert objective["progress_ratio"] == pytest.approx(total / 9)
    assert objective["measured_only_ratio"] == pytest.approx(total / 8)
    assert objective["coverage_ratio"] == pytest.approx(8 / 9)


def _check_in(world: World) -> None:
    """A person says the value of a manual measure, and another one in the place of a measured one."""
    draft = world.editor.get("/key-results/growth/survey/check-ins/draft")
    assert (draft["evidence"]["value"], draft["evidence"]["quality"]) == (None, "no_data")
    survey, users = "/key-results/growth/survey/check-ins", "/key-results/growth/users/check-ins"
    world.viewer.refused(403, "POST", survey, {"confidence": 8})
    world.editor.done("POST", survey, {"confidence": 8, "override_value": 7})
    refused = world.editor.refused(422, "POST", users, {"override_value": 18})
    assert [error["path"] for error in refused["errors"]] == ["override_expires_at"]
    until = _time(now() + timedelta(days=7))
    world.editor.done("POST", users, {"confidence": 8, "override_value": 18, "override_expires_at": until})
    world.editor.done("POST", users, {"confidence": 4, "blockers": "The import is slow"})
    # 7 of 10; (18 - 10) / (20 - 10) = 0.8; (1 * 0.8 + 3 * 1) / 4 = 0.95
    _wait_for(world, {"survey": (7, 0.7), "users": (18, 0.8), "mix": (0.95, 0.95)})
    said = world.viewer.get(users)
    assert [item["confidence"] for item in said["items"]] == [8, 4]
    assert [item["by"] for item in said["items"]] == ["li", "li"]
    # From 8 to 4 is a fall by three or more.
    wait_until(lambda: bool(world.viewer.get("/findings?code=discuss")["items"]), what="the drop is for discussion")


def _change(world: World) -> None:
    """A promise changes in delivery with a reason alone, and nobody undoes what they have not seen."""
    latency, document = "/key-results/growth/latency", "/objectives/growth/document"
    tag = world.editor.tag(document)
    world.editor.refused(428, "PATCH", latency, {"to": "100ms"})
    assert _kind(world.editor.refused(422, "PATCH", latency, {"to": "100ms"}, If_Match=tag)) == "reason-required"
    change = {"to": "100ms", "revision": {"reason": "scope_change", "note": "The cache came early"}}
    world.editor.done("PATCH", latency, change, If_Match=tag)
    stale = world.editor.refused(412, "PATCH", latency, {"owner": "maria"}, If_Match=tag)
    assert stale["etag"] == world.editor.tag(document) != tag
    # (800 - 500) of (800 - 100) milliseconds
    _wait_for(world, {"latency": (500, 3 / 7)})
    [revision] = world.viewer.get(f"{latency}/revisions")["items"]
    assert (revision["reason"], revision["before"], revision["after"]) == (
        "scope_change",
        {"to": "200ms"},
        {"to": "100ms"},
    )
    owners = _at_once(
        lambda owner: world.editor.send("PATCH", latency, {"owner": owner}, If_Match=stale["etag"]), ["maria", "ada"]
    )
    assert sorted(answer.status_code for answer in owners) == [200, 412]
    place = world.editor.refused(409, "POST", "/teams", {"metadata": {"name": "platform"}, "spec": {}})
    assert place["place"].rpartition("/")[2] == "teams.yaml:1"
    _remove(world)


def _remove(world: World) -> None:
    """A key result comes and goes; what others refer to stays."""
    one = {"name": "extra", "from": 0, "to": 1, "measure": {"promql": "active_users"}}
    world.editor.done("POST", "/objectives/growth/key-results", one)
    gone = "/key-results/growth/extra"
    assert _kind(world.editor.refused(422, "DELETE", gone, If_Match="*")) == "reason-required"
    world.editor.done("DELETE", f"{gone}?why=A+mistake", If_Match="*")
    wait_until(lambda: world.editor.send("GET", gone).status_code == 404, what="the key result is gone")
    world.editor.refused(422, "DELETE", "/indicators/users", If_Match="*")
    audited = world.admin.get("/audit?kind=Objective&name=growth")["items"]
    assert (audited[0]["action"], audited[0]["by"], audited[0]["why"]) == ("update", "li", "A mistake")


OPEN_TO_ALL = (
    "/key-results?limit=50",
    "/objectives",
    "/objectives/growth",
    "/objectives/growth/document",
    "/objectives/growth/reviews",
    "/objectives/tree",
    "/cycles",
    "/cycles/now",
    "/cycles/now/report",
    "/cycles/now/report?format=markdown",
    "/cycles/now/report?format=csv",
    "/cycles/now/review",
    "/cycles/now/scores",
    "/indicators",
    "/indicators/users/history",
    "/instrumentation",
    "/findings",
    "/events?from=now-1d",
    "/annotations?from=now-1d",
    "/signals?cycle=now",
    "/key-results/growth/mix/explain",
    "/key-results/growth/users/check-ins",
)
"""What reads without a token."""
OF_ONE = ("", "/explain", "/history", "/forecast", "/check-ins", "/check-ins/draft", "/revisions")
"""Below a key result."""


def _keep_secrets(world: World) -> None:
    """A restricted key result is nowhere for who may not see it; those who may find it."""
    world.editor.done("POST", "/key-results/growth/merger/check-ins", {"confidence": 9, "blockers": TOLD_TO_FEW})
    world.editor.refused(422, "PATCH", "/key-results/growth/merger", {"from": "many"}, If_Match="*")
    for user in (world.nobody, world.viewer):
        for path in OPEN_TO_ALL:
            text = user.send("GET", path).text
            assert "rival" not in text, path
            assert "merger" not in text, path
        assert {user.send("GET", f"/key-results/growth/merger{below}").status_code for below in OF_ONE} == {404}
    for below in OF_ONE:
        assert world.insider.send("GET", f"/key-results/growth/merger{below}").status_code == 200, below
    assert TOLD_TO_FEW in world.insider.send("GET", "/objectives/tree").text
    metrics = requests.get(f"{world.server.url}/metrics", timeout=10).text
    assert 'key_result="users"' in metrics
    assert "merger" not in metrics
    assert "rival" not in metrics
    world.viewer.refused(403, "GET", "/audit")


def _close(world: World) -> None:
    """Each key result needs its sentence; then the cycle is closed once, and nothing of it changes."""
    world.viewer.refused(403, "GET", "/cycles/now/close")
    asked = world.editor.get("/cycles/now/close")["items"]
    assert [item["key_result"] for item in asked] == sorted(EXPECTED)
    judged = [{"objective": "growth", "key_result": item["key_result"], "review": "As planned."} for item in asked]
    refused = world.editor.refused(422, "POST", "/cycles/now/close", {"key_results": judged[1:], "early": True})
    assert [error["name"] for error in refused["errors"]] == ["key_results.growth/deploys.review"]
    early = world.editor.refused(409, "POST", "/cycles/now/close", {"key_results": judged})
    assert "runs until" in early["detail"]
    meant = {"key_results": judged, "early": True}
    answers = _at_once(lambda body: world.editor.send("POST", "/cycles/now/close", body), [meant] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [scores] = [answer.json()["items"] for answer in answers if answer.ok]
    assert {item["key_result"]: item["score"] for item in scores} == SCORES
    assert _kind(world.editor.refused(409, "PATCH", "/key-results/growth/users", {"to": 30}, If_Match="*")) == (
        "cycle-closed"
    )


def _report(world: World) -> None:
    """The report in three formats, with a score for each key result that the reader may see."""

    def names() -> list[str]:
        [objective] = world.insider.get("/cycles/now/report")["objectives"]
        return [item["key_result"] for item in objective["key_results"]]

    # What was removed is in the numbers of one tick more.
    wait_until(lambda: names() == [one["name"] for one in KEY_RESULTS], what="the report without what was removed")
    markdown = world.insider.send("GET", "/cycles/now/report", Accept="text/markdown")
    assert markdown.headers["Content-Type"].startswith("text/markdown")
    assert TOLD_TO_FEW in markdown.text
    for user, count in ((world.insider, len(KEY_RESULTS)), (world.viewer, len(KEY_RESULTS) - 1)):
        text = user.send("GET", "/cycles/now/report?format=csv").text
        assert len(list(csv.DictReader(io.StringIO(text)))) == count


KEPT = (
    "/objectives/growth/document",
    "/indicators/users",
    "/key-results/growth/latency/revisions",
    "/key-results/growth/users/check-ins",
    "/cycles/now/scores",
    "/events?from=now-1d",
)


def _logs_tell_nothing(world: World) -> None:
    logged = world.log.read_text()
    assert "tick" in logged
    assert TOLD_TO_FEW not in logged
    assert not [name for name, token in world.tokens.items() if token in logged]


def _start_again(world: World) -> None:
    """A process that starts on the same database knows everything."""
    before = {path: world.insider.get(path) for path in KEPT}
    count = len(world.admin.get("/audit?limit=1000")["items"])
    _logs_tell_nothing(world)
    assert world.server.terminate() == 0
    world.server.start()
    _wait_for(world, {"survey": (7, 0.7), "users": (18, 0.8), "latency": (500, 3 / 7), "merger": (15, 0.15)})
    assert {path: world.insider.get(path) for path in KEPT} == before
    assert len(world.admin.get("/audit?limit=1000")["items"]) == count
    assert world.viewer.get("/cycles/now")["phase"] == "closed"
    objective = {"metadata": {"name": "growth"}, "spec": _spec()}
    again = world.editor.send("POST", "/objectives", objective, Idempotency_Key="make-growth")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")


def _revoke(world: World) -> None:
    """A token that was taken back is refused soon, and the others are not."""
    revoked = okrbridge("token", "revoke", "li", "--database-url", world.database_url)
    assert revoked.returncode == 0, revoked.stderr
    wait_until(lambda: world.editor.send("GET", "/cycles").status_code == 401, what="the token is refused")
    assert world.viewer.send("GET", "/cycles").status_code == 200
    _logs_tell_nothing(world)


def _wait_for(world: World, expected: dict[str, tuple[float | None, float | None]]) -> None:
    """Wait until key results have these values and this progress."""
    found: dict[str, tuple[float | None, float | None]] = {}

    def is_there() -> bool:
        answer = world.editor.send("GET", "/key-results?limit=50")
        items = answer.json()["items"] if answer.ok else []
        found.clear()
        found.update({item["key_result"]: (item["value"], item["progress_ratio"]) for item in items})
        return all(found.get(name) == pytest.approx(pair) for name, pair in expected.items())

    try:
        wait_until(is_there, what="the numbers that were worked out by hand", seconds=60)
    finally:
        assert {name: found.get(name) for name in expected} == {
            name: pytest.approx(pair) for name, pair in expected.items()
        }


def _at_once(send: Any, bodies: list[Any]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(send, bodies))


def _kind(problem: dict[str, Any]) -> str:
    return str(problem["type"]).rpartition(":")[2]


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _after(minutes: float) -> str:
    """An instant so long after the start of the cycle."""
    return _time(START + timedelta(minutes=minutes))
