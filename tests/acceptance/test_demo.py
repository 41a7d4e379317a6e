"""The first two minutes of a newcomer: the demo on a real Prometheus."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tests.servers.programs import free_port, program, wait_until

from okrbridge.demo.books import UNSCANNED

pytestmark = pytest.mark.timeout(300)


class Demo:
    """``okrbridge demo`` on a free port."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None, path: str = os.environ["PATH"]) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"demo-{self.port}.log"
        command = [sys.executable, "-m", "okrbridge", "demo", "--port", str(self.port), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PATH": path})

    def items(self, path: str) -> list[dict[str, object]]:
        """The items of a list of the API; empty while it does not answer."""
        try:
            answer = requests.get(f"{self.url}/api/v1/{path}", timeout=5)
        except requests.RequestException:
            return []
        found: list[dict[str, object]] = answer.json()["items"] if answer.ok else []
        return found

    def is_covered(self) -> bool:
        """Whether every SLO's window is measured to more than 99 %."""
        slos = self.items("slos")
        return len(slos) >= 3 and all(float(str(item["coverage_ratio"] or 0)) > 0.99 for item in slos)

    def descendants(self) -> dict[int, str]:
        """Command lines, by process id, of the processes that are this one's, down to the last."""
        parents = {int(folder.name): _parent(folder) for folder in Path("/proc").glob("[0-9]*")}
        ours = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        ours.remove(self.process.pid)
        return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in ours}


def _parent(folder: Path) -> int:
    try:
        return int(_status(folder)[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _status(folder: Path) -> list[str]:
    """State, parent and more of a process; the name before them may hold anything, so it is cut off."""
    return (folder / "stat").read_text().rsplit(")", 1)[1].split()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    program("prometheus", package="prometheus")
    demo = Demo(tmp_path_factory.mktemp("demo"))
    wait_until(demo.is_covered, what="46 days of history in the demo", seconds=200, log=demo.log)
    yield demo
    if demo.process.poll() is None:
        demo.process.kill()


def test_three_and_more_slos_have_a_budget_over_30_days(demo):
    slos = demo.items("slos")
    assert sum(item["window"] == "30d" for item in slos) >= 3
    for item in slos:
        assert item["budget_remaining_ratio"] is not None, item


@pytest.fixture(scope="module")
def key_results(demo: Demo) -> dict[str, dict[str, object]]:
    """Key results by id, once their past is measured: then there are forecasts, and the baseline is frozen."""

    def found() -> dict[str, dict[str, object]]:
        return {f"{item['objective']}/{item['key_result']}": item for item in demo.items("key-results")}

    def have_a_past() -> bool:
        known = found()
        waits = known.get("lean-platform/time-to-restore", {}), known.get("rock-solid-api/p99-latency", {})
        return waits[0].get("baseline") is not None and waits[1].get("confidence") == 4

    wait_until(have_a_past, what="the past of the key results", seconds=150, log=demo.log)
    return found()


def test_the_cycle_is_in_its_seventh_week(demo):
    [cycle] = demo.items("cycles")
    # 45 to 46 days of 91.
    assert 6 / 13 <= cycle["elapsed_ratio"] < 7 / 13


def test_every_key_result_has_progress_and_a_status_or_says_why_not(key_results):
    assert len(key_results) == 15
    silent = {name: item["quality"] for name, item in key_results.items() if item["progress_ratio"] is None}
    assert silent == {"trusted-shop/new-partners": "too_early"}
    statuses = {item["status"] for item in key_results.values()}
    assert {"on_track", "at_risk", "off_track", "achieved", "stale", "too_early"} <= statuses
    assert statuses.isdisjoint(("no_data", "not_started"))


def test_a_key_result_that_began_late_is_too_early_to_judge(key_results):
    assert key_results["trusted-shop/new-partners"]["status"] == "too_early"


def test_what_nobody_has_said_for_weeks_is_stale(key_results):
    assert key_results["lean-platform/on-call-mood"]["quality"] == "stale"
    assert key_results["lean-platform/on-call-mood"]["status"] == "stale"


def test_saving_that_makes_search_slow_is_at_risk_at_best(key_results):
    cost = key_results["lean-platform/cost-per-order"]
    assert cost["guard_breached"] is True
    assert cost["breached_guards"] == ["lean-platform/search-p95-200"]
    assert cost["gap_ratio"] <= 0.05
    assert cost["status"] == "at_risk"


def test_an_aspirational_key_result_is_on_track_with_a_forecast(key_results):
    activation = key_results["trusted-shop/activation"]
    assert (activation["commitment"], activation["status"]) == ("aspirational", "on_track")
    assert activation["forecast_p10"] < activation["forecast_p50"] < activation["forecast_p90"]
    assert 0 < activation["hit_probability_ratio"] < 1


def test_confidence_that_fell_from_8_over_7_to_4_is_told(demo, key_results):
    latency = key_results["rock-solid-api/p99-latency"]
    assert (latency["confidence"], latency["confidence_direction"]) == (4, "falling")
    said = demo.items("key-results/rock-solid-api/p99-latency/check-ins")
    assert [item["confidence"] for item in said] == [8, 7, 4]


def test_who_is_missing_in_a_population_is_named(demo, key_results):
    assert key_results["lean-platform/scanned-repositories"]["value"] == pytest.approx(24 / 27)
    told = requests.get(f"{demo.url}/api/v1/key-results/lean-platform/scanned-repositories/explain", timeout=10).text
    for name in UNSCANNED:
        assert name in told


def test_the_baseline_is_frozen_from_the_90_days_before_the_cycle(key_results):
    restore = key_results["lean-platform/time-to-restore"]
    # 40 % less than what it was.
    assert restore["target"] == pytest.approx(0.6 * restore["baseline"])


def test_every_address_it_shows_answers(demo, key_results):
    shown = re.findall(r"curl -s '([^']+)'", demo.log.read_text())
    assert len(shown) == 4
    for address in shown:
        assert requests.get(address, timeout=10).status_code == 200, address


def test_the_metrics_page_passes_promtool(demo):
    page = requests.get(f"{demo.url}/metrics", timeout=10).content
    promtool = program("promtool", package="prometheus")
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_ctrl_c_leaves_no_process_behind_and_another_run_works(demo, tmp_path):
    started = demo.descendants()
    assert any("prometheus" in command for command in started.values())
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=30) == 0
    assert [pid for pid in started if _is_alive(pid)] == []
    # On the same port, and this time without a Prometheus on the machine.
    again = Demo(tmp_path, "--for", "1s", port=demo.port, path="")
    assert again.process.wait(timeout=120) == 0, again.log.read_text()
    assert "the built-in simulated source is used" in again.log.read_text()


def _is_alive(pid: int) -> bool:
    try:
        return _status(Path(f"/proc/{pid}"))[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
