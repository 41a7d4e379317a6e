"""From models to the domain: key results and their objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.measures import Wanted, measure_of, stated
from okrbridge.definitions.okr import KeyResultSpec, ObjectiveDocument
from okrbridge.definitions.periods import checkpoints_of, period_of
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import Commitment, KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.units import RATIO, Quantity, Unit, finer, format_quantity
from okrbridge.errors import UnitError

_LINEAR = (KeyResultKind.INCREASE, KeyResultKind.DECREASE)
_STRANGERS = {
    KeyResultKind.INCREASE: ("operator", "critical", "allowance"),
    KeyResultKind.DECREASE: ("operator", "critical", "allowance"),
    KeyResultKind.THRESHOLD: ("allowance",),
    KeyResultKind.ERROR_BUDGET: ("from", "to", "operator", "critical"),
}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The numbers of a key result, all in one unit."""

    kind: KeyResultKind
    unit: Unit
    target: float
    baseline: float | None = None
    critical: float | None = None
    declared_target: Quantity | None = None


def objective_of(spot: Spot, model: ObjectiveDocument, cycles: Mapping[str, Cycle]) -> OkrObjective:
    """An objective with those of its key results that have no fault.

    Args:
        spot: the document's root.
        model: the document.
        cycles: cycles by name.
    """
    spec, name = model.spec, model.metadata.name
    _refuse_equal_names(spot, spec.key_results)
    found = []
    for index, item in enumerate(spec.key_results):
        if item.is_readable:
            place = spot.at("spec", "keyResults", index)
            found.append(_key_result_of(place, item, model, cycles.get(spec.cycle)))
    return OkrObjective(
        name=name,
        title=spec.title or model.metadata.display_name or name,
        cycle=spec.cycle,
        team=spec.team or "",
        owner=spec.owner,
        key_results=tuple(key_result for key_result in found if key_result is not None),
        why=spec.why,
        parent=spec.parent or "",
        weight=spec.weight,
        commitment=Commitment(spec.type),
    )


def _refuse_equal_names(spot: Spot, items: list[KeyResultSpec]) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        if not item.is_readable:
            continue
        if item.name in seen:
            message = f"another key result of this objective is named {item.name!r}, spec.keyResults[{seen[item.name]}]"
            spot.at("spec", "keyResults", index, "name").fault(message, "duplicate_name")
        seen.setdefault(item.name, index)


def _key_result_of(spot: Spot, spec: KeyResultSpec, model: ObjectiveDocument, cycle: Cycle | None) -> KeyResult | None:
    kind = _kind_of(spot, spec)
    numbers = _numbers_of(spot, spec, kind) if kind is not None else None
    wanted = Wanted(kind, numbers.unit if numbers else None)
    measure = measure_of(spot.at("measure"), spec.measure, wanted)
    if isinstance(measure, SloMeasure) and numbers is not None:
        _refuse_impossible_ratios(spot, numbers, measure)
    period = period_of(spot, spec, cycle) if cycle is not None else None
    checkpoints = (
        checkpoints_of(spot, spec, period, cycle.timezone) if cycle is not None and period is not None else None
    )
    if numbers is None or measure is None or period is None or checkpoints is None:
        return None
    return KeyResult(
        name=spec.name,
        title=spec.title or spec.name,
        objective=model.metadata.name,
        kind=numbers.kind,
        measure=measure,
        unit=numbers.unit,
        target=numbers.target,
        period=period,
        baseline=numbers.baseline,
        declared_baseline=spec.from_,
        declared_target=numbers.declared_target,
        operator=Operator(spec.operator) if spec.operator is not None else None,
        critical=numbers.critical,
        weight=spec.weight,
        commitment=Commitment(spec.type or model.spec.type),
        owner=spec.owner or "",
        checkpoints=checkpoints,
    )


def _kind_of(spot: Spot, spec: KeyResultSpec) -> KeyResultKind | None:
    """The kind that is declared, or the one that the keys tell."""
    if spec.kind is not None:
        return KeyResultKind(spec.kind)
    if spec.allowance is not None:
        return KeyResultKind.ERROR_BUDGET
    if spec.operator is not None:
        return KeyResultKind.THRESHOLD
    return _kind_of_way(spot, spec)


def _kind_of_way(spot: Spot, spec: KeyResultSpec) -> KeyResultKind | None:
    if spec.from_ is not None and spec.to is not None:
        falls = spec.to.value * spec.to.unit.factor < spec.from_.value * spec.from_.unit.factor
        return KeyResultKind.DECREASE if falls else KeyResultKind.INCREASE
    if spec.to is not None:
        message = "no baseline: say where it starts with from, or make it a threshold with operator: ge or le"
        spot.at("from").fault(message, "no_baseline")
    elif spec.from_ is not None:
        spot.at("to").fault("is missing; say where it should be", "missing_key")
    else:
        spot.fault("needs from and to, or operator and to, or allowance", "no_numbers")
    return None


def _numbers_of(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> _Numbers | None:
    fits = _keys_fit(spot, kind)
    numbers = _budget_numbers(spot, spec) if kind is KeyResultKind.ERROR_BUDGET else _way_numbers(spot, spec, kind)
    return numbers if fits else None


def _keys_fit(spot: Spot, kind: KeyResultKind) -> bool:
    strangers = [key for key in _STRANGERS[kind] if spot.document.get(*spot.path, key) is not None]
    for key in strangers:
        spot.at(key).fault(f"does not go with a key result of kind {kind}; remove it", "does_not_belong", of_key=True)
    return not strangers


def _budget_numbers(spot: Spot, spec: KeyResultSpec) -> _Numbers | None:
    if spec.allowance is None:
        spot.at("allowance").fault("is missing; say how much of the budget may be spent, such as 50%", "missing_key")
        return None
    if spec.allowance == 0:
        spot.at("allowance").fault("must be above 0%; nothing could be spent", "wrong_value")
        return None
    declared = Quantity(spec.allowance, RATIO, format_quantity(spec.allowance, RATIO))
    return _Numbers(KeyResultKind.ERROR_BUDGET, RATIO, spec.allowance, declared_target=declared)


def _way_numbers(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> _Numbers | None:
    """Numbers of a key result that goes from somewhere, or to somewhere."""
    if not _way_is_complete(spot, spec, kind) or spec.to is None:
        return None
    try:
        unit = spec.to.unit if spec.from_ is None else finer(spec.from_.unit, spec.to.unit)
        unit = RATIO if unit.dimension == "ratio" else unit
    except UnitError:
        _units_fault(spot.at("to"), "from", spec.from_ or spec.to, spec.to)
        return None
    try:
        critical = None if spec.critical is None else spec.critical.to(unit)
    except UnitError:
        _units_fault(spot.at("critical"), "to", spec.to, spec.critical or spec.to)
        return None
    baseline = None if spec.from_ is None else spec.from_.to(unit)
    numbers = _Numbers(kind, unit, spec.to.to(unit), baseline, critical, spec.to)
    return numbers if _directions_agree(spot, spec, numbers) else None


def _way_is_complete(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    complete = True
    if spec.to is None:
        spot.at("to").fault("is missing; say where it should be", "missing_key")
        complete = False
    if spec.from_ is None and kind in _LINEAR:
        spot.at("from").fault(f"no baseline: say where the {kind} starts, such as from: 99.2%", "no_baseline")
        complete = False
    if spec.operator is None and kind is KeyResultKind.THRESHOLD:
        spot.at("operator").fault("is missing; write ge, gt, le or lt", "missing_key")
        complete = False
    return complete


def _units_fault(spot: Spot, key: str, expected: Quantity, found: Quantity) -> None:
    kinds = {expected.unit.dimension.partition("/")[2], found.unit.dimension.partition("/")[2]}
    hint = "months have no fixed number of days" if kinds == {"time", "months"} else "write both in the same unit"
    spot.fault(f"is {stated(found.unit)}, {key} is {stated(expected.unit)}; {hint}", "wrong_unit")


def _directions_agree(spot: Spot, spec: KeyResultSpec, numbers: _Numbers) -> bool:
    start, end = numbers.baseline, numbers.target
    way = f"from {spec.from_.text if spec.from_ else ''} to {spec.to.text if spec.to else ''}"
    rises = _wants_high(spec, numbers.kind)
    if start is not None and start == end:
        spot.at("to").fault(f"equals from ({way}): there is no way to go", "target_equals_baseline")
        return False
    if start is not None and rises != (end > start):
        goes = "down" if end < start else "up"
        key = "kind" if numbers.kind in _LINEAR else "operator"
        wrong = f"{numbers.kind} {way}" if key == "kind" else f"operator {spec.operator} {way}"
        spot.at(key).fault(f"contradicts the numbers: {wrong} goes {goes}", "direction_conflict")
        return False
    if numbers.critical is not None and (numbers.critical >= end if rises else numbers.critical <= end):
        side = "below" if rises else "above"
        spot.at("critical").fault(f"must be {side} to ({spec.to.text if spec.to else ''})", "direction_conflict")
        return False
    return True


def _wants_high(spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    if kind is KeyResultKind.THRESHOLD and spec.operator is not None:
        return Operator(spec.operator).wants_high
    return kind is KeyResultKind.INCREASE


def _refuse_impossible_ratios(spot: Spot, numbers: _Numbers, measure: SloMeasure) -> None:
    if measure.quantity is not SloQuantity.SLI:
        return
    for key, value in (("from", numbers.baseline), ("to", numbers.target), ("critical", numbers.critical)):
        if value is not None and not 0 <= value <= 1:
            spot.at(key).fault("an SLI is never outside 0% to 100%", "wrong_value")
