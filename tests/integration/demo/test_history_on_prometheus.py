"""The fleet's past and present in one real Prometheus."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import requests
from tests.servers.programs import free_port, program, wait_until

from okrbridge.demo.exporter import exposition, write_prometheus_configuration
from okrbridge.demo.history import load_history
from okrbridge.demo.processes import Crew
from okrbridge.sources.simulated.fleet import CODES, Fleet
from okrbridge.sources.simulated.schedule import DAY
from okrbridge.sources.simulated.source import fleet_around
from okrbridge.sources.simulated.story import Story

pytestmark = pytest.mark.integration

_SINCE = 8 * 3600


@dataclass(frozen=True)
class Observed:
    """A fleet with eight hours of history and live scrapes behind it."""

    fleet: Fleet
    url: str
    last_backfilled: int

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        asked = {"query": expression, **({} if at is None else {"time": str(at)})}
        answer = requests.get(f"{self.url}/api/v1/query", params=asked, timeout=10).json()
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def newest_sample(self) -> float:
        """Of the target that was scraped the longest ago: the others have as many samples at least."""
        return min((float(row["value"][1]) for row in self.query("timestamp(up)")), default=0.0)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    prometheus = program("prometheus", package="prometheus")
    program("promtool", package="prometheus")
    folder = tmp_path_factory.mktemp("fleet")
    anchor = int(time.time())
    fleet = Fleet(Story(fleet_around(anchor).story.seed, anchor), (anchor - _SINCE) // 60 * 60)
    exporter_port, port = free_port(), free_port()
    exporter = [sys.executable, "-m", "okrbridge.demo.exporter", "--port", str(exporter_port), "--anchor", str(anchor)]
    with Crew(folder) as crew:
        crew.start("exporter", exporter)
        last = load_history(fleet, folder / "data", crew, lambda: int(time.time()), lambda _: None)
        write_prometheus_configuration(folder / "prometheus.yml", exporter_port)
        files = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        crew.start("prometheus", [prometheus, *files, f"--web.listen-address=127.0.0.1:{port}"])
        seen = Observed(fleet, f"http://127.0.0.1:{port}", last)
        log = folder / "prometheus.log"
        wait_until(lambda: _is_ready(seen.url), what="Prometheus' readiness", log=log)
        wait_until(lambda: seen.newest_sample() > last + 1, what="the first live scrape", log=log)
        first_live = seen.newest_sample()
        wait_until(lambda: seen.newest_sample() > first_live + 9, what="the third live scrape", log=log)
        yield seen


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=1).ok
    except requests.RequestException:
        return False


def _samples(observed: Observed, selector: str, minutes: int) -> list[dict[str, Any]]:
    return observed.query(f"{selector}[{minutes}m]")


def test_no_two_minutes_pass_between_the_history_and_the_first_scrape(observed: Observed):
    for series in _samples(observed, "up", 5):
        stamps = [float(at) for at, _ in series["values"]]
        assert max(np.diff(stamps)) <= 120


def test_live_samples_go_on_in_the_series_of_the_history(observed: Observed):
    (row,) = observed.query("count(count_over_time(http_request_duration_seconds_count[10m]))")
    lives = observed.fleet.lives(observed.last_backfilled - 600, int(time.time()))
    # One series a pod: were a label different live, there would be two.
    assert int(row["value"][1]) == len({life.pod for life in lives})


def test_every_sample_on_both_sides_of_the_seam_is_the_fleet_s_own_count(observed: Observed):
    compared = {"history": 0, "live": 0}
    now = int(time.time())
    lives = observed.fleet.lives(observed.last_backfilled - 600, now)
    for series in _samples(observed, 'http_requests_total{service="api",code="200"}', 10):
        for stamp, text in series["values"]:
            at, value = int(float(stamp)), float(text)
            life = next(one for one in lives if one.pod == series["metric"]["instance"] and one.is_up(at))
            # A scrape takes up to a moment: the page is made between its stamp and a few seconds later.
            around = observed.fleet.counts_at(life, np.array([at, at + 4], dtype=np.int64))[:, CODES.index("200")]
            if at <= observed.last_backfilled:
                assert value == around[0]
            else:
                assert around[0] <= value <= around[1]
            compared["history" if at <= observed.last_backfilled else "live"] += 1
    assert compared["history"] >= 9
    assert compared["live"] >= 6


def test_the_increase_over_the_whole_history_is_near_the_truth(observed: Observed):
    hours = (observed.last_backfilled - observed.fleet.begins) // 3600
    asked = f'sum(increase(http_requests_total{{service="api"}}[{hours}h]))'
    (row,) = observed.query(asked, at=observed.last_backfilled)
    truth = observed.fleet.true_counts("api", observed.last_backfilled - hours * 3600, observed.last_backfilled)
    # increase() extrapolates and misses births; it is close, which is all that is claimed of it here.
    assert float(row["value"][1]) == pytest.approx(truth.requests, rel=0.02)


def test_a_pod_s_page_passes_promtool():
    promtool = program("promtool", package="prometheus")
    at = 1_795_300_000
    fleet = fleet_around(at)
    for life in fleet.lives(at - DAY // 24, at)[:3]:
        page = exposition(fleet, life, at).encode()
        checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()
