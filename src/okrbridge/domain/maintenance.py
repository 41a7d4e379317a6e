"""Maintenance windows: time that was announced, and what it means for the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Interval


class MaintenanceReason(StrEnum):
    """Why the time was announced."""

    MAINTENANCE = "maintenance"
    GAME_DAY = "game-day"
    LOAD_TEST = "load-test"


@dataclass(frozen=True)
class Recurrence:
    """Repeated time: an RRULE of RFC 5545 on the wall clock of a zone.

    Attributes:
        rule: such as ``FREQ=WEEKLY;BYDAY=SU``.
        start: the first occurrence, wall clock, without a zone.
        zone: IANA name.
        duration: of each occurrence.
    """

    rule: str
    start: datetime
    zone: str
    duration: timedelta


@dataclass(frozen=True)
class MaintenanceWindow:
    """Announced time, once or repeated, for some SLOs.

    Attributes:
        slos, services: names it is for; labels: SLO labels it is for. All empty: every SLO. Given kinds must all match.
        once: single stretches of time.
        is_excluded: whether SLOs leave the time out; otherwise it counts, and only alerts are held.
    """

    name: str
    title: str = ""
    reason: MaintenanceReason = MaintenanceReason.MAINTENANCE
    slos: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    once: tuple[Interval, ...] = ()
    recurrence: Recurrence | None = None
    is_excluded: bool = True

    def applies_to(self, slo: Slo) -> bool:
        """Whether the window is for an SLO."""
        return (
            (not self.slos or slo.name in self.slos)
            and (not self.services or slo.service in self.services)
            and all(slo.labels.get(name) == value for name, value in self.labels.items())
        )
