"""The fleet's past, written as OpenMetrics text and loaded into Prometheus' storage as blocks."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from okrbridge.demo.processes import Crew, Running
from okrbridge.sources.simulated.fleet import JOB, SUM, Fleet, Series
from okrbridge.sources.simulated.schedule import DAY, MINUTE, PodLife

_CHUNK = 5 * DAY
# Longer than the history: promtool reads the whole file once for each block it makes.
_BLOCK = "768h"
_LOADED_AT_ONCE = 2
_LESS_GARBAGE_COLLECTION = {"GOGC": "400"}


def load_history(
    fleet: Fleet, data_folder: Path, crew: Crew, now: Callable[[], int], progress: Callable[[float], None]
) -> int:
    """Fill Prometheus' storage folder with everything from the fleet's begin to now, a sample a minute.

    The history is cut into chunks: some are loaded while the next is written, so the disk never holds all of its
    text. The last chunk begins at the anchor and reads the clock when all else is done, so that live
    scrapes can follow within seconds.

    Args:
        data_folder: the folder of ``--storage.tsdb.path``; no Prometheus may run on it.
        now: epoch seconds.
        progress: told the share that is loaded, 0..1.

    Returns:
        The instant of the last sample.

    Raises:
        DemoError: promtool failed.
    """
    chunks = _chunks(fleet.begins, fleet.story.anchor // MINUTE * MINUTE)
    environment = {**os.environ, **_LESS_GARBAGE_COLLECTION, "TMPDIR": str(data_folder.parent)}
    loading: deque[tuple[Running, Path]] = deque()
    for number, (start, planned_end) in enumerate(chunks):
        end = planned_end if planned_end is not None else max(start, now() // MINUTE * MINUTE)
        file = data_folder.parent / f"history-{number}.om"
        with file.open("w", encoding="ascii") as text:
            write_history(fleet, start, end, text)
        if len(loading) == _LOADED_AT_ONCE:
            _finish(crew, *loading.popleft())
        progress(number / len(chunks))
        loading.append((crew.start("promtool", _load_command(file, data_folder), environment), file))
    while loading:
        _finish(crew, *loading.popleft())
    progress(1.0)
    return end


def _chunks(begins: int, anchor: int) -> list[tuple[int, int | None]]:
    """First and last sample of each chunk; the last one begins at the anchor and is open."""
    starts = range(begins, anchor, _CHUNK)
    return [*((start, min(start + _CHUNK, anchor) - MINUTE) for start in starts), (anchor, None)]


def write_history(fleet: Fleet, start: int, end: int, text: TextIO) -> None:
    """Write the samples at every whole minute of ``[start, end]`` as OpenMetrics, series by series."""
    for life in fleet.lives(start, end):
        text.writelines(_lines_of(fleet, life, start, end))
    text.write("# EOF\n")


def _lines_of(fleet: Fleet, life: PodLife, start: int, end: int) -> Iterator[str]:
    minutes = np.arange(start, end + 1, MINUTE, dtype=np.int64)
    instants = minutes[(minutes >= life.started_at) & (minutes < life.gone_at)]
    stamps = [f" {instant}\n" for instant in instants.tolist()]
    for series in fleet.series(life, instants):
        prefix = _prefix(series)
        first = int(np.argmax(series.is_there)) if series.is_there.any() else len(stamps)
        values = _texts(series)
        yield "".join([prefix + value + stamp for value, stamp in zip(values[first:], stamps[first:], strict=True)])
    up = f'up{{instance="{life.pod}",job="{JOB}"}} 1'
    yield "".join(map("".join, zip(itertools.repeat(up, len(stamps)), stamps, strict=True)))


def _prefix(series: Series) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in series.labels)
    return f"{series.name}{{{labels}}} "


def _texts(series: Series) -> list[str]:
    if series.name == SUM:
        return [f"{value:.3f}" for value in series.values.tolist()]
    return [str(value) for value in series.values.astype(np.int64).tolist()]


def _load_command(file: Path, data_folder: Path) -> list[str]:
    load = ["promtool", "tsdb", "create-blocks-from", f"--max-block-duration={_BLOCK}", "--quiet"]
    return [*load, "openmetrics", str(file), str(data_folder)]


def _finish(crew: Crew, running: Running, file: Path) -> None:
    crew.finish(running)
    file.unlink()
