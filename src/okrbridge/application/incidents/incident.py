"""Incidents that were sent in, with the postmortems about them: found, listed, and what they name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.event_intake import SKEW, event_item
from okrbridge.application.explaining.explain import close_names
from okrbridge.application.measuring.by_event import INCIDENT
from okrbridge.application.okr_ports import EventRecords
from okrbridge.application.okr_records import Event
from okrbridge.application.reports import Item
from okrbridge.application.visibility import Sight
from okrbridge.domain.windows import EARLIEST, Interval
from okrbridge.errors import NotFoundError, OkrbridgeError

POSTMORTEM = "postmortem"
"""Kind of the events that say what was learnt of an incident; they have its id as their subject."""
MOST_POSTMORTEMS = 1_000
MOST_LOOKED_AT = 10_000
"""Incidents that one page of a list looks through for those that are asked for."""
PAGE = 200
"""Incidents read at once; few, so that the postmortems since the oldest of them stay below their limit."""

_NAMES = re.compile(r"[,\n]")
_SENTENCES = re.compile(r"[;\n]")
_ADDRESS = re.compile(r"https?://\S+")
_TAKEN = (
    "source", "start", "end", "detected_at", "time_to_detect_seconds", "time_to_restore_seconds", "severity", "title",
    "url", "received_at",
)  # fmt: skip


class SeveralIncidentsError(OkrbridgeError):
    """Several sources gave the same id to an incident."""


@dataclass(frozen=True)
class Incident:
    """An incident with what was sent about it afterwards.

    Attributes:
        postmortems: events about it, ascending. What they say comes before what the incident itself says, because they
            were written later, by people; lists are put together.
    """

    event: Event
    postmortems: Sequence[Event] = ()

    def is_open(self, at: datetime) -> bool:
        """Whether it still lasts at an instant."""
        return self.event.end is None or self.event.end > at

    def ended(self, at: datetime) -> datetime:
        """When it was over; an instant while it lasts."""
        return at if self.event.end is None else self.event.end

    @property
    def services(self) -> list[str]:
        """The services that it names, each once."""
        return list(dict.fromkeys(filter(None, (self.event.service, *self.names("services")))))

    def text(self, attribute: str) -> str:
        """What an attribute says; empty when nobody said it."""
        return next((text for text in map(str.strip, self._said(attribute)) if text), "")

    def names(self, attribute: str) -> list[str]:
        """What an attribute lists, separated by commas or lines; each once."""
        return self._listed(attribute, _NAMES)

    def sentences(self, attribute: str) -> list[str]:
        """What an attribute lists, separated by semicolons or lines; each once."""
        return self._listed(attribute, _SENTENCES)

    @property
    def postmortem_url(self) -> str:
        """Where its postmortem is; empty when nobody said it, or what was said is no address of the web."""
        said = (*self._said("postmortem_url"), *(one.url for one in reversed(self.postmortems)))
        return next((text.strip() for text in said if _ADDRESS.fullmatch(text.strip())), "")

    def _said(self, attribute: str) -> Iterator[str]:
        for event in (*reversed(self.postmortems), self.event):
            value = event.attributes.get(attribute)
            if isinstance(value, str):
                yield value

    def _listed(self, attribute: str, separator: re.Pattern[str]) -> list[str]:
        told = list(self._said(attribute))[::-1]
        parts = (part.strip() for text in told for part in separator.split(text))
        return list(dict.fromkeys(filter(None, parts)))


def incident_item(incident: Incident, now: datetime) -> Item:
    """An incident in the form of ``GET /incidents``."""
    told = event_item(incident.event)
    return {
        "incident": incident.event.external_id,
        **{key: told[key] for key in _TAKEN},
        "is_open": incident.is_open(now),
        "services": incident.services,
        "assignee": incident.text("assignee") or None,
        "note": incident.text("note") or None,
        "postmortem_url": incident.postmortem_url or None,
    }


@dataclass(frozen=True, slots=True)
class AskedIncidents:
    """What a list asks for.

    Attributes:
        interval: in which they started.
        service: that they name; empty for any.
        is_open: whether they still last; None for both.
    """

    interval: Interval
    service: str = ""
    is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Incidents, the newest first; ``after`` is the place to go on at, empty on the last page."""

    incidents: Sequence[Incident] = field(default_factory=list)
    after: str = ""


@dataclass(frozen=True)
class Incidents:
    """The incidents that a caller may see.

    Attributes:
        sight: the caller's; incidents about what is hidden are not there.
        now: postmortems until then are taken with them.
    """

    records: EventRecords
    sight: Sight
    now: datetime

    def find(self, identity: str, source: str = "") -> Incident:
        """The incident with an id.

        Args:
            identity: the id that its source gave it.
            source: which one is meant where several sources gave the same id; empty for any.

        Raises:
            NotFoundError: nobody sent it.
            SeveralIncidentsError: several sources did, and nothing says which is meant.
        """
        found = [one for one in self._shown(self.records.named(INCIDENT, identity)) if source in ("", one.source)]
        if not found:
            newest = self._shown(self.records.newest(INCIDENT, Interval(EARLIEST, self.now + SKEW), PAGE))
            raise NotFoundError("incident", identity, close=close_names(identity, (one.external_id for one in newest)))
        if len(found) > 1:
            sources = ", ".join(one.source for one in found)
            raise SeveralIncidentsError(f"several sources sent an incident {identity!r}; say which source: {sources}")
        return self._with_postmortems(found)[0]

    def listed(self, asked: AskedIncidents, limit: int, before: str = "") -> IncidentPage:
        """A page, the newest first; it is short when too many would have to be looked at to fill it.

        Args:
            asked: which ones.
            limit: the most on the page.
            before: the place at which the page before ended; empty for the first page.
        """
        found: list[Incident] = []
        place, looked_at = before, 0
        while looked_at < MOST_LOOKED_AT:
            read = self.records.newest(INCIDENT, asked.interval, PAGE, place)
            for one in self._with_postmortems(read):
                if len(found) == limit:
                    return IncidentPage(found, place)
                place = one.event.place
                if self.sight.shows_event(one.event) and _is_wanted(one, asked, self.now):
                    found.append(one)
            looked_at += len(read)
            if len(read) < PAGE:
                return IncidentPage(found)
        return IncidentPage(found, place)

    def _shown(self, events: Iterable[Event]) -> list[Event]:
        return [one for one in events if self.sight.shows_event(one)]

    def _with_postmortems(self, events: Sequence[Event]) -> list[Incident]:
        """Incidents with the events that speak of them: of the kind postmortem, with their subject, or their id."""
        told = self._postmortems(events)
        return [Incident(one, [each for each in told.get(one.whom, ()) if each.start >= one.start]) for one in events]

    def _postmortems(self, events: Sequence[Event]) -> Mapping[str, Sequence[Event]]:
        found: dict[str, list[Event]] = defaultdict(list)
        if events:
            since = Interval(min(one.start for one in events), self.now + SKEW)
            for one in self._shown(self.records.between(since, [POSTMORTEM], MOST_POSTMORTEMS)):
                found[one.whom].append(one)
        return found


def _is_wanted(incident: Incident, asked: AskedIncidents, now: datetime) -> bool:
    is_meant = not asked.service or asked.service in incident.services
    return is_meant and asked.is_open in (None, incident.is_open(now))
