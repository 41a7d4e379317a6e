"""A month of samples of a fleet in Prometheus' blocks: two series a service, one sample a minute, some restarts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tests.servers.prometheus import create_blocks

from benchmarks.scale.fleet import METRIC, service_name
from okrbridge.domain.windows import epoch_seconds

MINUTES = 30 * 1440
_CODES = {"200": 30.0, "500": 0.03}
_SERVICES_A_POD = 10
_RESTARTS = 4
"""Restarts of each pod in the month."""


def write_month(folder: Path, data_folder: Path, services: int, end: datetime) -> None:
    """Write the blocks that end at an instant; the server must not be running."""
    data_folder.mkdir(parents=True, exist_ok=True)
    text = folder / "month.om"
    with text.open("w") as file:
        for piece in _pieces(services, end):
            file.write(piece)
        file.write("# EOF\n")
    create_blocks(data_folder, text)
    text.unlink()


def _pieces(services: int, end: datetime) -> Iterator[str]:
    chance = np.random.default_rng(services)
    first = epoch_seconds(end) - 60 * (MINUTES - 1)
    # Scrapes stand apart from full minutes, as they do in life.
    ends = [f" {first + 60 * minute - 17}\n" for minute in range(MINUTES)]
    for pod, numbers in enumerate(_pods(services)):
        starts = np.sort(chance.integers(0, MINUTES, _RESTARTS))
        target = f'job="fleet",instance="pod-{pod}"'
        for number in numbers:
            for code, mean in _CODES.items():
                labels = f'{target},service="{service_name(number)}",code="{code}"'
                yield _series(f"{METRIC}{{{labels}}} ", _restarted(chance.poisson(mean, MINUTES), starts), ends)
        lives = np.concatenate([[first - 7200], first + 60 * starts - 30])
        alive = lives[np.searchsorted(starts, np.arange(MINUTES), side="right")]
        yield _series(f"process_start_time_seconds{{{target}}} ", alive, ends)
        yield _series(f"up{{{target}}} ", np.ones(MINUTES, dtype=np.int64), ends)


def _pods(services: int) -> Iterator[range]:
    for first in range(0, services, _SERVICES_A_POD):
        yield range(first, min(first + _SERVICES_A_POD, services))


def _restarted(increments: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The counter: increments summed up anew from each restart on."""
    running = np.cumsum(increments)
    lost = np.concatenate([[0], running[starts - 1] * (starts > 0)])
    left: npt.NDArray[np.int64] = running - lost[np.searchsorted(starts, np.arange(len(running)), side="right")]
    return left


def _series(prefix: str, values: npt.NDArray[np.int64], ends: list[str]) -> str:
    return "".join([f"{prefix}{value}{end}" for value, end in zip(values.tolist(), ends, strict=True)])
