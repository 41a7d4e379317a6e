"""Values from JSON documents, served by a stub over real HTTP."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.servers.stub_prometheus import LOGIN_PAGE, Reply, StubPrometheus

from okrbridge.application.ports import Reading, ValueRequest
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import HttpMeasure, SqlMeasure
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.sources.http_json.source import http_json_from_declaration

pytestmark = pytest.mark.integration

AT = datetime(2026, 11, 1, tzinfo=UTC)
Reason = SourceFailureReason
SURVEY = {
    "nps": {"score": 41.5, "responses": 212},
    "teams": [{"name": "api", "share": 0.5}, {"name": "web", "share": "0.75"}, {"name": "new", "share": None}],
    "note": "good",
}
DOCUMENT = Reply(body=json.dumps(SURVEY).encode())


def ask(stub: StubPrometheus, *paths: str, **more: Any) -> list[Reading]:
    details = {"url": stub.url + "/stats", **more.pop("details", {})}
    source = http_json_from_declaration(DataSource("survey", "HTTP", details), seconds=2, environment={"TOKEN": "s3"})
    requests = [ValueRequest(path, AT, None, HttpMeasure(path, "survey", **more)) for path in paths]
    try:
        return source.values(requests)
    finally:
        source.close()


def test_a_path_finds_one_number_with_its_sample_count():
    with StubPrometheus(DOCUMENT) as stub:
        [reading] = ask(stub, "$.nps.score", samples_path="$.nps.responses", path="/nps.json")
    assert (reading.value, reading.sample_count, reading.failure) == (41.5, 212.0, None)
    [request] = stub.requests
    assert (request.method, request.path) == ("GET", "/stats/nps.json")


def test_two_paths_find_the_members_of_a_population_and_those_without_a_number_are_named_too():
    with StubPrometheus(DOCUMENT) as stub:
        [reading] = ask(stub, "$.teams[*].share", member_path="$.teams[*].name")
    assert reading.members == (("api", 0.5), ("web", 0.75), ("new", None))


def test_a_document_that_several_ask_about_is_fetched_once():
    with StubPrometheus(DOCUMENT) as stub:
        assert [reading.value for reading in ask(stub, "$.nps.score", "$.nps.responses")] == [41.5, 212.0]
    assert len(stub.requests) == 1


def test_a_path_that_finds_nothing_is_no_data():
    with StubPrometheus(DOCUMENT) as stub:
        [reading] = ask(stub, "$.csat")
    assert (reading.value, reading.failure, reading.note) == (None, None, "the answer is empty")


@pytest.mark.parametrize(
    ("path", "more", "reason", "told"),
    [
        ("$.note", {}, Reason.BAD_ANSWER, "gives 'good', which is no number"),
        ("$.teams[*].name", {}, Reason.TOO_MANY_SERIES, "finds 3 values where one is expected"),
        ("$.teams[", {}, Reason.BAD_QUERY, "the JSONPath cannot be used"),
        ("$.teams[*].share", {"member_path": "$.nps"}, Reason.BAD_ANSWER, "gives 1 names and 3 values"),
    ],
)
def test_a_path_that_gives_no_number_says_why(path: str, more: dict[str, str], reason: Reason, told: str):
    with StubPrometheus(DOCUMENT) as stub:
        [reading] = ask(stub, path, **more)
    assert reading.failure is not None
    assert reading.failure.reason is reason
    assert reading.failure.message.startswith(told)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(401, b"{}"), Reason.UNAUTHORIZED),
        (Reply(503, b"{}"), Reason.OVERLOADED),
        (Reply(500, b"{}"), Reason.BAD_ANSWER),
        (Reply(302, b"", {"Location": "http://elsewhere.example/"}), Reason.BAD_ANSWER),
        (LOGIN_PAGE, Reason.BAD_ANSWER),
        (Reply(body=b'{"nps": 1', cut=0), Reason.BAD_ANSWER),
        (Reply(drop=True), Reason.UNREACHABLE),
        (Reply(body=b"x" * 1_000_000, times=11), Reason.BAD_ANSWER),
        (Reply(body=b"{}", delay=3), Reason.TIMEOUT),
    ],
)
def test_a_server_on_a_bad_day_is_a_failure_and_never_a_value(reply: Reply, reason: Reason):
    with StubPrometheus(reply) as stub:
        [reading] = ask(stub, "$.nps.score")
    assert reading.value is None
    assert reading.failure is not None
    assert reading.failure.reason is reason


def test_credentials_are_sent_and_never_told():
    with StubPrometheus(Reply(401, b"{}")) as stub:
        [reading] = ask(stub, "$.nps.score", details={"username": "okr", "password": "$TOKEN"})
    assert stub.requests[0].headers["Authorization"] == "Basic b2tyOnMz"  # okr:s3 in base64
    assert reading.failure is not None
    assert "s3" not in reading.failure.message


def test_a_measure_of_another_kind_is_refused():
    with StubPrometheus(DOCUMENT) as stub:
        source = http_json_from_declaration(DataSource("survey", "HTTP", {"url": stub.url}))
        [reading] = source.values([ValueRequest("SELECT 1", AT, None, SqlMeasure("SELECT 1", "survey"))])
    assert reading.failure is not None
    assert reading.failure.reason is Reason.BAD_QUERY


@pytest.mark.parametrize("details", [{}, {"url": "ftp://x"}, {"url": "http://x", "token": "1"}])
def test_a_declaration_that_cannot_work_names_its_source(details: dict[str, str]):
    with pytest.raises(ConfigurationError, match="data source 'survey'"):
        http_json_from_declaration(DataSource("survey", "HTTP", details))
