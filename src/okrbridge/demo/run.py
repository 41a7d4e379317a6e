"""One run of the demo, from the first process started to the last one stopped."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.live import Live

from okrbridge.demo.definitions import example_folder, lay_out, lay_out_for_intake
from okrbridge.demo.feed import Feed, View
from okrbridge.demo.happenings import RECENT_INCIDENT
from okrbridge.demo.okr_table import summary, tables
from okrbridge.demo.okr_truth import checks
from okrbridge.demo.processes import Crew, Running, port_is_free
from okrbridge.demo.stack import Stage, start_intake, start_okrbridge, start_source, wait_for
from okrbridge.demo.steps import say, step
from okrbridge.demo.telling import keep_sayings, tell_happenings, tell_sayings
from okrbridge.demo.truth import compare
from okrbridge.demo.world import World
from okrbridge.errors import OkrbridgeError
from okrbridge.sources.simulated.source import fleet_around

GOOD, WRONG_USAGE, UNREACHABLE = 0, 2, 4

_LOOK_SECONDS = 2.0
_LINE_SECONDS = 30.0
_WAIT_FOR_DATA_SECONDS = 90.0
_PIPE_WIDTH = 100
_WORTH_A_LOOK = (
    "key-results/lean-platform/scanned-repositories/explain",
    "key-results/trusted-shop/activation/forecast",
    "cycles/2026-q4/report?format=markdown",
    f"incidents/{RECENT_INCIDENT}/review?format=markdown",
)


def run_demo(
    *, seconds: float | None, port: int, console: Console, diagnostics: Console, work_folder: Path | None = None
) -> int:
    """Run the demo until its time is over or it is interrupted, and stop everything it started.

    Args:
        seconds: how long to go on after okrbridge is ready; None until Ctrl-C or SIGTERM.
        port: where okrbridge listens on loopback.
        diagnostics: told why the demo did not run to its end.
        work_folder: an empty or new folder for data and logs, kept at the end; None for a temporary one.

    Returns:
        The exit code: 0 when it ran, 2 for a port or folder that cannot be used, 4 when a part failed.
    """
    if refusal := _refusal(port, work_folder):
        say(diagnostics, refusal, style="red")
        return WRONG_USAGE
    folder = (work_folder or Path(tempfile.mkdtemp(prefix="okrbridge-demo-"))).resolve()
    with _ended_by_signals():
        code = _run_in(folder, seconds, port, console, diagnostics)
    if code != GOOD:
        say(diagnostics, f"Data and logs are kept in {folder}")
    elif work_folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _refusal(port: int, work_folder: Path | None) -> str:
    if not port_is_free(port):
        return f"port {port} is in use; choose another one with --port"
    if work_folder is not None and work_folder.exists() and (not work_folder.is_dir() or any(work_folder.iterdir())):
        return f"{work_folder} is not an empty folder; choose another one with --work-folder"
    return ""


def _run_in(folder: Path, seconds: float | None, port: int, console: Console, diagnostics: Console) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with Crew(folder) as crew:
                _play(Stage(console, folder, crew, fleet_around(int(time.time())), port), seconds)
        except KeyboardInterrupt:
            say(console, "Interrupted.")
    except (OkrbridgeError, OSError) as error:
        say(diagnostics, f"The demo failed: {error}", style="red")
        say(diagnostics, "Every process it started is stopped.")
        return UNREACHABLE
    say(console, "Every process of the demo is stopped.")
    return GOOD


def _play(stage: Stage, seconds: float | None) -> None:
    world = World.around(datetime.now(UTC))
    _lay_out(stage, world)
    feed = Feed(stage.port)
    try:
        intake = start_intake(stage)
        source_url = start_source(stage)
        _tell_what_happened(stage, feed, intake, world)
        start_okrbridge(stage, source_url, feed)
        tell_sayings(feed)
        deadline = None if seconds is None else time.monotonic() + seconds
        _tell_addresses(stage, feed, source_url)
        _watch(stage, feed, deadline)
        _compare(stage, feed, world)
    finally:
        feed.close()


def _lay_out(stage: Stage, world: World) -> None:
    example = example_folder()
    lay_out(example, stage.configuration, world.now)
    lay_out_for_intake(example, stage.intake_configuration)
    world.write_books(stage.configuration)
    keep_sayings(stage.database_url, world.now)


def _tell_what_happened(stage: Stage, feed: Feed, intake: Running, world: World) -> None:
    with step(stage.console, f"Telling okrbridge of {len(world.happenings):,} incidents, customers and deployments"):
        wait_for(stage, intake.name, feed.is_ready)
        tell_happenings(feed, world.happenings)
        stage.crew.end(intake)


def _compare(stage: Stage, feed: Feed, world: World) -> None:
    for comparison in compare(feed, stage.fleet, stage.configuration):
        say(stage.console, f"Four weeks counted against the truth: {comparison}")
    for check in checks(feed.look().key_results, world):
        say(stage.console, f"Key result against the truth: {check}")


def _tell_addresses(stage: Stage, feed: Feed, source_url: str) -> None:
    base = feed.address
    rows = {
        "metrics": f"{base}/metrics",
        "API documentation": f"{base}/docs",
        "Prometheus": source_url if source_url.startswith("http") else "none, the simulated source is used",
        "configuration": str(stage.configuration),
    }
    for name, address in rows.items():
        say(stage.console, f"  {name:<18} {address}")
    for path in _WORTH_A_LOOK:
        say(stage.console, f"  curl -s '{base}/api/v1/{path}'")


def _watch(stage: Stage, feed: Feed, deadline: float | None) -> None:
    if stage.console.is_terminal:
        _watch_live(stage, feed, deadline)
    else:
        _watch_in_lines(stage, feed, deadline)


def _watch_live(stage: Stage, feed: Feed, deadline: float | None) -> None:
    with Live(tables(View()), console=stage.console, auto_refresh=False) as live:
        while True:
            live.update(tables(feed.look(), _note(deadline)), refresh=True)
            if _pause(stage, deadline, _LOOK_SECONDS):
                return


def _watch_in_lines(stage: Stage, feed: Feed, deadline: float | None) -> None:
    """The tables once, as soon as they are full, or after a while, then a line now and then."""
    latest = time.monotonic() + _WAIT_FOR_DATA_SECONDS
    while not (view := feed.look()).is_complete and time.monotonic() < latest:
        if _pause(stage, deadline, _LOOK_SECONDS):
            break
    # A pipe has no width: without this a table would be cut to 80 columns.
    stage.console.width = max(stage.console.width, _PIPE_WIDTH)
    stage.console.print(tables(view))
    while not _pause(stage, deadline, _LINE_SECONDS):
        say(stage.console, f"{datetime.now(UTC):%H:%M:%S} {summary(feed.look())}")


def _note(deadline: float | None) -> str:
    left = "" if deadline is None else f", ends in {max(0.0, deadline - time.monotonic()):.0f} s"
    return f"Ctrl-C stops everything{left}"


def _pause(stage: Stage, deadline: float | None, seconds: float) -> bool:
    """Wait, at most to the deadline; whether that is reached. Raises DemoError when a process has ended."""
    now = time.monotonic()
    until = now + seconds if deadline is None else min(now + seconds, deadline)
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 1.0))
        stage.crew.check()
    return deadline is not None and time.monotonic() >= deadline


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the demo as Ctrl-C does, which works in the background of a shell too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
