"""A real Prometheus for tests: on loopback, with its own data, optionally with history made beforehand."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
import yaml
from tests.servers.programs import free_port, program, wait_until

_PACKAGE = "prometheus"

Samples = Mapping[str, Sequence[tuple[float, float]]]
"""Samples as (epoch seconds, value), by series: ``http_requests_total{job="api"}``."""


class PrometheusServer:
    """A Prometheus process; a context manager that starts and stops it.

    Stopping and starting again keeps the port and the data, as an outage does.

    Args:
        folder: holds the configuration, the data and the log; made when missing.
        scrape: scrape configurations, as dicts of Prometheus' own shape or as YAML text; none by default.
        features: Prometheus' feature flags, such as ``exemplar-storage``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scrape: Sequence[Mapping[str, Any]] | str = (),
        scrape_interval: str = "1s",
        features: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._features = tuple(features)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.data_folder = folder / "data"
        self.data_folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "prometheus.yml"
        self._config.write_text(_configuration(scrape, scrape_interval))
        self._log = folder / "prometheus.log"

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def backfill(self, samples: Samples) -> None:
        """Write history into the data folder; only while the server is stopped."""
        backfill(self.data_folder, open_metrics(samples))

    def start(self) -> Self:
        """Start and wait until it answers queries."""
        command = [
            program("prometheus", package=_PACKAGE),
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self.data_folder}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--storage.tsdb.retention.time=10y",
            "--log.level=warn",
            *(f"--enable-feature={feature}" for feature in self._features),
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_ready, what=f"the start of Prometheus on {self.url}", log=self._log)
        return self

    def stop(self) -> None:
        """Stop and wait for the end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=1).ok
        except requests.RequestException:
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def backfill(data_folder: Path, openmetrics_text: str) -> None:
    """Turn OpenMetrics text with timestamps into blocks of a stopped Prometheus."""
    text = data_folder.parent / "history.om"
    text.write_text(openmetrics_text)
    create_blocks(data_folder, text)


def create_blocks(data_folder: Path, text: Path) -> None:
    """Turn a file of OpenMetrics text with timestamps into blocks of a stopped Prometheus.

    The hidden flag makes one large block of up to 32 days, where the default reads the text again for each 2 hours.
    """
    promtool = program("promtool", package=_PACKAGE)
    kind = ["--max-block-duration=768h", "openmetrics"]
    command = [promtool, "tsdb", "create-blocks-from", *kind, str(text), str(data_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def open_metrics(samples: Samples) -> str:
    """OpenMetrics text of untyped series; the samples of each series ascending in time."""
    lines = [f"{series} {value!r} {at!r}" for series, points in samples.items() for at, value in points]
    return "\n".join([*lines, "# EOF", ""])


def _configuration(scrape: Sequence[Mapping[str, Any]] | str, scrape_interval: str) -> str:
    targets = yaml.safe_load(scrape) if isinstance(scrape, str) else [dict(one) for one in scrape]
    return yaml.safe_dump({"global": {"scrape_interval": scrape_interval}, "scrape_configs": targets or []})
