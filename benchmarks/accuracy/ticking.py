"""A tick every minute, as the server of okrbridge runs them, with its clock moved to the past; and late samples."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.accuracy.product import Measured, Product, measured
from benchmarks.accuracy.samples import Series
from benchmarks.accuracy.scenarios import END, HOUR, MINUTE, Scenario
from benchmarks.accuracy.services import Instants, Span
from okrbridge.application.evaluate import Evaluator
from okrbridge.application.reports import slo_items

TICKING = 2 * HOUR
"""For how long before the end of the window ticks are run."""
_LATE = Span(END - 90 * MINUTE, END - 30 * MINUTE)
_LATE_BY = 5 * MINUTE
_INGEST_DELAY = timedelta(seconds=10)


def ticked(product: Product, scenario: Scenario, before_each: Callable[[float], None] = lambda _now: None) -> Measured:
    """Evaluate every minute of the last two hours; between ticks late slices are read again and history is filled.

    Args:
        before_each: told the instant of the tick.
    """
    now = datetime.fromtimestamp(END - TICKING, UTC)
    with product.opened() as service:
        parts = dataclasses.replace(service.parts, clock=lambda: now)
        evaluator = Evaluator(parts, service.definitions, service.snapshots)
        for minute in range(END - TICKING, END + 1, MINUTE):
            at = datetime.fromtimestamp(minute, UTC)
            now = at + _INGEST_DELAY
            before_each(now.timestamp())
            evaluator.tick(at)
            evaluator.upkeep(at, lambda: True)
            evaluator.fill_history(at, lambda: True)
        items = slo_items(evaluator.tick(at), at)
    return measured(next(item for item in items if item["slo"] == scenario.name))


@dataclasses.dataclass
class Arrivals:
    """Brings samples into a source when they are due: at once, and those of one hour five minutes late.

    Args:
        arrive: puts samples into the source.
    """

    series: Sequence[Series]
    arrive: Callable[[Sequence[Series]], None]
    _arrived: float = -np.inf

    def __call__(self, now: float) -> None:
        """Bring what is due up to an instant and was not yet brought."""
        self.arrive([due for one in self.series if len((due := self._due(one, now)).at)])
        self._arrived = now

    def _due(self, series: Series, now: float) -> Series:
        arrival = _arrival(series.at)
        due = (arrival > self._arrived) & (arrival <= now)
        return Series(series.name, series.at[due], series.values[due])


def _arrival(at: Instants) -> Instants:
    return at + _LATE_BY * _LATE.holds(at)
