"""Samples that arrive late: okrbridge ticks minute by minute, as its server does, with its clock moved to the past."""

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
from okrbridge.bootstrap import running
from okrbridge.definitions.loader import load
from okrbridge.settings import Settings

_BEGIN = END - 2 * HOUR
_LATE = Span(END - 90 * MINUTE, END - 30 * MINUTE)
_LATE_BY = 5 * MINUTE
_INGEST_DELAY = timedelta(seconds=10)


def evaluated_late(
    product: Product, scenario: Scenario, series: Sequence[Series], arrive: Callable[[Sequence[Series]], None]
) -> Measured:
    """Evaluate every minute of two hours; the samples of one hour in them arrive five minutes late.

    Args:
        arrive: puts samples into the source.
    """
    now = datetime.fromtimestamp(_BEGIN, UTC)
    settings = Settings(config=product.config, database_url=f"sqlite:///{product.database}", prometheus_url=product.url)
    with running(settings, load([product.config])) as service:
        parts = dataclasses.replace(service.parts, clock=lambda: now)
        evaluator = Evaluator(parts, service.definitions, service.snapshots)
        arrived = -np.inf
        for minute in range(_BEGIN, END + 1, MINUTE):
            at = datetime.fromtimestamp(minute, UTC)
            now = at + _INGEST_DELAY
            arrive(_arriving(series, arrived, now.timestamp()))
            arrived = now.timestamp()
            snapshot = evaluator.tick(at)
            evaluator.upkeep(at, lambda: True)
            evaluator.fill_history(at, lambda: True)
        snapshot = evaluator.tick(at)
        return measured(next(item for item in slo_items(snapshot, at) if item["slo"] == scenario.name))


def _arriving(series: Sequence[Series], after: float, until: float) -> list[Series]:
    """The samples that arrive in ``(after, until]``."""
    found = []
    for one in series:
        arrival = _arrival(one.at)
        now = (arrival > after) & (arrival <= until)
        if now.any():
            found.append(Series(one.name, one.at[now], one.values[now]))
    return found


def _arrival(at: Instants) -> Instants:
    return at + _LATE_BY * _LATE.holds(at)
