"""What must be asked of sources to measure at an instant; equal questions are asked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from okrbridge.application import counting
from okrbridge.application.measuring.subjects import Subject, subjects
from okrbridge.application.ports import Reading, ValueRequest, ValueSource
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.measures import AskedMeasure, CsvMeasure, HttpMeasure, PromqlMeasure, SqlMeasure
from okrbridge.domain.windows import Interval

WINDOW = "{{.window}}"
"""Stands in PromQL for the length of the window, as Sloth writes it."""

_BOUND = (":start", ":end", ":at")
"""What a SQL query names when it can speak of the past."""

Asked = tuple[str, ValueRequest]
"""Name of the source, and what it is asked."""


def value_requests(definitions: DefinitionSet, at: datetime) -> dict[str, Asked]:
    """What must be asked of sources at an instant: (source, request) by the id of who wants to know."""
    return requests_of(subjects(definitions, at), at)


def requests_of(asking: Iterable[Subject], at: datetime) -> dict[str, Asked]:
    """The requests of those whose measure asks a source."""
    return {
        one.id: (one.measure.source, request_of(one.measure, one.window, at))
        for one in asking
        if isinstance(one.measure, AskedMeasure)
    }


def request_of(measure: AskedMeasure, window: Interval, at: datetime) -> ValueRequest:
    """How a measure is asked at an instant."""
    if isinstance(measure, PromqlMeasure):
        query = rendered(measure.query, window)
        return ValueRequest(query, at, measure=measure if measure.member_label else None)
    return ValueRequest(question_text(measure), at, window, measure)


def rendered(query: str, window: Interval) -> str:
    """A PromQL query with the length of the window in place of ``{{.window}}``; at least a second."""
    if WINDOW not in query:
        return query
    return query.replace(WINDOW, f"{max(1, int(window.length.total_seconds()))}s")


def tells_times_apart(measure: AskedMeasure) -> bool:
    """Whether the answer speaks of the window: a query that names its instants, a table with a column of times."""
    if isinstance(measure, SqlMeasure):
        return any(name in measure.query for name in _BOUND)
    return isinstance(measure, CsvMeasure) and bool(measure.time_column)


def question_text(measure: AskedMeasure) -> str:
    """What is asked, for people."""
    match measure:
        case PromqlMeasure() | SqlMeasure():
            return measure.query
        case HttpMeasure():
            return f"{measure.path} {measure.json_path}".strip()
        case CsvMeasure():
            return _csv_text(measure)


def _csv_text(measure: CsvMeasure) -> str:
    column = measure.column or "rows"
    what = f"{column} / {measure.divisor_column}" if measure.divisor_column else f"{measure.aggregation} of {column}"
    conditions = ", ".join(f"{key} is {value}" for key, value in measure.where.items())
    each = f" for each {measure.member_column}" if measure.member_column else ""
    return f"{what}{each}{f' where {conditions}' if conditions else ''}"


def answers(sources: Mapping[str, ValueSource], asked: Mapping[str, Asked]) -> dict[str, Reading]:
    """The answers by id; key results and indicators with the same question share one answer."""
    keys = {name: _key(*pair) for name, pair in asked.items()}
    distinct = {keys[name]: pair for name, pair in asked.items()}
    readings = dict(zip(distinct, counting.read_values(sources, list(distinct.values())), strict=True))
    return {name: readings[keys[name]] for name in asked}


def _key(source: str, request: ValueRequest) -> tuple[object, ...]:
    """Equal for equal questions; a measure may hold a mapping, which cannot be a key itself."""
    return source, request.query, request.at, request.window, repr(request.measure)


def sources_of(asked: Mapping[str, Asked]) -> Sequence[str]:
    """The source that each is asked of, in order."""
    return [source for source, _ in asked.values()]
