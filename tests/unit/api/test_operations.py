"""Metrics, health, readiness, reload, the landing page, and what every answer has in common."""

import dataclasses
import re
from typing import Any

import anyio.to_thread
import httpx2
import pytest
from starlette.testclient import TestClient
from tests.unit.api.fakes import FakeDatabase, FakeMetrics, services
from tests.unit.api.tokens import every_token

from okrbridge.api.app import create_app
from okrbridge.api.dependencies import ReadinessCheck
from okrbridge.errors import DefinitionError, Fault


def _client(**changes: Any) -> TestClient:
    app = create_app(dataclasses.replace(services(), **changes))
    return TestClient(app, raise_server_exceptions=False)


def test_metrics_are_the_text_format():
    answer = _client().get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text == "okrbridge_ticks_total 1\n"


def test_a_large_page_is_compressed_for_those_who_accept_it():
    client = _client(metrics=FakeMetrics(b"okrbridge_ticks_total 1\n" * 1000))

    assert client.get("/metrics", headers={"Accept-Encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/metrics", headers={"Accept-Encoding": "identity"}).headers


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("deflate, gzip;q=0.5", "gzip"), ("br", None), ("", None)],
)
def test_metrics_are_compressed_only_for_those_who_take_it(accepted: str, encoding: str | None):
    answer = _client().get("/metrics", headers={"Accept-Encoding": accepted})

    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding, Authorization"
    assert answer.text == "okrbridge_ticks_total 1\n"


@pytest.mark.parametrize("path", ["/livez", "/-/healthy"])
def test_the_process_is_alive_whatever_the_database_does(path: str):
    client = _client(storage=FakeDatabase(is_broken=True), is_ready=lambda: [ReadinessCheck("database", ok=False)])

    assert client.get(path).json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/readyz", "/-/ready"])
def test_ready_lists_its_checks_only_when_asked(path: str):
    client = _client()

    assert client.get(path).json() == {"status": "ok", "checks": []}
    verbose = client.get(f"{path}?verbose").json()
    assert verbose["checks"] == [{"name": "database", "ok": True, "detail": ""}]


@pytest.mark.parametrize("path", ["/readyz", "/-/ready"])
def test_not_ready_names_what_failed(path: str):
    checks = [ReadinessCheck("database", ok=True), ReadinessCheck("definitions", ok=False, detail="not loaded")]
    answer = _client(is_ready=lambda: checks).get(path)

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:okrbridge:problem:not-ready"
    assert answer.json()["detail"] == "not ready: definitions"
    assert answer.json()["checks"][1] == {"name": "definitions", "ok": False, "detail": "not loaded"}


def _admin(**changes: Any) -> TestClient:
    return every_token().client("admin", **changes)


def test_reload_is_refused_while_it_is_off():
    answer = _admin().post("/-/reload")

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:okrbridge:problem:reload-disabled"


def test_a_web_page_must_not_reload():
    calls: list[int] = []
    answer = _admin(reload=lambda: calls.append(1)).post("/-/reload", headers={"Origin": "http://elsewhere.example"})

    assert (answer.status_code, calls) == (403, [])


def test_reload_reloads_when_it_is_on():
    calls: list[int] = []
    answer = _admin(reload=lambda: calls.append(1)).post("/-/reload")

    assert (answer.json(), calls) == ({"status": "reloaded"}, [1])


def test_refused_definitions_come_back_with_every_fault():
    def refuse() -> None:
        raise DefinitionError([Fault("slos.yaml", 3, 7, "spec.target", "1.0 leaves no budget", "target")])

    answer = _admin(reload=refuse).post("/-/reload")

    assert answer.status_code == 409
    [fault] = answer.json()["faults"]
    assert (fault["file"], fault["line"], fault["message"]) == ("slos.yaml", 3, "1.0 leaves no budget")


def test_a_fault_of_ours_leaks_nothing():
    class Failing:
        def parts(self, *, is_compressed: bool) -> list[bytes]:
            raise RuntimeError(f"password is hunter2, {is_compressed}")

    answer = _client(metrics=Failing()).get("/metrics")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/static-offline-docs/../secret", 404, "not-found"),
        ("DELETE", "/api/v1/slos", 405, "method-not-allowed"),
        ("GET", "/-/reload", 405, "method-not-allowed"),
        ("GET", "/api/v1/slos?limit=0", 422, "invalid-request"),
        ("GET", "/api/v1/slos?limit=1001", 422, "invalid-request"),
        ("GET", "/api/v1/slos?state=fine", 422, "invalid-request"),
        ("GET", f"/api/v1/slos/{'x' * 300}", 422, "invalid-request"),
        ("GET", "/readyz?verbose=maybe", 422, "invalid-request"),
    ],
)
def test_every_refusal_is_a_problem_document(method: str, path: str, status: int, kind: str):
    answer = _client().request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:okrbridge:problem:{kind}"
    assert document["status"] == status
    assert {"title", "detail", "instance"} <= document.keys()


@pytest.mark.parametrize("path", ["/livez", "/-/healthy"])
def test_the_process_says_that_it_is_alive_while_every_thread_waits_for_the_database(path: str):
    async def status() -> int:
        threads = anyio.to_thread.current_default_thread_limiter()
        for waiting in range(int(threads.total_tokens)):
            threads.acquire_on_behalf_of_nowait(waiting)
        transport = httpx2.ASGITransport(app=create_app(services()))
        with anyio.fail_after(10):
            async with httpx2.AsyncClient(transport=transport, base_url="http://okrbridge") as client:
                return (await client.get(path)).status_code

    assert anyio.run(status) == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/slos", "GET, HEAD"),
        ("OPTIONS", "/api/v1/teams", "GET, HEAD, POST"),
        ("POST", "/api/v1/teams/growth", "DELETE, GET, HEAD, PATCH, PUT"),
        ("GET", "/api/v1/checklists/a/b/c", "DELETE, PUT"),
        ("GET", "/-/reload", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str):
    answer = _client().request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/livez", "/metrics", "/api/v1/slos", "/api/v1/teams", "/api/v1/slos/none"])
def test_head_is_answered_as_get_is_without_the_body(path: str):
    client = _client()
    got, head = client.get(path), client.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("path", ["/api/v1/slos/", "/api/v1/teams/", "/metrics/"])
def test_no_path_leads_to_another_by_the_name_that_the_client_gave_the_host(path: str):
    answer = _client().get(path, headers={"Host": "evil.example"}, follow_redirects=False)

    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_a_malformed_parameter_is_named():
    [error] = _client().get("/api/v1/slos?limit=many").json()["errors"]

    assert (error["in"], error["name"]) == ("query", "limit")


@pytest.mark.parametrize("path", ["/", "/api/v1/slos", "/metrics", "/docs", "/api/v1/nothing"])
def test_browsers_are_told_not_to_guess_types_and_no_origin_is_let_in(path: str):
    answer = _client().get(path, headers={"Origin": "http://elsewhere.example"})

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_elsewhere(path: str):
    answer = _client().get(path)

    assert answer.status_code == 200
    assert re.findall(r"(?:https?:)?//[\w.]+", answer.text) == []


def test_what_the_documentation_page_loads_is_there():
    client = _client()
    assets = re.findall(r'(?:href|src)="(/[^"]+)"', client.get("/docs").text)

    assert len(assets) == 3
    assert {client.get(asset).status_code for asset in [*assets, "/openapi.json"]} == {200}


def test_the_landing_page_links_to_what_exists():
    client = _client()
    links = re.findall(r'href="([^"]+)"', client.get("/").text)

    assert "/api/v1/slos" in links
    assert {client.get(link).status_code for link in links} == {200}
