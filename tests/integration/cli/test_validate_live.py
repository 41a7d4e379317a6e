"""``okrbridge validate --live`` on a real Prometheus."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers.programs import free_port
from tests.servers.prometheus import PrometheusServer
from tests.unit.definitions.samples import EVERYTHING, changed, with_key_result
from tests.unit.lint.samples import SOUND

pytestmark = pytest.mark.integration

HISTORY = {'http_requests_total{code="200"}': [(1_760_000_000.0, 1.0), (1_760_000_060.0, 2.0)]}
UNKNOWN_FUNCTION = "sum(mad_over_time(http_requests_total[5m]))"
"""A function that old servers do not know and new ones take only behind a flag."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    server.backfill(HISTORY)
    with server:
        yield server


def validate(file: Path, text: str, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a text, with the default source at a URL."""
    file.write_text(text)
    environment = {**os.environ, "OKRBRIDGE_PROMETHEUS_URL": url}
    command = [sys.executable, "-m", "okrbridge", "validate", "--live", str(file), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def measured_by(promql: str, source: str = "prometheus") -> str:
    return with_key_result("name: kr", "from: 1", "to: 2", f"measure: {{promql: '{promql}', source: {source}}}")


def data_source(name: str, url: str) -> str:
    return (
        f"---\napiVersion: openslo/v1\nkind: DataSource\nmetadata: {{name: {name}}}\n"
        f"spec: {{type: Prometheus, connectionDetails: {{url: '{url}'}}}}\n"
    )


def test_queries_that_the_server_reads_are_good(prometheus, tmp_path):
    done = validate(tmp_path / "a.yaml", SOUND, prometheus.url, "--strict")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "good: 1 file, 1 SLO, 1 cycle, 1 objective, 2 key results, 0 warnings\n"


def test_a_misspelt_metric_is_refused_at_its_place(prometheus, tmp_path):
    file = tmp_path / "a.yaml"

    done = validate(
        file, changed(EVERYTHING, "query: http_requests_total}", "query: http_reqests_total}"), prometheus.url
    )

    assert (done.returncode, done.stdout) == (1, "")
    fault, line, caret, summary = done.stderr.splitlines()
    assert fault == (
        f"{file}:12:64: spec.indicator.spec.ratioMetric.total.metricSource.spec.query: prometheus refuses the query: "
        f"no series matches: the metric 'http_reqests_total' is unknown to {prometheus.url}; "
        "did you mean 'http_requests_total'?"
    )
    assert line[caret.index("^") :].startswith("http_reqests_total")
    assert summary == "1 fault found"


def test_a_query_that_the_server_does_not_parse_is_refused_with_the_servers_words(prometheus, tmp_path):
    done = validate(tmp_path / "a.yaml", measured_by(UNKNOWN_FUNCTION), prometheus.url)

    assert done.returncode == 1
    # mad_over_time begins at the fifth character of the query
    assert "measure.promql: prometheus refuses the query: 1:5: parse error: " in done.stderr


def test_a_source_that_is_gone_hides_no_refusal_of_another(prometheus, tmp_path):
    gone = f"http://127.0.0.1:{free_port()}"
    text = measured_by(UNKNOWN_FUNCTION) + (
        "    - {name: two, from: 1, to: 2, measure: {promql: up, source: gone}}\n"
        "    - {name: three, from: 1, to: 2, measure: {promql: sum(up), source: gone}}\n"
    )
    file, text = tmp_path / "a.yaml", text + data_source("gone", gone)

    told, printed = (validate(file, text, prometheus.url, *options) for options in ((), ("--format", "json")))

    assert (told.returncode, printed.returncode) == (4, 4)
    assert told.stdout == ""
    assert told.stderr.count(f"source gone: {gone} cannot be reached") == 1
    assert "prometheus refuses the query: 1:5: parse error" in told.stderr
    document: dict[str, Any] = json.loads(printed.stdout)
    assert [fault["code"] for fault in document["faults"]] == ["refused_query"]
    [unreachable] = document["unreachable"]
    assert unreachable["source"] == "gone"
    assert unreachable["message"].startswith(f"{gone} cannot be reached")


def test_without_live_nobody_is_asked(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(measured_by(UNKNOWN_FUNCTION))
    environment = {**os.environ, "OKRBRIDGE_PROMETHEUS_URL": f"http://127.0.0.1:{free_port()}"}
    command = [sys.executable, "-m", "okrbridge", "validate", str(file)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout[:5]) == (0, "good:")
    assert "prometheus" not in done.stderr  # lints alone, of the only key result
