"""Types of the values in documents: each reads, checks and explains itself, and tells editors its JSON Schema."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from okrbridge.definitions.nodes import shortened
from okrbridge.domain.units import PLAIN, Quantity, Unit, parse_quantity, parse_unit
from okrbridge.domain.windows import parse_duration
from okrbridge.errors import UnitError
from okrbridge.promql.syntax import number_fault
from okrbridge.promql.windows import with_windows

LONGEST_NAME = 63
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_LONGEST_DURATION = timedelta(days=3660)


def refusal(code: str, message: str) -> PydanticCustomError:
    """An error that a validator raises: a stable code and a message for the user."""
    return PydanticCustomError("okrbridge", "{message}", {"code": code, "message": message})


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise refusal("wrong_name", f"a name has at most {LONGEST_NAME} characters, this one has {len(text)}")
    if not _NAME.fullmatch(text):
        slug = re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-.")
        hint = f"; write {slug!r}" if _NAME.fullmatch(slug) else ""
        raise refusal("wrong_name", f"a name is made of a-z, 0-9, - and .{hint}")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise refusal("empty", "is empty; write a text")
    return text.strip()


def _query(text: str) -> str:
    if fault := number_fault(text):
        raise refusal("wrong_query", fault)
    return text.strip()


def _windowed_query(text: str) -> str:
    _query(with_windows(text, "5m"))
    return text.strip()


def _quantity(value: object) -> Quantity:
    if not isinstance(value, str | int | float):
        raise refusal("wrong_type", "must be a quantity, such as 99.95%, 800ms or 12/month")
    try:
        return parse_quantity(value)
    except UnitError as error:
        raise refusal("wrong_unit", str(error)) from error


def _share(value: object) -> float:
    """A share of a whole as 0..1, from ``0.5`` or ``50%``."""
    quantity = _quantity(value)
    if quantity.unit.dimension not in ("ratio", "number"):
        raise refusal("wrong_unit", f"must be a share such as 50% or 0.5, not {quantity.text}")
    if not 0 <= quantity.value <= 1:
        hint = f"; write {quantity.text}%" if quantity.unit == PLAIN and 1 < quantity.value <= 100 else ""
        raise refusal("wrong_value", f"must be a share between 0% and 100%, not {quantity.text}{hint}")
    return quantity.value + 0.0


def _unit(value: object) -> Unit:
    if not isinstance(value, str):
        raise refusal("wrong_type", "must be a unit, such as s, ratio or bytes")
    try:
        return parse_unit(value)
    except UnitError as error:
        raise refusal("wrong_unit", str(error)) from error


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise refusal("wrong_type", "must be a duration, such as 30d or 4w")
    try:
        length = parse_duration(value)
    except OverflowError:
        length = timedelta.max
    except ValueError as error:
        raise refusal("wrong_value", str(error)) from error
    if length > _LONGEST_DURATION:
        raise refusal("wrong_value", f"{shortened(value)} is longer than ten years")
    return length


def _moment(value: object) -> date:
    if not isinstance(value, str):
        raise refusal(
            "wrong_type", "must be a date such as 2026-10-01, or an RFC 3339 time such as 2026-10-01T08:00:00Z"
        )
    if parts := _DATE.fullmatch(value):
        year, month, day = (int(part) for part in parts.groups())
        return _date(value, year, month, day)
    if not _INSTANT.fullmatch(value):
        hint = "; add the offset, such as Z or +02:00" if _INSTANT.fullmatch(f"{value}Z") else ""
        raise refusal("wrong_date", f"{shortened(value)} is neither a date (2026-10-01) nor an RFC 3339 time{hint}")
    year, month, day = (int(part) for part in value[:10].split("-"))
    _date(value, year, month, day)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except ValueError as error:
        raise refusal("wrong_date", f"{shortened(value)} is no time of any day") from error


def _date(text: str, year: int, month: int, day: int) -> date:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise refusal("wrong_date", f"{text!r}: the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    if not 1 <= month <= 12:
        raise refusal("wrong_date", f"{text!r}: there is no month {month}")
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise refusal("wrong_date", f"{text!r}: {calendar.month_name[month]} {year} has {days} days")
    return date(year, month, day)


_QUANTITY_SCHEMA = {"type": ["string", "number"]}
_DATE_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2}))?$",
    "examples": ["2026-10-01", "2026-10-01T08:00:00Z"],
}

Name = Annotated[
    str,
    AfterValidator(_name),
    Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$", "maxLength": LONGEST_NAME}),
]
"""A name in the manner of Kubernetes, at most 63 characters."""

FilledText = Annotated[str, AfterValidator(_filled), Field(json_schema_extra={"minLength": 1})]
"""Text that is not blank."""

PromqlQuery = Annotated[str, AfterValidator(_query), Field(json_schema_extra={"minLength": 1})]
"""A PromQL expression that gives numbers at an instant."""

WindowedQuery = Annotated[str, AfterValidator(_windowed_query), Field(json_schema_extra={"minLength": 1})]
"""The same, in which windows may be left open, such as ``[{{.window}}]``."""

QuantityText = Annotated[
    Quantity,
    PlainValidator(_quantity),
    WithJsonSchema({**_QUANTITY_SCHEMA, "examples": ["99.95%", "800ms", "2.1MB", "12/month", 42]}),
]
"""A number with its unit."""

Share = Annotated[float, PlainValidator(_share), WithJsonSchema({**_QUANTITY_SCHEMA, "examples": ["50%", 0.5]})]
"""A share of a whole, 0..1 inside."""

UnitText = Annotated[
    Unit, PlainValidator(_unit), WithJsonSchema({"type": "string", "examples": ["s", "ms", "ratio", "%", "bytes"]})
]
"""A unit of measure."""

DurationText = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(ms|[smhdw]))+$", "examples": ["30d", "4w", "1h30m"]}),
]
"""A fixed length of time."""

Moment = Annotated[date, PlainValidator(_moment), WithJsonSchema(_DATE_SCHEMA)]
"""A date, to be read as midnight in a zone, or an instant (a ``datetime`` in UTC)."""
