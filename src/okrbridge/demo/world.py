"""Everything beside the fleet that the demo knows of its company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from okrbridge.demo.books import Bill, Repository, bills, repositories, write_bills, write_repositories
from okrbridge.demo.definitions import BILLING_FILE, INVENTORY_FILE, running_cycle
from okrbridge.demo.happenings import Happening, happenings


@dataclass(frozen=True)
class World:
    """What happened up to the demo's now, and what the books of others say."""

    cycle_start: datetime
    now: datetime
    happenings: tuple[Happening, ...]
    bills: tuple[Bill, ...]
    repositories: tuple[Repository, ...]

    @classmethod
    def around(cls, now: datetime) -> World:
        """The world whose cycle is in its seventh week."""
        start = datetime.combine(running_cycle(now)[0], time(), UTC)
        told = tuple(happenings(start, now)), tuple(bills(start, now)), tuple(repositories(start))
        return cls(start, now, *told)

    def write_books(self, folder: Path) -> None:
        """Put the books where the definitions look for them."""
        write_bills(folder / BILLING_FILE, self.bills)
        write_repositories(folder / INVENTORY_FILE, self.repositories)
