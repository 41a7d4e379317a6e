"""What a tick costs: the whole of it, beside the one read of the source that cannot be avoided."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.scale.definitions import write_definitions
from benchmarks.scale.fleet import METRIC
from benchmarks.scale.monitored_fleet import MonitoredFleet
from okrbridge.bootstrap.service import Service, running
from okrbridge.definitions.loader import load
from okrbridge.settings import Settings

ROUNDS = 10
_MINUTE = timedelta(minutes=1)
_ENOUGH_SERIES = 10_000_000


@dataclass(frozen=True)
class TickTimes:
    """Medians of ten, in seconds.

    Attributes:
        tick: query, ledger, windows, budgets, burn, key results and the rendered page.
        raw_read: ``last_over_time(X[60s])`` of every series, received and nothing done with it.
        prometheus_cpu: CPU time of the server for one tick, its scrapes included.
        lines: of the metrics page.
    """

    tick: float
    raw_read: float
    prometheus_cpu: float
    lines: int


@contextmanager
def service_on(
    fleet: MonitoredFleet, folder: Path, database: Path, slos: int, window: str = "30d"
) -> Iterator[Service]:
    """A running okrbridge with the first SLOs of a fleet."""
    config = write_definitions(folder / f"config-{slos}-{window}", slos, window)
    with service_with(fleet, config, database) as service:
        yield service


@contextmanager
def service_with(fleet: MonitoredFleet, config: Path, database: Path) -> Iterator[Service]:
    """A running okrbridge with definitions of one's own."""
    settings = Settings(
        config=config,
        database_url=f"sqlite:///{database}",
        prometheus_url=fleet.url,
        metrics_max_series=_ENOUGH_SERIES,
    )
    with running(settings, load([config])) as service:
        yield service


def newest_boundary() -> datetime:
    """The newest boundary with samples on both sides."""
    now = datetime.now(UTC) - _MINUTE
    return now.replace(second=0, microsecond=0)


def measure_ticks(fleet: MonitoredFleet, service: Service) -> TickTimes:
    """Evaluate successive boundaries up to the newest, each beside a raw read at the same instant."""
    first = newest_boundary() - ROUNDS * _MINUTE
    service.evaluator.tick(first)
    service.metrics_page()
    ticks, reads, cpu, page = [], [], [], b""
    for minute in range(1, ROUNDS + 1):
        at = first + minute * _MINUTE
        if minute % 2:
            reads.append(_raw_read(fleet, at))
        used = fleet.cpu_seconds()
        seconds, page = _tick(service, at)
        ticks.append(seconds)
        cpu.append(fleet.cpu_seconds() - used)
        if not minute % 2:
            reads.append(_raw_read(fleet, at))
    return TickTimes(statistics.median(ticks), statistics.median(reads), statistics.median(cpu), page.count(b"\n"))


def first_and_steady(service: Service) -> tuple[float, float]:
    """Seconds of the first tick and the median of those that follow it, each with its rendered page."""
    first = newest_boundary() - ROUNDS * _MINUTE
    seconds = [_tick(service, first + minute * _MINUTE)[0] for minute in range(ROUNDS + 1)]
    return seconds[0], statistics.median(seconds[1:])


def ratio_of_ticks(one: Service, other: Service) -> float:
    """Median time of one service's tick over that of another, at the same boundaries and in turns."""
    first = newest_boundary() - ROUNDS * _MINUTE
    times: dict[int, list[float]] = {0: [], 1: []}
    for service in (one, other):
        service.evaluator.tick(first)
        service.metrics_page()
    for minute in range(1, ROUNDS + 1):
        for number in (0, 1) if minute % 2 else (1, 0):
            times[number].append(_tick((one, other)[number], first + minute * _MINUTE)[0])
    return statistics.median(times[0]) / statistics.median(times[1])


def _tick(service: Service, at: datetime) -> tuple[float, bytes]:
    """Seconds of a tick with its rendered page, and the page."""
    began = time.perf_counter()
    service.evaluator.tick(at)
    page = service.metrics_page()
    return time.perf_counter() - began, page


def _raw_read(fleet: MonitoredFleet, at: datetime) -> float:
    began = time.perf_counter()
    fleet.query(f"last_over_time({METRIC}[60s])", at.timestamp())
    return time.perf_counter() - began
