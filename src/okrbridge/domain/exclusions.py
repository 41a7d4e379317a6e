"""Time that is left out of a window: unions and differences of intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from okrbridge.domain.windows import Grid, Interval


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The union as intervals that are apart, ascending, so that time named twice counts once; empty ones are dropped.

    Worked example: 10:00-11:00 and 10:30-12:00 are 10:00-12:00.
    """
    union: list[Interval] = []
    for each in sorted(intervals):
        if each.length <= timedelta(0):
            continue
        if union and each.start <= union[-1].end:
            union[-1] = Interval(union[-1].start, max(union[-1].end, each.end))
        else:
            union.append(each)
    return union


def remaining(interval: Interval, excluded: Sequence[Interval]) -> list[Interval]:
    """What of an interval is left outside the excluded ones, ascending.

    Worked example: of 10:00-13:00 without 11:00-12:00 two hours are left, 10:00-11:00 and 12:00-13:00.
    """
    left: list[Interval] = []
    start = interval.start
    for hole in merged(excluded):
        if hole.end <= start or hole.start >= interval.end:
            continue
        if hole.start > start:
            left.append(Interval(start, hole.start))
        start = hole.end
    if start < interval.end:
        left.append(Interval(start, interval.end))
    return left


def time_in_force(interval: Interval, excluded: Sequence[Interval]) -> timedelta:
    """Length of an interval without the excluded time, however often that was named."""
    return sum((part.length for part in remaining(interval, excluded)), timedelta(0))


def on_grid(interval: Interval, grid: Grid) -> Interval:
    """An excluded interval with its ends moved outward: a slice of which a part is excluded is excluded whole.

    What happened inside a slice cannot be divided, so the part that is in force would speak for the excluded one.
    """
    return Interval(grid.floor(interval.start), grid.ceil(interval.end))
