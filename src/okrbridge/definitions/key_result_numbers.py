"""The numbers of a key result: where it starts, where it should be, its limits; all in one unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_direction import (
    critical_agrees,
    rises,
    stretch_agrees,
    verb_agrees,
    way_agrees,
)
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.key_result_units import written
from okrbridge.definitions.okr_fields import DeclaredChange
from okrbridge.definitions.unit_fit import counted_in, is_rate, units_fault
from okrbridge.domain.baselines import absolute_target, band_around, relative_target
from okrbridge.domain.key_results import BaselineFromHistory, KeyResultKind, Operator
from okrbridge.domain.units import RATIO, Quantity, Unit, format_quantity, parse_unit
from okrbridge.errors import UnitError


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a key result, all in one unit; fields as in KeyResult."""

    kind: KeyResultKind
    unit: Unit
    target: float | None = None
    baseline: float | None = None
    baseline_from: BaselineFromHistory | None = None
    stretch: float | None = None
    relative_change: float | None = None
    absolute_change: float | None = None
    low: float | None = None
    high: float | None = None
    critical: float | None = None
    declared_target: Quantity | None = None
    per: str = ""


def numbers_of(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind, unit: Unit, per: str) -> Numbers | None:
    """The numbers in a unit; None when some are missing or contradict each other."""
    if kind is KeyResultKind.ERROR_BUDGET:
        return _budget_numbers(spot, spec)
    if not _is_complete(spot, spec, kind):
        return None
    if kind is KeyResultKind.SHARE and not _is_share(spot, spec):
        return None
    numbers = _converted(spot, spec, Numbers(kind, unit, per=per))
    if numbers is not None and kind is KeyResultKind.BAND:
        numbers = _band(spot, spec, numbers)
    elif numbers is not None and spec.change is not None and kind in _CHANGED:
        numbers = _relative(spot, numbers, spec.change) if spec.change.is_share else _absolute(spot, spec, numbers)
    return numbers if numbers is not None and _directions_agree(spot, spec, numbers) else None


def _budget_numbers(spot: Spot, spec: KeyResultSpec) -> Numbers | None:
    if spec.allowance is None:
        spot.at("allowance").fault("is missing; say how much of the budget may be spent, such as 50%", "missing_key")
        return None
    if spec.allowance == 0:
        spot.at("allowance").fault("must be above 0%; nothing could be spent", "wrong_value")
        return None
    declared = Quantity(spec.allowance, RATIO, format_quantity(spec.allowance, RATIO))
    return Numbers(KeyResultKind.ERROR_BUDGET, RATIO, spec.allowance, declared_target=declared)


_WAYS = (KeyResultKind.INCREASE, KeyResultKind.DECREASE)
_CHANGED = (*_WAYS, KeyResultKind.RELATIVE, KeyResultKind.BAND)
"""Kinds that a change can declare; a band has limits in place of a target."""
_TO = ("to", "say where it should be")
_NEEDED = {
    KeyResultKind.INCREASE: (_TO,),
    KeyResultKind.DECREASE: (_TO,),
    KeyResultKind.REACH: (_TO,),
    KeyResultKind.COUNT_PER_PERIOD: (_TO,),
    KeyResultKind.THRESHOLD: (_TO, ("operator", "write ge, gt, le or lt")),
    KeyResultKind.MAINTAIN: (_TO, ("operator", "write ge, gt, le or lt")),
    KeyResultKind.RELATIVE: (("change", "say how much of the baseline, such as -40%"),),
    KeyResultKind.HYPOTHESIS: (("effect", "say which effect would validate it, such as +3%"),),
}


def _is_complete(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    complete = True
    for key, remedy in _NEEDED.get(kind, ()):
        if getattr(spec, key) is None and not (kind in _WAYS and spec.change is not None):
            spot.at(key).fault(f"is missing; {remedy}", "missing_key")
            complete = False
    if _lacks_start(spec, kind):
        example = "99.2%, or baseline: {over: 90d}" if kind is not KeyResultKind.RELATIVE else "50min"
        message = f"no baseline: say where the {kind} starts, such as from: {example}"
        spot.at("from").fault(message, "no_baseline")
        complete = False
    if spec.from_ is not None and spec.baseline is not None:
        spot.at("baseline").fault("stands for from; write one of them", "does_not_belong", of_key=True)
        complete = False
    return _change_fits(spot, spec, kind) and complete


def _change_fits(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    """Whether a change is of the sort that the kind takes, and nothing else says the same; if not, a fault."""
    is_way = kind in _WAYS
    if spec.change is None or kind not in _CHANGED:
        return True
    if is_way and spec.to is not None:
        spot.at("to").fault("stands for change; write one of them", "does_not_belong", of_key=True)
        return False
    if spec.change.is_share is not is_way:
        return True
    spot.at("change").fault(_other_change(kind, spec.change.quantity.text), "wrong_unit")
    return False


def _other_change(kind: KeyResultKind, written: str) -> str:
    """What to write in place of a change that the kind does not take."""
    if kind in _WAYS:
        remedy = "remove kind, or write +5pp for percentage points, +5 points for points"
        return f"{written} is a share of the baseline, which makes the kind relative; {remedy}"
    remedy = "write low and high" if kind is KeyResultKind.BAND else "remove kind, which is increase or decrease then"
    return f"must be a share of the baseline, such as -40%; for {written} {remedy}"


def _lacks_start(spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    if spec.from_ is not None or spec.baseline is not None:
        return False
    if kind is KeyResultKind.COUNT_PER_PERIOD:
        return spec.operator is None
    if kind is KeyResultKind.BAND:
        return spec.change is not None
    return kind in (KeyResultKind.INCREASE, KeyResultKind.DECREASE, KeyResultKind.RELATIVE)


def _is_share(spot: Spot, spec: KeyResultSpec) -> bool:
    for key, quantity in (("to", spec.to), ("stretch", spec.stretch)):
        if quantity is not None and (quantity.unit.dimension != "ratio" or not 0 < quantity.value <= 1):
            spot.at(key).fault(f"must be a share of the members, such as 95%, not {quantity.text}", "wrong_unit")
            return False
    return True


def _converted(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> Numbers | None:
    """The numbers with every quantity in the unit; None, with a fault, when one does not convert."""
    found: dict[str, float | None] = {}
    reference = next(written(spec), ("the measure", None))[0]
    pairs = (*written(spec), ("critical", spec.critical), ("stretch", spec.stretch))
    for key, quantity in pairs:
        if quantity is None:
            continue
        try:
            found[key] = _in_unit(quantity, numbers)
        except UnitError:
            expected = spec.to.unit if spec.to is not None else numbers.unit
            units_fault(spot.at(key), "to" if spec.to is not None else reference, expected, quantity.unit)
            return None
    is_reach = numbers.kind is KeyResultKind.REACH
    whole = 1.0 if numbers.kind is KeyResultKind.SHARE else None
    return replace(
        numbers,
        target=found.get("effect") if spec.effect is not None else found.get("to", whole),
        baseline=0.0 if is_reach else found.get("from"),
        baseline_from=BaselineFromHistory(spec.baseline.over) if spec.baseline is not None else None,
        absolute_change=found.get("change"),
        stretch=found.get("stretch"),
        low=found.get("low"),
        high=found.get("high"),
        critical=found.get("critical"),
        declared_target=spec.effect or spec.to,
    )


def _in_unit(quantity: Quantity, numbers: Numbers) -> float:
    """A quantity in the unit; with ``per``, ``3`` means 3 of each period."""
    if numbers.per and not is_rate(quantity.unit):
        return quantity.to(parse_unit(counted_in(numbers.unit)[0])) + 0.0
    return quantity.to(numbers.unit) + 0.0


def _relative(spot: Spot, numbers: Numbers, declared: DeclaredChange) -> Numbers | None:
    change = declared.value
    try:
        # Also of a baseline that is not known yet, a change by nothing is none.
        target = relative_target(1.0 if numbers.baseline is None else numbers.baseline, change)
    except ValueError as error:
        spot.at("change" if change == 0 else "from").fault(str(error), "target_equals_baseline")
        return None
    return replace(numbers, relative_change=change, target=None if numbers.baseline is None else target)


def _absolute(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> Numbers | None:
    change = numbers.absolute_change or 0.0
    if change and (change > 0) is (numbers.kind is KeyResultKind.DECREASE):
        spot.at("kind").fault(f"contradicts change ({_text(spec)}): {numbers.kind}", "direction_conflict")
        return None
    try:
        # Also of a baseline that is not known yet, a change by nothing is none.
        target = absolute_target(numbers.baseline or 0.0, change)
    except ValueError as error:
        spot.at("change").fault(str(error), "target_equals_baseline")
        return None
    return replace(numbers, target=None if numbers.baseline is None else target)


def _text(spec: KeyResultSpec) -> str:
    return spec.change.quantity.text if spec.change is not None else ""


def _band(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> Numbers | None:
    if spec.change is None:
        return numbers if _limits_agree(spot, spec, numbers) else None
    if spec.low is not None or spec.high is not None:
        spot.at("change").fault("stands for low and high; write one or the other", "does_not_belong", of_key=True)
        return None
    change = spec.change.value
    if change <= 0:
        spot.at("change").fault("must be above 0%; it goes both ways from the baseline", "wrong_value")
        return None
    numbers = replace(numbers, relative_change=change)
    if numbers.baseline is None:
        return numbers
    try:
        low, high = band_around(numbers.baseline, change)
    except ValueError as error:
        spot.at("from").fault(str(error), "target_equals_baseline")
        return None
    up = None if spec.operator is None else Operator(spec.operator).wants_high
    return replace(numbers, low=None if up is False else low, high=None if up is True else high)


def _limits_agree(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> bool:
    if numbers.low is None and numbers.high is None:
        spot.fault("a band needs low or high, or change and where it starts", "no_numbers")
        return False
    for key, value in (("from", spec.from_), ("baseline", spec.baseline), ("operator", spec.operator)):
        if value is not None:
            spot.at(key).fault("goes with change, not with low and high; remove it", "does_not_belong", of_key=True)
            return False
    if numbers.low is not None and numbers.high is not None and numbers.low >= numbers.high:
        spot.at("high").fault(f"must be above low ({spec.low.text if spec.low else ''})", "wrong_value")
        return False
    return True


def _directions_agree(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> bool:
    if numbers.kind is KeyResultKind.BAND:
        return _critical_is_outside(spot, numbers)
    up = rises(spec, numbers.kind, numbers.baseline, numbers.target)
    agrees = _has_way(spot, spec, numbers) and _sides_agree(spot, spec, numbers, up=up)
    return agrees and verb_agrees(spot, spec, up=up)


def _has_way(spot: Spot, spec: KeyResultSpec, numbers: Numbers) -> bool:
    kind, baseline, target = numbers.kind, numbers.baseline, numbers.target
    if kind in (KeyResultKind.REACH, KeyResultKind.HYPOTHESIS):
        if target == 0:
            key = "to" if kind is KeyResultKind.REACH else "effect"
            spot.at(key).fault("is nothing: there is no way to go", "target_equals_baseline")
        return target != 0
    if kind is KeyResultKind.RELATIVE or baseline is None or target is None:
        return True
    return way_agrees(spot, spec, kind, baseline, target)


def _sides_agree(spot: Spot, spec: KeyResultSpec, numbers: Numbers, *, up: bool | None) -> bool:
    target, critical, stretch = numbers.target, numbers.critical, numbers.stretch
    if up is None or target is None:
        return True
    if critical is not None and not critical_agrees(spot, spec, target, critical, up=up):
        return False
    return stretch is None or stretch_agrees(spot, target, stretch, up=up)


def _critical_is_outside(spot: Spot, numbers: Numbers) -> bool:
    critical, low, high = numbers.critical, numbers.low, numbers.high
    if critical is None or (low is None and high is None):
        return True
    if (low is not None and critical < low) or (high is not None and critical > high):
        return True
    spot.at("critical").fault("must be outside of the band", "direction_conflict")
    return False
