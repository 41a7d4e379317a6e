"""The real okrbridge, as a user starts it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from tests.servers.programs import wait_until

_COMMAND = [sys.executable, "-m", "okrbridge"]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process' environment without stray settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OKRBRIDGE_", "OTEL_"))}
    return {**kept, "OKRBRIDGE_LOG_FORMAT": "json", **more}


def okrbridge(
    *arguments: str, timeout: float = 60, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=_environment(environment),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class OkrbridgeServer:
    """``okrbridge serve`` on a free port; its address is read from its log."""

    def __init__(self, config: Path, database_url: str, log: Path, **environment: str) -> None:
        self._arguments = ["serve", "--config", str(config), "--database-url", database_url, "--port", "0"]
        self._environment = _environment(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, *, until_ready: bool = True) -> Self:
        """Start, and wait for the first answer of /readyz unless told otherwise."""
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_COMMAND, *self._arguments], env=self._environment, stdout=log, stderr=log
            )
        wait_until(lambda: bool(self._address()), what="okrbridge listening", log=self._log)
        self.url = self._address()
        if until_ready:
            wait_until(self.is_ready, what="okrbridge ready", seconds=60, log=self._log)
        return self

    def _address(self) -> str:
        found = re.search(r'"url": "(http://[^"]+)"', self._log.read_text())
        return found[1] if found else ""

    def is_ready(self) -> bool:
        """Whether /readyz answers 200."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def get(self, path: str) -> Any:
        """A JSON answer of the API."""
        answer = requests.get(f"{self.url}{path}", timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def slo(self, name: str) -> dict[str, Any]:
        """One SLO's item."""
        item: dict[str, Any] = self.get(f"/api/v1/slos/{name}")
        return item

    def key_result(self, name: str) -> dict[str, Any]:
        """One key result's item, by OBJECTIVE/NAME."""
        item: dict[str, Any] = self.get(f"/api/v1/key-results/{name}")
        return item

    def log_lines(self) -> Sequence[dict[str, Any]]:
        """The events logged so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(timeout=30)
        self._process = None
        return code

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            # Leaving the block comes only after entering it.
            self.kill()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self.kill()
