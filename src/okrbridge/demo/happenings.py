"""What happened in the demo's company beside its requests: incidents, customers, partners, deployments.

Everything follows from the days alone, so the demo can tell okrbridge and know the truth itself. It is told
relative to the cycle's start, so that every run shows the same story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from okrbridge.sources.simulated.chance import pick
from okrbridge.sources.simulated.schedule import SERVICES
from okrbridge.sources.simulated.story import RECENT_BURST

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

BASELINE_DAYS = 90
"""The days before the cycle that baselines are measured over."""

WARM_UP_DAYS = 21
"""The days before the cycle that rolling windows reach back to on its first day."""

RECENT_INCIDENT = "INC-2000"
"""The incident whose errors the SLOs of the fleet show."""

_SIGNUPS_A_DAY = 60


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, as a client tells it.

    Attributes:
        id: unique for the source that tells it.
    """

    id: str
    kind: str
    start: datetime
    end: datetime | None = None
    detected_at: datetime | None = None
    service: str = ""
    severity: str = ""
    subject: str = ""
    title: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.start).total_seconds() if self.end else 0.0


def happenings(cycle_start: datetime, now: datetime) -> list[Happening]:
    """Everything up to now, ascending."""
    told = (
        *_incidents(cycle_start),
        *_recent_burst(now),
        *_customers(cycle_start, now),
        *_partners(now),
        *_deployments(cycle_start, now),
    )
    return sorted((one for one in told if (one.end or one.start) < now), key=lambda one: (one.start, one.id))


def _incidents(cycle_start: datetime) -> Iterator[Happening]:
    """Twelve severe ones a month before the cycle, fewer and shorter ones inside it; and some that are not severe."""
    for number, day in enumerate(_incident_days()):
        start = cycle_start + day * DAY + (300 + pick(900, "incident", number)) * MINUTE
        minutes = 66 + pick(21, "restore", number) - 10 - max(0.0, 0.55 * day)
        yield Happening(
            id=f"INC-{1000 + number}",
            kind="incident",
            start=start,
            end=start + timedelta(seconds=round(60 * minutes)),
            detected_at=start + (3 + pick(9, "detect", number)) * MINUTE,
            service=SERVICES[number % len(SERVICES)],
            severity=("sev2", "sev1", "sev2", "sev3")[number % 4],
            title=f"{SERVICES[number % len(SERVICES)]} answers with errors",
        )


def _recent_burst(now: datetime) -> Iterator[Happening]:
    """The fleet's mild burst of an hour ago, as the pager tells it, and what people wrote of it."""
    start, end = (now - timedelta(seconds=before) for before in RECENT_BURST)
    yield Happening(
        id=RECENT_INCIDENT,
        kind="incident",
        start=start,
        end=end,
        detected_at=start + 4 * MINUTE,
        service="api",
        severity="sev3",
        title="api answers one request in a hundred with an error",
    )
    yield Happening(
        id=f"{RECENT_INCIDENT}-postmortem",
        kind="postmortem",
        start=end + 20 * MINUTE,
        subject=RECENT_INCIDENT,
        title="The retry storm of the new client",
        attributes={"assignee": "jo", "action_items": "Give the client a budget of retries; Alert on retries"},
    )


def _incident_days() -> Iterator[int]:
    """Days of the cycle on which an incident began; below 0 before it."""
    yield from (-(day + 1) for day in range(BASELINE_DAYS) if day % 15 not in (2, 5, 7, 9, 10, 12, 14))
    yield from range(0, 20, 3)
    yield from range(20, 91, 4)


def _customers(cycle_start: datetime, now: datetime) -> Iterator[Happening]:
    """People who sign up, and the share of them, growing, who order within three days."""
    for day in range(-WARM_UP_DAYS, (now - cycle_start) // DAY + 1):
        ordering = 0.33 + 0.0034 * max(0, day)
        for number in range(_SIGNUPS_A_DAY):
            subject = f"customer-{day + WARM_UP_DAYS:03}-{number:02}"
            signed_up = cycle_start + day * DAY + (number * 24 + pick(24, subject, "minute")) * MINUTE
            yield Happening(f"signup-{subject}", "signup", signed_up, subject=subject)
            if pick(1000, subject, "orders") < 1000 * ordering:
                ordered = signed_up + (5 + pick(3 * 24 * 60 - 10, subject, "order")) * MINUTE
                yield Happening(f"order-{subject}", "first-order", ordered, subject=subject)


def _partners(now: datetime) -> Iterator[Happening]:
    """One, in the first days of the programme."""
    yield Happening("partner-1", "partner-signed", now - 1.5 * DAY, subject="nordwind", title="Nordwind signs")


def _deployments(cycle_start: datetime, now: datetime) -> Iterator[Happening]:
    """One on every working day, of each service in turn."""
    for day in range(-BASELINE_DAYS, (now - cycle_start) // DAY + 1):
        at = cycle_start + day * DAY + (9 * 60 + pick(360, "deploy", day)) * MINUTE
        if at.weekday() < 5:
            yield Happening(f"deploy-{day}", "deploy", at, service=SERVICES[day % len(SERVICES)])
