"""Values from what was sent in: incidents, and events of any kind."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from okrbridge.application.measuring.found import Found
from okrbridge.application.measuring.populations import MOST_NAMED
from okrbridge.application.measuring.subjects import Subject
from okrbridge.application.okr_ports import EventRecords
from okrbridge.application.okr_records import Event, JsonValue
from okrbridge.application.records import Quality
from okrbridge.domain.aggregation import aggregate
from okrbridge.domain.measures import Aggregation, EventMeasure, IncidentMeasure, IncidentQuantity
from okrbridge.domain.sample_mean import sample_deviation
from okrbridge.domain.windows import EPOCH, Interval, format_duration

INCIDENT = "incident"
_EVER = Interval(EPOCH, datetime.max.replace(tzinfo=UTC))
PAGE = 10_000
MOST_EVENTS = 500_000
"""A window with more events of one kind is not measured; send counts as a metric instead."""


@dataclass(frozen=True, slots=True)
class KeptEvents:
    """Events of one kind as they were read.

    Attributes:
        start: since when.
        state: how many there were, and when the newest of them had come in.
    """

    start: datetime
    state: tuple[int, datetime | None]
    events: Sequence[Event]


@dataclass(frozen=True)
class EventValues:
    """Measures by the events of one instant; each kind is read once for all.

    Attributes:
        events: by kind, ascending, over the longest window that is asked for.
        overflowing: kinds with too many events.
        unsent: kinds of which nobody ever sent an event, so that none in the window is no count of 0.
    """

    events: Mapping[str, Sequence[Event]]
    at: datetime
    overflowing: frozenset[str] = field(default_factory=frozenset)
    unsent: frozenset[str] = field(default_factory=frozenset)
    _having: dict[tuple[str, str], Mapping[str, Sequence[Event]]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def read(
        cls, records: EventRecords, asking: Iterable[Subject], at: datetime, kept: dict[str, KeptEvents] | None = None
    ) -> EventValues:
        """What the subjects need of the events that began before an instant.

        Args:
            kept: what was read before, by kind; read again only when something came in.
        """
        needs: dict[str, datetime] = {}
        for subject in asking:
            for kind in _kinds(subject):
                needs[kind] = min(needs.get(kind, at), subject.window.start)
        found = {
            kind: _known(records, Interval(_midnight(start), at), kind, {} if kept is None else kept)
            for kind, start in needs.items()
        }
        overflowing = (kind for kind, events in found.items() if len(events) > MOST_EVENTS)
        unsent = (kind for kind, events in found.items() if not events and not was_sent(records, kind))
        return cls(found, at, frozenset(overflowing), frozenset(unsent))

    def incidents(self, subject: Subject, measure: IncidentMeasure) -> Found:
        """The number of incidents, or one time of many; those that still last are counted, and have no time yet."""
        chosen = [one for one in self._inside(INCIDENT, subject.window) if is_meant(one, measure)]
        open_now = [one for one in chosen if one.end is None or one.end > self.at]
        names: list[JsonValue] = [one.external_id for one in open_now[:MOST_NAMED]]
        told: dict[str, JsonValue] = {"incidents": len(chosen), "open": names, "open_total": len(open_now)}
        found = Found(subject.window, _incident_text(measure), sample_count=float(len(chosen)), details=told)
        if INCIDENT in self.overflowing:
            return found.missing(Quality.ERROR, f"more than {MOST_EVENTS} incidents")
        if INCIDENT in self.unsent:
            return found.missing(Quality.NO_DATA, _never(INCIDENT))
        if measure.quantity is IncidentQuantity.COUNT:
            return Found(found.window, found.query, value=float(len(chosen)), details=told)
        times = {one.external_id: self._seconds(one, measure.quantity) for one in chosen}
        known = [seconds for seconds in times.values() if seconds is not None]
        value, deviation = aggregate(known, measure.aggregation), _deviation(known, measure.aggregation)
        error = "" if known else "no incident of the window has that time yet"
        quality = Quality.OK if known else Quality.NO_DATA
        found = replace(found, value=value, quality=quality, error=error, sample_count=float(len(known)))
        so_far = {one.external_id: (self.at - one.start).total_seconds() for one in chosen}
        return replace(found, members=times, so_far=so_far, deviation=deviation)

    def events_of(self, subject: Subject, measure: EventMeasure) -> Found:
        """An aggregate of events, or the share of events of another kind that they answer."""
        query = _event_text(measure)
        if not self.overflowing.isdisjoint((measure.kind, measure.per)):
            return Found(subject.window, query).missing(Quality.ERROR, f"more than {MOST_EVENTS} events")
        if unsent := self.unsent.intersection((measure.kind, measure.per)):
            return Found(subject.window, query).missing(Quality.NO_DATA, _never(min(unsent)))
        if measure.per and measure.within is not None:
            return self._answered(subject, measure, measure.within)
        chosen = _within(self._matching(measure), subject.window)
        if measure.per:
            return self._ratio(subject, measure, chosen)
        return _aggregated(Found(subject.window, query), chosen, measure)

    def _ratio(self, subject: Subject, measure: EventMeasure, chosen: Sequence[Event]) -> Found:
        """Events over events of another kind, each counted by itself."""
        whole = _number(self._inside(measure.per, subject.window), measure.aggregation)
        part = _number(chosen, measure.aggregation)
        told: dict[str, JsonValue] = {"good": part, "total": whole}
        found = Found(subject.window, _event_text(measure), sample_count=whole, details=told)
        if whole <= 0:
            return found.missing(Quality.NO_DATA, f"no {measure.per} in the window")
        return Found(found.window, found.query, part / whole, sample_count=whole, details=told)

    def _answered(self, subject: Subject, measure: EventMeasure, within: timedelta) -> Found:
        """Share of the events of kind ``per`` whose subject sent the other kind soon enough.

        Those that were not answered and still have time are pending: they are in neither number.
        """
        answers: dict[str, list[datetime]] = defaultdict(list)
        for one in self._matching(measure):
            answers[one.whom].append(one.start)
        members: dict[str, float | None] = {}
        for one in self._inside(measure.per, subject.window):
            in_time = any(one.start <= answer <= one.start + within for answer in answers[one.whom])
            members[one.whom] = 1.0 if in_time else 0.0 if one.start + within < self.at else None
        return _share_found(subject.window, _event_text(measure), measure.per, members)

    def _inside(self, kind: str, window: Interval) -> Sequence[Event]:
        return _within(self.events.get(kind, ()), window)

    def _matching(self, measure: EventMeasure) -> Sequence[Event]:
        """The events of the measure's kind that have the values it wants, ascending."""
        if not measure.where:
            return self.events.get(measure.kind, ())
        key, value = next(iter(measure.where.items()))
        having = self._by_value(measure.kind, key).get(value, ())
        return [one for one in having if _matches(one, measure.where)] if len(measure.where) > 1 else having

    def _by_value(self, kind: str, key: str) -> Mapping[str, Sequence[Event]]:
        """The events of a kind by what one attribute says: hundreds of key results may ask for it."""
        if (kind, key) not in self._having:
            found: dict[str, list[Event]] = defaultdict(list)
            for one in self.events.get(kind, ()):
                found[_said(one, key)].append(one)
            self._having[kind, key] = found
        return self._having[kind, key]

    def _seconds(self, event: Event, quantity: IncidentQuantity) -> float | None:
        """From the start to the restore, or to the detection; None before it."""
        end = event.end if quantity is IncidentQuantity.TIME_TO_RESTORE else event.detected_at
        return (end - event.start).total_seconds() if end is not None and end <= self.at else None


def was_sent(records: EventRecords, kind: str) -> bool:
    """Whether anybody ever sent an event of a kind, whenever that was."""
    return bool(records.newest(kind, _EVER, 1))


def _never(kind: str) -> str:
    """Silence is not success: a feed that was never connected has no incidents either."""
    return f"nobody ever sent an event of kind {kind}, so there is no count of 0; one that is long over is enough"


def _share_found(window: Interval, query: str, per: str, members: Mapping[str, float | None]) -> Found:
    judged = [value for value in members.values() if value is not None]
    told: dict[str, JsonValue] = {
        "good": sum(judged),
        "total": len(judged),
        "pending_total": len(members) - len(judged),
    }
    found = Found(window, query, sample_count=float(len(judged)), members=members, details=told)
    if not judged:
        return found.missing(Quality.NO_DATA, f"no {per} in the window that had its time")
    return Found(
        window, query, sum(judged) / len(judged), sample_count=float(len(judged)), members=members, details=told
    )


def _kinds(subject: Subject) -> Iterator[str]:
    match subject.measure:
        case IncidentMeasure():
            yield INCIDENT
        case EventMeasure(kind=kind, per=per):
            yield from {kind, per} - {""}


def _known(records: EventRecords, interval: Interval, kind: str, kept: dict[str, KeptEvents]) -> Sequence[Event]:
    """The events of a kind, from what was kept where nothing came in since."""
    if interval.start >= interval.end:
        return []
    state, before = records.state(interval, kind), kept.get(kind)
    if before is None or (before.start, before.state) != (interval.start, state):
        before = kept[kind] = KeptEvents(interval.start, state, _all(records, interval, kind))
    return before.events


def _midnight(at: datetime) -> datetime:
    """The start of the day of UTC: what is kept serves a rolling window for the whole day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _all(records: EventRecords, interval: Interval, kind: str) -> list[Event]:
    found: list[Event] = []
    page = records.between(interval, [kind], PAGE)
    while page:
        found += page
        if len(page) < PAGE or len(found) > MOST_EVENTS:
            break
        page = records.between(interval, [kind], PAGE, page[-1].place)
    return found


def is_meant(event: Event, measure: IncidentMeasure) -> bool:
    """Whether a measure counts an incident, by severity and service."""
    severe = not measure.severities or event.severity in measure.severities
    return severe and (not measure.services or event.service in measure.services)


def _within(events: Sequence[Event], window: Interval) -> Sequence[Event]:
    """Those of ascending events that began in a window."""
    first, last = (bisect_left(events, at, key=lambda one: one.start) for at in (window.start, window.end))
    return events[first:last]


def _matches(event: Event, where: Mapping[str, str]) -> bool:
    return all(_said(event, key) == value for key, value in where.items())


def _said(event: Event, key: str) -> str:
    own = {"service": event.service, "severity": event.severity, "subject": event.subject}
    return _text(event.attributes.get(key, own.get(key)))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)


def _aggregated(found: Found, events: Sequence[Event], measure: EventMeasure) -> Found:
    """One number of events; those without the attribute are none of its samples."""
    if measure.aggregation in (Aggregation.COUNT, Aggregation.DISTINCT):
        return replace(found, value=_counted(events, measure), sample_count=float(len(events)))
    said = [one.attributes.get(measure.attribute) for one in events]
    numbers = [float(one) for one in said if isinstance(one, int | float) and not isinstance(one, bool)]
    value, deviation = aggregate(numbers, measure.aggregation), _deviation(numbers, measure.aggregation)
    found = replace(found, value=value, sample_count=float(len(numbers)), deviation=deviation)
    if value is None:
        lacking = f"no event in the window has a number as {measure.attribute}" if events else "no event in the window"
        return found.missing(Quality.NO_DATA, lacking)
    return found


def _counted(events: Sequence[Event], measure: EventMeasure) -> float:
    """How many events, subjects, or different values of the attribute."""
    if not measure.attribute:
        return _number(events, measure.aggregation)
    return float(
        len({_text(one.attributes[measure.attribute]) for one in events if measure.attribute in one.attributes})
    )


def _deviation(numbers: Sequence[float], how: Aggregation) -> float | None:
    """The standard deviation of numbers of which the mean is taken."""
    return sample_deviation(numbers) if how is Aggregation.MEAN else None


def _number(events: Sequence[Event], aggregation: Aggregation) -> float:
    """How many events, or how many different subjects."""
    return float(len({one.whom for one in events} if aggregation is Aggregation.DISTINCT else events))


def _incident_text(measure: IncidentMeasure) -> str:
    filters = " ".join(filter(None, ("|".join(measure.severities), "|".join(measure.services))))
    what = "count" if measure.quantity is IncidentQuantity.COUNT else f"{measure.aggregation} of {measure.quantity}"
    return f"{what} of incidents {filters}".strip()


def _event_text(measure: EventMeasure) -> str:
    conditions = ", ".join(f"{key} is {value}" for key, value in measure.where.items())
    what = f"{measure.aggregation} of {measure.attribute}" if measure.attribute else str(measure.aggregation)
    per = f" per {measure.per}" if measure.per else ""
    within = f" within {format_duration(measure.within)}" if measure.within is not None else ""
    return f"{what} of {measure.kind}{f' where {conditions}' if conditions else ''}{per}{within}"
