"""Laying counts into equal steps of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Buckets
from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.windows import epoch_seconds


@dataclass(frozen=True, slots=True)
class Parts:
    """What is laid into steps: slices or hours, as parallel arrays, one entry each.

    Attributes:
        starts: epoch seconds.
        good, total: events.
        measured_seconds: time measured.
    """

    starts: IntArray
    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray


def bucket_sums(parts: Parts, *, first: datetime, step: timedelta, count: int) -> Buckets:
    """Sum parts into ``count`` steps from ``first`` on, each part into the step its start is in.

    Worked example: slices at 0, 60 and 120 s with totals 1, 2 and 4 give 3 and 4 in steps of 120 s.
    """
    begin, width = epoch_seconds(first), int(step.total_seconds())
    places = (parts.starts - begin) // width

    def summed(counts: FloatArray) -> FloatArray:
        return np.bincount(places, weights=counts, minlength=count).astype(np.float64, copy=False)

    return Buckets(
        starts=begin + width * np.arange(count, dtype=np.int64),
        good=summed(parts.good),
        total=summed(parts.total),
        measured_seconds=summed(parts.measured_seconds),
    )
