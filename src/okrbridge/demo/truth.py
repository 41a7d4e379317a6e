"""What okrbridge counted, beside what really happened: the fleet knows every event it made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from okrbridge.application.ports import CountRequest
from okrbridge.definitions.loader import load
from okrbridge.demo.feed import Feed, Item
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Budgeting
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.sources.simulated.fleet import Fleet
from okrbridge.sources.simulated.schedule import DAY
from okrbridge.sources.simulated.source import SIMULATED_SCHEME, SimulatedSource

_DAYS = 28
_HOUR = 3600
_HOURS = Grid(timedelta(hours=1))
"""Coarse steps are enough: the fleet's increases telescope."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Bad and total events of one SLO over some weeks, as counted and in truth."""

    slo: str
    counted_bad: float
    counted_total: float
    true_bad: float
    true_total: float

    def __str__(self) -> str:
        off = self.counted_bad - self.true_bad, self.counted_total - self.true_total
        verdict = "exact" if not any(off) else f"off by {off[0]:+,.0f} and {off[1]:+,.0f}"
        return f"{self.slo}: {self.counted_bad:,.0f} bad of {self.counted_total:,.0f} ({verdict})"


def compare(feed: Feed, fleet: Fleet, configuration: Path) -> Sequence[Comparison]:
    """Compare the four weeks before the anchor's hour, for every SLO over events that was counted completely."""
    end = fleet.story.anchor // _HOUR * _HOUR
    start = end - _DAYS * DAY
    found = []
    for slo in load([configuration]).definitions.slos:
        rows = feed.history(slo.name, start, end, "1d") if slo.budgeting is Budgeting.OCCURRENCES else []
        if len(rows) == _DAYS and all((row.get("coverage_ratio") or 0) >= 1 for row in rows):
            true_bad, true_total = true_events(fleet, slo.sli, start, end)
            total, good = _sum(rows, "total"), _sum(rows, "good")
            found.append(Comparison(slo.name, total - good, total, true_bad, true_total))
    return found


def true_events(fleet: Fleet, sli: Sli, start: int, end: int) -> tuple[float, float]:
    """Bad and total events of an SLI of counters between two instants in epoch seconds."""
    source = SimulatedSource(grid=_HOURS, url=f"{SIMULATED_SCHEME}{fleet.story.anchor}")
    [counted] = source.count([CountRequest((sli,), Interval(from_epoch(start), from_epoch(end)))])
    total, good = float(counted.table.total.sum()), float(counted.table.good.sum())
    return total - good, total


def _sum(rows: Sequence[Item], name: str) -> float:
    return sum(float(row.get(name) or 0.0) for row in rows)
