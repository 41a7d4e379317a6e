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
    """

    storage: Storage
    sources: Mapping[str, MetricSource]
    grid: Grid
    clock: Clock
    telemetry: Telemetry
    ingest_delay: timedelta = timedelta(seconds=10)

    def boundary(self) -> datetime:
        """The newest slice boundary whose samples are in."""
        return self.grid.floor(self.clock() - self.ingest_delay)
