"""The samples that scrapes leave behind: counters, ``up`` and ``process_start_time_seconds``, as text.

A target that vanished leaves series that just end: OpenMetrics text cannot carry the marker that a live scrape adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.services import Counts, Instants, Process, Scraper, Span, Target

METRIC = "http_requests_total"


@dataclass(frozen=True, eq=False)
class Series:
    """Samples of one series, ascending in time."""

    name: str
    at: Instants
    values: Instants | Counts


def scraped(scrapers: Sequence[Scraper], targets: Sequence[Target], simulated: Span) -> list[Series]:
    """All series that scrapers have of targets."""
    parts = (part for scraper in scrapers for target in targets for part in _of_target(scraper, target, simulated))
    return _joined(parts)


def _of_target(scraper: Scraper, target: Target, simulated: Span) -> Iterator[Series]:
    labels = {**target.labels, **scraper.labels}
    attempts = scraper.attempts(target, simulated)
    succeeded = np.zeros(len(attempts), dtype=np.bool_)
    for process in target.processes:
        at = scraper.scrapes(target, process, simulated)
        succeeded |= np.isin(attempts, at)
        yield from _of_process(process, labels, at)
    yield Series(_named("up", labels), attempts, succeeded.astype(np.int64))


def _of_process(process: Process, labels: Mapping[str, str], at: Instants) -> Iterator[Series]:
    for counter in process.counters:
        values = counter.level(at)
        shown = counter.total(at) > 0 if counter.is_hidden else np.ones(len(at), dtype=np.bool_)
        yield Series(_named(METRIC, {**labels, **counter.labels}), at[shown], values[shown])
    yield Series(_named("process_start_time_seconds", labels), at, np.full(len(at), round(process.started, 2)))


def _named(name: str, labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{pairs}}}"


def _joined(parts: Iterable[Series]) -> list[Series]:
    """One series a name: a process that answers after another one at the same target goes on with its series."""
    by_name: dict[str, list[Series]] = {}
    for part in parts:
        if len(part.at):
            by_name.setdefault(part.name, []).append(part)
    return [_one(name, pieces) for name, pieces in by_name.items()]


def _one(name: str, pieces: Sequence[Series]) -> Series:
    if len(pieces) == 1:
        return pieces[0]
    at, values = np.concatenate([one.at for one in pieces]), np.concatenate([one.values for one in pieces])
    order = np.argsort(at, kind="stable")
    return Series(name, at[order], values[order])


def openmetrics(series: Iterable[Series]) -> str:
    """Series as OpenMetrics text with instants in seconds."""
    return "".join([*map(_text, series), "# EOF\n"])


def _text(series: Series) -> str:
    pairs = zip(series.values.tolist(), series.at.tolist(), strict=True)
    return "".join([f"{series.name} {value} {at}\n" for value, at in pairs])
