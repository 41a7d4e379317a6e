"""Every route with every kind of caller, against what the route says it needs."""

import dataclasses
import logging
import re
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.unit.api.fakes import FakeDatabase, services
from tests.unit.api.tokens import GARBAGE, KINDS, ROLE_OF, Tokens, every_token

from okrbridge.api.app import bare_app, create_app
from okrbridge.api.auth import LONGEST_HEADER
from okrbridge.api.errors import PROBLEM_JSON
from okrbridge.api.needs import RouteNeed, route_needs
from okrbridge.application.access import AccessRules
from okrbridge.application.access_ports import Role

OF_THE_FRAMEWORK = {"/docs", "/docs/oauth2-redirect"}
"""Pages that describe the API, and hold nothing of anybody's."""

NEEDS = [need for need in route_needs(bare_app()) if need.path not in OF_THE_FRAMEWORK]
PATH_VALUES = {"slo": "checkout-availability", "objective": "reliable-checkout", "key_result": "uptime"}

# Who is let in where, written out; False is 401 for whoever shows no token in force, else 403.
MAY: dict[Role, set[str]] = {
    Role.VIEWER: {"viewer", "seeing", "editor", "admin"},
    Role.INGEST: {"ingest", "editor", "admin"},
    Role.EDITOR: {"editor", "admin"},
    Role.ADMIN: {"admin"},
}


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return every_token()


def _expected(need: RouteNeed, kind: str, *, anonymous_read: bool) -> int | None:
    """The refusal's status; None when the caller is let in."""
    if need.role is None:
        return None
    if kind in ("expired", "revoked", "garbage"):
        return 401
    if need.role is Role.VIEWER and anonymous_read:
        return None
    if kind == "anonymous":
        return 401
    return None if kind in MAY[need.role] else 403


def _is_kept_out(answer: httpx2.Response) -> bool:
    """Whether the caller's token decided, and not what was asked for."""
    is_problem = answer.headers["content-type"] == PROBLEM_JSON
    return is_problem and answer.json()["type"].rpartition(":")[2] in ("unauthorized", "forbidden")


def _path(need: RouteNeed) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: PATH_VALUES.get(found[1], "x"), need.path)


def test_every_route_says_what_it_needs():
    assert [f"{need.method} {need.path}" for need in NEEDS if not need.is_declared] == []
    assert len(NEEDS) >= 22


@pytest.fixture(scope="module", params=[True, False], ids=["anonymous-read", "no-anonymous-read"])
def reading(request: pytest.FixtureRequest, tokens: Tokens) -> tuple[TestClient, bool]:
    """A client without a token, and whether reading needs none."""
    anonymous_read: bool = request.param
    return tokens.client("anonymous", anonymous_read=anonymous_read, reload=lambda: None), anonymous_read


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: f"{need.method} {need.path}")
def test_every_route_lets_in_who_may_and_nobody_else(tokens: Tokens, reading: tuple[TestClient, bool], need: RouteNeed):
    client, anonymous_read = reading
    seen, expected = {}, {}
    for kind in KINDS:
        answer = client.request(need.method, _path(need), headers=tokens.headers(kind))
        assert answer.status_code != 500, answer.text
        seen[kind] = answer.status_code if _is_kept_out(answer) else None
        expected[kind] = _expected(need, kind, anonymous_read=anonymous_read)
    assert seen == expected


def test_r168_objectives_and_key_results_are_listed_to_whoever_asks(tokens: Tokens):
    client = tokens.client("anonymous")

    assert {item["objective"] for item in client.get("/api/v1/objectives").json()["items"]} >= {"reliable-checkout"}
    assert {item["key_result"] for item in client.get("/api/v1/key-results").json()["items"]} >= {"uptime"}


def test_r163_no_route_is_about_a_person():
    of_people = re.compile(r"people|persons?|users?|owners?|employees?|individuals?|rankings?|leaderboards?")

    assert [need.path for need in NEEDS if any(map(of_people.fullmatch, re.split(r"[/{}_-]", need.path)))] == []


def test_a_refusal_without_a_token_tells_nothing_of_what_is_wrong_with_the_one_that_was_sent(tokens: Tokens):
    client = tokens.client("anonymous")
    answers = [client.get("/api/v1/audit", headers=tokens.headers(kind)) for kind in KINDS]
    refused = [answer for answer in answers if answer.status_code == 401]

    # anonymous, expired, revoked, garbage
    assert len(refused) == 4
    assert {answer.text for answer in refused} == {refused[0].text}
    assert {answer.headers["www-authenticate"] for answer in refused} == {'Bearer realm="okrbridge"'}
    assert refused[0].json()["type"] == "urn:okrbridge:problem:unauthorized"
    assert {answer.headers["vary"] for answer in refused} == {"Authorization"}


def test_a_role_that_does_not_suffice_is_told_the_one_that_would(tokens: Tokens):
    answer = tokens.client("editor").get("/api/v1/audit")

    assert answer.status_code == 403
    assert answer.json()["required_role"] == "admin"
    assert answer.json()["detail"] == "this needs the role admin; the token 'editor' has editor"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer okrb_",
        f"Bearer {GARBAGE[:-1]}",
        f"Bearer {GARBAGE}x",
        f"Bearer {GARBAGE} {GARBAGE}",
        "Bearer " + "okrb_" * LONGEST_HEADER,
        "Bearer \xe4",
    ],
)
def test_whatever_looks_like_a_token_and_is_none_is_refused_even_for_reading(tokens: Tokens, header: str):
    sent = [(b"Authorization", header.encode("latin-1"))]

    assert tokens.client("anonymous").get("/api/v1/cycles", headers=sent).status_code == 401
    assert tokens.client("anonymous").get("/api/v1/audit", headers=sent).status_code == 401


def test_a_header_that_is_too_long_is_not_read_even_when_a_token_is_in_it(tokens: Tokens):
    padded = f"Bearer {' ' * LONGEST_HEADER}{tokens.texts['admin']}"

    assert tokens.client("anonymous").get("/api/v1/audit", headers={"Authorization": padded}).status_code == 401


def test_two_tokens_at_once_are_refused(tokens: Tokens):
    twice = [("Authorization", f"Bearer {tokens.texts['admin']}"), ("Authorization", f"Bearer {GARBAGE}")]
    client = TestClient(create_app(tokens.services()))

    assert client.get("/api/v1/audit", headers=twice).status_code == 401


def test_the_password_of_a_proxy_in_between_is_not_taken_for_a_token(tokens: Tokens):
    sent = {"Authorization": "Basic bWFyaWE6Z2VoZWlt"}

    assert tokens.client("anonymous").get("/api/v1/cycles", headers=sent).status_code == 200
    assert tokens.client("anonymous").get("/api/v1/audit", headers=sent).status_code == 401


def test_a_token_counts_in_the_header_alone(tokens: Tokens):
    client = TestClient(create_app(tokens.services()), cookies={"Authorization": f"Bearer {tokens.texts['admin']}"})

    assert client.get(f"/api/v1/audit?access_token={tokens.texts['admin']}").status_code == 401


def test_no_log_and_no_answer_holds_a_token(tokens: Tokens, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    answers = "".join(tokens.client(kind).get("/api/v1/audit").text for kind in KINDS if kind != "anonymous")

    for text in tokens.texts.values():
        assert text[5:15] not in caplog.text + answers


def test_health_never_asks_the_database_about_a_token():
    client = TestClient(create_app(services(database=FakeDatabase(is_broken=True))))
    sent = {"Authorization": f"Bearer {GARBAGE}"}

    assert client.get("/livez", headers=sent).status_code == 200
    # A token that cannot be looked up is neither right nor wrong.
    assert client.get("/api/v1/cycles", headers=sent).status_code == 503


def _local(**changes: Any) -> TestClient:
    off = dataclasses.replace(services(), access=AccessRules(is_on=False), **changes)
    return TestClient(create_app(off), base_url="http://127.0.0.1:8080")


@pytest.mark.parametrize("kind", ["anonymous", "garbage"])
def test_with_tokens_switched_off_everybody_is_an_admin(tokens: Tokens, kind: str):
    answer = _local(storage=tokens.storage).get("/api/v1/audit", headers=tokens.headers(kind))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "127.8.9.1", "x.localhost"]
)
def test_with_tokens_switched_off_this_machine_is_answered(host: str):
    assert _local().get("/api/v1/slos", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "10.0.0.1", "127.0.0.1.evil.example", "", "[::1", "localhost.evil", "@", "127.1"),
        *(
            "evil.example@127.0.0.1",
            "evil.example\\\\@127.0.0.1",
            "127.0.0.1/evil",
            "127.0.0.1:x",
            "[::1].evil.example",
        ),
        *("[::ffff:127.0.0.1]", "localhost:1:2", "[localhost]", "127.0.0.1 "),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/slos", "/metrics", "/"])
def test_with_tokens_switched_off_a_name_from_elsewhere_is_refused(host: str, path: str):
    answer = _local().get(path, headers={"Host": host})

    assert answer.status_code == 421
    assert answer.json()["type"] == "urn:okrbridge:problem:wrong-host"
    assert "tokens are switched off" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "kind"),
    [
        (None, None),
        ("http://127.0.0.1:8080", "reload-disabled"),
        ("http://evil.example", "foreign-origin"),
        ("http://127.0.0.1:9999", "foreign-origin"),
        ("null", "foreign-origin"),
    ],
)
def test_with_tokens_switched_off_no_page_of_another_origin_writes(origin: str | None, kind: str | None):
    calls: list[int] = []
    headers = {} if origin is None else {"Origin": origin}
    answer = _local(reload=lambda: calls.append(1)).post("/-/reload", headers=headers)

    if kind is None:
        assert (answer.status_code, calls) == (200, [1])
    else:
        assert (answer.json()["type"], calls) == (f"urn:okrbridge:problem:{kind}", [])


def test_the_description_tells_which_role_each_operation_needs():
    paths = bare_app().openapi()["paths"]
    told = {(need.method, need.path): paths[need.path][need.method.lower()] for need in NEEDS if need.path in paths}

    assert len(told) >= 21
    for need in NEEDS:
        if need.path in paths:
            operation = told[need.method, need.path]
            assert operation["x-required-role"] == need.role
            assert bool(operation["security"]) == (need.role is not None)
            assert ("401" in operation["responses"]) == (need.role is not None)
    assert paths["/-/reload"]["post"]["security"] == [{"token": []}]
    assert paths["/api/v1/slos"]["get"]["security"] == [{}, {"token": []}]


def test_each_kind_of_token_has_its_role():
    assert set(ROLE_OF) < set(KINDS)
    assert set(ROLE_OF.values()) == set(Role)
