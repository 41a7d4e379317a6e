"""``python -m benchmarks.scale``: all figures of scale, in one run."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from tests.servers.programs import program

from benchmarks.reporting import Goals, exit_code, report
from benchmarks.scale.backfilling import DAYS, GUARDED_DAYS, measure_backfill
from benchmarks.scale.ledger_history import write_history
from benchmarks.scale.mixed_fleet import measure_mixed_fleet
from benchmarks.scale.monitored_fleet import MonitoredFleet, monitored_fleet
from benchmarks.scale.peers import slo_generator_seconds, sloth_cpu_seconds
from benchmarks.scale.serving import ServingFigures, Where, measure_serving
from benchmarks.scale.ticks import TickTimes, measure_ticks, newest_boundary, ratio_of_ticks, service_on

SLOS = 10_000
OTHER_SIZES = (1_000, 50_000)
GOALS: Goals = {
    "tick_over_raw_read": {"max": 3.0},
    "slo_generator_over_okrbridge": {"min": 250.0},
    "sloth_cpu_over_okrbridge": {"min": 50.0},
    "per_slo_10k_over_1k": {"max": 1.2},
    "per_slo_50k_over_10k": {"max": 1.2},
    "window_90d_over_1d": {"max": 1.05},
    "metric_lines_per_slo": {"min": 15.0},
    "rss_mib": {"max": 400.0},
    "start_seconds": {"max": 10.0},
    "metrics_over_static": {"max": 1.5},
    "list_over_constant": {"min": 0.5},
    "backfill_over_guarded": {"max": 1.5},
}
_PROGRAMS = {"prometheus": "prometheus", "promtool": "prometheus", "wrk": "wrk"}
"""What is needed, with the Debian packages; some of it late in the run."""
_PEER_SLOS, _SLOTH_SLOS, _BACKFILL_SLOS, _WINDOW_SLOS = 40, 200, 1_000, 2_000


def main() -> int:
    """Measure and report; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slo-generator", type=Path, required=True, help="Python of slo-generator's environment")
    given = parser.parse_args()
    for name, package in _PROGRAMS.items():
        program(name, package=package)
    figures: dict[str, float] = {}
    more: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="okrbridge-scale-") as name:
        folder = Path(name)
        main_size = _main_size(folder / "main", given.slo_generator, figures, more)
        _other_sizes(folder, main_size, figures, more)
        _told(f"backfill of {_BACKFILL_SLOS} SLOs over 30 days")
        times = measure_backfill(folder / "backfill", _BACKFILL_SLOS)
        figures["backfill_over_guarded"] = times.ours / times.guarded
        more["backfill, seconds"] = f"{times.ours:.1f} for {times.slices:,} slices"
        told = f"{times.guarded:.1f} ({GUARDED_DAYS} of {DAYS} days measured, times {DAYS // GUARDED_DAYS})"
        more["guarded sums, seconds"] = told
    rounded = {name: float(f"{value:.4g}") for name, value in figures.items()}
    return report("scale", f"{SLOS:,} SLOs on 30,000 live series", rounded, GOALS, more=more)


def _main_size(folder: Path, slo_generator: Path, figures: dict[str, float], more: dict[str, str]) -> TickTimes:
    """Everything that is asked of ten thousand SLOs with thirty days behind them."""
    folder.mkdir(parents=True)
    _told(f"a fleet of {SLOS:,} services")
    with monitored_fleet(folder / "prometheus", SLOS) as fleet:
        database = folder / "okrbridge.db"
        with service_on(fleet, folder, folder / "young.db", SLOS) as service:
            young = measure_ticks(fleet, service)
        _told("thirty days of history")
        with service_on(fleet, folder, database, SLOS) as service:
            until = (newest_boundary() - timedelta(hours=1)).replace(minute=0)
            write_history(service.parts.storage, service.definitions.slis, until, days=30)
        with service_on(fleet, folder, database, SLOS) as service:
            _told("ticks")
            times = measure_ticks(fleet, service)
        _told("serving")
        where = Where(folder / f"config-{SLOS}-30d", database, fleet.url, folder)
        serving = measure_serving(where)
        _told("a mixed fleet")
        mixed = measure_mixed_fleet(fleet, folder, database)
        more["mixed fleet: first tick, later tick, seconds"] = f"{mixed[0]:.2f}, {mixed[1]:.3f}"
        _told("windows")
        figures["window_90d_over_1d"] = _window_ratio(fleet, folder)
        _told("other engines")
        peer = slo_generator_seconds(fleet, slo_generator, _PEER_SLOS)
        sloth = sloth_cpu_seconds(fleet, folder, _SLOTH_SLOS)
    _note_main(figures, more, times, serving)
    _told(f"so far: {figures}")
    figures["slo_generator_over_okrbridge"] = peer / (times.tick / SLOS)
    figures["sloth_cpu_over_okrbridge"] = sloth / (times.prometheus_cpu / SLOS)
    more["slo-generator, ms an SLO"] = f"{peer * 1000:.1f}"
    more["Sloth, ms of Prometheus an SLO"] = f"{sloth * 1000:.2f}"
    return young


def _note_main(figures: dict[str, float], more: dict[str, str], times: TickTimes, serving: ServingFigures) -> None:
    figures["tick_over_raw_read"] = times.tick / times.raw_read
    figures["metric_lines_per_slo"] = times.lines / SLOS
    figures["rss_mib"], figures["start_seconds"] = serving.rss_mib, serving.start_seconds
    figures["metrics_over_static"] = serving.metrics_over_static
    figures["list_over_constant"] = serving.list_over_constant
    more["tick, raw read, seconds"] = f"{times.tick:.3f}, {times.raw_read:.3f}"
    more["Prometheus CPU a tick, seconds"] = f"{times.prometheus_cpu:.3f}"


def _window_ratio(fleet: MonitoredFleet, folder: Path) -> float:
    """Ticks with windows of ninety days over ticks with windows of one day, on ninety days of history each."""
    long, short = folder / "windows-90d.db", folder / "windows-1d.db"
    with service_on(fleet, folder, long, _WINDOW_SLOS, "90d") as service:
        until = (newest_boundary() - timedelta(hours=1)).replace(minute=0)
        write_history(service.parts.storage, service.definitions.slis, until, days=90)
    shutil.copy(long, short)
    with (
        service_on(fleet, folder, long, _WINDOW_SLOS, "90d") as ninety,
        service_on(fleet, folder, short, _WINDOW_SLOS, "1d") as one,
    ):
        return ratio_of_ticks(ninety, one)


def _other_sizes(folder: Path, main_size: TickTimes, figures: dict[str, float], more: dict[str, str]) -> None:
    per_slo = {SLOS: main_size.tick / SLOS}
    for size in OTHER_SIZES:
        _told(f"a fleet of {size:,} services")
        place = folder / f"fleet-{size}"
        place.mkdir()
        with (
            monitored_fleet(place / "prometheus", size) as fleet,
            service_on(fleet, place, place / "okrbridge.db", size) as service,
        ):
            per_slo[size] = measure_ticks(fleet, service).tick / size
    small, large = OTHER_SIZES
    figures["per_slo_10k_over_1k"] = per_slo[SLOS] / per_slo[small]
    figures["per_slo_50k_over_10k"] = per_slo[large] / per_slo[SLOS]
    more["tick, µs an SLO"] = ", ".join(f"{size:,}: {per_slo[size] * 1e6:.0f}" for size in sorted(per_slo))


def _told(what: str) -> None:
    """Say on stderr what is being measured now."""
    Console(stderr=True).print(f"{time.strftime('%H:%M:%S')} {what}", highlight=False)


if __name__ == "__main__":
    sys.exit(exit_code(main))
