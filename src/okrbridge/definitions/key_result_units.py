"""The unit in which the numbers of a key result are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.unit_fit import counted_in, is_rate, normal, units_fault
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.units import PLAIN, RATIO, Quantity, Unit, finer, parse_unit
from okrbridge.errors import UnitError

_FIXED_UNITS = {
    KeyResultKind.SHARE: RATIO,
    KeyResultKind.ERROR_BUDGET: RATIO,
    KeyResultKind.COMPOSITE: RATIO,
    KeyResultKind.BINARY: PLAIN,
    KeyResultKind.MILESTONE: PLAIN,
    KeyResultKind.ORDINAL: PLAIN,
}
_PERIODS = {"d": "day", "day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}


@dataclass(frozen=True, slots=True)
class DeclaredUnit:
    """The unit in which the numbers of a key result are written.

    Attributes:
        unit: None when no number tells; it is then the measure's.
        counted: for counts per period: the unit of what is counted.
        per: for counts per period: the period.
    """

    unit: Unit | None
    counted: Unit | None = None
    per: str = ""

    @property
    def of_measure(self) -> Unit | None:
        """The unit that the measure has to give."""
        return self.counted or self.unit


def declared_unit(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> DeclaredUnit | None:
    """The finer of the units that are written; None, with a fault, when they do not agree."""
    if kind in _FIXED_UNITS:
        return DeclaredUnit(_FIXED_UNITS[kind])
    unit: Unit | None = None
    first_key = ""
    for key, quantity in written(spec):
        try:
            unit = quantity.unit if unit is None else finer(unit, quantity.unit)
        except UnitError:
            units_fault(spot.at(key), first_key, unit or PLAIN, quantity.unit)
            return None
        first_key = first_key or key
    unit = None if unit is None else normal(unit)
    return _per_period(spot, spec, unit) if kind is KeyResultKind.COUNT_PER_PERIOD else DeclaredUnit(unit)


def written(spec: KeyResultSpec) -> Iterator[tuple[str, Quantity]]:
    """The quantities that tell the unit; critical and stretch follow it."""
    change = spec.change.quantity if spec.change is not None and not spec.change.is_share else None
    limits = (("low", spec.low), ("high", spec.high))
    pairs = (("from", spec.from_), ("to", spec.to), *limits, ("effect", spec.effect), ("change", change))
    return ((key, quantity) for key, quantity in pairs if quantity is not None)


def _per_period(spot: Spot, spec: KeyResultSpec, unit: Unit | None) -> DeclaredUnit | None:
    """The unit of a count per period, from ``3/month``, or from ``3`` and ``per: month``."""
    if unit is None:
        return DeclaredUnit(None)
    if not is_rate(unit):
        if spec.per is None:
            spot.at("per").fault("is missing; write to: 3/month, or per: month", "missing_key")
            return None
        return DeclaredUnit(parse_unit(f"{unit.symbol}/{spec.per}"), unit, spec.per)
    counted, written = counted_in(unit)
    per = _PERIODS.get(written)
    if per is None:
        message = "is counted in periods of a day, a week, a month, a quarter or a year"
        spot.at("to").fault(message, "wrong_unit")
        return None
    if spec.per not in (None, per):
        spot.at("per").fault(f"contradicts the unit of to, which is {unit}", "wrong_unit")
        return None
    return DeclaredUnit(unit, parse_unit(counted), per)
