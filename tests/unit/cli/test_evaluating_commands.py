"""evaluate and explain, on a day of the built-in fleet."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.domain.windows import epoch_seconds, from_epoch
from okrbridge.sources.simulated.source import fleet_of_url

MIDNIGHT = "2025-06-16T00:00:00Z"
ANCHOR = epoch_seconds(datetime(2025, 6, 16, tzinfo=UTC))
"""The fleet's story leads up to here, so every number below is the same on every day."""
API = 'http_requests_total{service="api"}'
DEFINITIONS = f"""\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: api-availability}}
spec:
  service: api
  indicator:
    metadata: {{name: api-requests}}
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource: {{metricSourceRef: prometheus, spec: {{query: '{API[:-1]},code=~"5.."}}'}}}}
        total:
          metricSource: {{metricSourceRef: prometheus, spec: {{query: '{API}'}}}}
  timeWindow: [{{duration: 1d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.9}}]
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {{name: now}}
spec: {{start: 2025-06-01, end: 2025-09-01}}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {{name: reliable}}
spec:
  cycle: now
  owner: maria
  keyResults:
    - {{name: pods, from: 3, to: 18, measure: {{promql: 'count(up)'}}}}
    - {{name: today, operator: ge, to: 98%, measure: {{slo: api-availability, over: 1d}}}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "definitions.yaml"
    file.write_text(DEFINITIONS)
    return file


@pytest.fixture
def fleet(okrbridge: Okrbridge, config: Path, monkeypatch: pytest.MonkeyPatch) -> Okrbridge:
    """The command over these definitions and the built-in fleet, with a database in a file of its own."""
    monkeypatch.setenv("OKRBRIDGE_PROMETHEUS_URL", f"simulated:{ANCHOR}")
    return lambda *arguments: okrbridge(*arguments, "--config", config, "--database-url", "sqlite:///test.db")


def test_evaluate_prints_a_table_of_slos_and_one_of_key_results(fleet: Okrbridge):
    outcome = fleet("evaluate", "--at", MIDNIGHT)
    assert outcome.code == 0
    lines = outcome.stdout.splitlines()
    assert lines[0].strip() == "SLOs"
    assert lines[1].split()[:4] == ["slo", "state", "target", "sli"]
    assert lines[2].split()[:3] == ["api-availability", "ok", "90.000%"]
    assert "100.00%" in lines[2]
    # All 9 pods are up at midnight: 3 to 18 is 15 to go, 9 is 6 of them, 40 %.
    row = next(line for line in lines if line.startswith("reliable/pods"))
    assert row.split()[2:6] == ["3", "9", "18", "40.0%"]


def test_evaluate_as_json_holds_the_items_of_the_api_and_nothing_else(fleet: Okrbridge):
    outcome = fleet("evaluate", "--format", "json", "--at", MIDNIGHT)
    assert outcome.code == 0
    document = outcome.json
    assert document.keys() == {"at", "slos", "key_results"}
    assert document["at"] == MIDNIGHT
    [slo] = document["slos"]
    assert (slo["slo"], slo["target_ratio"], slo["coverage_ratio"]) == ("api-availability", 0.9, 1.0)
    truth = fleet_of_url(f"simulated:{ANCHOR}", from_epoch(ANCHOR)).true_counts("api", ANCHOR - 86_400, ANCHOR)
    assert (slo["good"], slo["total"]) == (truth.requests - truth.failed, truth.requests)
    assert slo["sli_ratio"] == pytest.approx(1 - truth.failed / truth.requests)
    assert [item["key_result"] for item in document["key_results"]] == ["pods", "today"]
    # The key result over the same day has the SLO's own ratio.
    assert document["key_results"][1]["value"] == pytest.approx(slo["sli_ratio"])


def test_what_is_said_beside_the_result_goes_to_stderr(fleet: Okrbridge):
    outcome = fleet("evaluate", "--format", "json", "--at", MIDNIGHT)
    assert "slices filled" in outcome.stderr
    again = fleet("evaluate", "--format", "json", "--at", MIDNIGHT)
    # The second run finds all history in the ledger, and the same numbers.
    assert again.stderr == ""
    assert again.json["slos"][0]["total"] == outcome.json["slos"][0]["total"]


def test_the_future_is_not_evaluated(fleet: Okrbridge):
    outcome = fleet("evaluate", "--at", "2999-01-01")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "2999-01-01T00:00:00Z is in the future" in outcome.stderr
    assert "--at" in outcome.stderr


def test_explain_shows_the_query_and_the_numbers_put_in(fleet: Okrbridge):
    outcome = fleet("explain", "slo/api-availability", "--at", MIDNIGHT)
    assert outcome.code == 0
    assert "api-availability" in outcome.stdout
    assert API in outcome.stdout


def test_explain_as_json_for_an_slo_and_a_key_result(fleet: Okrbridge):
    slo = fleet("explain", "slo/api-availability", "--format", "json", "--at", MIDNIGHT)
    assert slo.code == 0
    assert isinstance(slo.json, dict)
    key_result = fleet("explain", "kr/reliable/pods", "--format", "json", "--at", MIDNIGHT)
    assert key_result.code == 0
    assert "count(up)" in key_result.stdout


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("slo/api-availabilty", "there is no SLO named 'api-availabilty'; did you mean 'api-availability'?"),
        ("kr/reliable/pod", "there is no key result named 'reliable/pod'; did you mean 'reliable/pods'?"),
        ("kr/nothing", "there is no key result named 'nothing'"),
    ],
)
def test_an_unknown_name_is_told_with_the_closest_known_one(fleet: Okrbridge, subject: str, words: str):
    outcome = fleet("explain", subject)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert words in outcome.stderr


def test_a_query_that_the_source_refuses_leaves_with_1_and_prints_what_is_known(fleet: Okrbridge, config: Path):
    config.write_text(DEFINITIONS.replace("count(up)", "quantile_over_time(0.9, up[1d])"))
    outcome = fleet("evaluate", "--format", "json", "--at", MIDNIGHT)
    assert outcome.code == 1
    assert "source prometheus: " in outcome.stderr
    assert outcome.json["slos"][0]["coverage_ratio"] == 1.0
    assert outcome.json["key_results"][0]["value"] is None


def test_a_source_that_cannot_be_reached_leaves_with_4(fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    # Port 9 of this machine is the discard service's; nothing listens there.
    monkeypatch.setenv("OKRBRIDGE_PROMETHEUS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OKRBRIDGE_QUERY_TIMEOUT_SECONDS", "0.05")
    outcome = fleet("evaluate", "--format", "json")
    assert outcome.code == 4
    assert "source prometheus: " in outcome.stderr
    assert outcome.json["slos"][0]["sli_ratio"] is None


@pytest.mark.parametrize("command", [["evaluate"], ["explain", "slo/api-availability"], ["serve", "--port", "0"]])
def test_faults_in_the_definitions_are_told_all_at_once_on_stderr(fleet: Okrbridge, config: Path, command: list[str]):
    config.write_text(DEFINITIONS.replace("target: 0.9", "target: 9").replace("cycle: now", "cycle: never"))
    outcome = fleet(*command)
    assert (outcome.code, outcome.stdout) == (2, "")
    faults = [line for line in outcome.stderr.splitlines() if line.startswith(f"{config}:")]
    assert len(faults) >= 2
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("command", ["evaluate", "validate", "serve"])
def test_a_configuration_that_is_not_there_is_told_with_its_path(okrbridge: Okrbridge, tmp_path: Path, command: str):
    more = ["--port", "0"] if command == "serve" else []
    outcome = okrbridge(command, *more, "--config", tmp_path / "nothing")
    assert (outcome.code, outcome.stdout) == (2, "")
    missing = f"{tmp_path}/nothing:1:1: there is no such file or folder"
    assert f"{missing}; give the folder with --config or OKRBRIDGE_CONFIG\n" in outcome.stderr


def test_a_path_that_was_given_to_validate_is_not_the_configuration(okrbridge: Okrbridge):
    outcome = okrbridge("validate", "nothing")
    assert outcome.code == 2
    assert "nothing:1:1: there is no such file or folder\n" in outcome.stderr


def test_a_setting_that_cannot_work_is_told_by_its_variable(fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OKRBRIDGE_TICK_SECONDS", "7")
    outcome = fleet("evaluate")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "OKRBRIDGE_TICK_SECONDS" in outcome.stderr


def test_a_database_that_cannot_be_used_leaves_with_4(fleet: Okrbridge, tmp_path: Path):
    (tmp_path / "test.db").write_text("notes\n" * 1000)
    outcome = fleet("evaluate")
    assert (outcome.code, outcome.stdout) == (4, "")
    assert outcome.stderr.startswith("okrbridge: ")


def test_validate_reads_definitions_without_a_database_or_a_source(fleet: Okrbridge, tmp_path: Path):
    outcome = fleet("validate")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("good: 1 file, 1 SLO, 1 cycle, 1 objective, 2 key results")
    assert not (tmp_path / "test.db").exists()


def test_serve_refuses_an_address_that_is_not_of_this_machine(fleet: Okrbridge):
    # 192.0.2.0/24 is kept for documentation; no machine has it.
    outcome = fleet("serve", "--host", "192.0.2.1", "--port", "0")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "cannot listen on 192.0.2.1:0" in outcome.stderr


def test_evaluate_freezes_baselines_and_fills_the_past_of_key_results(fleet: Okrbridge, config: Path, tmp_path: Path):
    more = "    - {name: fewer, change: -20%, baseline: {over: 2d}, measure: {promql: 'count(up)'}}\n"
    config.write_text(DEFINITIONS + more)
    outcome = fleet("evaluate", "--format", "json", "--at", MIDNIGHT)
    found = {item["key_result"]: item for item in outcome.json["key_results"]}
    # 9 pods were up at the end of both days before the start: 9 x (1 - 0.2) = 7.2.
    assert (found["fewer"]["baseline"], found["fewer"]["target"]) == (9.0, pytest.approx(7.2))
    with closing(sqlite3.connect(tmp_path / "test.db")) as database:
        (days,) = database.execute("SELECT count(*) FROM progress WHERE key_result = 'reliable/pods'").fetchone()
    # 1 to 15 June; the last one is the evaluated midnight itself.
    assert days == 15
