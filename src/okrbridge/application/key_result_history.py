"""Key results have a past on day one: their progress at each day of the cycle, from the ledger and the sources."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from okrbridge.application import counting
from okrbridge.application.key_result_evaluation import Measuring, progress_record, value_requests
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.okr import KeyResult
from okrbridge.domain.windows import Grid, Interval

EVERY = timedelta(days=1)


def fill_key_result_history(parts: Parts, definitions: DefinitionSet, at: datetime) -> int:
    """Measure every key result at the days of its period before its first record.

    Instants are whole days after the period's start. Asking again changes nothing, because a key result that
    has a record of its first day is left alone.

    Returns how many measurements were made.
    """
    with parts.storage.reading() as database:
        instants = sorted({when for kr in definitions.key_results for when in _days(kr, database, parts.grid, at)})
    made = 0
    for instant in instants:
        requests = value_requests(definitions, instant)
        readings = counting.read_values(parts.sources, list(requests.values()))
        by_id = dict(zip(requests, readings, strict=True))
        with parts.storage.transaction() as transaction:
            measuring = Measuring(definitions, transaction.ledger, parts.grid, instant, by_id, uuid.uuid4().hex)
            made += _measure_one_day(definitions, transaction, measuring)
    return made


def _days(key_result: KeyResult, database: Transaction, grid: Grid, at: datetime) -> list[datetime]:
    """The days of a key result's period that come before its first record."""
    start = grid.ceil(key_result.period.start)
    known = database.progress.history(key_result.id, Interval(start, start + 2 * EVERY), limit=1)
    days = int((min(at, key_result.period.end) - start) / EVERY)
    return [] if known else [start + (day + 1) * EVERY for day in range(days)]


def _measure_one_day(definitions: DefinitionSet, transaction: Transaction, measuring: Measuring) -> int:
    at = measuring.at
    ids = [key_result.id for key_result in definitions.key_results]
    just_before = at - timedelta(microseconds=1)
    previous = transaction.progress.latest(ids, just_before)
    good = transaction.progress.latest_good(ids, just_before)
    measurements, records = [], []
    for key_result in definitions.key_results:
        if at < key_result.period.start or transaction.progress.history(key_result.id, Interval(at, at + EVERY), 1):
            continue
        measurement = measuring.measure(key_result)
        if measurement.value is None:
            continue
        measurements.append(measurement)
        records.append(progress_record(key_result, measurement, good.get(key_result.id), previous.get(key_result.id)))
    transaction.progress.save(measurements, records)
    return len(records)
