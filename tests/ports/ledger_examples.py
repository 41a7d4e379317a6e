"""Slices and instants to write tests with; minute 0 is 2026-10-01 10:00 UTC."""

import itertools
from datetime import UTC, datetime, timedelta

from okrbridge.application.ports import Storage, Transaction
from okrbridge.domain.ledger import Slices, SliceState, SliceTable, WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds

GRID = Grid(timedelta(minutes=1))
ZERO = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
ORIGIN = "prometheus"

_numbers = itertools.count(1)

Row = tuple[int, float, float]
"""Minute, good, total."""


def new_sli() -> Sli:
    """An SLI that no other test has."""
    return Sli(name="api", source=ORIGIN, total=f"requests_total{{n='{next(_numbers)}'}}", bad="errors_total")


def at(minute: float) -> datetime:
    return ZERO + timedelta(minutes=minute)


def minutes(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


def measured(*rows: Row) -> Slices:
    return Slices.of([(epoch_seconds(at(minute)), good, total, SliceState.MEASURED) for minute, good, total in rows])


def gaps(*starts: int) -> Slices:
    return Slices.of([(epoch_seconds(at(minute)), 0.0, 0.0, SliceState.GAP) for minute in starts])


def rows_of(slices: Slices) -> list[tuple[int, float, float, SliceState]]:
    """Slices as (minute, good, total, state)."""
    zero = epoch_seconds(ZERO)
    return [
        ((start - zero) // 60, good, total, SliceState(state))
        for start, good, total, state in zip(
            slices.starts.tolist(), slices.good.tolist(), slices.total.tolist(), slices.states.tolist(), strict=True
        )
    ]


def put(database: Transaction, sli: Sli, slices: Slices, origin: str = ORIGIN) -> int:
    """Write the slices of one SLI inside a transaction."""
    return database.ledger.write([sli], origin, SliceTable.of_one(slices))


def write(storage: Storage, sli: Sli, slices: Slices, origin: str = ORIGIN) -> None:
    with storage.transaction() as database:
        put(database, sli, slices, origin)


def stored(storage: Storage, sli: Sli, interval: Interval) -> list[tuple[int, float, float, SliceState]]:
    with storage.reading() as database:
        return rows_of(database.ledger.slices(sli.key, interval))


def counts(storage: Storage, sli: Sli, interval: Interval) -> WindowCounts:
    with storage.reading() as database:
        (found,) = database.ledger.window_counts(sli.key, [interval])
    return found


def missing(storage: Storage, sli: Sli, interval: Interval, origin: str = ORIGIN) -> list[Interval]:
    with storage.reading() as database:
        return [run.interval for run in database.ledger.missing([sli.key], origin, interval)]
