"""The outside parts that the use cases of one process share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.ports import Clock, MetricSource, Storage, Telemetry, ValueSource
from okrbridge.domain.windows import Grid


@dataclass(frozen=True)
class Parts:
    """What an evaluation works with.

    Attributes:
        sources: those that count events, by name.
        value_sources: those that only give values, such as databases and files, by name.
        ingest_delay: how long after a boundary its samples are trusted to be in the source.
        late: how long after its end a slice is asked for again, as samples may have come late; zero for never.
        keep_slices, keep_hours: how long fine slices and sums of hours are kept at least, needed or not.
        keep_records, keep_record_hours: the age at which measurements and progress are thinned to two an hour, and to
            two a day.
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
    keep_records: timedelta = timedelta(days=7)
    keep_record_hours: timedelta = timedelta(days=100)
    value_sources: Mapping[str, ValueSource] = field(default_factory=dict)

    @cached_property
    def askable(self) -> Mapping[str, ValueSource]:
        """All sources that can be asked for a value, by name."""
        return {**self.sources, **self.value_sources}

    def boundary(self) -> datetime:
        """The newest slice boundary whose samples are in."""
        return self.grid.floor(self.clock() - self.ingest_delay)
