"""What a scenario is: services, the Prometheus that scrapes them, and how okrbridge comes to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.accuracy.services import Scraper, Span, Target
from benchmarks.accuracy.truth import Truth, true_events

MINUTE, HOUR, DAY = 60, 3600, 86_400

END = 1_742_472_000
"""When every window ends: 2025-03-20 12:00 UTC."""

BEFORE = 2 * HOUR
"""How long services are simulated before the window begins."""

OUTAGE = Span(END - 8 * HOUR + 5.5, END - 6 * HOUR + 25.5)
"""When Prometheus is down."""


class Run(StrEnum):
    """How okrbridge comes to its answer."""

    ONCE = "one evaluation at the end"
    SOURCE_DOWN = "evaluated before, while and after Prometheus is down"
    ABSENT = "evaluated, then nothing for three hours, then evaluated"
    KILLED = "killed twice while it fills the window, then evaluated"
    LATE = "ticks while samples arrive five minutes late"
    REPLICAS = "evaluations and ticks, each question to the other replica"
    VICTORIA_METRICS = "one evaluation on VictoriaMetrics"


@dataclass(frozen=True, eq=False)
class Scenario:
    """One row of the result.

    Attributes:
        name: also the job of its targets and the name of its SLO.
        days: length of the SLO's window.
        scrapers: one, or the two of a pair.
        is_complete: False where the samples do not tell all that happened, so that the coverage has to say so.
    """

    name: str
    title: str
    targets: Sequence[Target]
    scrapers: Sequence[Scraper] = (Scraper(),)
    run: Run = Run.ONCE
    days: int = 1
    target_ratio: float = 0.999
    is_complete: bool = True
    truth: Truth = field(init=False)

    def __post_init__(self) -> None:
        found = true_events(self.scrapers, self.targets, self.simulated, self.window)
        object.__setattr__(self, "truth", found)

    @property
    def window(self) -> Span:
        """The SLO's window; its end belongs to it, its start does not."""
        return Span(END - self.days * DAY, END)

    @property
    def simulated(self) -> Span:
        """Time that is simulated."""
        return simulated(self.days)


def simulated(days: int) -> Span:
    """Time that is simulated for a window of some days."""
    return Span(END - days * DAY - BEFORE, END + 1)
