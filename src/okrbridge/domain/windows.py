"""Instants, intervals, the grid of slices, and the windows laid over it.

All instants are aware and UTC; intervals are half-open ``[start, end)``. A slice of the grid is named
by its start and covers the samples in ``(start, end]``, because a counter read at ``end`` tells what
happened up to and including it.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No measurement is older: an instant before it is a slip, such as a number that was meant as a date."""

_DURATION = re.compile(r"(\d+)(ms|[smhdw])")
_CENTURY = timedelta(days=36525)
_LONGEST_PERIOD_DAYS = 3660
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from ``start`` up to, not including, ``end``."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """End minus start; never negative for an interval that holds any time."""
        return self.end - self.start

    def clipped(self, to: Interval) -> Interval:
        """The part of this interval inside another; empty, not inverted, when they are apart."""
        start = min(max(self.start, to.start), to.end)
        return Interval(start, max(start, min(self.end, to.end)))

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """A window of fixed length that ends at the instant it is asked for."""

    length: timedelta

    def at(self, end: datetime) -> Interval:
        """The window's interval when asked at ``end``."""
        return Interval(end - self.length, end)

    def __str__(self) -> str:
        return format_duration(self.length)


class CalendarUnit(StrEnum):
    """What a calendar window is as long as."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def letter(self) -> str:
        """OpenSLO's shorthand: ``1d``, ``1w``, ``1M``, ``1Q``, ``1Y``."""
        return _LETTERS[self]


_LETTERS = {
    CalendarUnit.DAY: "d",
    CalendarUnit.WEEK: "w",
    CalendarUnit.MONTH: "M",
    CalendarUnit.QUARTER: "Q",
    CalendarUnit.YEAR: "Y",
}
_DAYS = {CalendarUnit.DAY: 1, CalendarUnit.WEEK: 7}
_MONTHS = {CalendarUnit.MONTH: 1, CalendarUnit.QUARTER: 3, CalendarUnit.YEAR: 12}
_NOMINAL_DAYS = {**_DAYS, CalendarUnit.MONTH: 30, CalendarUnit.QUARTER: 91, CalendarUnit.YEAR: 365}


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """A window that begins anew at every turn of a calendar period, on the wall clock of a zone.

    Attributes:
        unit, count: the period's length, such as 2 weeks.
        zone: IANA name; days that the zone makes 23 or 25 hours long are so long.
        start: wall-clock instant at which a period began, without a zone; later and earlier periods follow from it.
            A month that lacks its day begins on its last day.
    """

    unit: CalendarUnit
    zone: str
    start: datetime
    count: int = 1

    def period(self, at: datetime) -> Interval:
        """The whole period that holds an instant; UTC. An instant on a turn belongs to the period that ends there.

        Worked example: months that begin on 1 January 2026 at midnight in Europe/Berlin; 2026-03-30T12:00Z lies in
        2026-02-28T23:00Z to 2026-03-31T22:00Z, 31 days less the hour that summer time takes.
        """
        number = self._guess(at)
        while self._turn(number) >= at:
            number -= 1
        while self._turn(number + 1) < at:
            number += 1
        return Interval(self._turn(number), self._turn(number + 1))

    def at(self, end: datetime) -> Interval:
        """The period to date when asked at ``end``."""
        return Interval(self.period(end).start, end)

    @property
    def length(self) -> timedelta:
        """The nominal length: 30 days a month, 91 a quarter, 365 a year."""
        return timedelta(days=_NOMINAL_DAYS[self.unit] * self.count)

    def __str__(self) -> str:
        return f"calendar {self.count}{self.unit.letter}"

    def _guess(self, at: datetime) -> int:
        """The number of the period that holds an instant, give or take one; 0 begins at ``start``."""
        local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        if self.unit in _DAYS:
            return (local - self.start) // timedelta(days=_DAYS[self.unit] * self.count)
        months = 12 * (local.year - self.start.year) + local.month - self.start.month
        return months // (_MONTHS[self.unit] * self.count)

    def _turn(self, number: int) -> datetime:
        """The instant at which a period begins. A wall-clock time that a zone leaves out is moved past the hole."""
        if self.unit in _DAYS:
            wall = self.start + timedelta(days=_DAYS[self.unit] * self.count * number)
        else:
            wall = _months_later(self.start, _MONTHS[self.unit] * self.count * number)
        return wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


def _months_later(wall: datetime, months: int) -> datetime:
    years, month = divmod(wall.month - 1 + months, 12)
    year, month = wall.year + years, month + 1
    return wall.replace(year=year, month=month, day=min(wall.day, calendar.monthrange(year, month)[1]))


_CALENDAR_DURATION = re.compile(r"(\d{1,3})([dwMQY])")


def parse_calendar_duration(text: str) -> tuple[CalendarUnit, int]:
    """Read the length of a calendar window in OpenSLO's shorthand: ``1d``, ``2w``, ``1M``, ``1Q``, ``1Y``.

    Raises:
        ValueError: anything else, with a message for the user.
    """
    match = _CALENDAR_DURATION.fullmatch(text.strip())
    if match is None:
        hint = "; m is minute, M is month" if re.fullmatch(r"\d+m", text.strip()) else ""
        raise ValueError(f"{text!r} is no calendar period; write 1d, 1w, 1M, 1Q or 1Y{hint}")
    unit, count = next(unit for unit, letter in _LETTERS.items() if letter == match[2]), int(match[1])
    if not 1 <= count * _NOMINAL_DAYS[unit] <= _LONGEST_PERIOD_DAYS:
        raise ValueError(f"{text!r}: a calendar period is at least a day and at most ten years long")
    return unit, count


def parse_duration(text: str) -> timedelta:
    """Read a Prometheus-style duration: ``30d``, ``1h30m``, ``4w``. ``m`` is minute.

    Raises:
        ValueError: anything else, with a message for the user.
    """
    stripped = text.strip()
    if re.fullmatch(r"\d+M|\d+Q|\d+Y|\d+y", stripped):
        raise ValueError(
            f"{text!r}: months, quarters and years have no fixed length; write days or weeks, such as 30d or 4w"
        )
    parts = _DURATION.findall(stripped)
    if not parts or "".join(number + unit for number, unit in parts) != stripped:
        raise ValueError(f"{text!r} is not a duration; write a number with s, m, h, d or w, such as 5m or 30d")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _CENTURY.total_seconds():
        raise ValueError(f"{text[:40]!r}: a duration must be shorter than a hundred years")
    if seconds <= 0:
        raise ValueError(f"{text!r}: a duration must be longer than zero")
    return timedelta(seconds=seconds)


def format_duration(length: timedelta) -> str:
    """The shortest Prometheus-style spelling in one unit: ``30d``, ``90m``, ``1w`` as ``7d``."""
    seconds = length.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds % _SECONDS[unit] == 0:
            return f"{int(seconds / _SECONDS[unit])}{unit}"
    return f"{round(seconds * 1000)}ms"


def epoch_seconds(at: datetime) -> int:
    """Whole seconds since 1970-01-01 UTC, rounded down."""
    return (at - EPOCH) // timedelta(seconds=1)


def from_epoch(seconds: float) -> datetime:
    """The instant that many seconds after 1970-01-01 UTC."""
    return EPOCH + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Grid:
    """The aligned grid of slices. Alignment is to the epoch, so every process has the same one.

    Attributes:
        step: length of a slice; divides a day evenly.
    """

    step: timedelta

    @property
    def step_seconds(self) -> int:
        """Length of a slice in whole seconds."""
        return int(self.step.total_seconds())

    def floor(self, at: datetime) -> datetime:
        """The last boundary at or before ``at``."""
        return at - (at - EPOCH) % self.step

    def ceil(self, at: datetime) -> datetime:
        """The first boundary at or after ``at``."""
        return at + (EPOCH - at) % self.step

    def slices(self, interval: Interval) -> int:
        """How many whole slices fit between the interval's boundaries (both on the grid)."""
        return int(interval.length / self.step)

    def covering(self, interval: Interval) -> Interval:
        """The interval's ends moved inward onto the grid; empty when no boundary is inside."""
        start, end = self.ceil(interval.start), self.floor(interval.end)
        return Interval(start, max(start, end))
