"""Dates and instants of cycles and key results, in the cycle's time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec, Span
from okrbridge.definitions.okr import CycleDocument, CycleSpec
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.windows import Interval

_QUARTER = re.compile(r"(?:.*[^0-9])?(20\d{2})-?q([1-4])")


def instant(moment: date, timezone: str) -> datetime:
    """A date's first instant in a zone, or the instant itself, in UTC.

    Worked example: 2026-10-01 in Europe/Berlin is 2026-09-30T22:00:00Z.
    """
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def cycle_of(spot: Spot, model: CycleDocument) -> Cycle | None:
    """A cycle; None when its dates are missing or contradict each other."""
    spec, at = model.spec, spot.at("spec")
    interval = _interval_of(at, spec, model.metadata.name)
    if interval is None:
        return None
    until = _not_before_end(at.at("measureUntil"), spec.measure_until, spec, interval)
    retrospective = _not_before_end(at.at("retrospectiveUntil"), spec.retrospective_until, spec, interval)
    if until is None or retrospective is None:
        return None
    return Cycle(
        name=model.metadata.name,
        interval=interval,
        timezone=spec.timezone,
        cadence=spec.cadence,
        measure_until=until,
        title=spec.title or model.metadata.display_name or "",
        retrospective_until=retrospective if spec.retrospective_until is not None else None,
        closed=spec.closed,
        parent=spec.parent or "",
        status_policy=spec.status_policy or "",
    )


def _interval_of(spot: Spot, spec: CycleSpec, name: str) -> Interval | None:
    days = _days_of(spot, spec, name)
    if days is None:
        return None
    start, end = (instant(day, spec.timezone) for day in days)
    _doubt_last_day(spot.at("end"), spec.end)
    if end <= start:
        spot.at("end").fault(f"must be after start, {spec.start}", "wrong_date")
        return None
    return Interval(start, end)


def _doubt_last_day(spot: Spot, end: date | None) -> None:
    """The last day of a month is most likely meant to belong to the cycle, and a date is its first instant."""
    if end is None or isinstance(end, datetime) or (following := end + timedelta(days=1)).day != 1:
        return
    spot.warn(f"is the beginning of this day, so the cycle is without it; write {following} to have it in", "doubtful")


def _days_of(spot: Spot, spec: CycleSpec, name: str) -> tuple[date, date] | None:
    """Start and end as declared, or those of the calendar quarter that the cycle is named after."""
    if spec.start is not None and spec.end is not None:
        return spec.start, spec.end
    quarter = _QUARTER.fullmatch(name)
    if spec.start is None and spec.end is None and quarter is not None:
        year, month = int(quarter[1]), 3 * int(quarter[2]) - 2
        return date(year, month, 1), date(year + month // 10, (month + 2) % 12 + 1, 1)
    missing = "start" if spec.start is None else "end"
    hint = "" if quarter or spec.start or spec.end else "; a cycle without dates is named after a quarter, as 2026-q4"
    spot.at(missing).fault(f"is missing{hint}", "missing_key")
    return None


def _not_before_end(spot: Spot, moment: date | None, spec: CycleSpec, interval: Interval) -> datetime | None:
    """An instant at or after the cycle's end, the end when it is not given; None, with a fault, when before it."""
    at = interval.end if moment is None else instant(moment, spec.timezone)
    if at < interval.end:
        spot.fault(f"must not be before end, {spec.end or _shown(interval.end)}", "wrong_date")
        return None
    return at


def period_of(spot: Spot, spec: KeyResultSpec, cycle: Cycle) -> Interval | None:
    """A key result's period, inside its cycle; None when it has a fault."""
    zone, whole = cycle.timezone, cycle.interval
    start = whole.start if spec.start is None else instant(spec.start, zone)
    due = whole.end if spec.due is None else instant(spec.due, zone)
    if start < whole.start:
        spot.at("start").fault(f"is before the cycle {cycle.name} starts, {_shown(whole.start)}", "wrong_date")
        return None
    if due > whole.end:
        spot.at("due").fault(f"is after the cycle {cycle.name} ends, {_shown(whole.end)}", "wrong_date")
        return None
    if due <= start:
        place = spot.at("due" if spec.due is not None else "start")
        place.fault(f"the period would end ({_shown(due)}) before it starts ({_shown(start)})", "wrong_date")
        return None
    return Interval(start, due)


def checkpoints_of(
    spot: Spot, spec: KeyResultSpec, period: Interval, timezone: str
) -> tuple[tuple[datetime, float], ...] | None:
    """Planned progress at instants inside the period; None when they are not ascending or not inside."""
    points = [(instant(point.at, timezone), point.progress) for point in spec.checkpoints]
    earliest = period.start
    for index, (at, _) in enumerate(points):
        place = spot.at("checkpoints", index, "at")
        if not period.start < at < period.end:
            place.fault(f"is not between start ({_shown(period.start)}) and due ({_shown(period.end)})", "wrong_date")
            return None
        if at <= earliest:
            place.fault("must be after the checkpoint before it", "wrong_date")
            return None
        earliest = at
    return tuple(points)


def qualifying_of(spot: Spot, spec: KeyResultSpec, period: Interval, timezone: str) -> tuple[Interval, ...] | None:
    """The time that counts, inside the period, ascending; None when some of it is outside or comes twice."""
    spans = [_span(span, timezone) for span in spec.qualifying]
    for index, span in enumerate(spans):
        place = spot.at("qualifying", index)
        if span.end <= span.start:
            place.at("end").fault("must be after start", "wrong_date")
            return None
        if span.start < period.start or span.end > period.end:
            place.fault(f"is not between start ({_shown(period.start)}) and due ({_shown(period.end)})", "wrong_date")
            return None
        if any(span.start < other.end and other.start < span.end for other in spans[:index]):
            place.fault("overlaps with time that is given before it", "wrong_date")
            return None
    return tuple(sorted(spans))


def _span(span: Span, timezone: str) -> Interval:
    start = instant(span.start, timezone)
    if span.end is not None:
        return Interval(start, instant(span.end, timezone))
    if isinstance(span.start, datetime):
        return Interval(start, start + timedelta(days=1))
    return Interval(start, instant(span.start + timedelta(days=1), timezone))


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
