"""Which way a key result goes, and whether its numbers, operator and verb agree about it."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.domain.key_results import KeyResultKind, Operator
from okrbridge.domain.lint.words import goes_up

_LINEAR = (KeyResultKind.INCREASE, KeyResultKind.DECREASE)
_COMPARED = (KeyResultKind.THRESHOLD, KeyResultKind.MAINTAIN, KeyResultKind.COUNT_PER_PERIOD)
_FROM_NOTHING = (KeyResultKind.REACH, KeyResultKind.HYPOTHESIS)
_TURN = "; turn one of them around"


def rises(spec: KeyResultSpec, kind: KeyResultKind, baseline: float | None, target: float | None) -> bool | None:
    """Whether larger values are better; None for kinds without a direction, and while it is not known."""
    if kind in _LINEAR:
        return kind is KeyResultKind.INCREASE
    if kind is KeyResultKind.SHARE:
        return True
    if kind is KeyResultKind.RELATIVE and (baseline is None or target is None):
        # Of a loss, 40 % less is a rise; while the baseline is not known, it is taken to be above 0.
        return None if spec.change is None else spec.change.value > 0
    if kind in _COMPARED and spec.operator is not None:
        return Operator(spec.operator).wants_high
    start = 0.0 if kind in _FROM_NOTHING else baseline
    return None if start is None or target is None else target > start


def way_agrees(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind, baseline: float, target: float) -> bool:
    """Whether there is a way from baseline to target, and it goes where kind and operator say; if not, a fault."""
    way = f"from {spec.from_.text if spec.from_ else ''} to {spec.to.text if spec.to else ''}"
    if baseline == target:
        spot.at("to").fault(f"equals from ({way}): there is no way to go", "target_equals_baseline")
        return False
    if rises(spec, kind, baseline, target) != (target > baseline):
        goes = "down" if target < baseline else "up"
        key = "operator" if spec.operator is not None else "kind"
        wrong = f"operator {spec.operator} {way}" if key == "operator" else f"{kind} {way}"
        spot.at(key).fault(f"contradicts the numbers: {wrong} goes {goes}{_TURN}", "direction_conflict")
        return False
    return True


def critical_agrees(spot: Spot, spec: KeyResultSpec, target: float, critical: float, *, up: bool) -> bool:
    """Whether critical lies on the bad side of the target; if not, a fault."""
    if critical < target if up else critical > target:
        return True
    side = "below" if up else "above"
    spot.at("critical").fault(f"must be {side} to ({spec.to.text if spec.to else ''})", "direction_conflict")
    return False


def stretch_agrees(spot: Spot, target: float, stretch: float, *, up: bool) -> bool:
    """Whether stretch lies beyond the target; if not, a fault."""
    if stretch > target if up else stretch < target:
        return True
    spot.at("stretch").fault(f"must be {'above' if up else 'below'} the target, beyond it", "direction_conflict")
    return False


def verb_agrees(spot: Spot, spec: KeyResultSpec, *, up: bool | None) -> bool:
    """Whether the verb goes the way of the numbers; if not, a fault. A verb without a direction agrees with all."""
    says_up = goes_up(spec.verb or "")
    if up is None or says_up is None or says_up == up:
        return True
    goes = "up" if up else "down"
    spot.at("verb").fault(f"contradicts the numbers: {spec.verb} what goes {goes}{_TURN}", "direction_conflict")
    return False
