"""Where the value of a key result or an indicator comes from, and whether its unit fits."""

from __future__ import annotations

from okrbridge.definitions.asked_measures import csv_measure, http_measure, promql_measure, sql_measure
from okrbridge.definitions.event_measures import event_measure, incident_measure
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.measure_shapes import MEASURES, ManualEntry, MeasureSpec
from okrbridge.definitions.unit_fit import described, stated
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.measures import (
    IndicatorMeasure,
    KeyResultMeasure,
    ManualMeasure,
    Measure,
    NoMeasure,
    SloMeasure,
    SloQuantity,
)
from okrbridge.domain.units import PLAIN, RATIO
from okrbridge.domain.windows import RollingWindow

_COMPANIONS = {
    "slo": ("over", "quantity"),
    "promql": ("unit", "source", "member"),
    "indicator": (),
    "incidents": ("over",),
    "events": ("over", "unit"),
    "keyResult": (),
    "sql": ("over", "unit", "source", "members"),
    "http": ("unit", "source"),
    "csv": ("over", "unit", "source"),
    "manual": ("unit",),
}
_COMPANION_KEYS = ("over", "quantity", "unit", "source", "member", "members")


def measure_of(spot: Spot, spec: MeasureSpec, wanted: Wanted) -> Measure | None:
    """A measure; None when it has a fault.

    Args:
        spot: where it stands.
        spec: the model.
        wanted: what is asked of it.
    """
    given = [key for key in MEASURES if _value(spec, key) is not None]
    if len(given) != 1:
        found = f"there are {_listed(given)}" if given else "there is none"
        spot.fault(f"needs exactly one of {_listed(MEASURES)}; {found}", "measure")
        return None
    fits = _companions_fit(spot, spec, given[0]) and _members_fit(spot, spec, wanted)
    if wanted.kind is KeyResultKind.ERROR_BUDGET and given[0] != "slo":
        message = "an error budget is measured by an SLO; write measure: {slo: NAME}"
        spot.at(given[0]).fault(message, "measure", of_key=True)
        return None
    measure = _made(spot, spec, wanted)
    return measure if fits else None


def no_measure(spot: Spot, wanted: Wanted) -> NoMeasure:
    """What stands for a measure that was left out, with a warning."""
    spot.warn("is missing, so this key result will show no_data; write slo: NAME or promql: QUERY", "unmapped")
    return NoMeasure(wanted.unit or PLAIN)


def _made(spot: Spot, spec: MeasureSpec, wanted: Wanted) -> Measure | None:  # noqa: PLR0911 - one for each kind
    if spec.promql is not None:
        return promql_measure(spot, spec, spec.promql, wanted)
    if spec.sql is not None:
        return sql_measure(spot, spec, spec.sql, wanted)
    if spec.http is not None:
        return http_measure(spot, spec, spec.http, wanted)
    if spec.csv is not None:
        return csv_measure(spot, spec, spec.csv, wanted)
    if spec.incidents is not None:
        return incident_measure(spot, spec, spec.incidents, wanted)
    if spec.events is not None:
        return event_measure(spot, spec, spec.events, wanted)
    if spec.manual is not None:
        return _manual_measure(spot, spec, spec.manual, wanted)
    if spec.indicator is not None:
        return _indicator_measure(spot, spec.indicator, wanted)
    if spec.key_result is not None:
        return _key_result_measure(spot, spec.key_result, wanted)
    return _slo_measure(spot, spec, spec.slo or "", wanted)


def _value(spec: MeasureSpec, key: str) -> object:
    return spec.key_result if key == "keyResult" else getattr(spec, key)


def _listed(keys: tuple[str, ...] | list[str]) -> str:
    *most, last = keys
    return f"{', '.join(most)} and {last}" if most else last


def _companions_fit(spot: Spot, spec: MeasureSpec, given: str) -> bool:
    strangers = [key for key in _COMPANION_KEYS if key not in _COMPANIONS[given] and getattr(spec, key)]
    for key in strangers:
        owners = _listed([owner for owner, keys in _COMPANIONS.items() if key in keys])
        message = f"goes with {owners}, not with {given}; remove it"
        spot.at(key).fault(message, "does_not_belong", of_key=True)
    return not strangers


def _members_fit(spot: Spot, spec: MeasureSpec, wanted: Wanted) -> bool:
    """Whether the members of a population are asked for where they can be used."""
    named = {
        ("member",): spec.member,
        ("members",): spec.members,
        ("http", "member"): spec.http.member if spec.http is not None else None,
        ("csv", "member"): spec.csv.member if spec.csv is not None else None,
    }
    if wanted.takes_members or not any(named.values()):
        return True
    path = next(path for path, value in named.items() if value)
    message = "gives a number for each member; only a share and a threshold can use that"
    spot.at(*path).fault(message, "does_not_belong", of_key=True)
    return False


def _slo_measure(spot: Spot, spec: MeasureSpec, slo: str, wanted: Wanted) -> SloMeasure | None:
    is_budget = wanted.kind is KeyResultKind.ERROR_BUDGET
    quantity = SloQuantity(spec.quantity or ("budget" if is_budget else "sli"))
    if is_budget and quantity is not SloQuantity.BUDGET:
        spot.at("quantity").fault("an error budget follows the budget; write quantity: budget", "measure")
        return None
    if quantity is SloQuantity.BUDGET and spec.over is not None:
        message = "a budget is counted over the key result's period; remove over, or write quantity: sli"
        spot.at("over").fault(message, "does_not_belong", of_key=True)
        return None
    if wanted.unit is not None and wanted.unit.dimension != "ratio":
        message = f"an SLO gives {described(RATIO)}, the {wanted.subject} is {stated(wanted.unit)}; write it in %"
        spot.at("slo").fault(message, "wrong_unit")
        return None
    return SloMeasure(slo, quantity, RollingWindow(spec.over) if spec.over is not None else None)


def _indicator_measure(spot: Spot, name: str, wanted: Wanted) -> IndicatorMeasure | None:
    indicator = wanted.indicators.get(name)
    unit = indicator.unit if indicator is not None else wanted.unit or PLAIN
    return IndicatorMeasure(name, unit) if wanted.unit_fits(spot.at("indicator"), unit) else None


def _key_result_measure(spot: Spot, name: str, wanted: Wanted) -> KeyResultMeasure | None:
    fits = wanted.unit_fits(spot.at("keyResult"), RATIO)
    return KeyResultMeasure(wanted.id_of(name)) if fits else None


def _manual_measure(spot: Spot, spec: MeasureSpec, entry: ManualEntry, wanted: Wanted) -> ManualMeasure | None:
    """People say the value in the key result's own unit, unless another one is declared."""
    unit = wanted.declared_unit(spot, spec.unit or wanted.unit, "check-in")
    return None if unit is None else ManualMeasure(entry.expires_after, unit)
