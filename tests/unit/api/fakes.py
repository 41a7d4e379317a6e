"""A database for tests of what reads one: a ledger of slices and a few records, without transactions."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import numpy as np
from tests.unit.api.snapshots import NOW, definitions, rich_snapshot

from okrbridge.api.dependencies import ApiServices, ReadinessCheck
from okrbridge.application.ports import Buckets, Storage, Transaction
from okrbridge.application.records import DefinitionRevision, ProgressRecord
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.domain.ledger import Slices, WindowSums, sum_window
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import StorageError
from okrbridge.storage.memory import MemoryStorage

MINUTE = timedelta(minutes=1)


@dataclass
class FakeMetrics:
    """A page for ``/metrics``."""

    page: bytes = b"okrbridge_ticks_total 1\n"

    def parts(self, *, is_compressed: bool) -> Sequence[bytes]:
        return [gzip.compress(self.page)] if is_compressed else [self.page[:10], self.page[10:]]


@dataclass
class FakeLedger:
    """One SLI's slices of a minute, whatever key is asked for."""

    held: Slices = field(default_factory=Slices.empty)
    questions: int = 0

    def window_sums(self, sli_keys: Sequence[str], intervals: Sequence[Interval]) -> WindowSums:
        self.questions += 1
        sums = [sum_window(self.held, interval, MINUTE) for interval in intervals]
        measured = [one.measured.total_seconds() for one in sums]
        columns = ([one.good for one in sums], [one.total for one in sums], measured, measured)
        return WindowSums(*(np.array([column] * len(sli_keys), dtype=np.float64) for column in columns))

    def buckets(self, _sli_key: str, interval: Interval, step: timedelta) -> Buckets:
        self.questions += 1
        starts = [interval.start + step * row for row in range(interval.length // step)]
        sums = [sum_window(self.held, Interval(start, start + step), MINUTE) for start in starts]
        return Buckets(
            starts=np.array([epoch_seconds(start) for start in starts], dtype=np.int64),
            good=np.array([one.good for one in sums], dtype=np.float64),
            total=np.array([one.total for one in sums], dtype=np.float64),
            measured_seconds=np.array([one.measured.total_seconds() for one in sums], dtype=np.float64),
        )


@dataclass
class FakeProgress:
    """Progress records of one key result."""

    records: list[ProgressRecord] = field(default_factory=list)

    def history(self, key_result: str, interval: Interval, limit: int) -> list[ProgressRecord]:
        found = [one for one in self.records if one.key_result == key_result and one.at in interval]
        return found[-limit:]

    def sampled(self, _key_results: Sequence[str], _instants: Sequence[datetime]) -> Mapping[str, list[ProgressRecord]]:
        return {}


@dataclass
class FakeDefinitions:
    """Revisions by name."""

    held: Mapping[str, list[DefinitionRevision]] = field(default_factory=dict)

    def revisions(self, _kind: str, name: str) -> list[DefinitionRevision]:
        return self.held.get(name, [])

    def begun_at(self) -> datetime | None:
        return None


@dataclass
class FakeDatabase:
    """Reads only; ``is_broken`` makes it fail as a database that cannot be reached does."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    progress: FakeProgress = field(default_factory=FakeProgress)
    definitions: FakeDefinitions = field(default_factory=FakeDefinitions)
    is_broken: bool = False

    def __getattr__(self, name: str) -> object:
        """Everything else that a database keeps is empty."""
        with MemoryStorage(Grid(MINUTE)).reading() as empty:
            return getattr(empty, name)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        if self.is_broken:
            raise StorageError("could not connect to postgresql://secret@db/okrbridge")
        yield cast("Transaction", self)


def services(
    *,
    snapshot: Snapshot | None = None,
    database: FakeDatabase | None = None,
    checks: Sequence[ReadinessCheck] = (ReadinessCheck("database", ok=True),),
    now: datetime = NOW,
    has_snapshot: bool = True,
) -> ApiServices:
    """Services over the hand-made snapshot."""
    current = (snapshot or rich_snapshot()) if has_snapshot else None
    declared = definitions()
    return ApiServices(
        snapshots=SnapshotHolder(current),
        definitions=lambda: declared,
        storage=cast("Storage", database or FakeDatabase()),
        clock=lambda: now,
        metrics=FakeMetrics(),
        is_ready=lambda: list(checks),
        version="0.0.0",
        grid=Grid(MINUTE),
    )
