"""Measures by what was sent in: incidents, and events of any kind."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.measure_shapes import EventFilter, IncidentFilter, MeasureSpec
from okrbridge.definitions.unit_fit import stated
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.measures import Aggregation, EventMeasure, IncidentMeasure, IncidentQuantity
from okrbridge.domain.units import PLAIN, RATIO, SECONDS, Unit
from okrbridge.domain.windows import RollingWindow

_COUNTS = ("number", "number/time", "number/months")
_COUNTING = (Aggregation.COUNT, Aggregation.DISTINCT)
_NOT_OF_TIMES = (*_COUNTING, Aggregation.LAST)


def incident_measure(spot: Spot, spec: MeasureSpec, filtered: IncidentFilter, wanted: Wanted) -> IncidentMeasure | None:
    """A measure by incidents; None when it has a fault."""
    at, quantity = spot.at("incidents"), IncidentQuantity(filtered.quantity)
    aggregation = _incident_aggregation(at, filtered, quantity)
    is_count = quantity is IncidentQuantity.COUNT
    fits = _is_count(at, "incidents", wanted) if is_count else wanted.unit_fits(at, SECONDS)
    if aggregation is None or not fits:
        return None
    return IncidentMeasure(
        severities=tuple(filtered.severity),
        services=tuple(filtered.service),
        quantity=quantity,
        aggregation=aggregation,
        over=_window(spec),
        unit=PLAIN if is_count else SECONDS,
    )


def _incident_aggregation(spot: Spot, filtered: IncidentFilter, quantity: IncidentQuantity) -> Aggregation | None:
    if quantity is IncidentQuantity.COUNT:
        if filtered.aggregation in (None, "count"):
            return Aggregation.COUNT
        message = "incidents are only counted; write quantity: timeToRestore or timeToDetect beside it"
        spot.at("aggregation").fault(message, "does_not_belong")
        return None
    aggregation = Aggregation(filtered.aggregation or "mean")
    if aggregation in _NOT_OF_TIMES:
        spot.at("aggregation").fault("says nothing of times; write mean, median, p90 or max", "wrong_value")
        return None
    return aggregation


def event_measure(spot: Spot, spec: MeasureSpec, filtered: EventFilter, wanted: Wanted) -> EventMeasure | None:
    """A measure by events; None when it has a fault."""
    at = spot.at("events")
    aggregation = Aggregation(filtered.aggregation or "count")
    if not _event_keys_fit(at, filtered, aggregation):
        return None
    unit = _event_unit(spot, spec, filtered, wanted)
    if unit is None:
        return None
    return EventMeasure(
        kind=filtered.kind,
        where=dict(filtered.where),
        aggregation=aggregation,
        attribute=filtered.attribute or "",
        per=filtered.per or "",
        within=filtered.within,
        over=_window(spec),
        unit=unit,
    )


def _event_keys_fit(spot: Spot, filtered: EventFilter, aggregation: Aggregation) -> bool:
    if filtered.within is not None and filtered.per is None:
        spot.at("within").fault("goes with per; say what the events are compared with", "does_not_belong", of_key=True)
        return False
    if filtered.per is not None and aggregation not in _COUNTING:
        spot.at("aggregation").fault("events are counted on both sides of per; write count", "does_not_belong")
        return False
    if filtered.attribute is not None and aggregation is Aggregation.COUNT:
        message = "is not needed to count; write an aggregation such as mean, or remove it"
        spot.at("attribute").fault(message, "does_not_belong", of_key=True)
        return False
    if filtered.attribute is None and aggregation not in _COUNTING:
        spot.at("attribute").fault(f"is missing; say of which attribute the {aggregation} is taken", "missing_key")
        return False
    return True


def _event_unit(spot: Spot, spec: MeasureSpec, filtered: EventFilter, wanted: Wanted) -> Unit | None:
    if filtered.attribute is not None and filtered.aggregation not in _COUNTING:
        return wanted.declared_unit(spot, spec.unit, "attribute")
    if spec.unit is not None:
        message = "goes with an attribute that is aggregated; events are counted"
        spot.at("unit").fault(message, "does_not_belong", of_key=True)
        return None
    at = spot.at("events")
    if filtered.per is not None:
        return RATIO if wanted.unit_fits(at, RATIO) else None
    return PLAIN if _is_count(at, "events", wanted) else None


def _is_count(spot: Spot, what: str, wanted: Wanted) -> bool:
    if wanted.unit is None or wanted.unit.dimension in _COUNTS:
        return True
    message = f"{what} are counted, the {wanted.subject} is {stated(wanted.unit)}; write a count, such as 3/month"
    spot.fault(message, "wrong_unit", of_key=True)
    return False


def _window(spec: MeasureSpec) -> RollingWindow | None:
    return RollingWindow(spec.over) if spec.over is not None else None
