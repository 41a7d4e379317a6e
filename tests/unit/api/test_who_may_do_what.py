"""Every route with every kind of caller, against what the route says it needs."""

import dataclasses
import logging
import re
from typing import Any

import httpx
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


def _is_kept_out(answer: httpx.Response) -> bool:
    """Whether the caller's token decided, and not what was asked for."""
    is_problem = answer.headers["content-type"] == PROBLEM_JSON
    return is_problem and answer.json()["type"].rpartition(":")[2] in ("unauthorized", "forbidden")


def _path(need: RouteNeed) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: PATH_VALUES.get(found[1], "x"), need.path)


def test_every_route_says_what_it_needs():
    assert [f"{need.method} {need.path}" for need in NEEDS if not need.is_declared] == []
    assert len(NEEDS) >= 22


@pytest.mark.parametrize("anonymous_read", [True, False], ids=["anonymous-read", "no-anonymous-read"])
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: f"{need.method} {need.path}")
def test_every_route_lets_in_who_may_and_nobody_else(tokens: Tokens, need: RouteNeed, anonymous_read: bool):
    client = tokens.client("anonymous", anonymous_read=anonymous_read, reload=lambda: None)
    seen, expected = {}, {}
    for kind in KINDS:
        answer = client.request(need.method, _path(need), headers=tokens.headers(kind))
        assert answer.status_code != 500, answer.text
        seen[kind] = answer.status_code if _is_kept_out(answer) else None
        expected[kind] = _expected(need, kind, anonymous_read=anonymous_read)
    assert seen == expected
