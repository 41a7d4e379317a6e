"""Key results have a past on day one: their progress at each day of the cycle, from the ledger and the sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application import counting
from okrbridge.application.key_result_evaluation import Measuring, progress_record, value_requests
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.application.records import Quality, history_evaluation_id
from okrbridge.application.slo_counts import CountMemory
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.windows import Grid, Interval

EVERY = timedelta(days=1)
NEAR = timedelta(hours=1)
"""A record this soon after a day's instant stands for the day."""


@dataclass(frozen=True, slots=True)
class Past:
    """How filling the past went.

    Attributes:
        made: measurements made.
        is_complete: whether nothing failed, was interrupted, or waits for history still to be filled.
    """

    made: int
    is_complete: bool


def fill_key_result_history(
    parts: Parts, definitions: DefinitionSet, at: datetime, keep_going: Callable[[], bool]
) -> Past:
    """Measure every key result at the days of its period that have no record.

    Instants are whole days after the period's start. Asking again measures only what is missing.

    Args:
        keep_going: asked before each day; False ends it early.
    """
    with parts.storage.reading() as database:
        instants = sorted({day for kr in definitions.key_results for day in _days(kr, database, parts.grid, at)})
    made, is_complete, memory = 0, True, CountMemory()
    for instant in instants:
        if not keep_going():
            return Past(made, is_complete=False)
        requests = value_requests(definitions, instant)
        readings = counting.read_values(parts.sources, list(requests.values()))
        by_id = dict(zip(requests, readings, strict=True))
        with parts.storage.transaction() as transaction:
            day_id = history_evaluation_id()
            measuring = Measuring(definitions, transaction.ledger, parts.grid, instant, by_id, day_id, memory)
            day = _measure_one_day(definitions, transaction, measuring)
        made += day.made
        is_complete &= day.is_complete
    return Past(made, is_complete)


def _days(key_result: KeyResult, database: Transaction, grid: Grid, at: datetime) -> list[datetime]:
    """The days of a key result's period that have no record."""
    start = grid.ceil(key_result.period.start)
    days = int((min(at, key_result.period.end) - start) / EVERY)
    instants = [start + (day + 1) * EVERY for day in range(days)]
    return [day for day in instants if not _has_record(key_result, database, day)]


def _has_record(key_result: KeyResult, database: Transaction, day: datetime) -> bool:
    return bool(database.progress.history(key_result.id, Interval(day, day + NEAR), limit=1))


def _measure_one_day(definitions: DefinitionSet, transaction: Transaction, measuring: Measuring) -> Past:
    at = measuring.at
    ids = [key_result.id for key_result in definitions.key_results]
    just_before = at - timedelta(microseconds=1)
    previous = transaction.progress.latest(ids, just_before)
    good = transaction.progress.latest_good(ids, just_before)
    measurements, records, is_complete = [], [], True
    for key_result in definitions.key_results:
        if at < key_result.period.start or _has_record(key_result, transaction, at):
            continue
        measurement = measuring.measure(key_result)
        is_complete &= measurement.is_filled and measurement.quality is not Quality.ERROR
        if measurement.value is None or not measurement.is_filled:
            continue
        measurements.append(measurement)
        records.append(progress_record(key_result, measurement, good.get(key_result.id), previous.get(key_result.id)))
    transaction.progress.save(measurements, records)
    return Past(len(records), is_complete)
