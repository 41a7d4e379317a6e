"""What serving costs at ten thousand SLOs with thirty days behind them: start, memory, the metrics page, lists."""

from __future__ import annotations

import http.client
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.programs import free_port, program

_ROUNDS = 10
_LONGEST_START = 60.0
_LIST = "/api/v1/slos?limit=50"


@dataclass(frozen=True)
class ServingFigures:
    """What a served okrbridge costs.

    Attributes:
        start_seconds: from the command to ready.
        rss_mib: resident memory after the pages were asked for.
        metrics_over_static: time of ``/metrics`` over that of a file with the same bytes.
        list_over_constant: requests a second of a list of fifty SLOs over those of a constant of that size.
    """

    start_seconds: float
    rss_mib: float
    metrics_over_static: float
    list_over_constant: float


@dataclass(frozen=True)
class Where:
    """What the servers work on."""

    config: Path
    database: Path
    prometheus: str
    folder: Path


def measure_serving(where: Where) -> ServingFigures:
    """Start okrbridge as its users do, then the comparing server."""
    port = free_port()
    environment = [f"OKRBRIDGE_PROMETHEUS_URL={where.prometheus}", "OKRBRIDGE_METRICS_MAX_SERIES=10000000"]
    okrbridge = [str(Path(sys.executable).parent / "okrbridge"), "serve", "--config", str(where.config)]
    options = ["--database-url", f"sqlite:///{where.database}", "--port", str(port)]
    began = time.monotonic()
    with _process(["env", *environment, *okrbridge, *options]) as pid:
        _wait_until_ready(port, "/readyz")
        started = time.monotonic() - began
        for path in ("/metrics", _LIST):
            _get(port, path)
        time.sleep(5)
        rss = _rss_mib(pid)
    metrics, lists = _ratios(where)
    return ServingFigures(started, rss, metrics, lists)


def _ratios(where: Where) -> tuple[float, float]:
    port = free_port()
    static = where.folder / "static"
    options = ["--config", where.config, "--database", where.database, "--prometheus", where.prometheus]
    command = [sys.executable, "-m", "benchmarks.scale.server", *options, "--port", port, "--static", static]
    with _process([str(part) for part in command]):
        _wait_until_ready(port, "/readyz")
        pairs = [(_seconds(port, "/metrics"), _seconds(port, "/static/metrics.txt")) for _ in range(_ROUNDS)]
        size = len(_get(port, _LIST))
        rates = [(_rate(port, _LIST), _rate(port, f"/constant/{size}")) for _ in range(3)]
    metrics, files = (statistics.median(times) for times in zip(*pairs, strict=True))
    lists, constants = (statistics.median(several) for several in zip(*rates, strict=True))
    return metrics / files, lists / constants


@contextmanager
def _process(command: Sequence[str]) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(port: int, path: str) -> None:
    deadline = time.monotonic() + _LONGEST_START
    while time.monotonic() < deadline:
        try:
            _get(port, path)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server on port {port} was not ready within {_LONGEST_START:g} s")


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        content = reply.read()
    finally:
        connection.close()
    if reply.status != http.client.OK:
        raise ConnectionError(f"{path} answered {reply.status}")
    return content


def _seconds(port: int, path: str) -> float:
    began = time.perf_counter()
    _get(port, path)
    return time.perf_counter() - began


def _rate(port: int, path: str) -> float:
    """Requests a second that one thread with four connections gets answered."""
    wrk = program("wrk", package="wrk")
    command = [wrk, "-t1", "-c4", "-d4s", f"http://127.0.0.1:{port}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - found above
    if "Non-2xx" in told:
        raise RuntimeError(f"{path} failed under load:\n{told}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None:
        raise RuntimeError(f"wrk gave no rate:\n{told}")
    return float(found.group(1))


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0
