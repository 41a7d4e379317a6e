"""Carrying on servers that refuse large questions: a smaller part of each passes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.integration.prometheus.scraped import START, Target, asking, bad_and_total, carrying, merged
from tests.servers.victoria_metrics import VictoriaMetricsServer

from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.http.envelope import TooLargeError

pytestmark = pytest.mark.integration

SCRAPES = list(range(-290, 3600, 30))
PODS = 400


def fleet() -> dict[str, list[tuple[float, float]]]:
    """Pods of which each counts one event between two scrapes, and so two in a slice of a minute."""
    counts = list(range(len(SCRAPES)))
    return merged(*(Target("many", f"pod-{pod}").scraped(SCRAPES, _200=counts) for pod in range(PODS)))


@pytest.mark.parametrize(
    ("memory", "flags"),
    [
        # 400 series at 60 slices are 24,000 points of 16 bytes, more than a quarter of one megabyte.
        ("1MB", ()),
        ("100MB", ("-search.maxPointsPerTimeseries=40",)),
    ],
    ids=["memory", "points"],
)
def test_what_victoria_metrics_finds_too_large_is_asked_in_parts(tmp_path: Path, memory: str, flags: Sequence[str]):
    with VictoriaMetricsServer(tmp_path, memory=memory, flags=flags) as server, carrying(server.url) as carry:
        server.load(fleet())
        client = PrometheusClient("prom", Connection(server.url))
        with pytest.raises(TooLargeError):
            client.levels("last_over_time(http_requests_total[1m])", np.arange(START + 60, START + 3601, 60))
        client.close()
        counted = carry.count(asking("many", start=0, end=3600))
    assert bad_and_total(counted) == [(0, 2 * PODS)] * 60
