"""Maintenance windows: their model, and the domain's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import ConfigDict, Field

from okrbridge.application.recurrence import rule_fault
from okrbridge.definitions.fields import DurationText, FilledText
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.shapes import LabelValue, Metadata, Shape, exactly_one_of
from okrbridge.definitions.wall_clock import TimeZoneName, WallClockOrInstant, on_wall_clock, utc
from okrbridge.domain.maintenance import MaintenanceReason, MaintenanceWindow, Recurrence
from okrbridge.domain.windows import Interval

_LONGEST = timedelta(days=366)


class MaintenanceWindowSpec(Shape):
    """Announced time, once or repeated. Without slos, services and labels it is for every SLO."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("end", "duration"))

    title: FilledText | None = None
    """A sentence for people; the display name or the name when not given."""
    reason: Literal["maintenance", "game-day", "load-test"] = "maintenance"
    """Why the time was announced."""
    slos: list[FilledText] = Field(default_factory=list)
    """Names of the SLOs it is for."""
    services: list[FilledText] = Field(default_factory=list)
    """Services whose SLOs it is for."""
    labels: dict[str, LabelValue] = Field(default_factory=dict)
    """Labels that an SLO must have for the window to be for it."""
    start: WallClockOrInstant
    """When it begins, first: a time in timezone, or one with an offset."""
    end: WallClockOrInstant | None = None
    """When it ends; either this or duration."""
    duration: DurationText | None = None
    """How long it lasts, in elapsed time; either this or end."""
    rrule: FilledText | None = None
    """How it repeats: an RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=SU; keeps its wall-clock time."""
    timezone: TimeZoneName = "UTC"
    """IANA name of the zone in which times are read and the rule repeats."""
    exclude: bool | None = None
    """true: SLOs leave the time out. false: it counts, and alerts are held. true for maintenance, else false."""


class MaintenanceWindowDocument(Shape):
    """Announced time in which SLOs do not alert, and which they leave out when so declared."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["MaintenanceWindow"]
    metadata: Metadata
    spec: MaintenanceWindowSpec


def maintenance_of(spot: Spot, model: MaintenanceWindowDocument) -> MaintenanceWindow | None:
    """A maintenance window; None when its times contradict each other."""
    spec, at = model.spec, spot.at("spec")
    length = _length(at, spec)
    if length is None:
        return None
    once, recurrence = _times(at, spec, length)
    reason = MaintenanceReason(spec.reason)
    return MaintenanceWindow(
        name=model.metadata.name,
        title=spec.title or model.metadata.display_name or model.metadata.name,
        reason=reason,
        slos=frozenset(spec.slos),
        services=frozenset(spec.services),
        labels=dict(spec.labels),
        once=once,
        recurrence=recurrence,
        is_excluded=reason is MaintenanceReason.MAINTENANCE if spec.exclude is None else spec.exclude,
    )


def _length(spot: Spot, spec: MaintenanceWindowSpec) -> timedelta | None:
    if (spec.end is None) == (spec.duration is None):
        found = "both" if spec.end else "none"
        spot.fault(f"needs exactly one of end and duration; there are {found}", "maintenance")
        return None
    if spec.end is not None and spec.rrule is not None:
        spot.at("end").fault("a window that repeats has a duration instead, such as 2h", "maintenance", of_key=True)
        return None
    length = spec.duration or _between(spec)
    if length <= timedelta(0):
        spot.at("end").fault("must be after start", "wrong_date")
        return None
    if length > _LONGEST:
        spot.at("end" if spec.end else "duration").fault("a maintenance window lasts at most a year", "wrong_value")
        return None
    return length


def _between(spec: MaintenanceWindowSpec) -> timedelta:
    end: datetime = spec.end or spec.start
    return utc(end, spec.timezone) - utc(spec.start, spec.timezone)


def _times(
    spot: Spot, spec: MaintenanceWindowSpec, length: timedelta
) -> tuple[tuple[Interval, ...], Recurrence | None]:
    start = utc(spec.start, spec.timezone)
    if spec.rrule is None:
        return (Interval(start, start + length),), None
    recurrence = Recurrence(spec.rrule, on_wall_clock(spec.start, spec.timezone), spec.timezone, length)
    if fault := rule_fault(recurrence):
        spot.at("rrule").fault(fault, "wrong_rule")
    return (), recurrence
