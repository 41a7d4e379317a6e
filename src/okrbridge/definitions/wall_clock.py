"""Types of values that are read on the wall clock of a place: time zones, and times without an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from okrbridge.definitions.fields import refusal
from okrbridge.definitions.nodes import shortened
from okrbridge.definitions.suggestions import did_you_mean

_TIME = re.compile(r"(\d{4})-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?", re.ASCII)
_INSTANT = re.compile(r"(\d{4})-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = did_you_mean(text, available_timezones())
        raise refusal(
            "wrong_time_zone", f"{shortened(text)} is no IANA time zone, such as Europe/Berlin{hint}"
        ) from error
    return text


def _wall_clock(value: object) -> datetime:
    if not isinstance(value, str) or not (match := _TIME.fullmatch(value)):
        raise refusal("wrong_date", "must be a time without an offset, such as 2026-01-01 00:00:00, or a date")
    return _read(value, int(match[1]))


def _wall_clock_or_instant(value: object) -> datetime:
    if isinstance(value, str) and (match := _INSTANT.fullmatch(value)):
        return _read(value.upper(), int(match[1])).astimezone(UTC)
    if not isinstance(value, str) or not (match := _TIME.fullmatch(value)):
        raise refusal("wrong_date", "must be a date, a time such as 2026-11-22 02:00, or one with an offset")
    return _read(value, int(match[1]))


def _read(text: str, year: int) -> datetime:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise refusal("wrong_date", f"{text!r}: the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal("wrong_date", f"{shortened(text)} is no time of any day") from error


def utc(time: datetime, zone: str) -> datetime:
    """A wall-clock time of a zone, or an instant, in UTC.

    Worked example: 2026-10-01 02:00 in Europe/Berlin is 2026-10-01T00:00:00Z.
    """
    return (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def on_wall_clock(time: datetime, zone: str) -> datetime:
    """An instant, or a wall-clock time, as the wall clock of a zone shows it; without a zone."""
    return time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if time.tzinfo else time


TimeZoneName = Annotated[str, AfterValidator(_time_zone), Field(examples=["Europe/Berlin"])]
"""IANA name of a time zone."""

WallClock = Annotated[
    datetime,
    PlainValidator(_wall_clock),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$", "examples": ["2026-01-01 00:00:00"]}),
]
"""A time without an offset, to be read in a zone that is given beside it."""

WallClockOrInstant = Annotated[
    datetime,
    PlainValidator(_wall_clock_or_instant),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^({_TIME.pattern}|{_INSTANT.pattern})$",
            "examples": ["2026-11-22 02:00", "2026-11-22T01:00:00Z"],
        }
    ),
]
"""A time to be read in a zone that is given beside it; one with an offset stands for itself."""
