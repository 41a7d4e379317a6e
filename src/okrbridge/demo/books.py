"""The books that others keep and okrbridge reads: the bills in a CSV file, the repositories in a database."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from okrbridge.demo.happenings import DAY, WARM_UP_DAYS
from okrbridge.sources.simulated.chance import pick

UNSCANNED = ("invoice-printer", "legacy-checkout", "partner-portal")
"""Repositories that no scanner has seen yet."""

_SCANNED = 24
_SMALLER_NODES = 3 * DAY
"""So long ago search moved to smaller nodes, and its latency slipped."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What the platform cost on a day, and how many orders it carried."""

    day: datetime
    cost_eur: float
    orders: int


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, and since when its dependencies are scanned; None for not yet."""

    name: str
    created_on: datetime
    scanned_on: datetime | None


def bills(cycle_start: datetime, now: datetime) -> list[Bill]:
    """A bill for each whole day: slowly cheaper, and clearly so since search runs on smaller nodes."""
    found = []
    for number in range(-WARM_UP_DAYS, (now - cycle_start) // DAY):
        day = cycle_start + number * DAY
        orders = 9000 + pick(1500, "orders", number) - (2500 if day.weekday() >= 5 else 0)
        cents = 32 - 0.11 * max(0, number) - (2.5 if day >= now - _SMALLER_NODES else 0)
        found.append(Bill(day, round(orders * cents / 100, 2), orders))
    return found


def write_bills(file: Path, found: Sequence[Bill]) -> None:
    """Write bills as a cloud provider exports them."""
    with file.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["day", "cost_eur", "orders"])
        writer.writerows([f"{one.day:%Y-%m-%d}", one.cost_eur, one.orders] for one in found)


def repositories(cycle_start: datetime) -> list[Repository]:
    """A third was scanned before the cycle, one every other day since, and three not yet."""
    created = cycle_start - 400 * DAY
    scanned = [
        Repository(f"service-{number:02}", created, cycle_start + (2 * number - 16) * DAY) for number in range(_SCANNED)
    ]
    return [*scanned, *(Repository(name, created, None) for name in UNSCANNED)]


def write_repositories(file: Path, found: Sequence[Repository]) -> None:
    """Write repositories into a database of their own, as an inventory has them."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE repositories (name TEXT PRIMARY KEY, created_on TEXT NOT NULL, scanned_on TEXT)")
        rows = [(one.name, _sql_time(one.created_on), _sql_time(one.scanned_on)) for one in found]
        database.executemany("INSERT INTO repositories VALUES (?, ?, ?)", rows)


def _sql_time(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
