"""Readings from values of any kind that a document, a row or a cell can hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from okrbridge.application.ports import Reading, SourceFailure, ValueRequest
from okrbridge.errors import SourceFailureReason

MOST_MEMBERS = 10_000
"""A population with more members is refused."""

_LONGEST_SHOWN = 60


def failed(request: ValueRequest, reason: SourceFailureReason, message: str) -> Reading:
    """No usable answer, and why."""
    return Reading(request, None, SourceFailure(reason, message))


def one_number(request: ValueRequest, value: object, samples: object = None, deviation: object = None) -> Reading:
    """One number; None and NaN are no data, anything that is no number is a failure.

    Args:
        samples: how many are behind it.
        deviation: their standard deviation, where the number is their mean.
    """
    number, count = _number(value), _number(samples)
    if isinstance(number, str):
        return failed(request, SourceFailureReason.BAD_ANSWER, f"gives {number}, which is no number")
    if number is None:
        return Reading(request, None, note="the answer is empty")
    spread = _number(deviation)
    return Reading(
        request,
        number,
        sample_count=count if isinstance(count, float) else None,
        deviation=spread if isinstance(spread, float) and spread >= 0 else None,
    )


def one_for_each(request: ValueRequest, rows: Sequence[tuple[object, object]]) -> Reading:
    """A number for each named member, None for one without a number; a name given twice is a failure."""
    if len(rows) > MOST_MEMBERS:
        message = f"gives {len(rows)} members; the most is {MOST_MEMBERS}"
        return failed(request, SourceFailureReason.TOO_MANY_SERIES, message)
    members: dict[str, float | None] = {}
    for name, value in rows:
        number = _number(value)
        if isinstance(number, str):
            return failed(request, SourceFailureReason.BAD_ANSWER, f"gives {number} for {name}, which is no number")
        if str(name) in members:
            return failed(request, SourceFailureReason.BAD_ANSWER, f"gives the member {name} twice")
        members[str(name)] = number
    return Reading(request, None, note="" if members else "the answer is empty", members=tuple(members.items()))


def _number(value: object) -> float | str | None:
    """A finite number; None for nothing; the text of what is neither."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _read(value)
    if isinstance(value, bool | int | float | Decimal):
        number = float(value)
        if math.isnan(number):
            return None
        return number + 0.0 if math.isfinite(number) else repr(number)
    return repr(value)[:_LONGEST_SHOWN]


def _read(text: str) -> object:
    """The number a text says; an empty text says nothing."""
    text = text.strip()
    try:
        return float(text) if text else None
    except ValueError:
        return text
