"""The processes of the demo: started in their own groups, watched, and stopped in reverse order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from okrbridge.demo.errors import DemoError

_TAIL_LINES = 15
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """A started process.

    Attributes:
        name: for people.
        log: the file its output goes to.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last lines of its log."""
        return log_tail(self.log)


@dataclass
class Crew:
    """All processes of one demo; leaving its ``with`` block stops them.

    Every process leads a group of its own, so Ctrl-C in the terminal reaches the demo alone and the demo decides
    the order; and none outlives the demo, even when that is killed.

    Attributes:
        log_folder: where the logs go, one file a process.
    """

    log_folder: Path
    _running: list[Running] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Running:
        """Start a program.

        Raises:
            DemoError: it cannot be started.
        """
        log = self._log(name)
        tied = [sys.executable, "-m", "okrbridge.demo.tied", str(os.getpid()), *command]
        with log.open("ab") as output:
            try:
                process = subprocess.Popen(  # noqa: S603 - the demo's own commands, without a shell
                    tied,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=None if environment is None else dict(environment),
                    start_new_session=True,
                )
            except OSError as error:
                raise DemoError(f"{name} cannot be started: {error}") from error
        running = Running(name, process, log)
        self._running.append(running)
        return running

    def check(self) -> None:
        """Raise DemoError when a process that should be running has ended, with the end of its log."""
        for running in self._running:
            code = running.process.poll()
            if code is not None:
                raise DemoError(f"{running.name} ended by itself ({_how(code)}); its last lines:\n{running.tail()}")

    def tail(self, name: str) -> str:
        """The last lines of a process' log."""
        return log_tail(self._log(name))

    def _log(self, name: str) -> Path:
        return self.log_folder / f"{name.lower()}.log"

    def finish(self, running: Running) -> None:
        """Wait for a process that ends by itself.

        Raises:
            DemoError: it failed.
        """
        code = running.process.wait()
        self._running.remove(running)
        if code != 0:
            raise DemoError(f"{running.name} failed ({_how(code)}); its last lines:\n{running.tail()}")

    def end(self, running: Running) -> None:
        """Ask one process to end, and wait until it has."""
        _end(running.process)
        self._running.remove(running)

    def stop(self) -> None:
        """Ask every process to end, the last started first; after a grace period, or when interrupted, end it."""
        try:
            while self._running:
                _end(self._running[-1].process)
                self._running.pop()
        finally:
            for running in self._running:
                _signal_group(running.process, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _signal_group(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def log_tail(log: Path) -> str:
    """The last lines of a log file, indented; a note when there are none."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:]) or "    (it wrote nothing)"


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a loopback port can be listened on."""
    with socket.socket() as listener:
        # As servers do: connections of a run that just ended may still be closing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
