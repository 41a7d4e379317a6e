"""What was made for callers who see restricted objects is never given to others, by any cache."""

from typing import Any

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.testclient import TestClient
from tests.unit.api.tokens import Tokens, every_token

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.app import create_app
from okrbridge.api.auth import Admin
from okrbridge.api.dependencies import Services
from okrbridge.api.responses import from_snapshot
from okrbridge.application.reports import slo_item

SLOS = "/api/v1/slos"
SEEING = ("seeing", "editor", "admin")
PUBLIC = ("anonymous", "viewer", "ingest")


@pytest.fixture
def tokens() -> Tokens:
    return every_token()


@pytest.fixture
def client(tokens: Tokens) -> TestClient:
    return TestClient(create_app(tokens.services()))


def test_a_kept_answer_is_given_to_its_own_audience_alone(
    tokens: Tokens, client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    made: list[int] = []

    def numbered(*given: Any) -> Any:
        made.append(1)
        return {**slo_item(*given), "display_name": f"made {(len(made) + 2) // 3}"}

    monkeypatch.setattr("okrbridge.api.routes.slos.slo_item", numbered)

    def title(kind: str) -> Any:
        return client.get(SLOS, headers=tokens.headers(kind)).json()["items"][0]["display_name"]

    # The first of each audience makes it, in either order; the others of that audience get the same.
    assert [title(kind) for kind in ("admin", "anonymous", "viewer", "editor", "ingest", "seeing")] == [
        "made 1",
        "made 2",
        "made 2",
        "made 1",
        "made 2",
        "made 1",
    ]


def test_the_tags_of_the_two_audiences_differ_and_those_within_one_do_not(tokens: Tokens, client: TestClient):
    def tags(kinds: tuple[str, ...]) -> set[str]:
        return {client.get(SLOS, headers=tokens.headers(kind)).headers["etag"] for kind in kinds}

    assert len(tags(SEEING)) == len(tags(PUBLIC)) == 1
    assert tags(SEEING) != tags(PUBLIC)


def test_the_tag_of_one_audience_gives_the_other_no_304(tokens: Tokens, client: TestClient):
    seen = client.get(SLOS, headers=tokens.headers("admin")).headers["etag"]
    client.get(SLOS)

    assert client.get(SLOS, headers={"If-None-Match": seen}).status_code == 200
    again = client.get(SLOS, headers={"If-None-Match": seen, **tokens.headers("editor")})
    assert (again.status_code, again.headers["vary"]) == (304, "Authorization")


@pytest.mark.parametrize("path", [SLOS, "/api/v1/slos/checkout-availability", "/metrics", "/api/v1/slos/nothing"])
@pytest.mark.parametrize("round_", ["made", "kept"])
def test_caches_on_the_way_are_told_whom_an_answer_is_for(tokens: Tokens, client: TestClient, path: str, round_: str):
    rounds = 1 if round_ == "made" else 2
    for _ in range(rounds):
        open_answer = client.get(path)
        theirs = client.get(path, headers=tokens.headers("viewer"))

    for answer in (open_answer, theirs):
        assert "Authorization" in answer.headers["vary"].split(", ")
    assert "private" not in open_answer.headers.get("cache-control", "")
    assert {"private", "no-store"} & set(theirs.headers["cache-control"].split(", "))


def test_what_needs_no_token_does_not_depend_on_one(client: TestClient):
    assert "vary" not in client.get("/livez").headers


def test_a_kept_answer_is_not_given_to_whoever_may_not_read(tokens: Tokens):
    client = TestClient(create_app(tokens.services(anonymous_read=False)))

    assert client.get(SLOS, headers=tokens.headers("viewer")).status_code == 200
    assert [client.get(SLOS, headers=tokens.headers(kind)).status_code for kind in ("anonymous", "ingest")] == [
        401,
        403,
    ]


def test_a_kept_answer_of_a_route_for_admins_is_for_admins(tokens: Tokens):
    router = APIRouter(route_class=SnapshotRoute)

    @router.get("/for-admins")
    def for_admins(request: Request, services: Services, _caller: Admin) -> Response:
        return from_snapshot(request, services.snapshot(), services.clock(), {"secret": 1})

    @router.post("/for-admins")
    def write(_caller: Admin) -> Response:
        return Response("written")

    app = create_app(tokens.services())
    app.include_router(router)
    client = TestClient(app)
    kinds = ("admin", "editor", "seeing", "anonymous")

    assert [client.get("/for-admins", headers=tokens.headers(kind)).status_code for kind in kinds] == [
        200,
        403,
        403,
        401,
    ]
    # What was kept for GET answers no other method.
    assert client.post("/for-admins", headers=tokens.headers("admin")).text == "written"
