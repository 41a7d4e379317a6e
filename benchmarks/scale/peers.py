"""What other engines cost on the same Prometheus."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.scale.fleet import METRIC, service_name
from benchmarks.scale.monitored_fleet import MonitoredFleet
from benchmarks.scale.sloth_rules import rule_file

_DRIVER = Path(__file__).parent / "slo_generator_driver.py"
_RULE_INTERVAL = 15
_IDLE_INTERVALS = 2
_EVALUATIONS = 4


def slo_generator_seconds(fleet: MonitoredFleet, python: Path, slos: int) -> float:
    """Median seconds that slo-generator takes for an SLO; its own environment and start are left out."""
    services = [service_name(number) for number in range(slos)]
    command = [str(python), str(_DRIVER), fleet.url, METRIC, *services]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)  # noqa: S603 - our driver
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return statistics.median(seconds)


def sloth_cpu_seconds(fleet: MonitoredFleet, folder: Path, slos: int) -> float:
    """CPU seconds of Prometheus for one SLO at one evaluation of Sloth's rules; scraping is taken off."""
    idle = _cpu_an_interval(fleet, _IDLE_INTERVALS)
    rules = folder / "sloth.yml"
    rules.write_text(rule_file(slos, f"{_RULE_INTERVAL}s"))
    fleet.reconfigure(rule_files=[str(rules)])
    # Groups spread their first evaluation over one interval.
    time.sleep(_RULE_INTERVAL)
    busy = _cpu_an_interval(fleet, _EVALUATIONS)
    fleet.reconfigure(rule_files=[])
    return (busy - idle) / slos


def _cpu_an_interval(fleet: MonitoredFleet, intervals: int) -> float:
    """CPU seconds in an interval of rules and scrapes, the mean of several."""
    before = fleet.cpu_seconds()
    time.sleep(_RULE_INTERVAL * intervals)
    return (fleet.cpu_seconds() - before) / intervals
