"""What can be wrong gives a clear message and the documented exit code or state, and never a false number."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.known_fleet import documents, now, steps
from tests.acceptance.okrbridge_process import okrbridge
from tests.servers.programs import free_port
from tests.servers.prometheus import PrometheusServer
from tests.servers.stub_prometheus import LOGIN_PAGE, StubPrometheus


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("prometheus"))
    server.backfill({'requests_total{code="200"}': steps(now() - timedelta(hours=2), 240, 10)})
    with server:
        yield server


def config_with(folder: Path, url: str, *changes: tuple[str, str]) -> Path:
    """The known documents, changed."""
    config = documents(folder / "config", cycle_start=now() - timedelta(days=1), prometheus=url)
    text = (config / "definitions.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (config / "definitions.yaml").write_text(text)
    return config


def evaluate(config: Path, folder: Path):
    """``okrbridge evaluate`` as JSON."""
    database = f"sqlite:///{folder}/okrbridge.db"
    return okrbridge("evaluate", "--config", str(config), "--database-url", database, "--format", "json", timeout=120)


def test_a_wrong_config_names_every_fault_with_its_place_and_exits_2(tmp_path):
    config = config_with(
        tmp_path,
        "http://127.0.0.1:9",
        ("target: 0.99", "target: 1.0"),
        ("cycle: now", "cycle: noww"),
        ("to: 99.8%", "to: 99%"),
    )
    done = okrbridge("validate", str(config))
    assert done.returncode == 2
    file = config / "definitions.yaml"
    places = [line for line in done.stderr.splitlines() if line.startswith(f"{file}:")]
    assert len(places) == 3
    assert any("spec.cycle" in line and "did you mean 'now'" in line for line in places)
    assert "Traceback" not in done.stderr


def test_serving_a_wrong_config_exits_2_too(tmp_path):
    config = config_with(tmp_path, "http://127.0.0.1:9", ("target: 0.99", "target: 1.0"))
    done = okrbridge("serve", "--config", str(config), "--database-url", f"sqlite:///{tmp_path}/a.db", "--port", "0")
    assert done.returncode == 2
    assert "definitions.yaml:" in done.stderr


def test_an_unreachable_prometheus_exits_4_and_shows_no_number(tmp_path):
    done = evaluate(config_with(tmp_path, f"http://127.0.0.1:{free_port()}"), tmp_path)
    assert done.returncode == 4
    assert "cannot be reached" in done.stderr
    item = json.loads(done.stdout)["slos"][0]
    assert (item["state"], item["sli_ratio"], item["budget_remaining_ratio"], item["burn_rate_1h"]) == (
        "error", None, None, None,
    )  # fmt: skip


def test_an_html_page_instead_of_json_exits_4_and_says_what_came(tmp_path):
    with StubPrometheus(LOGIN_PAGE) as stub:
        done = evaluate(config_with(tmp_path, stub.url), tmp_path)
    assert done.returncode == 4
    assert "HTML" in done.stderr
    document = json.loads(done.stdout)
    assert document["slos"][0]["state"] == "error"
    assert {item["status"] for item in document["key_results"]} == {"no_data"}


def test_a_query_the_server_refuses_exits_1_and_leaves_the_rest_alone(prometheus, tmp_path):
    # limitk() is newer than this server; okrbridge's own parser knows it.
    config = config_with(tmp_path, prometheus.url, ("sum(requests_total) * 0 + 100", "sum(limitk(1, requests_total))"))
    done = evaluate(config, tmp_path)
    assert done.returncode == 1
    assert "limitk" in done.stderr
    document = json.loads(done.stdout)
    traffic = next(item for item in document["key_results"] if item["key_result"] == "traffic")
    assert (traffic["quality"], traffic["value"], traffic["status"]) == ("error", None, "no_data")
    assert document["slos"][0]["state"] == "ok"


def test_a_query_that_is_no_promql_exits_2_before_anything_is_asked(tmp_path):
    config = config_with(tmp_path, "http://127.0.0.1:9", ("sum(requests_total) * 0 + 100", "sum(requests_total"))
    done = evaluate(config, tmp_path)
    assert done.returncode == 2
    assert "promql" in done.stderr


@pytest.mark.parametrize(
    ("query", "told"),
    [("sum(nothing_of_this_name)", "no series"), ("sum(requests_total) * 0 / 0", "NaN")],
    ids=["empty", "nan"],
)
def test_an_empty_result_and_nan_are_no_data_with_the_reason(prometheus, tmp_path, query, told):
    config = config_with(tmp_path, prometheus.url, ("sum(requests_total) * 0 + 100", query))
    done = evaluate(config, tmp_path)
    assert done.returncode == 0, done.stderr
    traffic = next(item for item in json.loads(done.stdout)["key_results"] if item["key_result"] == "traffic")
    assert (traffic["quality"], traffic["status"], traffic["value"]) == ("no_data", "no_data", None)
    assert told in traffic["error"]


def test_more_series_than_the_question_has_answers_is_refused(prometheus, tmp_path):
    config = config_with(tmp_path, prometheus.url, ("sum(requests_total) * 0 + 100", "vector(1) or requests_total"))
    done = evaluate(config, tmp_path)
    assert done.returncode == 1
    assert "too_many_series" in done.stderr


def test_a_counter_nobody_exposes_is_no_data_and_not_a_perfect_slo(prometheus, tmp_path):
    config = config_with(tmp_path, prometheus.url, ("'requests_total'", "'request_total'"))
    done = evaluate(config, tmp_path)
    item = json.loads(done.stdout)["slos"][0]
    assert (item["state"], item["sli_ratio"], item["budget_remaining_ratio"], item["coverage_ratio"]) == (
        "no_data", None, None, 0.0,
    )  # fmt: skip


def test_a_read_only_database_exits_4_and_names_the_file(prometheus, tmp_path):
    config = config_with(tmp_path, prometheus.url)
    assert evaluate(config, tmp_path).returncode == 0
    database = tmp_path / "okrbridge.db"
    database.chmod(0o444)
    done = evaluate(config, tmp_path)
    assert done.returncode == 4
    assert "okrbridge.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unreachable_database_exits_4_without_its_password(tmp_path):
    config = config_with(tmp_path, "http://127.0.0.1:9")
    url = f"postgresql://okrbridge:sesame@127.0.0.1:{free_port()}/okrbridge"
    done = okrbridge("evaluate", "--config", str(config), "--database-url", url)
    assert done.returncode == 4
    assert "sesame" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told_with_the_remedy(prometheus, tmp_path):
    config = config_with(tmp_path, prometheus.url)
    port = prometheus.url.rsplit(":", 1)[1]
    done = okrbridge("serve", "--config", str(config), "--database-url", f"sqlite:///{tmp_path}/a.db", "--port", port)
    assert done.returncode == 2
    assert "--port" in done.stderr
