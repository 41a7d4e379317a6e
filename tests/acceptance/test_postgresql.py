"""The same numbers out of PostgreSQL."""

import json
from datetime import timedelta

import pytest
from tests.acceptance.known_fleet import documents, now, steps
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge
from tests.servers.postgresql import PostgresServer
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer


@pytest.fixture
def config(tmp_path):
    server = PrometheusServer(tmp_path / "prometheus")
    start = now() - timedelta(days=2)
    samples = {'requests_total{code="200"}': steps(start, 3000, 9), 'requests_total{code="500"}': steps(start, 3000, 1)}
    server.backfill(samples)
    with server:
        yield documents(tmp_path / "config", cycle_start=now() - timedelta(days=1), prometheus=server.url)


def test_an_empty_postgresql_is_refused_until_it_was_upgraded(postgres: PostgresServer, config):
    url = postgres.create_database()
    refused = okrbridge("evaluate", "--config", str(config), "--database-url", url)
    assert refused.returncode == 4
    assert "okrbridge db upgrade" in refused.stderr
    assert okrbridge("db", "upgrade", "--database-url", url).returncode == 0
    done = okrbridge("evaluate", "--config", str(config), "--database-url", url, "--format", "json", timeout=120)
    assert done.returncode == 0, done.stderr
    item = json.loads(done.stdout)["slos"][0]
    # 10 requests a minute, 1 of them bad, since the first sample two days ago.
    assert item["total"] - item["good"] == item["total"] / 10
    assert item["total"] >= 2 * 1440 * 10
    assert item["burn_rate_1h"] == pytest.approx(10.0)


def test_serve_works_on_postgresql(postgres: PostgresServer, config, tmp_path):
    url = postgres.create_database()
    assert okrbridge("db", "upgrade", "--database-url", url).returncode == 0
    with OkrbridgeServer(config, url, tmp_path / "okrbridge.log") as server:
        wait_until(lambda: server.slo("shop-availability")["coverage_ratio"] > 0.06, what="two of thirty days filled")
        assert server.slo("shop-availability")["sli_ratio"] == pytest.approx(0.9)
        assert server.terminate() == 0
