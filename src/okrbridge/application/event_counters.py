"""Live counters: the events that ticks counted since the process started, for metrics that only grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from okrbridge.application.ports import Counted
from okrbridge.domain.ledger import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class EventCounters:
    """Good and bad events counted live since the process started, by SLI key; they only grow.

    Only the first count of a slice by a tick is in them. History, slices read again because samples came late, and
    what a slice gains when the gap before it is settled are left out: the ledger has them, and a counter that
    followed every correction could not tell a correction from new events.

    Attributes:
        rows: where an SLI's numbers stand in the arrays.
        good, bad: one entry an SLI.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    good: FloatArray = field(default_factory=lambda: np.zeros(0))
    bad: FloatArray = field(default_factory=lambda: np.zeros(0))

    def of(self, sli_key: str) -> tuple[float, float]:
        """Good and bad events of an SLI; zeros for one that was never counted."""
        good, bad = self.of_all([sli_key])
        return float(good[0]), float(bad[0])

    def of_all(self, sli_keys: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Good and bad events of several SLIs, in order; zeros for those that were never counted."""
        rows = np.array([self.rows.get(key, -1) for key in sli_keys], dtype=np.int64)
        # The row -1 is the zero at the end.
        return np.append(self.good, 0.0)[rows], np.append(self.bad, 0.0)[rows]

    def plus(self, answers: Iterable[Counted]) -> EventCounters:
        """With the slices of fresh answers; contradicting counts (good above total) add nothing bad."""
        counted = [answer for answer in answers if answer.table.states.size]
        rows = self._rows_with(counted)
        good, bad = _padded(self.good, len(rows)), _padded(self.bad, len(rows))
        for answer in counted:
            where = _places(rows, answer)
            more_good, more = answer.table.good.sum(axis=1), answer.table.total.sum(axis=1)
            # An SLI stands in a request once, so the places do not repeat.
            good[where] += np.maximum(0.0, more_good)
            bad[where] += np.maximum(0.0, more - more_good)
        return EventCounters(rows, good, bad)

    def _rows_with(self, answers: Sequence[Counted]) -> Mapping[str, int]:
        keys = {sli.key for answer in answers for sli in answer.request.slis}
        fresh = [key for key in keys if key not in self.rows]
        if not fresh:
            return self.rows
        return {**self.rows, **{key: len(self.rows) + number for number, key in enumerate(fresh)}}


def _padded(numbers: FloatArray, length: int) -> FloatArray:
    return np.concatenate([numbers, np.zeros(length - len(numbers))])


def _places(rows: Mapping[str, int], answer: Counted) -> IntArray:
    slis = answer.request.slis
    return np.fromiter((rows[sli.key] for sli in slis), dtype=np.int64, count=len(slis))
