"""When maintenance windows take place: single stretches of time, and rules that repeat on a wall clock."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from okrbridge.domain.exclusions import merged
from okrbridge.domain.maintenance import MaintenanceWindow, Recurrence
from okrbridge.domain.windows import Interval

MOST_OCCURRENCES = 10_000
"""A rule that gives more than this in one stretch of time is cut there; every hour of 13 months is 9,504."""

MOST_INTERVAL = 1_000
"""The greatest INTERVAL of a rule."""

_UNTIL = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.IGNORECASE)
_PARTS = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS",
)  # fmt: skip
_COARSE_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY")
_FREQUENCIES = (*_COARSE_FREQUENCIES, "DAILY", "HOURLY")
_LEAP_YEAR = 2024
_EXAMPLE = "such as FREQ=WEEKLY;BYDAY=SU"
_WALL_SLACK = timedelta(days=2)
"""Wall clocks are never further than this from UTC, jumps over the date line included."""


def rule_fault(recurrence: Recurrence) -> str:
    """What is wrong with a rule, for the user; empty when it can be used."""
    parts = dict(part.upper().strip().partition("=")[::2] for part in recurrence.rule.split(";"))
    if fault := _unbounded(parts):
        return fault
    try:
        first_two = list(islice(_rule(recurrence), 2))
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
        return f"is no RRULE of RFC 5545, {_EXAMPLE}: {error}"
    if not first_two:
        return "never takes place"
    if len(first_two) == 2 and first_two[1] - first_two[0] < recurrence.duration:
        return f"the next occurrence begins before the one of {first_two[0]} ends; shorten duration"
    return ""


def _unbounded(parts: Mapping[str, str]) -> str:
    """Why finding the times of a rule could take long, or give too many; empty when it cannot."""
    if unknown := [part for part in parts if part not in _PARTS]:
        return f"{unknown[0]!r} is no part of a rule that is read here; write a rule {_EXAMPLE}"
    frequency, interval = parts.get("FREQ", ""), parts.get("INTERVAL", "1")
    if frequency in ("SECONDLY", "MINUTELY") or "," in parts.get("BYMINUTE", ""):
        return "repeats within an hour; the finest rule is FREQ=HOURLY, at one minute of the hour"
    if frequency not in _FREQUENCIES:
        return f"needs FREQ, one of {', '.join(_FREQUENCIES)}; write a rule {_EXAMPLE}"
    if not interval.isdecimal() or not 1 <= int(interval[:9]) <= MOST_INTERVAL:
        return f"INTERVAL is a whole number from 1 to {MOST_INTERVAL}"
    return _too_sparse(parts, frequency)


def _too_sparse(parts: Mapping[str, str], frequency: str) -> str:
    """Why a rule of many steps might hold no time at all, which would be looked for until the year 9999."""
    if frequency == "HOURLY" and ("BYMONTH" in parts or "BYMONTHDAY" in parts):
        return "with FREQ=HOURLY, BYMONTH and BYMONTHDAY are not read; write FREQ=DAILY with BYHOUR"
    if frequency not in _COARSE_FREQUENCIES and "BYSETPOS" in parts:
        return f"BYSETPOS needs FREQ {', '.join(_COARSE_FREQUENCIES)}"
    return "" if _has_such_a_day(parts) else "never takes place: there is no such day in that month"


def _has_such_a_day(parts: Mapping[str, str]) -> bool:
    """Whether one of the months has one of the days; odd numbers are left to the reader of the rule."""
    months, days = (re.findall(r"\d+", parts.get(key, ""))[:400] for key in ("BYMONTH", "BYMONTHDAY"))
    known = [int(month) for month in months if 1 <= int(month[:3]) <= 12]
    longest = max((calendar.monthrange(_LEAP_YEAR, month)[1] for month in known), default=31)
    return not days or min(int(day[:3]) for day in days) <= longest


def occurrences(window: MaintenanceWindow, interval: Interval) -> list[Interval]:
    """The times of a maintenance window that overlap an interval, whole, ascending, apart; UTC.

    A rule keeps its wall-clock time across summer time, and every occurrence lasts its duration in elapsed time. A
    wall-clock time that a zone leaves out is taken as if the clock had not been put forward; of one that comes twice,
    the first counts.
    """
    found = [once for once in window.once if once.start < interval.end and once.end > interval.start]
    if window.recurrence is not None:
        found += _repeated(window.recurrence, interval)
    return merged(found)


def _repeated(recurrence: Recurrence, interval: Interval) -> Iterator[Interval]:
    zone = ZoneInfo(recurrence.zone)
    since = interval.start.replace(tzinfo=None) - recurrence.duration - _WALL_SLACK
    until = interval.end.replace(tzinfo=None) + _WALL_SLACK
    times = takewhile(lambda wall: wall <= until, _rule(recurrence).xafter(since, inc=True))
    for wall in islice(times, MOST_OCCURRENCES):
        start = wall.replace(tzinfo=zone).astimezone(UTC)
        end = start + recurrence.duration
        if start < interval.end and end > interval.start:
            yield Interval(start, end)


def _rule(recurrence: Recurrence) -> rrule:
    """The rule as wall-clock times; an end in UTC is read on the rule's wall clock."""
    zone = ZoneInfo(recurrence.zone)

    def on_wall_clock(match: re.Match[str]) -> str:
        at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).astimezone(zone)
        return f"UNTIL={at:%Y%m%dT%H%M%S}"

    rule = rrulestr(_UNTIL.sub(on_wall_clock, recurrence.rule), dtstart=recurrence.start)
    if isinstance(rule, rruleset):
        raise ValueError("write one rule")  # noqa: TRY004 - the text is wrong, not a type of ours
    return rule
