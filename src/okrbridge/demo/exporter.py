"""The fleet, live: one HTTP server that answers as every pod, and tells Prometheus which pods there are.

``/pods/POD/metrics`` is a pod's metrics page, ``/targets`` the list for Prometheus' HTTP service discovery.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from okrbridge.sources.simulated.fleet import BUCKET, COUNT, JOB, REQUESTS, STARTED, SUM, Fleet, Series
from okrbridge.sources.simulated.schedule import PodLife
from okrbridge.sources.simulated.source import fleet_around

EpochClock = Callable[[], int]

_KEPT_AFTER_END = 30
"""Seconds that a pod stays listed after its process ended: long enough to restart in place."""
_HISTOGRAM = BUCKET.removesuffix("_bucket")
_FAMILIES = {REQUESTS: REQUESTS, BUCKET: _HISTOGRAM, SUM: _HISTOGRAM, COUNT: _HISTOGRAM, STARTED: STARTED}
_HEADERS = {
    REQUESTS: ("counter", "Requests answered, by status code."),
    _HISTOGRAM: ("histogram", "How long requests took."),
    STARTED: ("gauge", "When the process started, in seconds since 1970."),
}
_OF_THE_TARGET = frozenset({"job", "instance"})


def exposition(fleet: Fleet, life: PodLife, at: int) -> str:
    """A pod's metrics page at an instant, in the Prometheus text format, without the target's own labels."""
    shown = [series for series in fleet.series(life, np.array([at], dtype=np.int64)) if series.is_there[0]]
    return "".join(_family(name, members) for name, members in groupby(shown, lambda one: _FAMILIES[one.name]))


def _family(name: str, members: Iterator[Series]) -> str:
    kind, text = _HEADERS[name]
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n" + "".join(_line(series) for series in members)


def _line(series: Series) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in series.labels if name not in _OF_THE_TARGET)
    value = float(series.values[0])
    text = f"{value:.3f}" if series.name == SUM else str(int(value))
    return f"{series.name}{{{labels}}} {text}\n" if labels else f"{series.name} {text}\n"


def targets(fleet: Fleet, address: str, at: int) -> list[dict[str, Any]]:
    """The pods there are, for Prometheus' HTTP service discovery; ``instance`` is the pod's name."""
    pods = sorted({life.pod for life in fleet.lives(at - _KEPT_AFTER_END, at)})
    return [
        {"targets": [address], "labels": {"__metrics_path__": f"/pods/{pod}/metrics", "instance": pod}} for pod in pods
    ]


def server(fleet: Fleet, port: int, clock: EpochClock) -> ThreadingHTTPServer:
    """A server on loopback, bound and not yet serving."""
    address = f"127.0.0.1:{port}"

    class Pods(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            now = clock()
            if self.path == "/targets":
                self._answer(HTTPStatus.OK, "application/json", json.dumps(targets(fleet, address, now)))
            elif life := _life_behind(self.path, fleet, now):
                self._answer(HTTPStatus.OK, "text/plain; version=0.0.4", exposition(fleet, life, now))
            else:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", "no such pod is up\n")

        def _answer(self, status: HTTPStatus, media_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
            """Keep quiet: nine requests every five seconds say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Pods)


def _life_behind(path: str, fleet: Fleet, now: int) -> PodLife | None:
    alive = (life for life in fleet.lives(now, now) if life.is_up(now))
    return next((life for life in alive if path == f"/pods/{life.pod}/metrics"), None)


def write_prometheus_configuration(file: Path, exporter_port: int) -> None:
    """Write a configuration that discovers and scrapes the fleet every 5 seconds."""
    discovery = {"url": f"http://127.0.0.1:{exporter_port}/targets", "refresh_interval": "5s"}
    configuration = {
        "global": {"scrape_interval": "5s", "scrape_timeout": "4s"},
        "scrape_configs": [{"job_name": JOB, "http_sd_configs": [discovery]}],
    }
    file.write_text(json.dumps(configuration, indent=2), encoding="utf-8")  # JSON is YAML too


def main() -> None:
    """Serve until ended."""
    arguments = argparse.ArgumentParser(description="Serve the demo's fleet as Prometheus targets.")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--anchor", type=int, required=True)
    given = arguments.parse_args()
    server(fleet_around(given.anchor), given.port, lambda: int(time.time())).serve_forever()


if __name__ == "__main__":
    main()
