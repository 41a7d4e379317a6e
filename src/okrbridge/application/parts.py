"""The outside parts that the use cases of one process share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.ports import Clock, MetricSource, Storage, Telemetry
from okrbridge.domain.windows import Grid


@dataclass(frozen=True)
class Parts:
    """What an evaluation works with.

    Attributes:
        ingest_delay: how long after a boundary its samples are trusted to be in the source.
        late: how long after its end a slice is asked for again, as samples may have come late; zero for never.
        keep_slices, keep_hours: how long fine slices and sums of hours are kept at least, needed or not.
    """

    storage: Storage
    sources: Mapping[str, MetricSource]
    grid: Grid
    clock: Clock
    telemetry: Telemetry
    ingest_delay: timedelta = timedelta(seconds=10)
    late: timedelta = timedelta(minutes=10)
    keep_slices: timedelta = timedelta(days=30)
    keep_hours: timedelta = timedelta(days=396)

    def boundary(self) -> datetime:
        """The newest slice boundary whose samples are in."""
        return self.grid.floor(self.clock() - self.ingest_delay)
