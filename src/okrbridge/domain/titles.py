"""Key results in words: their title, and how their units were brought together."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.units import PLAIN, Quantity, Unit, format_quantity

_OPERATOR_WORDS = {Operator.GE: "at least", Operator.GT: "above", Operator.LE: "at most", Operator.LT: "under"}


def title_of(key_result: KeyResult, zone: str = "UTC") -> str:
    """The title: as declared, or else made of verb, metric, quantities as they were written, and due date.

    Worked example: reduce, median first-response time, 12h, 4h, due at the end of 31 March:
    "Reduce median first-response time from 12 h to 4 h by 31 Mar".

    Args:
        zone: IANA name of the zone whose calendar tells the due date.
    """
    if key_result.title or not (key_result.verb and key_result.metric_name):
        return key_result.title
    verb = key_result.verb[:1].upper() + key_result.verb[1:]
    return " ".join(filter(None, (verb, key_result.metric_name, _way(key_result), f"by {_due(key_result, zone)}")))


def _due(key_result: KeyResult, zone: str) -> str:
    """The last day of a period, which ends at the midnight after it."""
    last = (key_result.period.end - timedelta.resolution).astimezone(ZoneInfo(zone))
    return f"{last.day} {last:%b}"


def _way(key_result: KeyResult) -> str:
    """From where to where, or what must hold; empty where there are no numbers."""
    if key_result.kind is KeyResultKind.RELATIVE and key_result.relative_change is not None:
        return f"by {abs(key_result.relative_change) * 100:.6g}%"
    if key_result.absolute_change is not None:
        return f"by {_points(abs(key_result.absolute_change), key_result.unit)}"
    if key_result.kind is KeyResultKind.BAND:
        return _between(key_result)
    target = key_result.declared_target or _quantity(key_result.target, key_result.unit)
    if target is None:
        return ""
    baseline = key_result.declared_baseline or _quantity(key_result.baseline, key_result.unit)
    if baseline is not None:
        return f"from {_written(baseline)} to {_written(target)}"
    words = _OPERATOR_WORDS[key_result.operator] if key_result.operator else "to"
    return f"{words} {_written(target)}"


def change_of(key_result: KeyResult) -> str:
    """The change that a key result is declared by, with its sign; empty where it is declared by a target.

    Worked examples: ``-2.5%`` of the baseline, ``+5 percentage points``, ``-300 ms``.
    """
    if key_result.relative_change is not None:
        return f"{key_result.relative_change * 100:+.6g}%"
    if key_result.absolute_change is None:
        return ""
    sign = "-" if key_result.absolute_change < 0 else "+"
    return f"{sign}{_points(abs(key_result.absolute_change), key_result.unit)}"


def _points(change: float, unit: Unit) -> str:
    """A change in the metric's unit; of a ratio in percentage points, as percent would be a share of the baseline."""
    if unit.dimension == "ratio":
        return f"{format_quantity(change * unit.factor * 100, PLAIN)} percentage points"
    return _written(Quantity(change, unit))


def _between(key_result: KeyResult) -> str:
    low, high = (_quantity(limit, key_result.unit) for limit in (key_result.low, key_result.high))
    if low is None or high is None:
        return " ".join(
            f"{words} {_written(limit)}" for words, limit in (("at least", low), ("at most", high)) if limit
        )
    return f"between {_written(low)} and {_written(high)}"


def _quantity(value: float | None, unit: Unit) -> Quantity | None:
    return None if value is None else Quantity(value, unit)


def _written(quantity: Quantity) -> str:
    """A quantity in a sentence: a space before a unit of letters, as the SI writes it."""
    if quantity.unit.dimension == "ratio" or not quantity.unit.symbol[:1].isalpha():
        return format_quantity(quantity.value, quantity.unit)
    return f"{format_quantity(quantity.value, PLAIN)} {quantity.unit}"


def conversion_of(key_result: KeyResult) -> str:
    """How a baseline and a target in different units were brought into one; empty where nothing was converted.

    Worked example: "2/week -> 3/day = 2/week -> 21/week (a week has 7 days)".
    """
    baseline, target = key_result.declared_baseline, key_result.declared_target
    if baseline is None or target is None or baseline.unit.symbol == target.unit.symbol:
        return ""
    unit = key_result.unit
    as_declared = f"{_written(baseline)} -> {_written(target)}"
    in_one = f"{_written(Quantity(baseline.to(unit), unit))} -> {_written(Quantity(target.to(unit), unit))}"
    crosses_weeks = any(each.unit.symbol.endswith("/week") for each in (baseline, target))
    return f"{as_declared} = {in_one}{' (a week has 7 days)' if crosses_weeks else ''}"
