"""cycle report, in its three formats, on a cycle of the built-in fleet."""

import csv
import io
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

CYCLE = """\
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: now}
spec: {title: This summer, start: 2025-06-01, end: 2025-09-01}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: reliable}
spec:
  title: Make it reliable
  cycle: now
  team: backend
  owner: maria
  keyResults:
    - {name: pods, title: From 3 to 18 pods, from: 3, to: 18}
    - {name: secret, title: Sell the company, from: 0, to: 1, visibility: restricted}
---
apiVersion: okrbridge.dev/v1
kind: Retrospective
metadata: {name: backend-summer}
spec: {cycle: now, team: backend, learnings: [Pods are no goal.]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "definitions.yaml"
    file.write_text(CYCLE)
    return file


def test_the_report_is_markdown_unless_another_format_is_asked_for(okrbridge: Okrbridge, config: Path):
    outcome = okrbridge("cycle", "report", "now", "--config", config)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout.startswith("# This summer\n\n2025-06-01 to 2025-09-01 (UTC), over, without scores. ")
    assert "## Make it reliable" in outcome.stdout
    assert "- backend: Pods are no goal." in outcome.stdout


def test_restricted_key_results_are_told_of_only_when_asked_for(okrbridge: Okrbridge, config: Path):
    assert "Sell" not in okrbridge("cycle", "report", "now", "--config", config).stdout
    assert "Sell the company" in okrbridge("cycle", "report", "now", "--config", config, "--restricted").stdout


def test_json_and_csv_hold_the_same_key_results(okrbridge: Okrbridge, config: Path):
    report = okrbridge("cycle", "report", "now", "--config", config, "--format", "json").json
    assert [row["key_result"] for one in report["objectives"] for row in one["key_results"]] == ["pods"]
    text = okrbridge("cycle", "report", "now", "--config", config, "--format", "csv").stdout
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["cycle"], row["key_result"], row["baseline"], row["target"]) == ("now", "pods", "3.0", "18.0")


def test_an_unknown_cycle_is_wrong_usage_with_a_hint(okrbridge: Okrbridge, config: Path):
    outcome = okrbridge("cycle", "report", "nov", "--config", config)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "there is no cycle named 'nov'; did you mean 'now'?" in outcome.stderr
