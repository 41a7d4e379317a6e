"""From a query's answer to its one number in each slice. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from okrbridge.application.ports import SourceFailure
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.windows import epoch_seconds
from okrbridge.sources.prometheus.batches import Moments
from okrbridge.sources.prometheus.http.envelope import Answer
from okrbridge.sources.prometheus.push_down.layout import BoolArray
from okrbridge.sources.prometheus.readings import infinite, shape_failure, too_many


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """One number a slice.

    Attributes:
        numbers: NaN where the query gave NaN, 0 where it gave nothing.
        given: whether the query gave anything.
        unusable: where it gave what is no number to count with: infinity, or several series.
        failure: why; None where there is no such slice.
    """

    numbers: FloatArray
    given: BoolArray
    unusable: BoolArray
    failure: SourceFailure | None = None

    @property
    def known(self) -> BoolArray:
        """Where there is a number."""
        return self.given & ~np.isnan(self.numbers)


def values_of(answer: Answer, moments: Moments) -> Values | SourceFailure:
    """The numbers of a query that gives one at a time; an answer of another shape is a failure."""
    if len(moments) == 1 and (failure := shape_failure(answer)):
        return failure
    numbers, rows = np.zeros(len(moments)), np.zeros(len(moments), dtype=np.int64)
    for row in answer.rows:
        points = np.asarray(row.points, dtype=np.float64).reshape(-1, 2)
        columns = _columns(points[:, 0], moments)
        numbers[columns] = points[:, 1]
        rows[columns] += 1
    crowded, endless = rows > 1, np.isinf(numbers)
    failure = None
    if crowded.any():
        failure = too_many(int(rows.max()))
    elif endless.any():
        failure = infinite(float(numbers[endless][0]))
    return Values(np.where(endless, np.nan, numbers), rows > 0, crowded | endless, failure)


def _columns(times: FloatArray, moments: Moments) -> np.typing.NDArray[np.int64]:
    if len(moments) == 1:  # a scalar is stamped with the server's own time in some servers
        return np.zeros(len(times), dtype=np.int64)
    first, seconds = epoch_seconds(moments.first), moments.step.total_seconds()
    return np.rint((times - first) / seconds).astype(np.int64)
