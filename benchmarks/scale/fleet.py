"""A fleet of services as one exporter process: three series a service, counters that only grow.

The first scrapes are stamped with the past, each one ``EVERY`` seconds later than the one before, so that a quarter of
an hour of history is in Prometheus' head after a minute; once a target has caught up, its samples are stamped by
Prometheus.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

METRIC = "http_requests_total"
CODES = ("200", "404", "500")
EVERY = 15.0
"""Seconds between two samples of a series."""


def service_name(number: int) -> str:
    """The label value of a service."""
    return f"svc-{number:05d}"


@dataclass
class Target:
    """Some services behind one scraped address.

    Attributes:
        numbers: of its services.
        at: epoch seconds of the newest sample.
        started: when its process started.
    """

    numbers: range
    at: float
    started: float
    seed: int
    counts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng(self.seed)
        self._lines = [
            f'{METRIC}{{service="{service_name(number)}",code="{code}"}} ' for number in self.numbers for code in CODES
        ]
        self.counts = np.zeros((len(self.numbers), len(CODES)), dtype=np.int64)
        self._lock = threading.Lock()

    def page(self) -> bytes:
        """The next scrape's text: stamped while it is about the past."""
        with self._lock:
            now = time.time()
            self.at += EVERY
            stamp = f" {round(self.at * 1000)}" if self.at < now - EVERY else ""
            self.at = self.at if stamp else now
            expected = np.array([30.0, 0.5, 0.03])
            self.counts += self._chance.poisson(expected, self.counts.shape)
            lines = [f"{name}{count}{stamp}" for name, count in zip(self._lines, self.counts.flat, strict=True)]
            lines.append(f"process_start_time_seconds {self.started}{stamp}")
        return ("\n".join(lines) + "\n").encode()


class Fleet(ThreadingHTTPServer):
    """Answers ``/metrics/N`` for its N-th target."""

    daemon_threads = True

    def __init__(self, port: int, services: int, targets: int, history: float) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        started = time.time() - history
        each = -(-services // targets)
        self.targets = [
            Target(range(first, min(first + each, services)), started, started - 3600.0, seed=first)
            for first in range(0, services, each)
        ]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Fleet)  # noqa: S101 - narrows the type
        page = server.targets[int(self.path.rsplit("/", 1)[1])].page()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments: object) -> None:
        """Scrapes are no news."""


def main() -> int:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--services", type=int, required=True)
    parser.add_argument("--targets", type=int, default=10)
    parser.add_argument("--history", type=float, default=1800.0, help="seconds before now at which the samples begin")
    given = parser.parse_args()
    Fleet(given.port, given.services, given.targets, given.history).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
