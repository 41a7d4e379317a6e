"""Simulated services: processes whose counters are known second by second, and the targets they are scraped as.

An event happens at a whole second; a scrape at an instant sees all events up to and including that instant. That is all
there is to know, so what any reader of the samples can tell follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Instants = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Time from ``start`` up to, and without, ``end``, epoch seconds."""

    start: float
    end: float

    def holds(self, at: Instants) -> npt.NDArray[np.bool_]:
        """Which instants lie in it."""
        return (at >= self.start) & (at < self.end)


@dataclass(frozen=True, eq=False)
class Counter:
    """One counter of one process.

    Attributes:
        labels: beside those of the target.
        first: the second of the first entry of ``events``.
        events: how many events happened at each second.
        carried: the level before ``first``, of a process that is older than the simulation.
        is_hidden: whether the series appears only with its first event, as labelled children of clients do.
        resets: instants at which the counter begins again at zero while its process goes on.
    """

    labels: Mapping[str, str]
    first: int
    events: Counts
    carried: int = 0
    is_hidden: bool = False
    resets: tuple[float, ...] = ()

    def total(self, at: Instants) -> Counts:
        """All events up to each instant, resets or not."""
        running = np.concatenate([[0], np.cumsum(self.events)])
        entries = np.clip(np.floor(at).astype(np.int64) - self.first + 1, 0, len(self.events))
        return running[entries] + self.carried

    def level(self, at: Instants) -> Counts:
        """What the counter shows at each instant."""
        found = self.total(at)
        for reset in sorted(self.resets):
            found = np.where(at >= reset, self.total(at) - self.total(np.array([reset])), found)
        return found


@dataclass(frozen=True, eq=False)
class Process:
    """A life of a process, from start to end; ``math.inf`` when it goes on."""

    started: float
    counters: Sequence[Counter]
    ended: float = math.inf

    @property
    def life(self) -> Span:
        """From its start to its end."""
        return Span(self.started, self.ended)


@dataclass(frozen=True, eq=False)
class Target:
    """What a Prometheus is told to scrape: labels, and the processes that answer one after the other.

    Attributes:
        listed: while service discovery names it.
        unreachable: times in which scrapes of it fail.
        phase: seconds between the full interval and its scrapes.
    """

    labels: Mapping[str, str]
    processes: Sequence[Process]
    listed: Span
    phase: float
    unreachable: Sequence[Span] = ()


@dataclass(frozen=True)
class Scraper:
    """A Prometheus as far as it scrapes.

    Attributes:
        interval: seconds.
        down: times in which it scrapes nothing at all.
        labels: that it adds to every series.
        shift: seconds by which it scrapes later than the targets' phases say.
    """

    interval: float = 15.0
    down: Sequence[Span] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    shift: float = 0.0

    def attempts(self, target: Target, simulated: Span) -> Instants:
        """When it tries to scrape a target; whole milliseconds."""
        offset = (target.phase + self.shift) % self.interval
        start, end = max(target.listed.start, simulated.start), min(target.listed.end, simulated.end)
        first, last = math.ceil((start - offset) / self.interval), math.floor((end - offset) / self.interval)
        at = np.round(np.arange(first, last + 1) * self.interval + offset, 3)
        return at[~_in_any(self.down, at)]

    def scrapes(self, target: Target, process: Process, simulated: Span) -> Instants:
        """When it reads a process by way of a target."""
        at = self.attempts(target, simulated)
        return at[process.life.holds(at) & ~_in_any(target.unreachable, at)]


def _in_any(spans: Sequence[Span], at: Instants) -> npt.NDArray[np.bool_]:
    inside = np.zeros(len(at), dtype=np.bool_)
    for span in spans:
        inside |= span.holds(at)
    return inside
