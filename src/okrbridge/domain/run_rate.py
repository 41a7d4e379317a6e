"""Counts per period: how many there would be in a whole period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval

TOO_EARLY_SHARE = 0.2
"""Before so much of the first period has passed, a run rate says nothing."""


@dataclass(frozen=True, slots=True)
class RunRate:
    """A count, as it would be for a whole period.

    Attributes:
        value: count per period; None before any time has passed.
        too_early: whether too little time has passed for a judgement.
    """

    value: float | None
    too_early: bool


@dataclass(frozen=True, slots=True)
class CountingWindow:
    """What a count per period is counted over at an instant.

    Attributes:
        window: the last whole period, or the time since the start while that is shorter; nothing before the start.
        elapsed_ratio: the window's share of a period, 0..1.
    """

    window: Interval
    elapsed_ratio: float


def run_rate(count: float, elapsed_ratio: float, too_early_share: float = TOO_EARLY_SHARE) -> RunRate:
    """What a count makes of a whole period (formula A6): ``count / elapsed share of the period``.

    Worked example: 2 incidents in 10 days of a month of 30 run at 6 a month. On day 3 it is too early: 3/30 < 0.2.

    Args:
        count: how many there were in the window.
        elapsed_ratio: the window's share of a period; above 0 and at most 1.
    """
    too_early = elapsed_ratio < too_early_share - NOISE
    return RunRate(count / elapsed_ratio + 0.0 if elapsed_ratio > 0 else None, too_early or elapsed_ratio <= 0)


def counting_window(start: datetime, at: datetime, per: str, zone: str = "UTC") -> CountingWindow:
    """The window that a count per period looks at (formula A6): the last whole period once one has passed.

    A month or a quarter is as long as the calendar makes it, from the start, or up to the instant.

    Worked example: from 1 January, per quarter: on 15 February the 45 days since the start, which are 45/90 = 0.5 of
    the quarter; on 1 May the three months from 1 February.

    Args:
        start: when the key result starts.
        at: the instant; before the start the window is empty.
        per: day, week, month, quarter or year.
        zone: IANA name of the zone whose calendar counts.

    Raises:
        ValueError: another period.
    """
    unit = _unit(per)
    if at <= start:
        return CountingWindow(Interval(start, start), 0.0)
    first = _periods(unit, start, zone).period(start + timedelta.resolution)
    if at < first.end:
        return CountingWindow(Interval(start, at), (at - start) / (first.end - start))
    last = _periods(unit, at, zone).period(at)
    # The month before 28 February begins on the 28th: what happened before a start on the 31st does not count.
    return CountingWindow(Interval(max(start, last.start), at), 1.0)


def _unit(per: str) -> CalendarUnit:
    try:
        return CalendarUnit(per)
    except ValueError:
        known = ", ".join(CalendarUnit)
        raise ValueError(f"{per!r} is no period to count in; write one of {known}") from None


def _periods(unit: CalendarUnit, turn: datetime, zone: str) -> CalendarWindow:
    """Periods of which one begins, and so one ends, at an instant."""
    return CalendarWindow(unit, zone, turn.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
