"""Drawing traffic: events by the second, and processes that count them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.services import Counter, Counts, Process, Span, Target

Rate = float | npt.NDArray[np.float64]
"""Events a second: the same all the time, or by the second of the simulation."""

LONG_AGO = 40 * 86_400.0
"""Age of a process that was there before the simulation begins, seconds."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one process is asked: good and bad events a second.

    Attributes:
        is_hidden: whether its error series appear with their first error.
        carried: the levels of the counters of good and of bad events before the simulation.
        codes: of the bad events, each as frequent as the others and with a series of its own.
    """

    good: Rate
    bad: Rate
    is_hidden: bool = False
    carried: tuple[int, int] = (0, 0)
    codes: tuple[str, ...] = ("500",)


class Simulation:
    """Draws processes and targets of one scenario from a seed.

    Args:
        job: label of all its targets, also its seed.
        simulated: whole seconds.
    """

    def __init__(self, job: str, simulated: Span) -> None:
        self.job, self.simulated = job, simulated
        self.chance = np.random.default_rng(list(job.encode()))

    def process(
        self, load: Load, started: float | None = None, ended: float = math.inf, *, more: Sequence[Counter] = ()
    ) -> Process:
        """A process with counters of good and of bad events; older than the simulation without a start."""
        born = self.simulated.start - LONG_AGO if started is None else started
        first = math.floor(max(born, self.simulated.start)) + 1
        carried = load.carried if started is None else (0, 0)
        good = Counter({"code": "200"}, first, self._events(load.good, first, ended), carried[0])
        share = load.bad / len(load.codes)
        bad = [
            Counter({"code": code}, first, self._events(share, first, ended), carried[1], load.is_hidden)
            for code in load.codes
        ]
        return Process(born, [good, *bad, *more], ended)

    def target(
        self,
        instance: str,
        processes: Sequence[Process],
        listed: Span | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        unreachable: Sequence[Span] = (),
        interval: float = 15.0,
    ) -> Target:
        """A target of the job, scraped at a phase of its own; listed all the time unless told otherwise."""
        phase = round(float(self.chance.uniform(0.0, interval)), 3)
        named = {"job": self.job, "instance": instance, **(labels or {})}
        return Target(named, processes, listed or self.simulated, phase, unreachable)

    def pod(self, instance: str, load: Load, started: float, ended: float) -> Target:
        """A pod: one process, listed while it lives and a few seconds more."""
        delay, rest = self.chance.uniform(0.0, 5.0, 2)
        return self.target(
            instance, [self.process(load, started, ended)], Span(started + float(delay), ended + float(rest))
        )

    def instants(self, count: int, span: Span) -> list[float]:
        """Instants in a span, ascending; none on a whole second."""
        return sorted((np.floor(self.chance.uniform(span.start, span.end, count)) + 0.37).tolist())

    def _events(self, rate: Rate, first: int, ended: float) -> Counts:
        last = math.ceil(min(ended, self.simulated.end)) - 1
        if isinstance(rate, np.ndarray):
            begin = int(self.simulated.start)
            return self.chance.poisson(rate[first - begin : last + 1 - begin])
        return self.chance.poisson(rate, max(last - first + 1, 0))
