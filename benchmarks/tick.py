"""What a tick costs: 100 SLOs on an SQLite file with 30 days of history, counted by a source that answers at once.

Figures:
    window_30d_over_1d: time of a tick with windows of 30 days over the same with windows of one day.
    share_of_the_minute: time of a tick with windows of 30 days over the minute it has.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, Reading, SourceFailure, ValueRequest
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Grid, RollingWindow, epoch_seconds
from okrbridge.observability.self_metrics import SelfMetrics
from okrbridge.observability.telemetry import ProcessTelemetry
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations.runner import ensure_ready

GRID = Grid(timedelta(minutes=1))
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SLOS = 100
ROUNDS = 10
GOALS = {"window_30d_over_1d": {"max": 1.5}, "share_of_the_minute": {"max": 0.1}}


@dataclass(frozen=True)
class EvenTraffic:
    """A source that counts 999 good of 1000 events in every slice, and answers at once."""

    name: str = "prometheus"

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """The same counts everywhere."""
        return [Counted(request, self._slices(request)) for request in requests]

    def _slices(self, request: CountRequest) -> Slices:
        first, last = epoch_seconds(request.interval.start), epoch_seconds(request.interval.end)
        starts = np.arange(first, last, GRID.step_seconds, dtype=np.int64)
        measured = np.full(len(starts), SliceState.MEASURED, dtype=np.int8)
        return Slices(starts, np.full(len(starts), 999.0), np.full(len(starts), 1000.0), measured)

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """No values are asked for here."""
        return [Reading(request, None) for request in requests]

    def check_query(self, query: str) -> SourceFailure | None:
        """Accept everything."""
        del query
        return None

    def counting_query(self, sli: Sli) -> str:
        """The total's selector."""
        return sli.total

    def counting_method(self, sli: Sli) -> str:
        """Made up."""
        return f"made-up counts of {sli.name}"

    def close(self) -> None:
        """Nothing to let go of."""


def definitions(days: int) -> DefinitionSet:
    """The SLOs, with windows of that many days."""
    return DefinitionSet(slos=tuple(_slo(number, days) for number in range(SLOS)))


def _slo(number: int, days: int) -> Slo:
    sli = Sli(
        f"sli-{number}", "prometheus", total=f'requests_total{{n="{number}"}}', bad=f'errors_total{{n="{number}"}}'
    )
    return Slo(f"slo-{number}", "service", sli, 0.999, RollingWindow(timedelta(days=days)))


@contextmanager
def parts() -> Iterator[Parts]:
    """A database file with 30 days of history for every SLO."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        ensure_ready(url)
        storage = open_database(url, grid=GRID)
        made = Parts(storage, {"prometheus": EvenTraffic()}, GRID, lambda: NOW, ProcessTelemetry(SelfMetrics()))
        Evaluator(made, definitions(30), SnapshotHolder()).backfill.run(NOW)
        yield made
        storage.close()


def median_tick(made: Parts, days: int, first: datetime) -> float:
    """Median seconds of a tick, each of a new minute."""
    evaluator = Evaluator(made, definitions(days), SnapshotHolder())
    evaluator.tick(first)
    seconds = []
    for minute in range(1, ROUNDS + 1):
        began = time.perf_counter()
        evaluator.tick(first + minute * GRID.step)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def measure() -> Mapping[str, float]:
    """The figures."""
    with parts() as made:
        day = median_tick(made, 1, NOW)
        month = median_tick(made, 30, NOW + timedelta(hours=1))
    return {"window_30d_over_1d": round(month / day, 3), "share_of_the_minute": round(month / 60, 4)}


def main() -> int:
    """Print the table and the line; 1 when a goal is missed."""
    figures = measure()
    table = Table(title=f"A tick of {SLOS} SLOs on SQLite, 30 days of history", title_justify="left")
    for column in ("figure", "measured", "goal"):
        table.add_column(column)
    for name, value in figures.items():
        table.add_row(name, f"{value:g}", f"at most {GOALS[name]['max']:g}")
    Console().print(table)
    met = all(figures[name] <= goal["max"] for name, goal in GOALS.items())
    print(json.dumps({"bench": "tick", "figures": figures, "goals": GOALS, "met": met}))  # noqa: T201 - a benchmark prints
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
