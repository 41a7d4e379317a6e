"""Bodies of requests: looked at only once it is known who sent them, and refused when they are no sound JSON."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.api.writing import WritingApi, codes, objective

TEAM = b'{"metadata": {"name": "growth"}, "spec": {}}'
JSON = {"Content-Type": "application/json"}
NINES = b"9" * 5000


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> WritingApi:
    """One for all: nearly everything here is refused."""
    return WritingApi(tmp_path_factory.mktemp("config"))


def _within(opening: bytes, depth: int, closing: bytes) -> bytes:
    return opening * depth + b"1" + closing * depth


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "zero-length"),
        (b"{", "not valid JSON"),
        (TEAM.decode().encode("utf-16"), "not valid JSON"),
        (b"\xef\xbb\xbf" + TEAM, "not valid JSON"),
        ('{"metadata": {"name": "ä"}, "spec": {}}'.encode("latin-1"), "not valid JSON"),
        (b'{"metadata": {"name": "a"}, "spec": {"title": "\\ud800"}}', "not valid JSON"),
        (b'{"metadata": {"name": "a", "name": "b"}, "spec": {}}', "'name' is there twice"),
        (b'{"metadata": {"name": "a"}, "spec": {"weight": 1e400}}', "not valid JSON"),
        (b'{"metadata": {"name": "a"}, "spec": {"weight": ' + NINES + b"}}", "not valid JSON"),
        (_within(b"[", 90_000, b"]"), "not valid JSON"),
        (_within(b'{"a":', 300, b"}"), "not valid JSON"),
    ],
    ids=lambda one: one[:24] if isinstance(one, str) else None,
)
def test_what_is_no_sound_json_is_an_invalid_request(api: WritingApi, body: bytes, said: str):
    answer = api.client().post("/teams", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:okrbridge:problem:invalid-request")
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", _within(b"[", 90_000, b"]"), b'{"a": ' + NINES + b"}", b"[]", b"\xff"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/teams"),
        ("PATCH", "/objectives/from-a-file"),
        ("POST", "/objectives/from-a-file/key-results"),
        ("POST", "/key-results/from-a-file/latency/check-ins"),
        ("POST", "/cycles/2026-q1/close"),
        ("POST", "/events"),
        ("PATCH", "/findings/no_owner/x"),
        ("PUT", "/checklists/before_production/x/y"),
    ],
)
def test_nothing_is_looked_at_before_it_is_known_who_asks(api: WritingApi, method: str, path: str, body: bytes):
    sent: dict[str, Any] = {"content": body, "headers": JSON}

    assert api.client("anonymous").request(method, path, **sent).status_code == 401
    assert api.client("viewer").request(method, path, **sent).status_code == 403
    assert api.client("admin").request(method, path, **sent).status_code == 422


@pytest.mark.parametrize(
    "given", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}]
)
def test_what_is_not_said_to_be_json_is_refused_with_the_remedy(api: WritingApi, given: dict[str, str]):
    answer = api.client().post("/teams", content=TEAM, headers=given)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"in": "header", "name": "Content-Type", "message": "must be application/json"}]


def test_json_has_several_names(api: WritingApi):
    # Each finds the body sound; the name is taken from the second one on.
    kinds = ("application/json; charset=utf-8", "application/merge-patch+json", "Application/JSON")
    sent = [api.client().post("/teams", content=TEAM, headers={"Content-Type": kind}).status_code for kind in kinds]

    assert sent == [201, 409, 409]


def test_a_key_result_nested_too_deeply_is_refused_wherever_the_document_puts_it(api: WritingApi):
    # A patch is sound by itself down to 254 levels; inside the document it stands three levels deeper.
    api.made(objective())
    client, headers = api.client(), {**JSON, "If-Match": "*"}

    for depth in (60, 250, 251, 253):
        patch = b'{"to":' + _within(b'{"a":', depth, b"}") + b"}"
        assert codes(client.patch("/key-results/growth/users", content=patch, headers=headers)) == ["too_deep"]
        added = b'{"name": "x", ' + patch[1:]
        assert codes(client.post("/objectives/growth/key-results", content=added, headers=headers)) == ["too_deep"]


def test_a_client_that_goes_away_is_no_fault_of_ours(api: WritingApi):
    # A server that is told of the end of the connection while it reads; the body was to have 99 bytes.
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    answered: list[dict[str, Any]] = []
    token = api.tokens.headers("editor")["Authorization"].encode()

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        answered.append(dict(message))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/teams", "raw_path": b"/api/v1/teams", "root_path": "", "query_string": b"",
        "headers": [(b"authorization", token), (b"content-type", b"application/json"), (b"content-length", b"99")],
        "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asyncio.run(api.app(scope, receive, send))

    assert answered[0]["status"] == 400


@pytest.mark.parametrize(
    ("path", "body", "place", "said"),
    [
        ("/objectives/from-a-file/reviews", {"decison": "approve"}, "decison", "; did you mean 'decision'?"),
        (
            "/cycles/2026-q1/close",
            {"key_results": [{"objective": "a", "key_result": "b", "reviw": "x"}]},
            "key_results.0.reviw",
            "; did you mean 'review'?",
        ),
        ("/events", {"source": "a", "id": "b", "kind": "c", "titel": "x"}, "event.titel", "; did you mean 'title'?"),
        ("/events", [{"source": "a", "id": "b", "kind": "c", "at2": "x"}], "events.0.at2", "; did you mean 'at'?"),
        (
            "/teams",
            {"metadata": {"name": "a"}, "spec": {}, "x": 1},
            "x",
            "; known here: apiVersion, kind, metadata, spec",
        ),
    ],
)
def test_a_misspelt_key_is_told_what_was_meant(api: WritingApi, path: str, body: Any, place: str, said: str):
    answer = api.client().post(path, json=body)

    assert answer.status_code == 422
    (error,) = (one for one in answer.json()["errors"] if "unknown key" in one["message"])
    assert error == {"in": "body", "name": place, "message": f"unknown key{said}"}


def test_what_is_wrong_is_told_of_the_form_of_body_that_was_sent(api: WritingApi):
    (one,) = api.client().post("/events", json={"source": "a", "kind": "c"}).json()["errors"]
    (several,) = api.client().post("/events", json=[]).json()["errors"]

    assert (one["name"], several["name"]) == ("event.id", "events")
