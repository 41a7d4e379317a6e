"""Backfill of thirty days, beside the server's own time for a guarded sum of the same days."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import requests
from tests.servers.prometheus import PrometheusServer

from benchmarks.scale.definitions import write_definitions
from benchmarks.scale.fleet import METRIC
from benchmarks.scale.month_of_samples import write_month
from benchmarks.scale.ticks import newest_boundary
from okrbridge.application.evaluate import Evaluator
from okrbridge.bootstrap.service import running
from okrbridge.definitions.loader import load
from okrbridge.domain.windows import Interval
from okrbridge.settings import Settings

_DAY = timedelta(days=1)
DAYS = 30
GUARDED_DAYS = 3
"""A guarded day takes about twenty seconds: so many days are measured, from the middle of equal parts of the month."""


@dataclass(frozen=True)
class BackfillTimes:
    """Seconds.

    Attributes:
        ours: for thirty days, written to the ledger.
        guarded: of Prometheus for the guarded sums of thirty days, received and discarded; ``GUARDED_DAYS`` of them
            are measured, and their mean is multiplied by thirty.
        slices: written.
    """

    ours: float
    guarded: float
    slices: int


def guarded_sum(extra: str) -> str:
    """The increase of every service in a slice of a minute, births guarded by what is known of the target."""
    last, before = f"last_over_time({METRIC}{extra}[60s])", f"last_over_time({METRIC}{extra}[5m] offset 60s)"
    known = (
        "on (job, instance) (last_over_time(up[5m] offset 60s) == 1 "
        "or last_over_time(process_start_time_seconds[60s]) > time() - 135)"
    )
    steady, reset = f"(({last} - {before}) >= 0)", f"({last} and ({last} - {before}) < 0)"
    birth = f"(({last} unless {before}) and {known})"
    return f"sum by (service) ({steady} or {reset} or {birth})"


def measure_backfill(folder: Path, services: int) -> BackfillTimes:
    """Time Prometheus' guarded sums of some of the days; then fill an empty ledger from all of them."""
    end = newest_boundary()
    server = PrometheusServer(folder / "month")
    write_month(folder, server.data_folder, services, end)
    with server:
        guarded = [_guarded_day(server.url, end - day * _DAY) for day in _spread_days()]
        ours, slices = _ours(folder, server.url, services, end)
    return BackfillTimes(ours, statistics.mean(guarded) * DAYS, slices)


def _spread_days() -> range:
    """Days before the end: one from the middle of each part of the month."""
    part = DAYS // GUARDED_DAYS
    return range(part // 2, DAYS, part)


def _guarded_day(url: str, end: datetime) -> float:
    began = time.perf_counter()
    for extra in ('{code=~"5.."}', ""):
        form = {
            "query": guarded_sum(extra),
            "start": str((end - _DAY).timestamp() + 60),
            "end": str(end.timestamp()),
            "step": "60",
        }
        reply = requests.post(
            f"{url}/api/v1/query_range", data=form, headers={"Accept-Encoding": "identity"}, timeout=600
        )
        reply.raise_for_status()
    return time.perf_counter() - began


def _ours(folder: Path, url: str, services: int, end: datetime) -> tuple[float, int]:
    config = write_definitions(folder / "config-backfill", services)
    settings = Settings(config=config, database_url=f"sqlite:///{folder / 'backfill.db'}", prometheus_url=url)
    with running(settings, load([config])) as service:
        evaluator: Evaluator = service.evaluator
        written = 0

        def count(_chunk: Interval, slices: int) -> None:
            nonlocal written
            written += slices

        began = time.perf_counter()
        evaluator.backfill.run(end, on_chunk=count)
        return time.perf_counter() - began, written
