"""The client against a stub that fails in every way a Prometheus, or what stands before it, can fail."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.servers.programs import free_port
from tests.servers.stub_prometheus import LOGIN_PAGE, Reply, StubPrometheus, error, success, vector

from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection

pytestmark = pytest.mark.integration

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Reason = SourceFailureReason


def client_of(url: str, *, seconds: float = 5, **more) -> PrometheusClient:
    limit = {"largest_answer": more.pop("largest_answer")} if "largest_answer" in more else {}
    return PrometheusClient("prom", Connection(url, **more), deadline=timedelta(seconds=seconds), **limit)


def failure_of(stub: StubPrometheus, **more) -> SourceError:
    with pytest.raises(SourceError) as caught:
        client_of(stub.url, **more).query("up", AT)
    return caught.value


def test_a_query_is_a_form_with_time_timeout_and_no_partial_response():
    with StubPrometheus(vector("1")) as stub:
        client_of(stub.url, seconds=5).query("up", AT)
    [request] = stub.requests
    assert (request.method, request.path, request.params) == ("POST", "/api/v1/query", {})
    assert request.form["query"] == "up"
    assert request.form["time"] == "1772366400.000"  # 2026-03-01 12:00 UTC
    assert request.form["partial_response"] == "false"
    assert 4000 < int(request.form["timeout"].removesuffix("ms")) <= 5000


def test_a_query_longer_than_any_url_passes():
    with StubPrometheus(vector("1")) as stub:
        client_of(stub.url).query("up" + " or up" * 100_000, AT)
    assert len(stub.requests[0].form["query"]) == 600_002


def test_warnings_and_infos_come_with_the_answer():
    with StubPrometheus(vector("1", warnings=["one store is down"], infos=["mind the gap"])) as stub:
        answer = client_of(stub.url).query("up", AT)
    assert answer.warnings == ("one store is down", "mind the gap")


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (error(400, "bad_data", '1:4: parse error: unexpected "}"'), Reason.BAD_QUERY, "1:4: parse error"),
        (error(422, "execution", "many-to-many matching"), Reason.BAD_QUERY, "many-to-many matching"),
        (error(503, "timeout", "query timed out in expression evaluation"), Reason.TIMEOUT, "query timed out"),
        (error(401, "", "no token"), Reason.UNAUTHORIZED, "no token"),
        (Reply(403, b"forbidden", content_type="text/plain"), Reason.UNAUTHORIZED, "forbidden"),
        (error(500, "internal", "chunk is broken"), Reason.OVERLOADED, "chunk is broken"),
        (LOGIN_PAGE, Reason.BAD_ANSWER, "HTML page instead of JSON (a login page? a wrong url?)"),
        (Reply(404, b"<html>nothing</html>", content_type="text/html"), Reason.BAD_ANSWER, "no Prometheus API at this"),
        (Reply(body=b'{"status":"success","da'), Reason.BAD_ANSWER, "was cut off"),
        (Reply(body=b"[1,2]"), Reason.BAD_ANSWER, "not JSON"),
        (success({"resultType": "vector", "result": [{"metric": {}}]}), Reason.BAD_ANSWER, "cannot be read"),
        (success({"resultType": "new", "result": []}), Reason.BAD_ANSWER, "cannot be read"),
        (
            Reply(302, headers={"Location": "https://user:pw@sso.example/x?token=1"}),
            Reason.BAD_ANSWER,
            "sso.example/x;",
        ),
    ],
)
def test_a_failure_that_stays_is_named_and_not_tried_again(reply, reason, words):
    with StubPrometheus(reply) as stub:
        failure = failure_of(stub)
    assert failure.reason is reason
    assert words in str(failure)
    assert str(failure).startswith(stub.url)
    assert "pw" not in str(failure)
    assert "token" not in str(failure).replace("no token", "")
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "hiccup",
    [
        Reply(429, b"slow down", headers={"Retry-After": "0"}),
        Reply(502, b"<html>bad gateway</html>", content_type="text/html"),
        error(503, "unavailable", "starting up"),
        Reply(504, b""),
        Reply(drop=True),
        Reply(body=vector("1").body, cut=5),
    ],
)
def test_a_failure_that_may_pass_is_tried_again(hiccup):
    with StubPrometheus(hiccup, vector("7")) as stub:
        answer = client_of(stub.url).query("up", AT)
    assert answer.rows[0].points[0][1] == 7
    assert len(stub.requests) == 2


def test_a_server_that_stays_overloaded_is_given_up_with_its_own_words():
    with StubPrometheus(Reply(429, b"too many queries", headers={"Retry-After": "0"})) as stub:
        failure = failure_of(stub)
    assert failure.reason is Reason.OVERLOADED
    assert "too many queries" in str(failure)
    assert len(stub.requests) == 4  # the first and three more


def test_a_server_that_was_away_a_moment_ago_is_tried_once_until_it_answers():
    with StubPrometheus(*[Reply(drop=True)] * 5, vector("7"), Reply(drop=True), vector("8")) as stub:
        client = client_of(stub.url)
        for _ in range(2):
            with pytest.raises(SourceError):
                client.query("up", AT)
        assert len(stub.requests) == 5  # four tries of the first question and one of the second
        assert client.query("up", AT).rows[0].points[0][1] == 7
        # It is back, so that a dropped connection is tried again as usual.
        assert client.query("up", AT).rows[0].points[0][1] == 8


def test_waiting_as_long_as_asked_is_not_begun_when_it_passes_the_deadline():
    with StubPrometheus(Reply(429, b"", headers={"Retry-After": "60"})) as stub:
        began = time.monotonic()
        failure = failure_of(stub, seconds=2)
    assert time.monotonic() - began < 1
    assert failure.reason is Reason.OVERLOADED
    assert len(stub.requests) == 1


@pytest.mark.parametrize("slow", [Reply(body=b"{}", delay=1.5), Reply(body=b" " * 40, trickle=0.05)])
def test_a_slow_answer_ends_at_the_deadline(slow):
    with StubPrometheus(slow) as stub:
        began = time.monotonic()
        failure = failure_of(stub, seconds=0.5)
        assert time.monotonic() - began < 1.2
    assert failure.reason is Reason.TIMEOUT
    assert "within 0.5 s" in str(failure)


def test_an_answer_larger_than_the_limit_is_refused():
    with StubPrometheus(Reply(body=b" " * 3000)) as stub:
        failure = failure_of(stub, largest_answer=1000)
    assert failure.reason is Reason.BAD_ANSWER
    assert "more than 1000 bytes" in str(failure)


def test_nobody_listening_is_unreachable_in_plain_words():
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(SourceError) as caught:
        client_of(url, seconds=0.3).query("up", AT)
    assert caught.value.reason is Reason.UNREACHABLE
    assert str(caught.value) == f"{url} cannot be reached: Connection refused"


def test_a_server_that_refuses_post_is_asked_with_get_from_then_on():
    with StubPrometheus(Reply(405), vector("1"), vector("2")) as stub:
        client = client_of(stub.url)
        client.query("up", AT)
        client.query("up", AT)
    assert [request.method for request in stub.requests] == ["POST", "GET", "GET"]
    assert stub.requests[2].params["query"] == "up"


def test_credentials_in_the_url_are_sent_and_never_shown():
    with StubPrometheus(error(400, "bad_data", "no")) as stub:
        client = client_of(stub.url.replace("://", "://maria:s3cret@"))
        with pytest.raises(SourceError) as caught:
            client.query("up", AT)
    assert stub.requests[0].headers["Authorization"] == "Basic bWFyaWE6czNjcmV0"  # base64 of maria:s3cret
    assert "s3cret" not in f"{client!r} {client.url} {caught.value}"


def test_a_rotated_token_file_and_the_tenant_are_followed(tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    with StubPrometheus(vector("1")) as stub:
        client = client_of(stub.url, bearer_token_file=str(token), org_id="team-a")
        client.query("up", AT)
        token.write_text("the-second\n")
        client.query("up", AT)
    assert [one.headers["Authorization"] for one in stub.requests] == ["Bearer first", "Bearer the-second"]
    assert {one.headers["X-Scope-OrgID"] for one in stub.requests} == {"team-a"}


def test_a_missing_token_file_is_a_failure_that_names_it(tmp_path):
    with StubPrometheus(vector("1")) as stub:
        failure = failure_of(stub, bearer_token_file=str(tmp_path / "gone"))
    assert failure.reason is Reason.UNAUTHORIZED
    assert str(tmp_path / "gone") in str(failure)
    assert stub.requests == []


def test_a_token_that_no_header_can_carry_is_not_quoted(tmp_path):
    token = tmp_path / "token"
    token.write_text("gehe\x00im")
    with StubPrometheus(vector("1")) as stub:
        failure = failure_of(stub, bearer_token_file=str(token))
    assert "holds no usable bearer token" in str(failure)
    assert "gehe" not in str(failure)


def test_look_ups_go_through_the_named_package_with_the_same_credentials(tmp_path):
    token = tmp_path / "token"
    token.write_text("let-me-in")
    with StubPrometheus(success(["up", "http_requests_total"])) as stub:
        names = client_of(stub.url, bearer_token_file=str(token)).metric_names()
    assert names == ["up", "http_requests_total"]
    assert stub.requests[0].path == "/api/v1/label/__name__/values"
    assert stub.requests[0].headers["Authorization"] == "Bearer let-me-in"


@pytest.mark.parametrize(
    "reply", [LOGIN_PAGE, Reply(500, b"{}"), Reply(302, headers={"Location": "http://127.0.0.2/"})]
)
def test_a_failed_look_up_is_a_bad_answer(reply):
    with StubPrometheus(reply) as stub, pytest.raises(SourceError) as caught:
        client_of(stub.url).metric_names()
    assert caught.value.reason is Reason.BAD_ANSWER


def test_a_server_without_a_formatter_reads_the_query_where_nothing_is_to_evaluate():
    with StubPrometheus(vector("1"), at={"/api/v1/format_query": Reply(404, b"404 page not found")}) as stub:
        client_of(stub.url).read_by_server("up")
    assert [one.path for one in stub.requests] == ["/api/v1/format_query", "/api/v1/query"]
    assert stub.requests[1].form["time"] == "0"
