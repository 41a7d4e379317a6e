"""Instants, intervals, the grid of slices, and the windows laid over it.

All instants are aware and UTC; intervals are half-open ``[start, end)``. A slice of the grid is named
by its start and covers the samples in ``(start, end]``, because a counter read at ``end`` tells what
happened up to and including it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No measurement is older: an instant before it is a slip, such as a number that was meant as a date."""

_DURATION = re.compile(r"(\d+)(ms|[smhdw])")
_CENTURY = timedelta(days=36525)
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


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """A window that begins anew at every turn of a calendar period, on the wall clock of a zone.

    Attributes:
        unit, count: the period's length, such as 2 weeks.
        zone: IANA name; days that the zone makes 23 or 25 hours long are so long.
        start: wall-clock instant at which a period began, without a zone; later and earlier periods follow from it.
    """

    unit: CalendarUnit
    zone: str
    start: datetime
    count: int = 1

    def period(self, at: datetime) -> Interval:
        """The whole period that holds an instant; UTC. An instant on a turn belongs to the period that ends there."""
        raise NotImplementedError

    def at(self, end: datetime) -> Interval:
        """The period to date when asked at ``end``."""
        return Interval(self.period(end).start, end)

    @property
    def length(self) -> timedelta:
        """The nominal length: 30 days a month, 91 a quarter, 365 a year."""
        raise NotImplementedError


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
