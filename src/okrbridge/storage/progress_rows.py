"""Rows of measurements and progress, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.windows import Interval
from okrbridge.storage.values import (
    from_microseconds,
    instant_or_none,
    microseconds_or_none,
    require_finite,
    storable,
    storable_json,
    to_microseconds,
)


def measurement_row(record: Measurement) -> dict[str, Any]:
    """The row of a measurement. Raises ValueError for a number that is not finite."""
    numbers = {
        "value": record.value,
        "sample_count": record.sample_count,
        "coverage_ratio": record.coverage_ratio,
    }
    require_finite(f"measurement of {record.key_result}", numbers)
    return {
        **numbers,
        "key_result": record.key_result,
        "at_us": to_microseconds(record.at),
        "window_start_us": to_microseconds(record.window.start),
        "window_end_us": to_microseconds(record.window.end),
        "quality": record.quality.value,
        "error": storable(record.error),
        "query": storable(record.query),
        "evaluation_id": record.evaluation_id,
        "details": storable_json(record.details) or None,
    }


def measurement_of(row: Row[Any]) -> Measurement:
    """The measurement of a row."""
    return Measurement(
        key_result=row.key_result,
        at=from_microseconds(row.at_us),
        window=Interval(from_microseconds(row.window_start_us), from_microseconds(row.window_end_us)),
        value=row.value,
        quality=Quality(row.quality),
        sample_count=row.sample_count,
        coverage_ratio=row.coverage_ratio,
        error=row.error,
        query=row.query,
        evaluation_id=row.evaluation_id,
        details=row.details or {},
    )


def progress_row(record: ProgressRecord) -> dict[str, Any]:
    """The row of a progress. Raises ValueError for a number that is not finite."""
    numbers = {
        "value": record.value,
        "raw_ratio": record.raw_ratio,
        "progress_ratio": record.progress_ratio,
        "expected_ratio": record.expected_ratio,
        "gap_ratio": record.gap_ratio,
    }
    require_finite(f"progress of {record.key_result}", numbers)
    candidate = record.status.candidate
    return {
        **numbers,
        "key_result": record.key_result,
        "at_us": to_microseconds(record.at),
        "status": record.status.shown.value,
        "status_candidate": None if candidate is None else candidate.value,
        "status_seen": record.status.seen,
        "quality": record.quality.value,
        "measured_at_us": microseconds_or_none(record.measured_at),
        "evaluation_id": record.evaluation_id,
    }


def progress_records(rows: Iterable[Sequence[Any]]) -> Iterator[ProgressRecord]:
    """The records of whole rows of ``progress``, in their order.

    A report reads a hundred thousand: columns are taken by their places, and the few different statuses made once.
    """
    statuses: dict[tuple[str, str | None, int], SteadyStatus] = {}
    qualities = {one.value: one for one in Quality}
    for (
        key_result, at_us, value, raw, ratio, expected, gap, shown, candidate, seen, quality, measured_us, evaluation,
    ) in rows:  # fmt: skip
        word = shown, candidate, seen
        if word not in statuses:
            found = None if candidate is None else KeyResultStatus(candidate)
            statuses[word] = SteadyStatus(KeyResultStatus(shown), found, seen)
        at = from_microseconds(at_us)
        yield ProgressRecord(
            key_result,
            at,
            value,
            raw,
            ratio,
            expected,
            gap,
            statuses[word],
            qualities[quality],
            at if measured_us == at_us else instant_or_none(measured_us),
            evaluation,
        )
