"""From a query's answer to the one number it should give. Pure."""

from __future__ import annotations

import math
from dataclasses import replace

from okrbridge.application.ports import Reading, SourceFailure, ValueRequest
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.answers import one_for_each
from okrbridge.sources.prometheus.http.envelope import Answer

EMPTY = "the query returned no series"
NOT_A_NUMBER = "the query returned NaN, as 0/0 does"


def as_reading(request: ValueRequest, answer: Answer) -> Reading:
    """The one number of an answer, or one for each member where a label names them.

    An empty answer and NaN are no failures: the source said that there is nothing. Several series, infinity, a
    range and a text are failures, each with what to do about it.
    """
    if isinstance(request.measure, PromqlMeasure) and request.measure.member_label:
        return _members(request, answer, request.measure.member_label)
    if failure := shape_failure(answer) or _crowd_failure(answer):
        return Reading(request, None, failure=failure, warnings=answer.warnings)
    if not answer.rows:
        return Reading(request, None, note=EMPTY, warnings=answer.warnings)
    _, value = answer.rows[0].points[0]
    if math.isnan(value):
        return Reading(request, None, note=NOT_A_NUMBER, warnings=answer.warnings)
    if math.isinf(value):
        return Reading(request, None, failure=infinite(value), warnings=answer.warnings)
    return Reading(request, value, warnings=answer.warnings)


def _members(request: ValueRequest, answer: Answer, label: str) -> Reading:
    """A number for each series, named by a label; None for a series without a number."""
    if failure := shape_failure(answer):
        return Reading(request, None, failure=failure, warnings=answer.warnings)
    rows = [(row.labels.get(label), row.points[0][1]) for row in answer.rows]
    if any(name is None for name, _ in rows):
        message = f"the query returned a series without the label {label!r}, which names the members"
        failure = SourceFailure(SourceFailureReason.BAD_ANSWER, message)
        return Reading(request, None, failure=failure, warnings=answer.warnings)
    found = one_for_each(request, rows)
    return replace(found, note=found.note and EMPTY, warnings=answer.warnings)


def shape_failure(answer: Answer) -> SourceFailure | None:
    """Why the answer for one instant holds no numbers at all; None when it may."""
    if answer.result_type in {"scalar", "vector"}:
        return None
    what = "a range of samples" if answer.result_type == "matrix" else "a text"
    return SourceFailure(SourceFailureReason.BAD_QUERY, f"the query returned {what}, not one number")


def too_many(series: int) -> SourceFailure:
    """The failure of a query with several series where one number is needed."""
    message = f"the query returned {series} series, one is needed; aggregate them, as with sum() or max()"
    return SourceFailure(SourceFailureReason.TOO_MANY_SERIES, message)


def infinite(value: float) -> SourceFailure:
    """The failure of a query with an infinite value."""
    shown = "+Inf" if value > 0 else "-Inf"
    return SourceFailure(SourceFailureReason.BAD_ANSWER, f"the query returned {shown}; does it divide by zero?")


def _crowd_failure(answer: Answer) -> SourceFailure | None:
    return too_many(len(answer.rows)) if len(answer.rows) > 1 else None
