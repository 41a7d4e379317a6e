"""Progress a day at a time: what reports and tests of significance look at, in place of every tick.

A record speaks of the time that ends with it, so days here are open at their start and closed at their end: the record
of midnight belongs to the day that is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord
from okrbridge.domain.windows import Interval

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
"""Moves the ends of half-open intervals, so that they hold their end and not their start."""


def days_of(interval: Interval) -> list[Interval]:
    """The days of an interval, counted from its start; the last one may be shorter."""
    starts = [interval.start + DAY * day for day in range(-(-interval.length // DAY))]
    return [Interval(start, min(start + DAY, interval.end)) for start in starts]


def daily_progress(
    transaction: Transaction, key_results: Sequence[str], interval: Interval
) -> Mapping[str, list[ProgressRecord]]:
    """The last record of each day that has one, ascending, by key result; every id given is a key."""
    # The newest record at the end of a day without any is the last one of an earlier day, and is there already.
    sampled = transaction.progress.sampled(key_results, [day.end for day in days_of(interval)])
    return {name: [one for one in sampled.get(name, ()) if one.at > interval.start] for name in key_results}


def is_fresh(record: ProgressRecord) -> bool:
    """Whether a record's value was measured within a day of it; an older one says nothing new of its day."""
    return record.value is not None and record.measured_at is not None and record.at - record.measured_at < DAY
