"""Counting what a real Prometheus scrapes live, with the staleness markers that no written history has."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer

from okrbridge.application.ports import CountRequest
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.source import PrometheusSource

pytestmark = pytest.mark.integration

GRID = Grid(timedelta(seconds=2))
LIVE_SLI = Sli("live", "prom", bad='events_total{kind="bad"}', total="events_total")


class Process:
    """A process that shows its own counters; ``exposed`` may be swapped at any time."""

    def __init__(self) -> None:
        self.exposed: dict[str, float] = {}
        self.started = time.time()
        self.scrapes = 0
        process = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lines = [f'events_total{{kind="{kind}"}} {value}' for kind, value in process.exposed.items()]
                body = "\n".join([f"process_start_time_seconds {process.started}", *lines, ""]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)
                process.scrapes += 1

            def log_message(self, *_: object) -> None:
                """Be silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def show(self, **counters: float) -> None:
        """Expose these values and nothing else, until two further scrapes have seen them."""
        self.exposed = counters
        seen = self.scrapes
        wait_until(lambda: self.scrapes >= seen + 2, what="the next scrapes")


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    yield process
    process.server.shutdown()
    process.server.server_close()


def test_series_that_vanish_return_are_born_and_restart_are_counted_exactly(process: Process, tmp_path):
    target = {"job_name": "live", "static_configs": [{"targets": [f"127.0.0.1:{process.server.server_address[1]}"]}]}
    began = GRID.floor(from_epoch(time.time()))
    with PrometheusServer(tmp_path, scrape=[target], scrape_interval="400ms") as server:
        process.show(good=5)
        process.show(good=7)
        process.show()  # the series vanishes: Prometheus marks it stale
        process.show(good=9, bad=3)  # and is back, beside a new one
        process.show(good=10, bad=4)
        process.started = time.time()  # a restart in place: 10 and 4 are behind
        process.show(good=2, bad=1)
        process.show(good=6, bad=1)
        ended = GRID.ceil(from_epoch(time.time()))
        wait_until(lambda: time.time() > ended.timestamp(), what="the end of the slice")
        source = PrometheusSource("prom", PrometheusClient("prom", Connection(server.url)), GRID)
        [answer] = source.count([CountRequest((LIVE_SLI,), Interval(began, ended))])
        source.close()
    assert not answer.failures
    # good 10, then 6; bad 4, then 1.
    assert float(answer.table.total.sum()) == 10 + 6 + 4 + 1
    assert float(answer.table.good.sum()) == 10 + 6
