"""Nothing is lost and nothing doubled when Prometheus or okrbridge goes away."""

import http.server
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.acceptance.known_fleet import documents, now
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer

from okrbridge.definitions.loader import load
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.storage.database import open_database

TICK = {"OKRBRIDGE_TICK_SECONDS": "2", "OKRBRIDGE_INGEST_DELAY_SECONDS": "1.5"}
GRID = Grid(timedelta(seconds=2))
A_DAY = "[{duration: 1d, isRolling: true}]"
"""Thirty days of two seconds are 1.3 million slices, and filling them would take all the time there is."""


class Shop:
    """A process under test: an HTTP page of counters that a thread moves, and that remembers the truth."""

    def __init__(self) -> None:
        self.good = self.bad = 0
        self.started = time.time()
        self._moving = threading.Event()
        handler = self._handler()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        shop = self

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = (
                    f'requests_total{{code="200"}} {shop.good}\nrequests_total{{code="500"}} {shop.bad}\n'
                    f"process_start_time_seconds {shop.started}\n"
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Page

    def serve_customers(self, good: int, bad: int) -> None:
        """Count requests."""
        self.good += good
        self.bad += bad

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def prometheus(shop: Shop, tmp_path: Path) -> Iterator[PrometheusServer]:
    scrape = [{"job_name": "shop", "static_configs": [{"targets": [shop.address]}]}]
    server = PrometheusServer(tmp_path / "prometheus", scrape=scrape, scrape_interval="500ms")
    yield server.start()
    server.stop()


def totals(server) -> tuple[float, float]:
    """Requests counted and the bad ones among them; zero while nothing is known."""
    item = server.slo("shop-availability")
    return item["total"] or 0.0, item["bad"] or 0.0


def test_the_hole_of_a_prometheus_outage_is_filled(shop, prometheus, serve, tmp_path):
    server = serve(
        documents(tmp_path / "config", cycle_start=now(), window=A_DAY, prometheus=prometheus.url), **TICK
    ).start()
    shop.serve_customers(10, 2)
    wait_until(lambda: totals(server) == (12.0, 2.0), what="the first requests being counted")

    prometheus.stop()
    shop.serve_customers(30, 4)
    wait_until(lambda: server.slo("shop-availability")["state"] == "error", what="the outage being noticed")
    during = server.slo("shop-availability")
    assert (during["total"], during["good"]) == (12.0, 10.0)
    assert during["failure"].startswith("unreachable")
    assert server.is_ready(), "a source being down must not make okrbridge unready"

    prometheus.start()
    shop.serve_customers(1, 1)
    # 12 before, 34 while it was away, 2 after.
    wait_until(lambda: totals(server) == (48.0, 7.0), what="the hole being filled")
    wait_until(lambda: server.slo("shop-availability")["state"] != "error", what="the state being good again")


def test_the_hole_of_okrbridges_own_absence_is_filled(shop, prometheus, serve, tmp_path):
    config = documents(tmp_path / "config", cycle_start=now(), window=A_DAY, prometheus=prometheus.url)
    first = serve(config, **TICK).start()
    shop.serve_customers(10, 2)
    wait_until(lambda: totals(first) == (12.0, 2.0), what="the first requests being counted")
    assert first.terminate() == 0
    shop.serve_customers(5, 5)
    time.sleep(5)  # two whole slices pass without okrbridge
    second = serve(config, **TICK).start()
    wait_until(lambda: totals(second) == (22.0, 7.0), what="the absence being filled")


def test_kills_in_the_middle_of_ticks_lose_and_double_nothing(shop, prometheus, serve, tmp_path):
    config = documents(tmp_path / "config", cycle_start=now(), window=A_DAY, prometheus=prometheus.url)
    [sli] = load([config]).definitions.slis
    since = int(time.time()) // 3600 * 3600 - 3600
    chance = random.Random(20261121)  # noqa: S311 - which moments are hit must be the same in every run
    for _ in range(6):
        server = serve(config, **TICK).start(until_ready=False)
        shop.serve_customers(7, 1)
        time.sleep(chance.uniform(0.2, 3.0))
        server.kill()
    last = serve(config, **TICK).start()
    wait_until(lambda: totals(last) == (48.0, 6.0), what="every request being counted once")
    last.terminate()
    with sqlite3.connect(tmp_path / "okrbridge.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(open_database(f"sqlite:///{tmp_path}/okrbridge.db", grid=GRID)) as storage, storage.reading() as read:
        every_hour = Interval(from_epoch(since), from_epoch(since + 4 * 3600))
        slices = read.ledger.slices(sli.key, every_hour)
        hours = read.ledger.buckets(sli.key, every_hour, timedelta(hours=1))
    # Each slice is there once, and each hour's sum is the sum of its slices.
    assert np.all(np.diff(slices.starts) > 0)
    for start, good, total in zip(hours.starts, hours.good, hours.total, strict=True):
        inside = (slices.starts >= start) & (slices.starts < start + 3600)
        assert (good, total) == (slices.good[inside].sum(), slices.total[inside].sum())
    assert (slices.good.sum(), slices.total.sum()) == (42.0, 48.0)


def test_sigterm_finishes_the_tick_and_leaves_with_zero(prometheus, serve, tmp_path):
    server = serve(
        documents(tmp_path / "config", cycle_start=now(), window=A_DAY, prometheus=prometheus.url), **TICK
    ).start()
    assert server.terminate() == 0
    with sqlite3.connect(tmp_path / "okrbridge.db") as database:
        assert database.execute("SELECT count(*) FROM evaluations").fetchone()[0] >= 1


def test_sighup_loads_new_definitions_and_refuses_faulty_ones(prometheus, serve, tmp_path):
    config = documents(tmp_path / "config", cycle_start=now(), window=A_DAY, prometheus=prometheus.url)
    server = serve(config, **TICK).start()
    document = config / "definitions.yaml"
    text = document.read_text()
    document.write_text(text.replace("target: 0.99", "target: 1.0"))
    server.send(signal.SIGHUP)
    wait_until(
        lambda: any("refused" in line["event"] for line in server.log_lines()), what="the faulty file being refused"
    )
    assert server.slo("shop-availability")["target_ratio"] == 0.99
    document.write_text(text.replace("target: 0.99", "target: 0.95"))
    server.send(signal.SIGHUP)
    wait_until(lambda: server.slo("shop-availability")["target_ratio"] == 0.95, what="the new target being in force")
