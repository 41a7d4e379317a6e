"""The source as a whole: values, checks, failures and outages, on a real Prometheus and on a stub."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.prometheus.scraped import GRID, START, Target, asking, bad_and_total, every, sli
from tests.servers.prometheus import PrometheusServer
from tests.servers.stub_prometheus import LOGIN_PAGE, StubPrometheus, vector

from okrbridge.application.ports import CountRequest, ValueRequest
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import from_epoch
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.declaration import from_declaration
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.planner import Limits
from okrbridge.sources.prometheus.source import PrometheusSource

pytestmark = pytest.mark.integration

AT = from_epoch(START + 60)
Reason = SourceFailureReason
SCRAPES = every(15, first=-50, count=12)


def source_at(url: str, *, seconds: float = 5) -> PrometheusSource:
    return PrometheusSource(
        "prom", PrometheusClient("prom", Connection(url), deadline=timedelta(seconds=seconds)), GRID
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("source"))
    # 200 grows by 1 and 500 by nothing at every scrape.
    server.backfill(Target("api").scraped(SCRAPES, _200=[*range(100, 112)], _500=[3] * 12))
    with server:
        yield server


@pytest.fixture(scope="module")
def source(server: PrometheusServer) -> Iterator[PrometheusSource]:
    source = from_declaration(DataSource("prom", "Prometheus", {"url": server.url + "/"}), GRID, environment={})
    yield source
    source.close()


@pytest.mark.parametrize(
    ("query", "value"),
    [("2 + 3", 5), ("scalar(sum(up))", 1), ("sum(up)", 1), ('http_requests_total{code="500"}', 3)],
)
def test_one_number_is_read_from_a_scalar_and_from_a_single_series(source: PrometheusSource, query, value):
    [reading] = source.values([ValueRequest(query, AT)])
    assert (reading.value, reading.failure, reading.note) == (value, None, "")


@pytest.mark.parametrize(
    ("query", "note"), [("absent_metric", "the query returned no series"), ("0 / 0", "the query returned NaN")]
)
def test_nothing_and_nan_are_told_apart_from_failures(source: PrometheusSource, query, note):
    [reading] = source.values([ValueRequest(query, AT)])
    assert reading.value is None
    assert reading.failure is None
    assert reading.note.startswith(note)


@pytest.mark.parametrize(
    ("query", "reason", "words"),
    [
        ("1 / 0", Reason.BAD_ANSWER, "+Inf"),
        ("http_requests_total", Reason.TOO_MANY_SERIES, "2 series, one is needed; aggregate them"),
        ("up[5m]", Reason.BAD_QUERY, "a range of samples"),
        ('"text"', Reason.BAD_QUERY, "a text"),
        ("sum(", Reason.BAD_QUERY, "1:5: parse error"),
        ("up * on() group_left http_requests_total * on() up", Reason.BAD_QUERY, "many"),
    ],
)
def test_what_is_not_one_number_is_a_failure_with_its_remedy(source: PrometheusSource, query, reason, words):
    [reading] = source.values([ValueRequest(query, AT)])
    assert reading.value is None
    assert reading.failure is not None
    assert reading.failure.reason is reason
    assert words in reading.failure.message


def test_one_failing_sli_leaves_the_others_alone(source: PrometheusSource):
    wrong = Sli("wrong", "prom", total="sum(rate(x[5m]))", bad="x")
    requests = [asking("api", start=0, end=60), asking("api", start=60, end=120)]
    mixed = replace(requests[0], slis=(wrong, *requests[0].slis))
    answers = source.count([requests[0], mixed, requests[1]])
    # Four scrapes a slice, one request more at each.
    assert [bad_and_total(answers[index]) for index in (0, 2)] == [[(0, 4)], [(0, 4)]]
    assert list(answers[1].failures) == [0]
    assert answers[1].failures[0].reason is Reason.BAD_QUERY
    assert "write the counter itself, x;" in answers[1].failures[0].message
    assert answers[1].table.states.tolist() == [[SliceState.UNKNOWN], [SliceState.MEASURED]]


def test_an_empty_interval_needs_no_question(source: PrometheusSource):
    [answer] = source.count([asking("api", start=60, end=60)])
    assert bad_and_total(answer) == []


def test_all_kinds_of_slis_are_answered_in_one_request(source: PrometheusSource):
    # 200 stands at 104 + 3 at second 55, and 500 at 3.
    errors = 'http_requests_total{code="500"}'
    slis = (
        Sli("written", "prom", total="sum(http_requests_total)", bad=errors, kind=SliKind.EXPRESSIONS),
        *asking("api", start=0, end=60).slis,
        Sli("limit", "prom", total=errors, op="lt", limit=5, kind=SliKind.THRESHOLD),
    )
    [answer] = source.count([CountRequest(slis, asking("api", start=0, end=60).interval)])
    assert [bad_and_total(answer, row) for row in range(3)] == [[(3, 110)], [(0, 4)], [(0, 1)]]


def test_an_sli_of_many_series_is_pushed_down(server: PrometheusServer):
    client = PrometheusClient("prom", Connection(server.url))
    source = PrometheusSource("prom", client, GRID, limits=Limits(series=1))
    [answer] = source.count([asking("api", start=0, end=60)])
    methods = {planned.method for planned in source.plan(asking("api", start=0, end=60).slis)}
    source.close()
    assert bad_and_total(answer) == [(0, 4)]
    assert methods == {"sums"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(rate(http_requests_total[5m]))", None),
        ('sum(rate(http_requests_total{code=~"5.."}[5m])) by', "1:"),
        ("rate(http_requests_total)", "expected type range vector"),
        ("http_request_total", "did you mean 'http_requests_total'?"),
        ("errors_that_never_happened_total", None),
    ],
)
def test_the_server_itself_reads_a_query_under_a_live_check(source: PrometheusSource, query, words):
    failure = source.check_query(query)
    if words is None:
        assert failure is None
    else:
        assert failure is not None
        assert failure.reason is Reason.BAD_QUERY
        assert words in failure.message


def test_an_outage_is_a_failure_and_leaves_no_hole(tmp_path):
    server = PrometheusServer(tmp_path)
    server.backfill(Target("api").scraped(SCRAPES, _200=[*range(100, 112)], _500=[3] * 12))
    source = source_at(server.url, seconds=1)
    with server:
        [before] = source.count([asking("api", start=0, end=60)])
    later = asking("api", start=60, end=120, measured_until=60)
    [during] = source.count([later])
    with server:
        [after] = source.count([later])
    source.close()
    assert bad_and_total(before) == [(0, 4)]
    assert during.table.states.tolist() == [[SliceState.UNKNOWN]]
    assert during.failures[0].reason is Reason.UNREACHABLE
    assert bad_and_total(after) == [(0, 4)]


def test_a_login_page_is_a_failure_of_every_question_and_never_a_number():
    with StubPrometheus(LOGIN_PAGE) as stub:
        source = source_at(stub.url)
        [counted] = source.count([asking("api", start=0, end=60)])
        [reading] = source.values([ValueRequest("up", AT)])
        checked = source.check_query("up")
    failures = [counted.failures.get(0), reading.failure, checked]
    assert all(
        failure and failure.reason is Reason.BAD_ANSWER and "login page" in failure.message for failure in failures
    )


def test_warnings_of_the_server_reach_the_answer_once():
    with StubPrometheus(vector(warnings=["a store is down"])) as stub:
        [counted] = source_at(stub.url).count([asking("api", start=0, end=60)])
        [reading] = source_at(stub.url).values([ValueRequest("up", AT)])
    assert counted.warnings == {0: ("a store is down",)}
    assert reading.warnings == ("a store is down",)


def test_the_method_and_the_query_can_be_explained(source: PrometheusSource):
    assert source.counting_query(sli("api")).startswith("last_over_time(http_requests_total{")
    assert "each slice of 1m" in source.counting_method(sli("api"))


def test_slis_that_share_a_metric_share_a_read_in_the_plan(source: PrometheusSource):
    # All have job="api", and that is all they have in common.
    slis = asking("api", start=0, end=60).slis
    other = Sli("other", "prom", good='http_requests_total{job="api",code="200"}', total=slis[0].total)
    [planned] = source.plan((*slis, other))
    assert 'http_requests_total{job="api"}' in planned.query
    assert planned.sli_keys == (slis[0].key, other.key)
    assert planned.method == "series"
