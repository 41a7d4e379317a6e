"""A whole run of the demo, with a stub in place of okrbridge itself and no Prometheus."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tests.servers.programs import wait_until

from okrbridge.demo import run, stack
from okrbridge.demo.processes import free_port, port_is_free

pytestmark = pytest.mark.integration

STUB = Path(__file__).with_name("stub_serve.py")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


@pytest.fixture
def diagnostics() -> Console:
    return Console(file=io.StringIO(), width=100)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def behaviour(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PATH", str(tmp_path))  # no Prometheus here
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return monkeypatch


def _serve_as(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(stack, "serve_command", lambda stage, _: [sys.executable, str(STUB), str(stage.port), kind])


def _folders(tmp_path: Path) -> list[str]:
    return [path.name for path in tmp_path.iterdir() if path.name.startswith("okrbridge-demo-")]


def test_it_runs_its_time_twice_and_leaves_nothing(
    behaviour: pytest.MonkeyPatch, tmp_path: Path, console: Console, diagnostics: Console
):
    _serve_as(behaviour, "ready")
    port = free_port()
    for _ in range(2):
        assert run.run_demo(seconds=0.5, port=port, console=console, diagnostics=diagnostics) == 0
        assert port_is_free(port)
    shown = _text(console)
    assert "prometheus and promtool not found on PATH: the built-in simulated source is used" in shown
    assert f"http://127.0.0.1:{port}/api/v1/key-results/trusted-shop/activation/forecast" in shown
    assert "api-availability" in shown
    assert "Every process of the demo is stopped." in shown
    assert _folders(tmp_path) == []


def test_a_port_in_use_is_refused_before_anything_starts(console: Console, diagnostics: Console):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert run.run_demo(seconds=1, port=port, console=console, diagnostics=diagnostics) == 2
    assert _text(console) == ""
    assert _text(diagnostics) == f"port {port} is in use; choose another one with --port\n"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path, console: Console, diagnostics: Console):
    (tmp_path / "file").touch()
    assert (
        run.run_demo(seconds=1, port=free_port(), console=console, diagnostics=diagnostics, work_folder=tmp_path) == 2
    )
    assert "is not an empty folder" in _text(diagnostics)


def test_a_folder_of_one_s_own_is_kept(
    behaviour: pytest.MonkeyPatch, tmp_path: Path, console: Console, diagnostics: Console
):
    _serve_as(behaviour, "ready")
    folder = tmp_path / "mine"
    assert (
        run.run_demo(seconds=0.2, port=free_port(), console=console, diagnostics=diagnostics, work_folder=folder) == 0
    )
    assert (folder / "okrbridge.log").exists()
    assert (folder / "okrbridge-intake.log").exists()
    assert (folder / "config" / "cycle.yaml").exists()


def test_an_early_end_is_named_and_the_logs_are_kept(
    behaviour: pytest.MonkeyPatch, tmp_path: Path, console: Console, diagnostics: Console
):
    _serve_as(behaviour, "failing")
    assert run.run_demo(seconds=1, port=free_port(), console=console, diagnostics=diagnostics) == 4
    shown = _text(diagnostics)
    assert "okrbridge-intake ended by itself (exit code 1)" in shown
    assert "the database is read-only" in shown
    (kept,) = _folders(tmp_path)
    assert kept in shown


def test_never_ready_is_a_failure_in_the_end(behaviour: pytest.MonkeyPatch, console: Console, diagnostics: Console):
    _serve_as(behaviour, "never")
    behaviour.setattr(stack, "SECONDS_TO_READY", 1.0)
    assert run.run_demo(seconds=1, port=free_port(), console=console, diagnostics=diagnostics) == 4
    assert "okrbridge-intake was not ready within 1 s" in _text(diagnostics)


def test_what_is_refused_ends_the_demo_with_the_reason(
    behaviour: pytest.MonkeyPatch, console: Console, diagnostics: Console
):
    _serve_as(behaviour, "refusing")
    assert run.run_demo(seconds=1, port=free_port(), console=console, diagnostics=diagnostics) == 4
    assert "okrbridge refused events with 403" in _text(diagnostics).replace("\n", " ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_with_exit_code_0(tmp_path: Path, number: signal.Signals):
    port = free_port()
    code = f"""
import sys
from rich.console import Console
from okrbridge.demo import run, stack
stack.serve_command = lambda stage, _: [sys.executable, {str(STUB)!r}, str(stage.port), "ready"]
sys.exit(run.run_demo(seconds=None, port={port}, console=Console(), diagnostics=Console()))
"""
    log = tmp_path / "out.txt"
    environment = {**os.environ, "PATH": str(tmp_path), "TMPDIR": str(tmp_path)}
    with log.open("wb") as output:
        demo = subprocess.Popen([sys.executable, "-c", code], stdout=output, stderr=output, env=environment)
    wait_until(lambda: re.search("api-availability", log.read_text()) is not None, what="the table", log=log)
    demo.send_signal(number)
    assert demo.wait(30) == 0
    assert "Interrupted." in log.read_text()
    assert port_is_free(port)
    assert _folders(tmp_path) == []
