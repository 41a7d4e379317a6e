"""Which way each SLI is counted: by carrying its series, by pushing the subtraction down, or as written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from okrbridge.domain.sli import Sli, SliKind
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.batches import Batches, Member, Moments
from okrbridge.sources.prometheus.carry.reads import Layout
from okrbridge.sources.prometheus.http.envelope import Answer

REFRESHED_EVERY = timedelta(hours=1)
_MOST_REMEMBERED = 100_000
_MOMENT = timedelta(seconds=1)


class Way(StrEnum):
    """How an SLI is counted."""

    CARRY = "series"
    PUSH_DOWN = "sums"
    AS_WRITTEN = "as written"

    @classmethod
    def of(cls, sli: Sli) -> Way:
        """How an SLI is counted when it reads few series."""
        return cls.CARRY if sli.kind is SliKind.COUNTERS else cls.AS_WRITTEN


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to where series are read one by one.

    Attributes:
        series: in one read.
        series_per_sli: in one read, for each SLI that needs it.
    """

    series: int = 200_000
    series_per_sli: int = 2_000


class Planner:
    """Chooses by the number of series, which it asks for once and then hourly.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, batches: Batches[Answer], limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._batches, self._limits, self._clock = batches, limits or Limits(), clock
        self._series: dict[Selector, tuple[float, int]] = {}

    def series(self, read: Selector) -> int | None:
        """How many series a read gives, as was told last; None when it was not asked for or not told."""
        return self._series[read][1] if read in self._series else None

    def ways(self, layout: Layout, at: datetime) -> list[Way]:
        """How each SLI of a layout is counted."""
        self._ask(layout.reads, at)
        ways = [Way.of(sli) for sli in layout.slis]
        for group, read in enumerate(layout.reads):
            series = self.series(read)
            # A read of which nothing is told will tell the failure. Few series are never too many.
            if series is not None and series > min(self._limits.series, self._limits.series_per_sli):
                touched = layout.touched(group)
                if self._is_too_much(series, len(touched)):
                    for row in touched:
                        ways[row] = Way.PUSH_DOWN
        return ways

    def _ask(self, reads: Sequence[Selector], at: datetime) -> None:
        """Ask how many series those reads have of which that is not known, or is long since known."""
        now = self._clock()
        never = (float("-inf"), 0)
        due = [read for read in reads if now - self._series.get(read, never)[0] >= REFRESHED_EVERY.total_seconds()]
        if not due:
            return
        if len(self._series) >= _MOST_REMEMBERED:
            self._series.clear()
        moment = Moments(at, at, _MOMENT)
        for read, answer in zip(
            due, self._batches.ask([Member(f"count({read.text})", moment) for read in due]), strict=True
        ):
            if not isinstance(answer, SourceError):
                count = int(answer.rows[0].points[0][1]) if answer.rows else 0
                self._series[read] = (now, count)

    def _is_too_much(self, series: int, slis: int) -> bool:
        return series > self._limits.series or series > self._limits.series_per_sli * slis


def rows_of(ways: Sequence[Way], way: Way) -> list[int]:
    """The rows that go one way."""
    return [row for row, one in enumerate(ways) if one is way]


def chosen(slis: Sequence[Sli], rows: Sequence[int]) -> tuple[Sli, ...]:
    """Some of the SLIs; the very same tuple when it is all of them, so that what is laid out for it is found again."""
    if isinstance(slis, tuple) and len(rows) == len(slis):
        return slis
    return tuple(slis[row] for row in rows)
