"""The demo's processes end with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.servers.programs import wait_until

from okrbridge.demo.errors import DemoError
from okrbridge.demo.processes import Crew, Running, free_port, port_is_free

pytestmark = pytest.mark.integration

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_leaving_the_block_stops_everything(tmp_path: Path):
    with Crew(tmp_path) as crew:
        started = [crew.start(name, SLEEPER) for name in ("one", "two")]
        assert all(_is_alive(each.process.pid) for each in started)
    assert not any(_is_alive(each.process.pid) for each in started)


def test_one_process_is_ended_while_the_other_goes_on(tmp_path: Path):
    with Crew(tmp_path) as crew:
        one, other = (crew.start(name, SLEEPER) for name in ("one", "other"))
        crew.end(one)
        assert not _is_alive(one.process.pid)
        assert _is_alive(other.process.pid)
        crew.check()


def test_an_error_inside_the_block_stops_everything_too(tmp_path: Path):
    started: list[Running] = []

    def fails_in_the_middle() -> None:
        with Crew(tmp_path) as crew:
            started.append(crew.start("one", SLEEPER))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails_in_the_middle()
    assert not _is_alive(started[0].process.pid)


def test_a_process_that_ignores_the_request_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("okrbridge.demo.processes._GRACE_SECONDS", 0.2)
    with Crew(tmp_path) as crew:
        started = crew.start("stubborn", STUBBORN)
        wait_until(lambda: "up" in crew.tail("stubborn"), what="the stubborn process")
    assert started.process.returncode == -signal.SIGKILL


def test_a_process_that_ends_early_is_named_with_its_last_lines(tmp_path: Path):
    with Crew(tmp_path) as crew:
        failing = crew.start("storage", [sys.executable, "-c", "raise SystemExit('no space left')"])
        failing.process.wait(20)
        with pytest.raises(DemoError, match=r"storage ended by itself \(exit code 1\)(.|\n)*no space left"):
            crew.check()


def test_a_program_that_does_not_exist_is_an_early_end(tmp_path: Path):
    with Crew(tmp_path) as crew:
        missing = crew.start("ghost", ["/no/such/program"])
        missing.process.wait(20)
        with pytest.raises(DemoError, match="ghost ended by itself"):
            crew.check()


def test_waiting_for_a_failing_process_tells_why(tmp_path: Path):
    with Crew(tmp_path) as crew:
        running = crew.start("loader", [sys.executable, "-c", "print('bad line 7'); raise SystemExit(3)"])
        with pytest.raises(DemoError, match=r"loader failed \(exit code 3\)(.|\n)*bad line 7"):
            crew.finish(running)


def test_no_process_survives_the_demo_s_own_violent_end(tmp_path: Path):
    parent_code = f"""
import time
from pathlib import Path
from okrbridge.demo.processes import Crew
crew = Crew(Path({str(tmp_path)!r}))
print(crew.start("orphan", {SLEEPER!r}).process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        log = tmp_path / "orphan.log"
        wait_until(lambda: log.exists() and "up" in log.read_text(), what="the orphan's start")
        assert _is_alive(child)
        parent.kill()
        parent.wait(10)
    wait_until(lambda: not _is_alive(child), what="the orphan's end", seconds=10)


def test_a_port_in_use_is_seen():
    port = free_port()
    assert port_is_free(port)
    listener = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: not port_is_free(port), what="the port's use")
    finally:
        listener.kill()
        listener.wait()
    deadline = time.monotonic() + 10
    while not port_is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert port_is_free(port)
