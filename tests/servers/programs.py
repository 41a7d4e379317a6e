"""Finding and waiting for the real programs that integration tests run against."""

import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_EXTRA_FOLDERS = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin", "/usr/sbin")


def program(name: str, *, package: str) -> str:
    """The path of a program; its absence is a skip on a laptop and a failure under CI=true."""
    search = os.pathsep.join((os.environ.get("PATH", ""), *_EXTRA_FOLDERS))
    if found := shutil.which(name, path=search):
        return found
    reason = (
        f"{name} is not installed (Debian package {package}; as root, the target of make that needs it installs it)"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(is_ready: Callable[[], bool], *, what: str, seconds: float = 60, log: Path | None = None) -> None:
    """Poll until ready; a time-out fails with the end of the server's log.

    What is not ready soon is looked at less often: each look takes time from the very processes that are waited for.
    """
    deadline, pause = time.monotonic() + seconds, 0.02
    while time.monotonic() < deadline:
        if is_ready():
            return
        time.sleep(pause)
        pause = min(1.5 * pause, 0.25)
    tail = log.read_text(errors="replace")[-2000:] if log and log.exists() else ""
    pytest.fail(f"{what} did not happen within {seconds} s\n{tail}")
