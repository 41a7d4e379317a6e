"""What an exact reader of the samples can know, and which events no sample shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.services import Counter, Instants, Process, Scraper, Span, Target


@dataclass(frozen=True, slots=True)
class Truth:
    """Events of a window.

    Attributes:
        bad, total: that the samples of the window show for the first time.
        unseen: that no sample ever shows, because its process ended, its counter was reset, or it was not yet scraped.
    """

    bad: int
    total: int
    unseen: int

    def budget_consumed(self, target_ratio: float) -> float:
        """Share of the error budget that is used up: ``bad / ((1 - target) * total)``."""
        return self.bad / ((1 - target_ratio) * self.total)


def true_events(scrapers: Sequence[Scraper], targets: Sequence[Target], simulated: Span, window: Span) -> Truth:
    """Events in ``(window.start, window.end]``."""
    processes = {id(process): process for target in targets for process in target.processes}
    bad = total = unseen = 0
    for process in processes.values():
        at = _all_scrapes(scrapers, targets, process, simulated)
        for counter in process.counters:
            known, lost = _counted(counter, process, at, window)
            total += known
            bad += known if counter.labels["code"].startswith("5") else 0
            unseen += lost
    return Truth(bad, total, unseen)


def _all_scrapes(scrapers: Sequence[Scraper], targets: Sequence[Target], process: Process, simulated: Span) -> Instants:
    found = [
        scraper.scrapes(target, process, simulated)
        for scraper in scrapers
        for target in targets
        if process in target.processes
    ]
    return np.unique(np.concatenate(found))


def _counted(counter: Counter, process: Process, at: Instants, window: Span) -> tuple[int, int]:
    """Events that are known, and events that stay unseen, of one counter in a window.

    Between two scrapes of one process the counter grew by the difference; where it fell, by its new level. Of the first
    scrape all counts when the process started in the window; else nothing is known of when it happened.
    """
    before, inside = at[at <= window.start], at[(at > window.start) & (at <= window.end)]
    end = min(process.ended, window.end)
    if not len(inside):
        since = before[-1] if len(before) else max(process.started, window.start)
        return 0, _happened(counter, since, end) if process.ended <= window.end else 0
    is_born = not len(before) and process.started >= window.start
    if len(before):
        since, previous = before[-1], counter.level(before[-1:])
    else:
        since = max(process.started, window.start)
        previous = counter.level(inside[:1]) * (0 if is_born else 1)
    levels = np.concatenate([previous, counter.level(inside)])
    grown = np.where(np.diff(levels) >= 0, np.diff(levels), levels[1:])
    known = int(grown.sum())
    lost = _happened(counter, since, inside[-1]) - known
    if process.ended <= window.end:
        lost += _happened(counter, inside[-1], end)
    return known, lost


def _happened(counter: Counter, since: float, until: float) -> int:
    both = counter.total(np.array([since, until]))
    return int(both[1] - both[0])
