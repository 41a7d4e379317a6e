"""The parts of the demo, started one on top of the other."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console

from okrbridge.demo.errors import DemoError
from okrbridge.demo.exporter import write_prometheus_configuration
from okrbridge.demo.feed import Feed
from okrbridge.demo.history import load_history
from okrbridge.demo.processes import Crew, Running, free_port
from okrbridge.demo.steps import say, step
from okrbridge.sources.simulated.fleet import Fleet
from okrbridge.sources.simulated.source import SIMULATED_SCHEME

SECONDS_TO_READY = 120.0

_POLL_SECONDS = 0.2
_STORAGE = ("--storage.tsdb.retention.time=90d", "--storage.tsdb.min-block-duration=2h")
# The loaded blocks are as good as they are; merging them would only take the processor from the demo.
_NO_COMPACTION = "--storage.tsdb.max-block-duration=2h"
_KEPT_SETTINGS = ("OKRBRIDGE_LOG_LEVEL", "OKRBRIDGE_LOG_LEVEL_FILE")


@dataclass(frozen=True)
class Stage:
    """Where a demo plays.

    Attributes:
        folder: holds storage, database, configuration and logs.
        fleet: the fleet that is watched.
        port: okrbridge's.
    """

    console: Console
    folder: Path
    crew: Crew
    fleet: Fleet
    port: int

    @property
    def configuration(self) -> Path:
        """The folder with the demo's definitions."""
        return self.folder / "config"

    @property
    def database_url(self) -> str:
        """The demo's own SQLite file."""
        return f"sqlite:///{self.folder / 'okrbridge.db'}"

    @property
    def intake_configuration(self) -> Path:
        """The folder with the definitions that are in force while the demo tells what happened."""
        return self.folder / "intake"


def start_source(stage: Stage) -> str:
    """Start what okrbridge will ask, and return its URL: a Prometheus with the fleet's past, or the built-in fleet.

    Raises:
        DemoError: a program failed.
    """
    missing = [program for program in ("prometheus", "promtool") if shutil.which(program) is None]
    if missing:
        say(
            stage.console,
            f"{' and '.join(missing)} not found on PATH: the built-in simulated source is used instead of a Prometheus "
            "(on Debian, `apt install prometheus` brings both).",
            style="yellow",
        )
        return f"{SIMULATED_SCHEME}{stage.fleet.story.anchor}"
    return _start_prometheus(stage)


def _start_prometheus(stage: Stage) -> str:
    exporter_port, port = free_port(), free_port()
    anchor = str(stage.fleet.story.anchor)
    exporter = [sys.executable, "-m", "okrbridge.demo.exporter", "--port", str(exporter_port), "--anchor", anchor]
    stage.crew.start("exporter", exporter)
    data = stage.folder / "prometheus"
    with step(stage.console, "Loading 46 days of the fleet's history into Prometheus", measured=True) as report:
        load_history(stage.fleet, data, stage.crew, lambda: int(time.time()), report)
    configuration = stage.folder / "prometheus.yml"
    write_prometheus_configuration(configuration, exporter_port)
    url = f"http://127.0.0.1:{port}"
    with step(stage.console, "Starting Prometheus"):
        files = [f"--config.file={configuration}", f"--storage.tsdb.path={data}", *_STORAGE, _NO_COMPACTION]
        stage.crew.start("prometheus", ["prometheus", *files, f"--web.listen-address=127.0.0.1:{port}"])
        wait_for(stage, "Prometheus", lambda: _answers(f"{url}/-/ready"))
    return url


def start_intake(stage: Stage) -> Running:
    """Start ``okrbridge serve`` on the demo's SQLite file without anything to evaluate yet, and do not wait for it.

    What is told to it is there when the first key result is measured, so that the past is measured with it.

    Raises:
        DemoError: it cannot be started.
    """
    command = serve_command(stage, stage.intake_configuration)
    return stage.crew.start("okrbridge-intake", command, _environment(os.environ, SIMULATED_SCHEME))


def start_okrbridge(stage: Stage, source_url: str, feed: Feed) -> None:
    """Start ``okrbridge serve`` on the demo's SQLite file and wait until it is ready.

    Raises:
        DemoError: it ended, or was not ready in time.
    """
    with step(stage.console, "Starting okrbridge"):
        command = serve_command(stage, stage.configuration)
        stage.crew.start("okrbridge", command, _environment(os.environ, source_url))
        wait_for(stage, "okrbridge", feed.is_ready)


def serve_command(stage: Stage, configuration: Path) -> list[str]:
    """The command line of the demo's okrbridge."""
    serve = [sys.executable, "-m", "okrbridge", "serve", "--config", str(configuration)]
    return [*serve, "--database-url", stage.database_url, "--host", "127.0.0.1", "--port", str(stage.port)]


def wait_for(stage: Stage, name: str, is_ready: Callable[[], bool]) -> None:
    """Poll until ready.

    Raises:
        DemoError: a process ended, or it took too long; with the end of the log.
    """
    deadline = time.monotonic() + SECONDS_TO_READY
    while not is_ready():
        stage.crew.check()
        if time.monotonic() > deadline:
            raise DemoError(
                f"{name} was not ready within {SECONDS_TO_READY:.0f} s; its last lines:\n{stage.crew.tail(name)}"
            )
        time.sleep(_POLL_SECONDS)
    stage.crew.check()


def _environment(given: Mapping[str, str], source_url: str) -> dict[str, str]:
    """The demo brings its own settings: those of the user's real okrbridge must not leak into it."""
    foreign = {name for name in given if name.startswith("OKRBRIDGE_") and name not in _KEPT_SETTINGS}
    kept = {name: value for name, value in given.items() if name not in foreign}
    return {**kept, "OKRBRIDGE_PROMETHEUS_URL": source_url, "OKRBRIDGE_AUTH": "off"}


def _answers(url: str) -> bool:
    session = requests.Session()
    session.trust_env = False  # a proxy from the environment does not reach loopback
    with session:
        try:
            return session.get(url, timeout=2).ok
        except requests.RequestException:
            return False
