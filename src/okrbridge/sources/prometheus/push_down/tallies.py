"""The rows of counting questions as arrays. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import numpy as np

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.sources.prometheus.batches import Moments
from okrbridge.sources.prometheus.http.envelope import Answer
from okrbridge.sources.prometheus.push_down.counters import KIND
from okrbridge.sources.prometheus.push_down.fusion import Fused, Summand
from okrbridge.sources.prometheus.push_down.layout import BoolArray, Layout
from okrbridge.sources.prometheus.push_down.settlements import Settlement, interval_of


class Tally:
    """What was found of the slices of a settlement.

    Args:
        interval: of the request; the settlement's columns are counted from its start.

    Attributes:
        terms: the indexes of the settlement's terms in the layout.
        columns: the indexes of its slices.
        summands: the selectors of its terms, each once.
        moments: the ends of its slices.
    """

    def __init__(self, layout: Layout, settlement: Settlement, interval: Interval, step: timedelta) -> None:
        self.settlement = settlement
        self.terms: IntArray = layout.terms_of(settlement.rows)
        self.columns: IntArray = np.arange(*settlement.columns)
        chosen, self._places = np.unique(layout.summand[self.terms], return_inverse=True)
        self.summands = [layout.summands[one] for one in chosen.tolist()]
        self.moments = Moments.slice_ends(interval_of(settlement.columns, interval, step), step)
        self._rows = {summand: place for place, summand in enumerate(self.summands)}
        self._kinds: dict[str, FloatArray] = {}

    def take(self, fused: Fused, answer: Answer) -> None:
        """Sort the rows of a question about a fused counter by selector, kind and slice.

        A NaN of the server is taken for infinity: neither is a count, and NaN tells that there was no row.
        """
        for summand, labels, columns, values in sorted_rows(fused, answer, self.moments):
            told = np.where(np.isnan(values), np.inf, values)
            self._of_kind(labels.get(KIND, ""))[self._rows[summand], columns] = told

    def has(self, kind: str) -> BoolArray:
        """Whether the server had a row; a row a term, a column a slice."""
        return ~np.isnan(self._of_kind(kind)[self._places])

    def of(self, kind: str) -> FloatArray:
        """The numbers, zero where the server had no row; a row a term, a column a slice."""
        values = self._of_kind(kind)[self._places]
        return np.where(np.isnan(values), 0.0, values)

    def _of_kind(self, kind: str) -> FloatArray:
        if kind not in self._kinds:
            self._kinds[kind] = np.full((len(self.summands), len(self.columns)), np.nan)
        return self._kinds[kind]


def sorted_rows(
    fused: Fused, answer: Answer, moments: Moments
) -> Iterator[tuple[Summand, Mapping[str, str], IntArray, FloatArray]]:
    """Of each row of an answer its selector, labels, the places of its slices among the moments, and its values.

    Rows of label values that nobody asked for are left out.
    """
    first, seconds = epoch_seconds(moments.first), moments.step.total_seconds()
    for row in answer.rows:
        summand = fused.summands.get(tuple(row.labels.get(label, "") for label in fused.counter.by))
        if summand is not None:
            points = np.asarray(row.points, dtype=np.float64).reshape(-1, 2)
            yield summand, row.labels, np.rint((points[:, 0] - first) / seconds).astype(np.int64), points[:, 1]
