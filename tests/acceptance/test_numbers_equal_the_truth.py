"""The main promise: on a real Prometheus whose true counts are known, every number is the one computed by hand."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from tests.acceptance.known_fleet import documents, epoch, now, steps
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory):
    """A shop that serves 100 requests a minute for 31 days: 1 of them bad, and 21 of them in one bad day.

    The bad day lies ten days back. The samples reach an hour into the future, so that they never run out.
    """
    folder = tmp_path_factory.mktemp("known")
    today = now()
    start = today - timedelta(days=31)
    bad_day = (today - timedelta(days=10), today - timedelta(days=9))
    minutes = 31 * 1440 + 60
    bad, good = [(epoch(start), 0.0)], [(epoch(start), 0.0)]
    for minute in range(1, minutes + 1):
        at = start + timedelta(minutes=minute)
        errors = 21 if bad_day[0] < at <= bad_day[1] else 1
        bad.append((epoch(at), bad[-1][1] + errors))
        good.append((epoch(at), good[-1][1] + 100 - errors))
    server = PrometheusServer(folder / "prometheus")
    server.backfill({'requests_total{code="500"}': bad, 'requests_total{code="200"}': good})
    with server:
        yield server, today


@pytest.fixture(scope="module")
def evaluated(known, tmp_path_factory: pytest.TempPathFactory):
    """``okrbridge serve`` on it, with all history filled."""
    prometheus, today = known
    folder = tmp_path_factory.mktemp("served")
    config = documents(folder / "config", cycle_start=today - timedelta(days=20), prometheus=prometheus.url)
    with OkrbridgeServer(config, f"sqlite:///{folder}/okrbridge.db", folder / "okrbridge.log") as server:
        wait_until(
            lambda: server.slo("shop-availability")["coverage_ratio"] >= 1,
            what="the whole window being filled",
            seconds=90,
            log=folder / "okrbridge.log",
        )
        wait_until(
            lambda: len(server.get("/api/v1/key-results/reliable/uptime/history?from=now-30d")["items"]) >= 20,
            what="the key result's past being filled",
            log=folder / "okrbridge.log",
        )
        yield server


def test_good_total_and_sli_are_exact_over_30_days(evaluated):
    item = evaluated.slo("shop-availability")
    # 43,200 minutes of 100 requests; 43,200 x 1 + 1,440 x 20 bad.
    assert item["total"] == 4_320_000
    assert item["good"] == 4_320_000 - 72_000
    assert item["sli_ratio"] == pytest.approx(1 - 72_000 / 4_320_000, abs=1e-12)


def test_budget_and_burn_are_the_hand_computed_ones(evaluated):
    item = evaluated.slo("shop-availability")
    # 1 % of 4,320,000 are 43,200; 72,000 bad spend 1.6667 of it. In the last hour 1 % is bad: burn 1.
    assert item["budget_consumed_ratio"] == pytest.approx(72_000 / 43_200)
    assert item["budget_remaining_ratio"] == pytest.approx(1 - 72_000 / 43_200)
    assert item["burn_rate_1h"] == pytest.approx(1.0)
    assert item["state"] == "exhausted"
    assert item["coverage_ratio"] == 1.0


def test_a_key_result_on_the_sli_moves_by_the_cycle_to_date(evaluated):
    item = evaluated.key_result("reliable/uptime")
    evaluated_at = item["evaluated_at"]
    minutes = 20 * 1440 + _minutes_since(evaluated)
    sli = 1 - (minutes + 1440 * 20) / (minutes * 100)
    # From 99 % to 99.8 %: (sli - 0.99) / 0.008, which is below the start because of the bad day.
    assert evaluated_at == item["measured_at"]
    assert item["value"] == pytest.approx(sli, abs=1e-12)
    assert item["raw_ratio"] == pytest.approx((sli - 0.99) / 0.008)
    assert (item["progress_ratio"], item["status"]) == (0.0, "off_track")


def _minutes_since(server) -> int:
    """Minutes that the cycle is older than 20 days at the evaluated boundary."""
    item = server.get("/api/v1/cycles/now")
    return round(float(item["elapsed_ratio"]) * 40 * 1440) - 20 * 1440


def test_an_error_budget_key_result_spends_the_cycles_budget(evaluated):
    item = evaluated.key_result("reliable/budget")
    minutes = 20 * 1440 + _minutes_since(evaluated)
    error_ratio = (minutes + 1440 * 20) / (minutes * 100)
    # Half of the cycle gone (and a few minutes): elapsed x error ratio / 0.01.
    assert item["value"] == pytest.approx(minutes / (40 * 1440) * error_ratio / 0.01)
    assert item["status"] in ("off_track", "missed")


def test_a_promql_key_result_and_a_threshold_are_measured(evaluated):
    traffic = evaluated.key_result("reliable/traffic")
    assert (traffic["value"], traffic["progress_ratio"]) == (100.0, 0.5)
    today = evaluated.key_result("reliable/today")
    # 1 % bad in the last day: 99 % holds against 98.5 %.
    assert (today["value"], today["progress_ratio"]) == (pytest.approx(0.99), 1.0)


def test_history_shows_the_bad_day_where_it_was(evaluated):
    rows = evaluated.get("/api/v1/slos/shop-availability/history?from=now-12d&to=now-8d&step=1h")["items"]
    ratios = [row["sli_ratio"] for row in rows]
    assert max(ratios) == pytest.approx(0.99)
    assert min(ratios) == pytest.approx(0.79)


def test_key_results_have_a_past_on_day_one(evaluated):
    rows = evaluated.get("/api/v1/key-results/reliable/uptime/history?from=now-30d")["items"]
    # On day 5 of the cycle no bad day had been: 99 % since the start.
    fifth = min(rows, key=lambda row: abs(row["expected_ratio"] - 5 / 40))
    assert fifth["value"] == pytest.approx(0.99)


def test_metrics_and_api_tell_the_same(evaluated):
    page = requests.get(f"{evaluated.url}/metrics", timeout=10).text
    line = next(line for line in page.splitlines() if line.startswith("okrbridge_slo_error_budget_remaining_ratio{"))
    assert float(line.rsplit(" ", 1)[1]) == pytest.approx(1 - 72_000 / 43_200)


def test_evaluate_as_of_a_past_instant_computes_as_of_then(known, tmp_path: Path):
    prometheus, today = known
    config = documents(tmp_path / "config", cycle_start=today - timedelta(days=20), prometheus=prometheus.url)
    # Twelve days back there was no bad day yet, and 19 days of samples: 1 of 100 bad.
    at = today - timedelta(days=12)
    done = okrbridge(
        "evaluate", "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}", "--config", str(config), "--format", "json",
        "--database-url", f"sqlite:///{tmp_path}/past.db", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    item = document["slos"][0]
    assert document["at"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"
    assert (item["total"], item["good"]) == (19 * 1440 * 100, 19 * 1440 * 99)
    # Measured are the slices of 19 days and the one that ends with the very first sample.
    assert item["coverage_ratio"] == pytest.approx((19 * 1440 + 1) / 43_200)
    assert item["budget_consumed_ratio"] == pytest.approx(1.0)


def test_the_first_sample_of_all_is_not_counted(known, tmp_path: Path):
    # An old counter that comes into view at 500 has no past of ours.
    today = now()
    server = PrometheusServer(tmp_path / "prometheus")
    server.backfill({"requests_total": steps(today - timedelta(hours=3), 200, 2, first=500)})
    with server:
        config = documents(tmp_path / "config", cycle_start=today - timedelta(days=1), prometheus=server.url)
        done = okrbridge(
            "evaluate", "--config", str(config), "--database-url", f"sqlite:///{tmp_path}/a.db", "--format", "json",
            timeout=120,
        )  # fmt: skip
    item = json.loads(done.stdout)["slos"][0]
    # 180 minutes and those since, two each, all good, nothing of the 500; the first slice has no sample before it.
    assert item["good"] == item["total"]
    assert item["total"] in {360.0 + 2 * extra for extra in range(-2, 6)}
