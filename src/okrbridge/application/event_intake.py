"""Events that are sent in: checked as a whole, and stored once however often they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from okrbridge.application.check_ins import OWN_SOURCE
from okrbridge.application.okr_records import Event
from okrbridge.application.refusals import RefusedInputError
from okrbridge.application.reports import Item, rfc3339
from okrbridge.domain.windows import EARLIEST

SKEW = timedelta(minutes=5)
"""Clocks of senders may be so far ahead."""
LONGEST_EVENT = timedelta(days=366)
MOST_ATTRIBUTES = 32
MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event as it was sent; see Event."""

    source: str
    external_id: str
    kind: str
    start: datetime
    end: datetime | None = None
    detected_at: datetime | None = None
    service: str = ""
    severity: str = ""
    subject: str = ""
    title: str = ""
    url: str = ""
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)

    def received(self, at: datetime) -> Event:
        """The event as it is kept."""
        return Event(
            source=self.source,
            external_id=self.external_id,
            kind=self.kind,
            start=self.start,
            received_at=at,
            end=self.end,
            detected_at=self.detected_at,
            service=self.service,
            severity=self.severity,
            subject=self.subject,
            title=self.title,
            url=self.url,
            attributes=dict(self.attributes),
        )


def received(sent: Sequence[SentEvent], now: datetime) -> list[Event]:
    """The events as they are kept, when all of them can be; otherwise none is.

    Raises:
        RefusedInputError: times in the future or in the wrong order, the source of okrbridge itself.
    """
    found = [(f"[{place}].{path}", text) for place, one in enumerate(sent) for path, text in _faults(one, now)]
    if found:
        raise RefusedInputError("events", found[:MOST_FAULTS])
    return [one.received(now) for one in sent]


def _faults(event: SentEvent, now: datetime) -> Iterator[tuple[str, str]]:
    if event.source == OWN_SOURCE:
        yield "source", f"{OWN_SOURCE} is okrbridge itself; say who you are"
    if not EARLIEST <= event.start <= now + SKEW:
        yield "start", "must be since 1990 and not in the future; announce time ahead as a MaintenanceWindow"
    for name, at in (("end", event.end), ("detected_at", event.detected_at)):
        if at is not None and not event.start <= at <= now + SKEW:
            yield name, "must not be before start, nor in the future"
    if event.end is not None and event.end - event.start > LONGEST_EVENT:
        yield "end", f"lasts longer than {LONGEST_EVENT.days} days"


def replaced(known: Sequence[Event], sent: Sequence[Event]) -> list[Event]:
    """The stored events that sent ones put something else in the place of, by source and id.

    Args:
        known: what is stored under their sources and ids.
    """
    new = {(one.source, one.external_id): one for one in sent}
    pairs = ((one, new[one.source, one.external_id]) for one in known)
    changed = [one for one, now in pairs if replace(now, received_at=one.received_at) != one]
    return sorted(changed, key=lambda one: (one.source, one.external_id))


def event_item(event: Event) -> Item:
    """An event in the form of ``GET /events``; an incident has its times to detect and to restore."""
    return {
        "source": event.source,
        "id": event.external_id,
        "kind": event.kind,
        "start": rfc3339(event.start),
        "end": rfc3339(event.end),
        "detected_at": rfc3339(event.detected_at),
        "time_to_detect_seconds": _seconds(event.start, event.detected_at),
        "time_to_restore_seconds": _seconds(event.start, event.end) if event.kind == "incident" else None,
        "service": event.service or None,
        "severity": event.severity or None,
        "subject": event.subject or None,
        "title": event.title or None,
        "url": event.url or None,
        "attributes": dict(event.attributes),
        "received_at": rfc3339(event.received_at),
    }


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else (end - start).total_seconds()
