"""SLIs that are evaluated as written: the values of their queries at the end of each slice.

Each kind asks for one or two numbers a slice, and makes good and total of them:

- EXPRESSIONS: the counts are the values. An empty result beside a live total is zero, because a counter of errors may
  have no series before its first error;
- RATIO: one event a slice, as good as the ratio says;
- THRESHOLD: one event a slice, good when the value keeps the limit;
- SAMPLES: every sample in the slice is an event. The range is a millisecond short of the slice, because Prometheus
  below 3 takes in the samples on both its ends, and one on the boundary would count twice.

A slice is a gap where the total, or the one query, gives nothing or NaN. It is unknown, and the failure is told, where
a number cannot be a count; other slices of the SLI are counted all the same.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType

import numpy as np
import promql_parser

from okrbridge.application.ports import Counted, CountRequest, PlannedQuery, SourceFailure
from okrbridge.domain.ledger import FloatArray, SliceState, SliceTable
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import EPOCH, Grid, epoch_seconds, format_duration
from okrbridge.errors import SourceFailureReason
from okrbridge.promql.as_written import fill_window
from okrbridge.promql.selectors import parse_selector
from okrbridge.promql.syntax import parse
from okrbridge.sources.prometheus.batches import Batches, Member, Moments
from okrbridge.sources.prometheus.http.envelope import Answer
from okrbridge.sources.prometheus.outcomes import Outcomes
from okrbridge.sources.prometheus.push_down.layout import BoolArray
from okrbridge.sources.prometheus.values import Values, values_of

METHOD = "as written"
_NOISE = 1e-9
_SHORT_OF_THE_SLICE = timedelta(milliseconds=1)
_MOST_REMEMBERED = 50_000
_KEEPS = MappingProxyType({"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge})


class AsWritten:
    """Counts SLIs of the kinds EXPRESSIONS, RATIO, THRESHOLD and SAMPLES. Call it from outside the batches' pool."""

    def __init__(self, batches: Batches[Answer], grid: Grid) -> None:
        self._batches, self._grid = batches, grid
        self._questions: dict[str, tuple[str, ...]] = {}

    def count(self, request: CountRequest) -> Counted:
        """Ask every query once, however many SLIs share it; failures are answers."""
        slices, outcomes = self._grid.slices(request.interval), Outcomes()
        seconds = self._grid.step_seconds
        starts = epoch_seconds(request.interval.start) + seconds * np.arange(slices, dtype=np.int64)
        table = SliceTable.unknown(starts, len(request.slis))
        if slices:
            self._fill(table, request, outcomes)
        return outcomes.counted(request, table)

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """The questions about an ordinary slice; SLIs that cannot be asked for are left out."""
        asked = self._asked(slis, Outcomes())
        moment = Moments(EPOCH, EPOCH, self._grid.step)
        queries = list(asked)
        planned = []
        for query, places in self._batches.questions([Member(text, moment) for text in queries]):
            rows = sorted({row for place in places for row in asked[queries[place]]})
            planned.append(PlannedQuery(query, METHOD, tuple(dict.fromkeys(slis[row].key for row in rows))))
        return planned

    def _fill(self, table: SliceTable, request: CountRequest, outcomes: Outcomes) -> None:
        asked = self._asked(request.slis, outcomes)
        moments = Moments.slice_ends(request.interval, self._grid.step)
        found: dict[str, Values] = {}
        answers = self._batches.ask([Member(query, moments) for query in asked])
        for (query, rows), answer in zip(asked.items(), answers, strict=True):
            usable = outcomes.usable(answer, rows)
            values = None if usable is None else values_of(usable, moments)
            if isinstance(values, SourceFailure):
                outcomes.fail(rows, values)
            elif values is not None:
                found[query] = values
        for row, sli in enumerate(request.slis):
            if row not in outcomes.failures:
                _write(table, row, sli, [found[query] for query in self._questions_of(sli)], outcomes)

    def _asked(self, slis: Sequence[Sli], outcomes: Outcomes) -> Mapping[str, list[int]]:
        """The rows that each query serves; an SLI that cannot be asked for is a failure."""
        asked: dict[str, list[int]] = {}
        for row, sli in enumerate(slis):
            try:
                questions = self._questions_of(sli)
            except ValueError as error:
                outcomes.fail([row], SourceFailure(SourceFailureReason.BAD_QUERY, str(error)))
                continue
            for query in questions:
                asked.setdefault(query, []).append(row)
        return asked

    def _questions_of(self, sli: Sli) -> tuple[str, ...]:
        """Remembered, because reading PromQL takes longer than all else that is done with it at each tick."""
        if sli.key not in self._questions:
            if len(self._questions) >= _MOST_REMEMBERED:
                self._questions = {}
            self._questions[sli.key] = questions_of(sli, self._grid.step)
        return self._questions[sli.key]


def questions_of(sli: Sli, step: timedelta) -> tuple[str, ...]:
    """The queries that are asked for an SLI at a slice's end; the one that tells whether there is data comes last.

    Raises:
        ValueError: a query cannot be asked so; the message is for the user.
    """
    if sli.kind is SliKind.EXPRESSIONS:
        return _as_vector(fill_window(sli.part, step)), _as_vector(fill_window(sli.total, step))
    if sli.kind is SliKind.SAMPLES:
        samples = parse_selector(sli.total).over(format_duration(step - _SHORT_OF_THE_SLICE))
        return f"sum(sum_over_time({samples}))", f"sum(count_over_time({samples}))"
    return (_as_vector(fill_window(sli.total, step)),)


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Good and all events of each slice.

    Attributes:
        known: where they are known; elsewhere there is a gap.
        impossible: where the numbers cannot be counts.
        failure: why; None where there is no such slice.
    """

    good: FloatArray
    total: FloatArray
    known: BoolArray
    impossible: BoolArray
    failure: SourceFailure | None = None


def _write(table: SliceTable, row: int, sli: Sli, values: Sequence[Values], outcomes: Outcomes) -> None:
    """Enter the slices of an SLI; one that cannot be counted stays unknown, and costs no other."""
    events = _events(sli, values)
    lost = events.impossible | np.logical_or.reduce([one.unusable for one in values])
    for failure in (*(one.failure for one in values), events.failure):
        if failure is not None:
            outcomes.tell([row], failure)
    counted = events.known & ~lost
    table.good[row] = np.where(counted, events.good, 0.0)
    table.total[row] = np.where(counted, events.total, 0.0)
    states = np.where(events.known, SliceState.MEASURED, SliceState.GAP)
    table.states[row] = np.where(lost, SliceState.UNKNOWN, states)


def _events(sli: Sli, values: Sequence[Values]) -> _Events:
    *_, last = values
    nowhere = np.zeros(len(last.numbers), dtype=np.bool_)
    if sli.kind is SliKind.THRESHOLD:
        is_good = _KEEPS[sli.op](last.numbers, sli.limit).astype(float)
        return _Events(is_good, np.ones(len(is_good)), last.known, nowhere)
    if sli.kind is SliKind.RATIO:
        return _weighted(sli, last)
    part, total = values
    known = total.known & ~np.isnan(part.numbers)
    good = sli.good_events(part.numbers, total.numbers)
    events = _Events(good, total.numbers, known, nowhere)
    return _checked_flags(sli, events, part.numbers) if sli.kind is SliKind.SAMPLES else events


def _weighted(sli: Sli, ratio: Values) -> _Events:
    outside = ratio.known & ((ratio.numbers < -_NOISE) | (ratio.numbers > 1 + _NOISE))
    kept, every = np.clip(ratio.numbers, 0.0, 1.0), np.ones(len(ratio.numbers))
    failure = None
    if outside.any():
        value = float(ratio.numbers[outside][0])
        message = f"the ratio query {sli.total} gave {value:g}; it must lie between 0 and 1 (divide percents by 100)"
        failure = SourceFailure(SourceFailureReason.BAD_ANSWER, message)
    return _Events(sli.good_events(kept, every), every, ratio.known, outside, failure)


def _checked_flags(sli: Sli, events: _Events, sums: FloatArray) -> _Events:
    """Without the slices in which samples cannot have been zeros and ones."""
    wrong = events.known & ((sums < 0) | (sums > events.total))
    if not wrong.any():
        return events
    message = (
        f"the samples of {sli.total} add up to {sums[wrong][0]:g} in a slice of {events.total[wrong][0]:g} samples; "
        "they must be 0 or 1 (declare a threshold for a gauge of other values)"
    )
    return replace(events, impossible=wrong, failure=SourceFailure(SourceFailureReason.BAD_ANSWER, message))


def _as_vector(query: str) -> str:
    """The same values as an instant vector: queries of scalars cannot be labelled."""
    return f"vector(\n{query}\n)" if _is_scalar(parse(query)) else query


def _is_scalar(expression: promql_parser.Expr) -> bool:
    if isinstance(expression, promql_parser.NumberLiteral):
        return True
    if isinstance(expression, promql_parser.Call):
        return bool(expression.func.return_type == promql_parser.ValueType.Scalar)
    if isinstance(expression, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        return _is_scalar(expression.expr)
    if isinstance(expression, promql_parser.BinaryExpr):
        return _is_scalar(expression.lhs) and _is_scalar(expression.rhs)
    return False
