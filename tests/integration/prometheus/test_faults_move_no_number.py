"""Whatever goes wrong between okrbridge and a Prometheus, no slice is counted falsely.

A real Prometheus stands behind a proxy that damages its answers. While it does, the SLIs concerned have no counts and a
failure, all others have the truth; once it stops, all have the truth.
"""

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from tests.integration.prometheus.scraped import (
    Target,
    Ways,
    bad_and_total,
    between,
    every,
    merged,
    sli,
    ways_at,
)
from tests.servers.programs import free_port
from tests.servers.prometheus import PrometheusServer
from tests.servers.stub_prometheus import LOGIN_PAGE, Damage, FaultyPrometheus, Reply, Request, error

from okrbridge.application.ports import Counted, CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.errors import SourceFailureReason as Reason
from okrbridge.sources.prometheus.batches import Bounds

pytestmark = pytest.mark.integration

JOBS = ("steady", "restarts", "late")
THREE = between(0, 180)
TRUTH = {
    # Four scrapes a slice, one request more at each.
    "steady": [(0, 4), (0, 4), (0, 4)],
    # 200: 100 → 103 | restart at second 65, then 5 6 7 8: 8 are new | 12.
    "restarts": [(0, 3), (0, 8), (0, 4)],
    # The error series is born in the second slice with 5 and ends it with 8.
    "late": [(0, 4), (8, 12), (4, 8)],
}
SCRAPES = every(15, first=-50, count=16)


def history() -> dict[str, list[tuple[float, float]]]:
    # The slices begin at the fifth scrape: four before, then 4 a slice.
    before = Target("restarts").scraped(SCRAPES[:8], _200=[100, 100, 100, 100, 100, 101, 102, 103])
    after = Target("restarts", started=65).scraped(SCRAPES[8:], _200=[*range(5, 13)])
    errors = [None] * 8 + [*range(5, 13)]
    # A total is all codes: 200 goes 1 up at each scrape.
    late = Target("late").scraped(SCRAPES, _200=[*range(200, 216)], _500=errors)
    return merged(before, after, Target("steady").scraped(SCRAPES, _200=[*range(100, 116)]), late)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("faults"))
    server.backfill(history())
    with server:
        yield server


@pytest.fixture
def proxy(server: PrometheusServer) -> Iterator[FaultyPrometheus]:
    with FaultyPrometheus(server.url) as proxy:
        yield proxy


def written(job: str) -> Sli:
    """The value of the counters at each slice's end, as written."""
    ok = f'sum(http_requests_total{{job="{job}",code="200"}})'
    return Sli(f"written-{job}", "prom", good=ok, total=ok, kind=SliKind.EXPRESSIONS)


WRITTEN_TRUTH = {
    # The last scrapes of the slices are the 8th, 12th and 16th.
    "steady": [107, 111, 115],
    "restarts": [103, 8, 12],
    "late": [207, 211, 215],
}


def counted_by_both(ways: Ways, *more: Sli) -> tuple[Counted, Counted]:
    """What is pushed down, and what is asked as written, the ``more`` SLIs behind the latter."""
    exact = ways.push_down.count(CountRequest(tuple(map(sli, JOBS)), THREE, THREE.start))
    as_written = ways.as_written.count(CountRequest((*map(written, JOBS), *more), THREE))
    return exact, as_written


def assert_truth(exact: Counted, as_written: Counted) -> None:
    assert not exact.failures
    for row, job in enumerate(JOBS):
        assert bad_and_total(exact, row) == TRUTH[job], job
        assert as_written.table.total[row].tolist() == WRITTEN_TRUTH[job], job
        assert set(as_written.table.states[row].tolist()) == {SliceState.MEASURED}


def assert_nothing_counted(counted: Counted, reason: Reason) -> None:
    assert {failure.reason for failure in counted.failures.values()} == {reason}
    assert sorted(counted.failures) == list(range(len(counted.request.slis)))
    assert not counted.table.states.any()  # UNKNOWN is 0
    assert not counted.table.total.any()
    assert not counted.table.good.any()


@dataclass(frozen=True)
class Fault:
    """A damage to every answer, the reason it is failed for, and how many seconds a question may take meanwhile."""

    damage: Damage
    reason: Reason
    seconds: float = 10


def always(reply: Reply) -> Damage:
    return lambda _request, _said: reply


def partial(_request: Request, said: Reply) -> Reply:
    """The answer of a query engine of which one store is silent."""
    return replace(said, body=json.dumps({**json.loads(said.body), "warnings": ["store-2 did not answer"]}).encode())


RETRY_NOW = {"Retry-After": "0"}
FAULTS = {
    "slow": Fault(lambda _, said: replace(said, delay=1.0), Reason.TIMEOUT, 0.4),
    "trickling": Fault(lambda _, said: replace(said, trickle=0.02), Reason.TIMEOUT, 0.4),
    "500": Fault(always(error(500, "internal", "chunk is broken")), Reason.OVERLOADED),
    "502": Fault(always(Reply(502, b"<html>no</html>", RETRY_NOW, "text/html")), Reason.OVERLOADED),
    "503": Fault(always(error(503, "unavailable", "starting up", headers=RETRY_NOW)), Reason.OVERLOADED),
    "503 by the query engine": Fault(always(error(503, "timeout", "query timed out")), Reason.TIMEOUT),
    "504": Fault(always(Reply(504, b"", RETRY_NOW)), Reason.OVERLOADED),
    "429": Fault(always(Reply(429, b"slow down", RETRY_NOW)), Reason.OVERLOADED),
    "connections dropped": Fault(always(Reply(drop=True)), Reason.UNREACHABLE),
    "login page": Fault(always(LOGIN_PAGE), Reason.BAD_ANSWER),
    "cut in the connection": Fault(lambda _, said: replace(said, cut=len(said.body) // 2), Reason.UNREACHABLE),
    "cut by a gateway": Fault(lambda _, said: replace(said, body=said.body[: len(said.body) // 2]), Reason.BAD_ANSWER),
    "partial": Fault(partial, Reason.BAD_ANSWER),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_a_damaged_answer_is_no_count_and_after_it_the_truth_is_counted(proxy: FaultyPrometheus, fault: Fault):
    proxy.damage = fault.damage
    with ways_at(proxy.url, seconds=fault.seconds) as ways:
        for counted in counted_by_both(ways):
            assert_nothing_counted(counted, fault.reason)
    proxy.damage = None
    with ways_at(proxy.url) as ways:
        assert_truth(*counted_by_both(ways))


def test_a_server_that_is_down_counts_nothing():
    with ways_at(f"http://127.0.0.1:{free_port()}", seconds=0.4) as ways:
        for counted in counted_by_both(ways):
            assert_nothing_counted(counted, Reason.UNREACHABLE)


def test_what_fails_between_two_questions_counts_nothing_of_the_slis_it_is_about(proxy: FaultyPrometheus):
    # The survey passes; what is asked about odd slices, by targets and then in full, fails.
    proxy.damage = lambda request, said: said if '"odd"' in request.form["query"] else error(500, "internal", "no")
    with ways_at(proxy.url) as ways:
        exact, _ = counted_by_both(ways)
    assert sorted(exact.failures) == [1, 2]
    assert not exact.table.states[1:].any()
    assert exact.table.total[0].tolist() == [4, 4, 4]


@pytest.mark.parametrize("words", ["group by", "[1m:30s]", "resets(", "process_start_time_seconds[", "offset 1m)"])
def test_what_fails_while_odd_targets_are_read_leaves_the_whole_question_to_the_server(
    proxy: FaultyPrometheus, words: str
):
    def damage(request: Request, said: Reply) -> Reply:
        query = request.form["query"]
        is_survey_or_full = '"odd"' in query or "clamp_min" in query
        return said if is_survey_or_full or words not in query else error(500, "internal", "no")

    proxy.damage = damage
    with ways_at(proxy.url) as ways:
        exact, _ = counted_by_both(ways)
    assert not exact.failures
    assert [bad_and_total(exact, row) for row in range(3)] == list(TRUTH.values())


BAD = {
    "not readable by the server": ("mad_over_time(up[5m])", Reason.BAD_QUERY),
    "fails when it is executed": ("up * on() group_left http_requests_total * on() up", Reason.BAD_QUERY),
    "several series": ("http_requests_total", Reason.TOO_MANY_SERIES),
}


@pytest.mark.parametrize(("query", "reason"), BAD.values(), ids=list(BAD))
def test_one_bad_query_in_a_batch_leaves_the_others_alone(proxy: FaultyPrometheus, query, reason):
    bad = Sli("bad", "prom", good="1", total=query, kind=SliKind.RATIO)
    with ways_at(proxy.url) as ways:
        for _ in range(2):
            proxy.requests.clear()
            exact, as_written = counted_by_both(ways, bad)
            assert_truth(exact, as_written)
            assert {row: one.reason for row, one in as_written.failures.items()} == {3: reason}
            assert not as_written.table.states[3].any()


def test_a_bad_query_is_asked_alone_once_it_is_known(proxy: FaultyPrometheus):
    bad = Sli("bad", "prom", good="1", total="mad_over_time(up[5m])", kind=SliKind.RATIO)
    slis = (*(written(job) for job in JOBS), bad)
    with ways_at(proxy.url) as ways:
        source = ways.as_written
        source.count(CountRequest(slis, THREE))
        proxy.requests.clear()
        source.count(CountRequest(slis, THREE))
    assert len(proxy.requests) == 2


def test_a_query_of_a_million_series_is_refused_by_its_size_and_leaves_memory_and_the_others_alone(
    proxy: FaultyPrometheus,
):
    series = b'{"metric":{"path":"/a/rather/long/path/that/a/client/made/up"},"values":[[1700000100,"1"]]},'
    million = Reply(body=series * 1000, times=1000)  # 94 MB
    proxy.damage = lambda request, said: million if "http_request_paths" in request.form["query"] else said
    huge = Sli("huge", "prom", good="1", total="http_request_paths", kind=SliKind.THRESHOLD, op="lt", limit=1)
    tracemalloc.start()
    with ways_at(proxy.url, largest_answer=1_000_000) as ways:
        exact, as_written = counted_by_both(ways, huge)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
    assert_truth(exact, as_written)
    assert as_written.failures[3].reason is Reason.BAD_ANSWER
    assert "more than 1000000 bytes; narrow the query" in as_written.failures[3].message
    assert not as_written.table.states[3].any()


def test_a_failing_server_is_left_alone_after_three_batches(proxy: FaultyPrometheus):
    proxy.damage = always(error(500, "internal", "no"))
    slis = tuple(written(f"job-{number}") for number in range(40))
    with ways_at(proxy.url, Bounds(members=2)) as ways:
        counted = ways.as_written.count(CountRequest(slis, THREE))
    assert_nothing_counted(counted, Reason.OVERLOADED)
    assert len(proxy.requests) <= 4  # three that failed, and one that was under way
