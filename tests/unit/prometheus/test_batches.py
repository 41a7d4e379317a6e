"""How expressions are put together, and taken apart when a question fails."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import cast

import pytest

from okrbridge.domain.windows import Interval, from_epoch
from okrbridge.errors import SourceError
from okrbridge.errors import SourceFailureReason as Reason
from okrbridge.sources.prometheus.batches import MEMBER, Batches, Bounds, Member, Moments
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.envelope import Answer, Row, TooLargeError, UnreadableError
from okrbridge.sources.prometheus.readers import RowReader

MINUTE = timedelta(minutes=1)
NOW = from_epoch(600)
ONE = Moments(NOW, NOW, MINUTE)
TEN = Moments.slice_ends(Interval(from_epoch(0), from_epoch(600)), MINUTE)


class Server:
    """Gives each expression ``vN`` the value N at every moment, and fails as it is told.

    Attributes:
        failures: by a word of the query.
        most_points: more points fail as too many samples.
        asked: the expressions of each question, in the order of the questions.
    """

    def __init__(self) -> None:
        self.failures: dict[str, SourceError] = {}
        self.most_points = 1000
        self.asked: list[list[str]] = []

    def query(self, promql: str, at: datetime) -> Answer:
        return self._answer(promql, [at.timestamp()])

    def query_range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> Answer:
        points = (end - start) // step + 1
        if points > self.most_points:
            self._note(promql)
            raise failure(Reason.BAD_QUERY, "too many samples", TooLargeError)
        return self._answer(promql, [(start + number * step).timestamp() for number in range(points)])

    def _note(self, promql: str) -> None:
        self.asked.append(re.findall(r"v\d+", promql))

    def _answer(self, promql: str, times: list[float]) -> Answer:
        self._note(promql)
        for word, error in self.failures.items():
            if word in self.asked[-1]:
                raise error
        places = re.findall(rf'\n(v\d+)\n, "{MEMBER}", "(\d+)"', promql) or [(promql, "")]
        rows = [
            Row({MEMBER: place} if place else {}, tuple((at, float(name[1:])) for at in times))
            for name, place in places
        ]
        return Answer("vector", tuple(rows), ("noted",))


def failure(reason: Reason, message: str = "no", kind: type[SourceError] = SourceError) -> SourceError:
    return kind(message, reason=reason, source="prom")


def batches_of(server: Server, pool: ThreadPoolExecutor, bounds: Bounds | None = None) -> Batches[Answer]:
    return Batches(RowReader(cast("PrometheusClient", server)), pool, bounds)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def members(count: int, moments: Moments = ONE, first: int = 0) -> list[Member]:
    return [Member(f"v{number}", moments) for number in range(first, first + count)]


def values(answers: list[Answer | SourceError]) -> list[object]:
    """The values of each answer, or the reason of its failure."""
    return [
        one.reason if isinstance(one, SourceError) else [value for row in one.rows for _, value in row.points]
        for one in answers
    ]


def test_each_member_gets_its_own_rows_without_the_label_and_all_warnings(server, pool):
    answers = batches_of(server, pool).ask(members(3))
    assert values(answers) == [[0], [1], [2]]
    given = [answer for answer in answers if isinstance(answer, Answer)]
    assert all(row.labels == {} for answer in given for row in answer.rows)
    assert {answer.warnings for answer in given} == {("noted",)}
    assert server.asked == [["v0", "v1", "v2"]]


def test_nothing_is_asked_for_nobody(server, pool):
    assert batches_of(server, pool).ask([]) == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("bounds", "sizes"),
    [(Bounds(members=4), [4, 4, 2]), (Bounds(body=5), [2, 2, 2, 2, 2]), (Bounds(), [10])],
)
def test_batches_are_bounded_by_members_and_by_length(server, pool, bounds, sizes):
    assert values(batches_of(server, pool, bounds).ask(members(10))) == [[float(number)] for number in range(10)]
    assert [len(asked) for asked in server.asked] == sizes


@pytest.mark.parametrize("bounds", [Bounds(points=3), Bounds(values=6)])
def test_long_ranges_are_asked_in_chunks_and_put_together_again(server, pool, bounds):
    # Ten moments, three at a time: by points, or because two members of one row each may give six values.
    assert values(batches_of(server, pool, bounds).ask(members(2, TEN))) == [[0] * 10, [1] * 10]
    assert len(server.asked) == 4


def test_members_asked_for_other_moments_make_a_batch_of_their_own(server, pool):
    answers = batches_of(server, pool).ask([*members(2), *members(2, TEN, first=2), *members(1, ONE, first=4)])
    assert values(answers) == [[0], [1], [2] * 10, [3] * 10, [4]]
    assert server.asked == [["v0", "v1", "v4"], ["v2", "v3"]]


@pytest.mark.parametrize(
    "error",
    [
        failure(Reason.BAD_QUERY),
        failure(Reason.BAD_ANSWER, "answered with more than 5 bytes", TooLargeError),
        failure(Reason.BAD_ANSWER, "answered with a native histogram", UnreadableError),
    ],
)
def test_a_bad_member_is_found_by_halving_and_fails_alone(server, pool, error):
    server.failures["v5"] = error
    answers = batches_of(server, pool).ask(members(8))
    assert values(answers) == [[0], [1], [2], [3], [4], error.reason, [6], [7]]
    assert [len(asked) for asked in server.asked] == [8, 4, 4, 2, 1, 1, 2]


def test_a_bad_member_is_asked_alone_and_last_from_then_on_and_joins_again_when_it_is_mended(server, pool):
    batches = batches_of(server, pool)
    server.failures["v1"] = failure(Reason.BAD_QUERY)
    batches.ask(members(4))
    server.asked.clear()
    assert values(batches.ask(members(4))) == [[0], Reason.BAD_QUERY, [2], [3]]
    assert server.asked == [["v0", "v2", "v3"], ["v1"]]
    server.failures.clear()
    batches.ask(members(4))
    server.asked.clear()
    assert values(batches.ask(members(4))) == [[0], [1], [2], [3]]
    assert len(server.asked) == 1


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.OVERLOADED, Reason.TIMEOUT, Reason.UNAUTHORIZED])
def test_a_failure_of_the_server_fails_the_batch_and_is_not_halved(server, pool, reason):
    server.failures["v5"] = failure(reason)
    assert values(batches_of(server, pool, Bounds(members=4)).ask(members(8))) == [[0], [1], [2], [3], *[reason] * 4]
    assert len(server.asked) == 2


def test_after_three_failures_of_the_server_it_is_left_alone(server, pool):
    server.failures = {f"v{number}": failure(Reason.UNREACHABLE) for number in range(20)}
    assert values(batches_of(server, pool, Bounds(members=2)).ask(members(20))) == [Reason.UNREACHABLE] * 20
    assert len(server.asked) == 3


def test_who_times_out_is_asked_in_ever_smaller_company_so_that_one_slow_member_blinds_nobody_for_long(server, pool):
    server.failures["v3"] = failure(Reason.TIMEOUT)
    batches = batches_of(server, pool, Bounds(members=4))
    found = [values(batches.ask(members(4))) for _ in range(3)]
    late = Reason.TIMEOUT
    assert found == [[late] * 4, [[0], [1], late, late], [[0], [1], [2], late]]


def test_too_many_samples_are_asked_in_halves_of_the_time_once_a_member_is_alone(server, pool):
    server.most_points = 4
    assert values(batches_of(server, pool).ask(members(1, TEN))) == [[0] * 10]
    # 10 | 5 | 3 and 2 | 5 | 3 and 2.
    assert len(server.asked) == 7


def test_what_is_too_large_at_every_time_is_not_asked_for_at_all_of_them(server, pool):
    server.failures["v0"] = failure(Reason.BAD_QUERY, "the number of matching timeseries exceeds 10", TooLargeError)
    assert values(batches_of(server, pool).ask(members(1, TEN))) == [Reason.BAD_QUERY]
    # 10, 5, 3, 2 and 1 moments; the first of them has failed for all.
    assert len(server.asked) == 5
