"""Where the value of a key result comes from, and whether its unit fits."""

from __future__ import annotations

from dataclasses import dataclass

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.okr import IncidentFilter, MeasureSpec
from okrbridge.definitions.release import RELEASE
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.measures import IncidentMeasure, Measure, NoMeasure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.units import PLAIN, RATIO, Unit, convert
from okrbridge.domain.windows import RollingWindow
from okrbridge.errors import UnitError

_COMPANIONS = {"slo": ("over", "quantity"), "promql": ("unit", "source"), "incidents": ()}
_SUGGESTED_UNITS = {"time": "s", "ratio": "ratio", "size": "bytes"}
_COUNTS = ("number", "number/time", "number/months")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the key result asks of its measure.

    Attributes:
        kind, unit: None when the key result itself does not tell, because of a fault.
    """

    kind: KeyResultKind | None
    unit: Unit | None


def measure_of(spot: Spot, spec: MeasureSpec | None, wanted: Wanted) -> Measure | None:
    """A key result's measure; None when it has a fault.

    Args:
        spot: where ``measure`` stands.
        spec: the model; None when it is left out.
        wanted: kind and unit of the key result.
    """
    if spec is None:
        message = "is missing, so this key result will show no_data; write slo: NAME or promql: QUERY"
        spot.warn(message, "unmapped")
        return NoMeasure(wanted.unit or PLAIN)
    given = [key for key in _COMPANIONS if getattr(spec, key) is not None]
    if len(given) != 1:
        found = f"there are {' and '.join(given)}" if given else "there is none"
        spot.fault(f"needs exactly one of slo, promql and incidents; {found}", "measure")
        return None
    fits = _companions_fit(spot, spec, given[0])
    if wanted.kind is KeyResultKind.ERROR_BUDGET and given[0] != "slo":
        spot.at(given[0]).fault(
            "an error budget is measured by an SLO; write measure: {slo: NAME}", "measure", of_key=True
        )
        return None
    if spec.slo is not None:
        measure: Measure | None = _slo_measure(spot, spec, spec.slo, wanted)
    elif spec.promql is not None:
        measure = _promql_measure(spot, spec, spec.promql, wanted)
    else:
        measure = _incident_measure(spot, spec.incidents or IncidentFilter(), wanted)
    return measure if fits else None


def _companions_fit(spot: Spot, spec: MeasureSpec, given: str) -> bool:
    strangers = [
        (key, owner)
        for owner, keys in _COMPANIONS.items()
        for key in keys
        if owner != given and getattr(spec, key) is not None
    ]
    for key, owner in strangers:
        spot.at(key).fault(f"goes with {owner}, not with {given}; remove it", "does_not_belong", of_key=True)
    return not strangers


def _slo_measure(spot: Spot, spec: MeasureSpec, slo: str, wanted: Wanted) -> SloMeasure | None:
    is_budget = wanted.kind is KeyResultKind.ERROR_BUDGET
    quantity = SloQuantity(spec.quantity or ("budget" if is_budget else "sli"))
    if is_budget and quantity is SloQuantity.SLI:
        spot.at("quantity").fault("an error budget follows the budget; write quantity: budget", "measure")
        return None
    if quantity is SloQuantity.BUDGET and spec.over is not None:
        message = "a budget is counted over the key result's period; remove over, or write quantity: sli"
        spot.at("over").fault(message, "does_not_belong", of_key=True)
        return None
    if wanted.unit is not None and wanted.unit.dimension != "ratio":
        message = f"an SLO gives {described(RATIO)}, the key result is {stated(wanted.unit)}; write it in %"
        spot.at("slo").fault(message, "wrong_unit")
        return None
    return SloMeasure(slo, quantity, RollingWindow(spec.over) if spec.over is not None else None)


def _promql_measure(spot: Spot, spec: MeasureSpec, query: str, wanted: Wanted) -> PromqlMeasure | None:
    unit, source = spec.unit or PLAIN, spec.source or DEFAULT_SOURCE
    spot.at("promql").query(source, query)
    if wanted.unit is not None and not _converts(unit, wanted.unit):
        _unit_fault(spot, spec, wanted.unit)
        return None
    return PromqlMeasure(query, source, unit)


def _unit_fault(spot: Spot, spec: MeasureSpec, wanted: Unit) -> None:
    suggestion = _SUGGESTED_UNITS.get(wanted.dimension, wanted.symbol)
    if spec.unit is None:
        message = f"is missing: the key result is {stated(wanted)}; say what the query gives, such as {suggestion}"
    else:
        message = f"the query gives {described(spec.unit)}, the key result is {stated(wanted)}"
        message += _month_hint(spec.unit, wanted)
    spot.at("unit").fault(message, "wrong_unit")


def _incident_measure(spot: Spot, spec: IncidentFilter, wanted: Wanted) -> IncidentMeasure | None:
    if wanted.unit is not None and wanted.unit.dimension not in _COUNTS:
        message = f"incidents are counted, the key result is {stated(wanted.unit)}; write a count, such as 3/month"
        spot.at("incidents").fault(message, "wrong_unit", of_key=True)
        return None
    message = f"{RELEASE} receives no incidents, so this key result will show no_data"
    spot.at("incidents").warn(message, "incidents_not_received", of_key=True)
    return IncidentMeasure(tuple(spec.severity), tuple(spec.service), wanted.unit or PLAIN)


def _converts(source: Unit, target: Unit) -> bool:
    try:
        convert(1.0, source, target)
    except UnitError:
        return False
    return True


def _month_hint(one: Unit, other: Unit) -> str:
    if {one.dimension.partition("/")[2], other.dimension.partition("/")[2]} == {"time", "months"}:
        return "; months have no fixed number of days, so use days or weeks on both sides"
    return ""


def stated(unit: Unit) -> str:
    """A unit for people, after "is": ``in ms``, ``a ratio (%)``."""
    return described(unit) if unit.dimension == "ratio" or not unit.symbol else f"in {unit.symbol}"


def described(unit: Unit) -> str:
    """A unit for people."""
    if unit.dimension == "ratio":
        return "a ratio (%)"
    return unit.symbol or "a plain number"
