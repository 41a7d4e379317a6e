"""Dates and instants of cycles and key results, in the cycle's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.okr import CycleDocument, KeyResultSpec
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.windows import Interval


def instant(moment: date, timezone: str) -> datetime:
    """A date's first instant in a zone, or the instant itself, in UTC.

    Worked example: 2026-10-01 in Europe/Berlin is 2026-09-30T22:00:00Z.
    """
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def cycle_of(spot: Spot, model: CycleDocument) -> Cycle | None:
    """A cycle; None when its dates contradict each other."""
    spec, at = model.spec, spot.at("spec")
    start, end = instant(spec.start, spec.timezone), instant(spec.end, spec.timezone)
    if end <= start:
        at.at("end").fault(f"must be after start, {spec.start}", "wrong_date")
        return None
    until = end if spec.measure_until is None else instant(spec.measure_until, spec.timezone)
    if until < end:
        at.at("measureUntil").fault(f"must not be before end, {spec.end}", "wrong_date")
        return None
    title = spec.title or model.metadata.display_name or ""
    return Cycle(model.metadata.name, Interval(start, end), spec.timezone, spec.cadence, until, title)


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


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
