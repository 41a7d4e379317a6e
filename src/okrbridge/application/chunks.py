"""How much history is asked for at once: as much as a source answers in a few seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from okrbridge.domain.windows import Grid

LONGEST = timedelta(days=1)
"""Far below Prometheus' cap of 11,000 points, and little is lost when interrupted."""

LONGEST_UNASKED = timedelta(days=30)
"""Of what is written without asking: each hour is a write of its own, and a tick waits for the chunk."""

SHORTEST = timedelta(hours=1)
"""The ledger packs whole hours; less would write each of them several times."""

FIRST_CELLS = 500_000
"""Slices of all SLIs in the first chunk, before it is known how fast the sources are."""

FIRST_INSTANTS = 1440
"""Of the first chunk, a day of minutes: one after the other takes longer than all SLIs of one together."""

MOST_CELLS = 2_000_000
"""Slices of all SLIs in one chunk, about 50 MB while it is answered and written."""

SLOW_SECONDS = 5.0
FAST_SECONDS = 2.0
"""A chunk that took longer halves the next one, a shorter one doubles it: a tick and SIGTERM wait for one chunk."""


@dataclass
class ChunkLength:
    """The length of the next chunk.

    Attributes:
        slis: how many SLIs are asked for.
    """

    slis: int
    grid: Grid
    _length: timedelta = field(init=False)

    def __post_init__(self) -> None:
        self._length = min(self._of_cells(FIRST_CELLS), max(SHORTEST, FIRST_INSTANTS * self.grid.step))

    def start_before(self, end: datetime, *, is_asked: bool = True) -> datetime:
        """Start of the chunk that ends at ``end``; on a whole hour where that leaves the chunk any time.

        Args:
            is_asked: whether sources are asked for it; else only the ledger bounds it.
        """
        unasked = min(LONGEST_UNASKED, max(SHORTEST, self._slices(MOST_CELLS)))
        start = end - (self._length if is_asked else unasked)
        hour = Grid(SHORTEST).ceil(start)
        return hour if hour < end else start

    def took(self, seconds: float) -> None:
        """Learn from the last chunk."""
        if seconds > SLOW_SECONDS:
            self._length = max(SHORTEST, self._length / 2)
        elif seconds < FAST_SECONDS:
            self._length = min(self._length * 2, self._of_cells(MOST_CELLS))

    def _of_cells(self, cells: int) -> timedelta:
        return min(LONGEST, max(SHORTEST, self._slices(cells)))

    def _slices(self, cells: int) -> timedelta:
        return cells // max(1, self.slis) * self.grid.step
