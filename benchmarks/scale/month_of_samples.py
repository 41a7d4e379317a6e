"""A month of samples of a fleet in Prometheus' blocks: two series a service, one sample a minute, some restarts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
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
_PIECE_SECONDS = 162 * 3600
"""A length of Prometheus' blocks: promtool reads a text once more for each block that it makes of it."""


@dataclass(frozen=True)
class Piece:
    """The part of the month that goes into one block.

    Attributes:
        minutes: of the month.
        first: epoch seconds of the month's first minute.
    """

    services: int
    first: int
    minutes: range

    def texts(self) -> Iterator[str]:
        """OpenMetrics text of each series; every piece draws the whole month, so that counters go on."""
        chance = np.random.default_rng(self.services)
        # Scrapes stand apart from full minutes, as they do in life.
        ends = [f" {self.first + 60 * minute - 17}\n" for minute in self.minutes]
        kept = slice(self.minutes.start, self.minutes.stop)
        for name, values in _series(chance, self.services, self.first):
            yield "".join([f"{name} {value}{end}" for value, end in zip(values[kept].tolist(), ends, strict=True)])
        yield "# EOF\n"


def block_minutes(first: int) -> Iterator[range]:
    """The minutes of the month by the block that Prometheus would keep them in."""
    blocks = (first - 17 + 60 * np.arange(MINUTES)) // _PIECE_SECONDS
    starts = np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1)).tolist()
    for start, stop in zip(starts, [*starts[1:], MINUTES], strict=True):
        yield range(start, stop)


def write_month(folder: Path, data_folder: Path, services: int, end: datetime) -> None:
    """Write the blocks that end at an instant, several at a time; the server must not be running."""
    data_folder.mkdir(parents=True, exist_ok=True)
    first = epoch_seconds(end) - 60 * (MINUTES - 1)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        written = [
            pool.submit(_write, folder / f"month-{number}.om", data_folder, Piece(services, first, minutes))
            for number, minutes in enumerate(block_minutes(first))
        ]
        for one in written:
            one.result()


def _write(text: Path, data_folder: Path, piece: Piece) -> None:
    with text.open("w") as file:
        file.writelines(piece.texts())
    create_blocks(data_folder, text)
    text.unlink()


def _series(chance: np.random.Generator, services: int, first: int) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Each series with its values over the month."""
    for pod, numbers in enumerate(_pods(services)):
        starts = np.sort(chance.integers(0, MINUTES, _RESTARTS))
        target = f'job="fleet",instance="pod-{pod}"'
        for number in numbers:
            for code, mean in _CODES.items():
                labels = f'{target},service="{service_name(number)}",code="{code}"'
                yield f"{METRIC}{{{labels}}}", _restarted(chance.poisson(mean, MINUTES), starts)
        lives = np.concatenate([[first - 7200], first + 60 * starts - 30])
        yield (
            f"process_start_time_seconds{{{target}}}",
            lives[np.searchsorted(starts, np.arange(MINUTES), side="right")],
        )
        yield f"up{{{target}}}", np.ones(MINUTES, dtype=np.int64)


def _pods(services: int) -> Iterator[range]:
    for first in range(0, services, _SERVICES_A_POD):
        yield range(first, min(first + _SERVICES_A_POD, services))


def _restarted(increments: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The counter: increments summed up anew from each restart on."""
    running = np.cumsum(increments)
    lost = np.concatenate([[0], running[starts - 1] * (starts > 0)])
    left: npt.NDArray[np.int64] = running - lost[np.searchsorted(starts, np.arange(len(running)), side="right")]
    return left
