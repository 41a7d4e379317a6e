"""A fleet and the Prometheus that scrapes it live, with a quarter of an hour of samples behind them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
import yaml
from tests.servers.programs import free_port
from tests.servers.prometheus import PrometheusServer

from benchmarks.scale.fleet import METRIC

_TARGETS = 10
_HISTORY = 900
_CATCH_UP_SECONDS = 600
_QUICKLY_SCRAPED_SERVICES = 10_000
"""Up to so many can be scraped twice a second while the samples of the past are gathered."""


@dataclass(frozen=True)
class MonitoredFleet:
    """What is measured against.

    Attributes:
        services: three series each.
        prometheus_pid: the server's process, for its CPU time.
    """

    services: int
    url: str
    prometheus_pid: int
    config: Path
    session: requests.Session = field(default_factory=requests.Session)

    def query(self, promql: str, at: float) -> bytes:
        """An instant query's answer as received, nothing done with it."""
        reply = self.session.post(
            f"{self.url}/api/v1/query",
            data={"query": promql, "time": f"{at:.3f}"},
            headers={"Accept-Encoding": "identity"},
            timeout=60,
        )
        reply.raise_for_status()
        return reply.content

    def cpu_seconds(self) -> float:
        """CPU time that Prometheus has used."""
        fields = Path(f"/proc/{self.prometheus_pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reconfigure(self, **changes: object) -> None:
        """Change the configuration and have the server read it."""
        told = yaml.safe_load(self.config.read_text())
        told.update(changes)
        self.config.write_text(yaml.safe_dump(told))
        os.kill(self.prometheus_pid, signal.SIGHUP)
        time.sleep(2)


@contextmanager
def monitored_fleet(folder: Path, services: int) -> Iterator[MonitoredFleet]:
    """Start a fleet and its Prometheus, and wait until the samples reach the present."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.scale.fleet", "--port", str(port), "--services", str(services)]
    options = ["--targets", str(_TARGETS), "--history", str(_HISTORY)]
    exporter = subprocess.Popen([*command, *options])  # noqa: S603 - a module of this very checkout
    try:
        interval = "500ms" if services <= _QUICKLY_SCRAPED_SERVICES else "1s"
        with PrometheusServer(folder, scrape=[_scrape(port)], scrape_interval=interval) as server:
            fleet = MonitoredFleet(services, server.url, server.pid, folder / "prometheus.yml")
            _wait_until_caught_up(fleet)
            fleet.reconfigure(**{"global": {"scrape_interval": "15s"}})
            yield fleet
    finally:
        exporter.terminate()
        exporter.wait()


def _scrape(port: int) -> dict[str, object]:
    targets = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"__metrics_path__": f"/metrics/{number}", "instance": f"fleet-{number}"},
        }
        for number in range(_TARGETS)
    ]
    return {"job_name": "fleet", "static_configs": targets}


def _wait_until_caught_up(fleet: MonitoredFleet) -> None:
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    wanted = str(fleet.services * 3).encode()
    while time.monotonic() < deadline:
        time.sleep(1)
        answer = fleet.query(f"count({METRIC})", datetime.now(UTC).timestamp())
        young = fleet.query(f"count(timestamp({METRIC}) > time() - 5)", datetime.now(UTC).timestamp())
        if wanted in answer and wanted in young:
            return
    raise RuntimeError(f"Prometheus did not catch up within {_CATCH_UP_SECONDS} s")
