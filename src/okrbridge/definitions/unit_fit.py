"""Whether units fit together, and how messages speak of them."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.domain.units import RATIO, Unit, convert
from okrbridge.errors import UnitError

_SUGGESTED_UNITS = {"time": "s", "ratio": "ratio", "size": "bytes"}


def converts(source: Unit, target: Unit) -> bool:
    """Whether values of one unit can be expressed in another."""
    try:
        convert(1.0, source, target)
    except UnitError:
        return False
    return True


def normal(unit: Unit) -> Unit:
    """The unit in which values are kept: percentages are ratios."""
    return RATIO if unit.dimension == "ratio" else unit


def suggested(unit: Unit) -> str:
    """A unit that converts to this one, as an example for people."""
    return _SUGGESTED_UNITS.get(unit.dimension, unit.symbol)


def is_rate(unit: Unit) -> bool:
    """Whether it is something in each period, such as /month."""
    return "/" in unit.dimension


def counted_in(unit: Unit) -> tuple[str, str]:
    """What a rate counts and the period, as texts: ``EUR/month`` is EUR and month."""
    numerator, _, period = unit.symbol.partition("/")
    return numerator.strip(), period.strip()


def month_hint(one: Unit, other: Unit) -> str:
    """Why a rate per month and one per day do not convert; empty for other pairs."""
    if _periods(one, other) == {"time", "months"}:
        return "; months have no fixed number of days, so use days or weeks on both sides"
    return ""


def units_fault(spot: Spot, key: str, expected: Unit, found: Unit) -> None:
    """A fault for a number whose unit does not fit that of another key."""
    months = _periods(expected, found) == {"time", "months"}
    hint = "months have no fixed number of days" if months else "write both in the same unit"
    if spot.path[-1:] == ("change",) and (expected.dimension, found.dimension) == ("ratio", "points"):
        hint = "percentage points are written +5pp"
    spot.fault(f"is {stated(found)}, {key} is {stated(expected)}; {hint}", "wrong_unit")


def _periods(one: Unit, other: Unit) -> set[str]:
    return {one.dimension.partition("/")[2], other.dimension.partition("/")[2]}


def stated(unit: Unit) -> str:
    """A unit for people, after "is": ``in ms``, ``a ratio (%)``."""
    return described(unit) if unit.dimension == "ratio" or not unit.symbol else f"in {unit.symbol}"


def described(unit: Unit) -> str:
    """A unit for people."""
    if unit.dimension == "ratio":
        return "a ratio (%)"
    return unit.symbol or "a plain number"
