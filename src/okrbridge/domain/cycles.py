"""Cycles: the time boxes of OKRs, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from okrbridge.domain.windows import Interval


class CyclePhase(StrEnum):
    """Where a cycle stands; definitions are free in preparation and kept by revisions afterwards."""

    PREPARATION = "preparation"
    DELIVERY = "delivery"
    RETROSPECTIVE = "retrospective"
    CLOSED = "closed"


CADENCES = {"weekly": timedelta(weeks=1), "biweekly": timedelta(weeks=2), "monthly": timedelta(days=30)}
"""How often a check-in is due."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A time box of OKRs.

    Attributes:
        interval: start and end in UTC, half-open; the declared dates are midnights of ``timezone``.
        cadence: a key of ``CADENCES``.
        measure_until: measuring goes on until then, the cycle's end at the earliest.
        retrospective_until: the retrospective lasts until then, the cycle's end at the earliest.
        closed: whether its owner closed it, which freezes scores and makes it read-only.
        parent: name of the longer cycle it is a part of; empty for none.
        status_policy: name of the StatusPolicy it is judged by; empty for the built-in one.
    """

    name: str
    interval: Interval
    timezone: str
    cadence: str
    measure_until: datetime
    title: str = ""
    retrospective_until: datetime | None = None
    closed: bool = False
    parent: str = ""
    status_policy: str = ""

    @property
    def cadence_period(self) -> timedelta:
        """Time between two check-ins."""
        return CADENCES[self.cadence]

    def elapsed_ratio(self, at: datetime) -> float:
        """Share of the cycle that has passed at an instant, 0..1."""
        return elapsed_ratio(self.interval, at)

    def phase(self, at: datetime) -> CyclePhase:
        """Where the cycle stands: preparation before its start, delivery inside, then retrospective, then closed."""
        if self.closed:
            return CyclePhase.CLOSED
        if at < self.interval.start:
            return CyclePhase.PREPARATION
        if at < self.interval.end:
            return CyclePhase.DELIVERY
        over = self.retrospective_until or self.interval.end
        return CyclePhase.RETROSPECTIVE if at < over else CyclePhase.CLOSED


def elapsed_ratio(interval: Interval, at: datetime) -> float:
    """Share of an interval that has passed at an instant, 0..1.

    Worked example: on 15 February 00:00, 45 of the 90 days from 1 January to 1 April have passed: 0.5.
    """
    if at <= interval.start:
        return 0.0
    return 1.0 if at >= interval.end else (at - interval.start) / interval.length
