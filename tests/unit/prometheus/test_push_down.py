"""Counting by sums that a server makes: what is asked, in which order, and what becomes of the answers.

What the questions count is tested on a real server. Slices are a minute long and start at 600 s.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.errors import SourceError
from okrbridge.errors import SourceFailureReason as Reason
from okrbridge.sources.prometheus.batches import Batches, Member
from okrbridge.sources.prometheus.http.envelope import Answer, Row
from okrbridge.sources.prometheus.push_down.push_down import PushDown
from okrbridge.sources.prometheus.push_down.walking import Walker

if TYPE_CHECKING:
    from okrbridge.sources.prometheus.carry.carrying import Carry

GRID = Grid(timedelta(minutes=1))
GAP = SliceState.GAP

Answering = Callable[[Member], Answer | SourceError]


NOT_LISTED = SourceError("no", reason=Reason.TIMEOUT, source="prom")


class ScriptedBatches(Batches[Answer]):
    """Answers each question by a function of it, and notes whether it was a survey and what it was about.

    What asks for odd targets fails and is not noted, so that all odd slices are left to the server.
    """

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.asked: list[tuple[bool, int, int]] = []

    def ask(self, members: Sequence[Member]) -> list[Answer | SourceError]:
        self.asked += [
            (is_survey(one), int(one.moments.first.timestamp()), int(one.moments.last.timestamp()))
            for one in members
            if not is_listing(one)
        ]
        return [NOT_LISTED if is_listing(member) else self._answering(member) for member in members]


def is_survey(member: Member) -> bool:
    return '"odd"' in member.expression


def is_listing(member: Member) -> bool:
    return "group by" in member.expression


def pushing_down(batches: Batches[Answer]) -> PushDown:
    return PushDown(batches, GRID, Walker(batches, cast("Carry", None), GRID.step))


def rows(*rows: tuple[str, dict[str, str], dict[int, float]], warnings: tuple[str, ...] = ()) -> Answer:
    """Rows of kind, labels, and values by the end of their slice."""
    return Answer(
        "matrix", tuple(Row({"okrbridge": kind, **labels}, tuple(at.items())) for kind, labels, at in rows), warnings
    )


def minutes(first: int, last: int) -> Interval:
    return Interval(from_epoch(60 * first), from_epoch(60 * last))


def counted(answering: Answering, *slis: Sli, interval: Interval, measured_until: int | None = None):
    batches = ScriptedBatches(answering)
    until = None if measured_until is None else from_epoch(measured_until)
    return pushing_down(batches).count(CountRequest(slis, interval, until)), batches


def by_job(job: str) -> Sli:
    return Sli(job, "prom", bad=f'x{{job="{job}",code="5"}}', total=f'x{{job="{job}"}}')


def test_rows_are_sorted_by_their_labels_and_those_of_strangers_are_left_out():
    def answering(member: Member) -> Answer:
        values = {"a": 1.0, "b": 2.0} if 'code="5"' in member.expression.split("[")[0] else {"a": 10.0, "b": 20.0}
        return rows(
            *(("count", {"job": job}, {660: value}) for job, value in values.items()), ("count", {"job": "z"}, {660: 9})
        )

    found, batches = counted(answering, by_job("b"), by_job("a"), interval=minutes(10, 11))
    assert found.table.total[:, 0].tolist() == [20, 10]
    assert found.table.good[:, 0].tolist() == [18, 9]
    assert batches.asked == [(True, 660, 660)] * 2


def test_a_slice_without_a_row_of_the_total_is_a_gap_and_a_part_without_a_row_is_zero():
    def answering(member: Member) -> Answer:
        return rows() if "code" in member.expression else rows(("count", {}, {660: 4}))

    found, _ = counted(answering, by_job("a"), interval=minutes(10, 12))
    assert found.table.states[0].tolist() == [SliceState.MEASURED, GAP]
    assert (found.table.good[0].tolist(), found.table.total[0].tolist()) == ([4, 0], [4, 0])


def test_only_odd_slices_of_odd_slis_are_asked_in_full_and_only_they_are_replaced():
    x, y = Sli("x", "prom", good="x", total="x"), Sli("y", "prom", good="y", total="y")

    def answering(member: Member) -> Answer:
        if "last_over_time(y[" in member.expression:
            return rows(("count", {}, dict.fromkeys((660, 720, 780, 840), 5.0)))
        if is_survey(member):
            return rows(("count", {}, {660: 1, 720: -7, 780: 3, 840: 4}), ("odd", {}, {720: 1, 840: 2}))
        return rows(("count", {}, {720: 50, 780: 60, 840: 70}))

    found, batches = counted(answering, x, y, interval=minutes(10, 14), measured_until=600)
    assert found.table.total.tolist() == [[1, 50, 3, 70], [5, 5, 5, 5]]
    assert batches.asked == [(True, 660, 840), (True, 660, 840), (False, 720, 840)]


def test_the_first_slice_after_a_gap_is_asked_again_and_no_odd_slice_beside_it_undoes_that():
    # Two minutes unmeasured and the look-back of five, and a second: 421 s.
    def answering(member: Member) -> Answer:
        if is_survey(member):
            return rows(("count", {}, {780: 1, 840: 1}), ("odd", {}, {780: 1, 840: 1}))
        return rows(("count", {}, {780: 99} if "[421s] offset 1m" in member.expression else {780: 5, 840: 6}))

    x = Sli("x", "prom", good="x", total="x")
    found, batches = counted(answering, x, interval=minutes(10, 14), measured_until=600)
    assert found.table.total.tolist() == [[0, 0, 99, 6]]
    assert found.table.states.tolist() == [[GAP, GAP, SliceState.MEASURED, SliceState.MEASURED]]
    assert batches.asked == [(True, 660, 840), (False, 780, 780), (False, 840, 840)]


def test_series_that_came_back_beside_others_are_looked_for_in_the_day_before():
    def answering(member: Member) -> Answer:
        if is_survey(member):
            return rows(("count", {}, {660: 1}), ("odd", {}, {660: 1}))
        if "[1d] offset 1m" in member.expression:
            return rows(("count", {}, {660: 40}))
        return rows(("count", {}, {660: 4}), ("live", {}, {660: 3}), ("arrived", {}, {660: 1}))

    found, batches = counted(answering, Sli("x", "prom", good="x", total="x"), interval=minutes(10, 11))
    assert found.table.total.tolist() == [[40]]
    assert len(batches.asked) == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_count_that_no_counter_can_have_fails_the_slis_it_is_part_of(value):
    x, y = Sli("x", "prom", good="x", total="x"), Sli("y", "prom", good="y", total="y")
    found, _ = counted(
        lambda one: rows(("count", {}, {660: value if "last_over_time(x[" in one.expression else 3.0})),
        x,
        y,
        interval=minutes(10, 11),
    )
    assert list(found.failures) == [0]
    assert found.failures[0].reason is Reason.BAD_ANSWER
    assert "x gave a count that cannot be: a counter cannot grow by" in found.failures[0].message
    assert found.table.states[:, 0].tolist() == [SliceState.UNKNOWN, SliceState.MEASURED]
    assert found.table.total[:, 0].tolist() == [0, 3]


def test_what_is_no_sum_of_selectors_fails_alone_and_is_not_asked_for():
    wrong = Sli("wrong", "prom", good="x", total="rate(x[5m])")
    found, batches = counted(
        lambda _: rows(("count", {}, {660: 3.0})),
        wrong,
        Sli("y", "prom", good="y", total="y"),
        interval=minutes(10, 11),
    )
    assert {row: one.reason for row, one in found.failures.items()} == {0: Reason.BAD_QUERY}
    assert found.table.total.tolist() == [[0], [3]]
    assert len(batches.asked) == 1


def test_a_failed_question_fails_exactly_the_slis_that_need_it():
    shared, own = Sli("shared", "prom", bad="x", total="y"), Sli("own", "prom", good="y", total="y")

    def answering(member: Member) -> Answer | SourceError:
        if "last_over_time(x[" in member.expression:
            return SourceError("no", reason=Reason.TIMEOUT, source="prom")
        return rows(("count", {}, {660: 3.0}), warnings=("PromQL info: y is a gauge",))

    found, _ = counted(answering, shared, own, interval=minutes(10, 11))
    assert {row: one.reason for row, one in found.failures.items()} == {0: Reason.TIMEOUT}
    assert found.table.total.tolist() == [[0], [3]]
    assert found.warnings == dict.fromkeys((0, 1), ("PromQL info: y is a gauge",))


def test_the_plan_names_the_slis_that_each_question_serves():
    class Planned(ScriptedBatches):
        def questions(self, members: Sequence[Member]) -> list[tuple[str, list[int]]]:
            return [(one.expression, [place]) for place, one in enumerate(members)]

    a, b, c = by_job("a"), by_job("b"), Sli("c", "prom", good='x{job="a"}', total='x{job="a"}')
    planned = pushing_down(Planned(lambda _: rows())).plan([a, b, c])
    assert [(one.method, one.sli_keys) for one in planned] == [
        ("sums", (a.key, b.key)),
        ("sums", (a.key, b.key, c.key)),
    ]
    assert 'sum by (job) (last_over_time(x{code="5",job=~"a|b"}[1m])' in planned[0].query
    assert planned[0].note == "2 selectors fused in 1 sum"


def test_an_empty_interval_asks_nothing():
    found, batches = counted(lambda _: rows(), by_job("a"), interval=minutes(10, 10))
    assert (len(found.table.starts), found.failures, batches.asked) == (0, {}, [])
