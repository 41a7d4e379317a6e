"""The first two minutes of a newcomer: the demo on a real Prometheus."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tests.servers.programs import free_port, program, wait_until

pytestmark = pytest.mark.timeout(300)


class Demo:
    """``okrbridge demo`` on a free port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"demo-{self.port}.log"
        command = [sys.executable, "-m", "okrbridge", "demo", "--port", str(self.port), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

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
    wait_until(demo.is_covered, what="30 days of history in the demo", seconds=200, log=demo.log)
    yield demo
    if demo.process.poll() is None:
        demo.process.kill()


def test_three_and_more_slos_have_a_budget_over_30_days(demo):
    slos = demo.items("slos")
    assert sum(item["window"] == "30d" for item in slos) >= 3
    for item in slos:
        assert item["budget_remaining_ratio"] is not None, item


def test_six_key_results_have_a_value_progress_and_a_status(demo):
    key_results = demo.items("key-results")
    assert len(key_results) == 6
    for item in key_results:
        assert None not in (item["value"], item["progress_ratio"]), item
        assert item["status"] not in ("no_data", "stale", "not_started"), item


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
    again = Demo(tmp_path, "--for", "1s")
    assert again.process.wait(timeout=120) == 0, again.log.read_text()


def _is_alive(pid: int) -> bool:
    try:
        return _status(Path(f"/proc/{pid}"))[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
