"""A real VictoriaMetrics for tests: on loopback, with its own data and history imported while it runs."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from tests.servers.programs import free_port, program, wait_until
from tests.servers.prometheus import Samples


class VictoriaMetricsServer:
    """A VictoriaMetrics process; a context manager that starts and stops it.

    Args:
        folder: holds the data and the log; made when missing.
        memory: what it may use for its caches and queries.
        flags: further arguments of the program.
    """

    def __init__(self, folder: Path, *, memory: str = "100MB", flags: Sequence[str] = ()) -> None:
        self._memory, self._flags = memory, tuple(flags)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._data, self._log = folder / "data", folder / "victoria-metrics.log"

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def load(self, samples: Samples) -> None:
        """Import history, and wait until it can be queried; only while the server runs."""
        lines = [f"{series} {value!r} {round(at * 1000)}" for series, points in samples.items() for at, value in points]
        answer = requests.post(f"{self.url}/api/v1/import/prometheus", data="\n".join(lines).encode(), timeout=30)
        assert answer.ok, answer.text
        assert requests.get(f"{self.url}/internal/force_flush", timeout=30).ok

    def __enter__(self) -> Self:
        command = [
            program("victoria-metrics", package="victoria-metrics"),
            f"-storageDataPath={self._data}",
            f"-httpListenAddr=127.0.0.1:{self._port}",
            "-retentionPeriod=10y",
            "-search.latencyOffset=0s",
            f"-memory.allowedBytes={self._memory}",
            *self._flags,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_ready, what=f"the start of VictoriaMetrics on {self.url}", log=self._log)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=20)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=1).ok
        except requests.RequestException:
            return False
