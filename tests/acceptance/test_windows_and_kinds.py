"""Calendar windows, maintenance and probes, from the samples to the numbers of the API."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.acceptance.known_fleet import cycle_document, epoch, now, slo_document
from tests.acceptance.okrbridge_process import OkrbridgeServer
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer

pytestmark = pytest.mark.timeout(180)

HOUR = timedelta(hours=1)
TODAY = now()
PERIOD = TODAY - 12 * HOUR
"""When the calendar period of one day began."""
OUTAGE = TODAY - 4 * HOUR
"""An hour in which half of the requests failed, and the probe at every second minute."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Sixteen hours of 100 requests a minute, one of them bad in 200, and 50 of 100 during the outage."""
    begin = TODAY - 16 * HOUR
    bad, good, probes = [(epoch(begin), 0.0)], [(epoch(begin), 0.0)], [(epoch(begin), 1.0)]
    for minute in range(1, 18 * 60):
        at = begin + timedelta(minutes=minute)
        is_out = OUTAGE < at <= OUTAGE + HOUR
        errors = 50.0 if is_out else 0.5
        bad.append((epoch(at), bad[-1][1] + errors))
        good.append((epoch(at), good[-1][1] + 100 - errors))
        probes.append((epoch(at), 0.0 if is_out and minute % 2 else 1.0))
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    server.backfill(
        {
            'requests_total{code="500"}': bad,
            'requests_total{code="200"}': good,
            'probe_success{instance="https://shop.example"}': probes,
        }
    )
    with server:
        yield server


def maintenance(*lines: str) -> str:
    """The outage as a maintenance window."""
    more = "".join(f"  {line}\n" for line in lines)
    return f"""---
apiVersion: okrbridge.dev/v1
kind: MaintenanceWindow
metadata: {{name: new-database}}
spec:
  services: [shop]
  start: "{OUTAGE:%Y-%m-%dT%H:%M:%SZ}"
  duration: 1h
{more}"""


def item_of(serve, folder: Path, url: str, more: str) -> dict[str, Any]:
    """The SLO over a calendar day, once all of it is known."""
    window = (
        f'[{{duration: 1d, isRolling: false, calendar: {{startTime: "{PERIOD:%Y-%m-%d %H:%M:%S}", timeZone: UTC}}}}]'
    )
    config = slo_document(folder / "config", window=window, prometheus=url, more=more)
    server: OkrbridgeServer = serve(config).start()
    wait_until(lambda: server.slo("shop-availability")["coverage_ratio"] >= 1, what="the window being full", seconds=90)
    return server.slo("shop-availability")


def minutes_of(item: dict[str, Any]) -> int:
    """Minutes from the period's begin to the evaluation."""
    return round((datetime.fromisoformat(item["evaluated_at"]) - PERIOD) / timedelta(minutes=1))


def test_an_excluded_maintenance_window_leaves_the_budget_untouched(prometheus, serve, tmp_path):
    item = item_of(serve, tmp_path, prometheus.url, maintenance())
    minutes = minutes_of(item)
    assert item["excluded_seconds"] == 3600
    assert (item["bad"], item["total"]) == ((minutes - 60) * 0.5, (minutes - 60) * 100)
    assert item["sli_ratio"] == pytest.approx(0.995)
    # Half a percent is bad, of one that may be: half of what the even pace has spent, as if the hour had never been.
    assert item["budget_consumed_ratio"] == pytest.approx(minutes / 1440 * 0.5)
    assert item["state"] == "ok"


def test_a_maintenance_window_that_counts_is_flagged_and_spends_the_budget(prometheus, serve, tmp_path):
    item = item_of(serve, tmp_path, prometheus.url, maintenance("exclude: false"))
    minutes = minutes_of(item)
    assert item["excluded_seconds"] == 0
    assert (item["bad"], item["total"]) == ((minutes - 60) * 0.5 + 60 * 50, minutes * 100)
    assert item["budget_consumed_ratio"] == pytest.approx(minutes / 1440 * item["bad"] / (0.01 * item["total"]))
    assert item["state"] == "exhausted"


PROBE = """---
apiVersion: openslo/v1
kind: SLO
metadata: {name: reachable, annotations: {okrbridge.dev/samples: "true"}}
spec:
  service: shop
  indicator:
    metadata: {name: shop-probe}
    spec:
      ratioMetric:
        rawType: success
        raw: {metricSource: {metricSourceRef: prometheus, spec: {query: 'probe_success{instance="https://shop.example"}'}}}
  timeWindow: [{duration: 1d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: there-for-everyone}
spec:
  title: Everyone reaches the shop
  cycle: now
  owner: maria
  keyResults:
    - {name: uptime, title: Uptime by probes, from: 90%, to: 100%, measure: {slo: reachable}}
"""


def test_a_probe_moves_an_uptime_key_result(prometheus, serve, tmp_path):
    more = cycle_document(PERIOD) + PROBE
    server = serve(slo_document(tmp_path / "config", prometheus=prometheus.url, more=more)).start()
    wait_until(lambda: server.key_result("there-for-everyone/uptime")["value"] is not None, what="a value", seconds=90)
    wait_until(lambda: server.slo("reachable")["total"] >= 16 * 60, what="the samples being counted", seconds=90)
    item = server.key_result("there-for-everyone/uptime")
    minutes = minutes_of(item)
    # One sample a minute since the cycle began, 30 of them failed; from 90 % to 100 %.
    uptime = 1 - 30 / minutes
    assert item["value"] == pytest.approx(uptime, abs=1e-12)
    assert item["raw_ratio"] == pytest.approx((uptime - 0.9) / 0.1)
    assert item["progress_ratio"] > 0
    page = requests.get(f"{server.url}/metrics", timeout=10).text
    assert "okrbridge_key_result_value{" in page
