"""Instants and steps as clients write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from okrbridge.api.errors import BadRequestError
from okrbridge.domain.windows import EARLIEST, Interval, from_epoch, parse_duration

LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+ -]\d\d:\d\d)", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?", re.ASCII)
_MILLISECONDS_FROM = 1e11
"""Numbers from here on are milliseconds: as seconds they would be after the year 5100."""
_HOW = "write RFC 3339 with a zone (2026-11-05T08:00:00Z), epoch seconds or milliseconds, now, or now-6h"


def parse_instant(text: str, now: datetime) -> datetime:
    """An instant in UTC from RFC 3339, epoch seconds or milliseconds, ``now`` or ``now-6h``.

    Raises:
        BadRequestError: anything else, or an instant outside 1990 to 2200.
    """
    try:
        at = _instant(text.strip(), now)
    except (ValueError, OverflowError) as error:
        raise BadRequestError(f"{text!r} is not a time; {_HOW}") from error
    if not EARLIEST <= at < LATEST:
        raise BadRequestError(f"{text!r} is outside the years 1990 to 2199")
    return at


def _instant(text: str, now: datetime) -> datetime:
    if text == "now":
        return now
    if text.startswith("now-"):
        return now - parse_duration(text.removeprefix("now-"))
    if _NUMBER.fullmatch(text):
        number = float(text)
        return from_epoch(number / 1000 if number >= _MILLISECONDS_FROM else number)
    if not _RFC3339.fullmatch(text):
        raise ValueError(text)
    # A "+" that was not percent-encoded arrives as a blank, here before the zone's offset.
    plus = f"{text[:-6]}+{text[-5:]}" if text[-6] == " " else text
    return datetime.fromisoformat(plus.upper()).astimezone(UTC)


def parse_interval(start: str | None, end: str | None, now: datetime, length: timedelta) -> Interval:
    """The interval between two instants as written; ``end`` defaults to now, ``start`` to ``length`` before the end.

    Raises:
        BadRequestError: an instant that cannot be read, or the start is not before the end.
    """
    until = parse_instant(end, now) if end is not None else now
    since = parse_instant(start, now) if start is not None else max(EARLIEST, until - length)
    if since >= until:
        raise BadRequestError("from must be before to")
    return Interval(since, until)


def parse_step(text: str) -> timedelta:
    """A step from a duration such as ``5m`` or a number of seconds.

    Raises:
        BadRequestError: neither, not longer than zero, or longer than ten years.
    """
    try:
        step = timedelta(seconds=float(text)) if _NUMBER.fullmatch(text.strip()) else parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise BadRequestError(f"{text!r} is not a step; write seconds, or a duration such as 5m, 1h or 1d") from error
    if not timedelta(0) < step <= timedelta(days=3660):
        raise BadRequestError(f"a step of {text!r} is not between zero and ten years")
    return step
