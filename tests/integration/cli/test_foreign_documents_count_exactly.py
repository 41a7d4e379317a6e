"""Files of Sloth and Pyrra, as they are and as imported, on a real Prometheus whose every event is known."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers.prometheus import PrometheusServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

DATA = Path(__file__).parents[2] / "data"
FOREIGN = ("sloth", "pyrra")
MINUTES = 180
START = 1_700_000_040
"""A minute's boundary in November 2023; three hours later the SLOs are evaluated."""
AT = START + MINUTES * 60

History = dict[str, list[tuple[float, float]]]


def minutely(values: list[float | None]) -> list[tuple[float, float]]:
    """Samples a minute apart; None where there is none."""
    return [(START + 60.0 * minute, float(value)) for minute, value in enumerate(values) if value is not None]


def growing(each: float, first: float = 0.0) -> list[float | None]:
    """A counter that was there before."""
    return [first + each * minute for minute in range(MINUTES + 1)]


def born_late() -> list[float | None]:
    """Not there for an hour, then 3 at once and 1 a minute: 3 + 120 events."""
    return [None if minute < 60 else 3.0 + minute - 60 for minute in range(MINUTES + 1)]


def reset() -> list[float | None]:
    """2 a minute, begun anew at minute 100 with 1: 99 x 2 + 1 + 80 x 2 = 359 events."""
    return [50.0 + 2 * minute if minute < 100 else 1.0 + 2 * (minute - 100) for minute in range(MINUTES + 1)]


def known() -> History:
    """Everything the documents ask for; the first sample of a counter that was there before counts nothing."""
    down_four_times: list[float | None] = [0.0 if 10 <= minute < 14 else 1.0 for minute in range(MINUTES + 1)]
    series: dict[str, list[float | None]] = {
        'up{job="shop"}': growing(0, 1),
        'http_requests_total{job="shop",code="200"}': growing(20, 1000),
        'http_requests_total{job="shop",code="500"}': born_late(),
        'http_requests_total{job="shop",code="429"}': reset(),
        'http_request_duration_seconds_count{job="shop"}': growing(10, 100),
        'http_request_duration_seconds_bucket{job="shop",le="0.4"}': growing(9, 7),
        'payments_failed_total{job="shop"}': growing(1),
        'payments_done_total{job="shop"}': growing(9),
        'probe_success{job="blackbox",instance="https://shop.example"}': down_four_times,
        'http_requests_total{job="cart",code="200"}': growing(99),
        'http_requests_total{job="cart",code="500"}': growing(1),
        'http_requests_total{job="search",code="200"}': growing(49),
        'http_requests_total{job="search",code="503"}': growing(1),
    }
    return {name: minutely(values) for name, values in series.items()}


# 20 x 180 good, 123 of code 500, 359 of code 429.
ALL_REQUESTS = 3600 + 123 + 359
EXPECTED = {
    "sloth": {
        "shop-requests-availability": (123 + 359, ALL_REQUESTS),
        "shop-requests-latency": (180, 1800),
        "cart-requests-availability": (180, 18_000),
        "search-requests-availability": (180, 9000),
    },
    "pyrra": {
        "shop-errors": (123, ALL_REQUESTS),
        "shop-errors-by-handler": (123, ALL_REQUESTS),
        "shop-payments": (180, 1800),
        "shop-latency": (180, 1800),
        # Samples count, and the very first one lies in a slice of its own: 181.
        "shop-reachable": (4, 181),
    },
}
"""Bad events and all events of each SLO."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    server.backfill(known())
    with server:
        yield server


def okrbridge(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "okrbridge", *arguments]
    environment = {**os.environ, "OKRBRIDGE_PROMETHEUS_URL": url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=150)


def evaluated(url: str, config: Path, database: Path) -> dict[str, dict[str, Any]]:
    """SLOs by name, as of three hours after the first sample."""
    options = ("--at", str(AT), "--config", str(config), "--database-url", f"sqlite:///{database}", "--format", "json")
    done = okrbridge(url, "evaluate", *options)
    assert done.returncode == 0, done.stderr
    return {item["slo"]: item for item in json.loads(done.stdout)["slos"]}


def shortened(folder: Path, copy: Path) -> Path:
    """The files, with four weeks in place of a year: asking for a year before the first sample takes minutes."""
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_text(file.read_text().replace("window: 1y", "window: 4w"))
    return copy


@pytest.mark.parametrize("tool", FOREIGN)
def test_files_as_they_are_and_as_imported_give_the_true_counts(prometheus, tmp_path, tool):
    files = shortened(DATA / tool, tmp_path / tool)
    as_it_is = evaluated(prometheus.url, files, tmp_path / "okrbridge.db")
    done = okrbridge(prometheus.url, "import", str(files))
    assert done.returncode == 0, done.stderr
    (tmp_path / "slos.yaml").write_text(done.stdout)
    # The same questions have the same place in the ledger: on one database nothing is counted anew.
    imported = evaluated(prometheus.url, tmp_path / "slos.yaml", tmp_path / "okrbridge.db")
    for items in (as_it_is, imported):
        assert {name: (items[name]["bad"], items[name]["total"]) for name in EXPECTED[tool]} == EXPECTED[tool]
    for name, item in as_it_is.items():
        alike = ("good", "total", "target_ratio", "window", "state", "coverage_ratio")
        assert {key: item[key] for key in alike} == {key: imported[name][key] for key in alike}


@pytest.mark.parametrize("tool", FOREIGN)
def test_the_server_reads_every_query_of_the_imported_documents(prometheus, tmp_path, tool):
    (tmp_path / "slos.yaml").write_text(okrbridge(prometheus.url, "import", str(DATA / tool)).stdout)
    done = okrbridge(prometheus.url, "validate", "--live", "--format", "json", str(tmp_path / "slos.yaml"))
    # What this server was never given is told as unknown; nothing is refused as a query.
    unknown = [fault for fault in json.loads(done.stdout)["faults"] if "is unknown to" not in fault["message"]]
    assert (unknown, json.loads(done.stdout)["unreachable"]) == ([], [])
