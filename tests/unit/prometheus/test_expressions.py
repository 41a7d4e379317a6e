"""What is asked for SLIs that are evaluated as written, and what becomes of the answers. Two slices of a minute."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from okrbridge.application.ports import Counted, CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.errors import SourceError
from okrbridge.errors import SourceFailureReason as Reason
from okrbridge.sources.prometheus.batches import Batches, Member
from okrbridge.sources.prometheus.expressions import AsWritten, questions_of
from okrbridge.sources.prometheus.http.envelope import Answer, Row

MINUTE = timedelta(minutes=1)
TWO = Interval(from_epoch(600), from_epoch(720))
NAN, INF = float("nan"), float("inf")
GAP = SliceState.GAP

Series = Mapping[int, float]
"""Values by slice: the first ends at 660 s."""


class ScriptedBatches(Batches[Answer]):
    """Answers queries with the given series, and notes what was asked."""

    def __init__(self, answers: Mapping[str, Sequence[Series] | SourceError], warnings: tuple[str, ...] = ()) -> None:
        self._series, self._warnings = answers, warnings
        self.asked: list[str] = []

    def ask(self, members: Sequence[Member]) -> list[Answer | SourceError]:
        self.asked += [member.expression for member in members]
        return [self._answer(member) for member in members]

    def _answer(self, member: Member) -> Answer | SourceError:
        found = self._series[member.expression]
        if isinstance(found, SourceError):
            return found
        rows = [Row({}, tuple((660 + 60 * number, value) for number, value in one.items())) for one in found]
        return Answer("matrix", tuple(rows), self._warnings)


def good_of(part: str, total: str, kind: SliKind = SliKind.EXPRESSIONS) -> Sli:
    return Sli("api", "prom", good=part, total=total, kind=kind)


def bad_of(part: str, total: str, kind: SliKind = SliKind.EXPRESSIONS) -> Sli:
    return Sli("api", "prom", bad=part, total=total, kind=kind)


def threshold(op: str, limit: float) -> Sli:
    return Sli("api", "prom", total="v", kind=SliKind.THRESHOLD, op=op, limit=limit)


def counted(answers: Mapping[str, Sequence[Series] | SourceError], *slis: Sli, **more: tuple[str, ...]) -> Counted:
    return AsWritten(ScriptedBatches(answers, **more), Grid(MINUTE)).count(CountRequest(slis, TWO))


def good_and_total(found: Counted, row: int = 0) -> list[tuple[float, float] | None]:
    assert not found.failures
    table = found.table
    slices = zip(table.good[row].tolist(), table.total[row].tolist(), table.states[row].tolist(), strict=True)
    return [None if state == GAP else (good, total) for good, total, state in slices]


@pytest.mark.parametrize(
    ("sli", "part", "total", "expected"),
    [
        (good_of("p", "t"), [{0: 9, 1: 8}], [{0: 10, 1: 8}], [(9, 10), (8, 8)]),
        (bad_of("p", "t"), [{0: 1, 1: 0}], [{0: 10, 1: 8}], [(9, 10), (8, 8)]),
        # No series of the part beside a live total is zero; without a total there is no slice.
        (bad_of("p", "t"), [{1: 2}], [{0: 10, 1: 8}], [(10, 10), (6, 8)]),
        (good_of("p", "t"), [], [{0: 10}], [(0, 10), None]),
        (good_of("p", "t"), [{0: 1, 1: 1}], [], [None, None]),
        # NaN of either is a gap.
        (good_of("p", "t"), [{0: 1, 1: NAN}], [{0: NAN, 1: 2}], [None, None]),
        # A pod was replaced: two series, never at once.
        (good_of("p", "t"), [{0: 1}, {1: 2}], [{0: 4}, {1: 4}], [(1, 4), (2, 4)]),
    ],
)
def test_the_values_at_the_end_of_the_slice_are_the_counts(sli, part, total, expected):
    assert good_and_total(counted({"p": part, "t": total}, sli)) == expected


@pytest.mark.parametrize(
    ("sli", "values", "expected"),
    [
        (good_of("v", "v", SliKind.RATIO), {0: 0.75, 1: NAN}, [(0.75, 1), None]),
        (bad_of("v", "v", SliKind.RATIO), {0: 0.25}, [(0.75, 1), None]),
        (good_of("v", "v", SliKind.RATIO), {0: 1 + 1e-12, 1: -1e-12}, [(1, 1), (0, 1)]),  # noise of a division
        (threshold("lt", 0.5), {0: 0.5, 1: 0.4}, [(0, 1), (1, 1)]),
        (threshold("lte", 0.5), {0: 0.5, 1: 0.6}, [(1, 1), (0, 1)]),
        (threshold("gt", 0.5), {0: 0.5, 1: 0.6}, [(0, 1), (1, 1)]),
        (threshold("gte", 0.5), {0: 0.5, 1: NAN}, [(1, 1), None]),
    ],
)
def test_a_ratio_and_a_threshold_make_one_event_a_slice(sli, values, expected):
    assert good_and_total(counted({"v": [values]}, sli)) == expected


SUM, COUNT = "sum(sum_over_time(up[59999ms]))", "sum(count_over_time(up[59999ms]))"


def test_every_sample_of_a_probe_is_an_event():
    success, failure = (make("up", "up", SliKind.SAMPLES) for make in (good_of, bad_of))
    found = counted({SUM: [{0: 3}], COUNT: [{0: 4}]}, success, failure)
    assert good_and_total(found, 0) == [(3, 4), None]
    assert good_and_total(found, 1) == [(1, 4), None]


@pytest.mark.parametrize(
    ("sli", "answers", "reason", "words"),
    [
        (good_of("p", "t"), {"p": [{0: 1}], "t": [{0: 1}, {0: 2}, {1: 1}]}, Reason.TOO_MANY_SERIES, "2 series, one is"),
        (good_of("p", "t"), {"p": [{0: INF}], "t": [{0: 1}]}, Reason.BAD_ANSWER, "+Inf; does it divide by zero?"),
        (good_of("v", "v", SliKind.RATIO), {"v": [{0: 99.5}]}, Reason.BAD_ANSWER, "divide percents by 100"),
        (bad_of("v", "v", SliKind.RATIO), {"v": [{0: -0.1}]}, Reason.BAD_ANSWER, "v gave -0.1; it must lie between"),
        (good_of("up", "up", SliKind.SAMPLES), {SUM: [{0: 9}], COUNT: [{0: 4}]}, Reason.BAD_ANSWER, "must be 0 or 1"),
        (good_of("a+b", "a+b", SliKind.SAMPLES), {}, Reason.BAD_QUERY, "several counters"),
        (
            good_of("p", "t"),
            {"p": SourceError("prom is down", reason=Reason.UNREACHABLE, source="prom"), "t": [{0: 1}]},
            Reason.UNREACHABLE,
            "prom is down",
        ),
    ],
)
def test_what_cannot_be_counted_fails_with_its_remedy_and_alone(sli, answers, reason, words):
    fine = Sli("fine", "prom", good="w", total="w", kind=SliKind.RATIO)
    found = counted({"w": [{0: 1, 1: 1}], **answers}, sli, fine)
    failure = found.failures[0]
    assert failure.reason is reason
    assert words in failure.message
    assert found.table.states[0, 0] == SliceState.UNKNOWN
    assert found.table.total[0, 0] == 0
    assert not found.table.good[0].any()
    assert list(found.failures) == [0]
    assert found.table.good[1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("sli", "answers"),
    [
        (good_of("p", "t"), {"p": [{0: INF, 1: 3}], "t": [{0: 4, 1: 4}]}),
        (good_of("p", "t"), {"p": [{0: 1, 1: 3}], "t": [{0: 4, 1: 2}, {0: 2}]}),
        (good_of("v", "v", SliKind.RATIO), {"v": [{0: 75, 1: 0.75}]}),
        (good_of("up", "up", SliKind.SAMPLES), {SUM: [{0: 9, 1: 3}], COUNT: [{0: 4, 1: 4}]}),
        (Sli("slow", "prom", total="v", kind=SliKind.THRESHOLD, op="lt", limit=1), {"v": [{0: INF, 1: 0.5}]}),
    ],
)
def test_a_number_that_cannot_be_costs_its_slice_alone(sli, answers):
    found = counted(answers, sli)
    assert list(found.failures) == [0]
    assert found.table.states[0].tolist() == [SliceState.UNKNOWN, SliceState.MEASURED]
    assert found.table.good[0, 0] == found.table.total[0, 0] == 0
    assert found.table.good[0, 1] > 0


def test_queries_that_slis_share_are_asked_once():
    batches = ScriptedBatches({"p": [{0: 1}], "q": [{0: 1}], "t": [{0: 2}]})
    slis = (good_of("p", "t"), bad_of("q", "t"), good_of("q", "t"))
    AsWritten(batches, Grid(MINUTE)).count(CountRequest(slis, TWO))
    assert batches.asked == ["p", "t", "q"]


def test_an_answer_that_may_lack_data_is_not_counted_and_remarks_on_the_query_are_passed_on():
    lacking = counted({"v": [{0: 0}]}, threshold("lt", 1), warnings=("store-2 did not answer",))
    assert lacking.failures[0].reason is Reason.BAD_ANSWER
    assert "may lack data, so it is not counted: store-2" in lacking.failures[0].message
    remarked = counted({"v": [{0: 0}]}, threshold("lt", 1), warnings=("PromQL info: no counter",))
    assert good_and_total(remarked) == [(1, 1), None]
    assert [one.warnings for one in (lacking, remarked)] == [
        {0: ("store-2 did not answer",)},
        {0: ("PromQL info: no counter",)},
    ]


@pytest.mark.parametrize("query", ["42", "-(1 + time())", "scalar(up)", "1 > bool 2 # always"])
def test_scalars_are_asked_as_vectors_because_only_those_can_be_labelled(query):
    assert questions_of(good_of(query, "up"), MINUTE) == (f"vector(\n{query}\n)", "up")


NATIVE = "sum(histogram_count(increase(request_seconds[1m])))"


@pytest.mark.parametrize("query", ["up", "-up", "1 - up", "vector(1)", NATIVE])
def test_vectors_are_asked_word_for_word(query):
    assert questions_of(good_of("p", query), MINUTE) == ("p", query)


def test_an_empty_interval_asks_nothing():
    nothing = CountRequest((threshold("lt", 1),), Interval(TWO.start, TWO.start))
    empty = AsWritten(ScriptedBatches({}), Grid(MINUTE)).count(nothing)
    assert (len(empty.table.starts), empty.failures) == (0, {})
