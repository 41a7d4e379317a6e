"""Which kind a key result is, as declared or as its keys tell, and which keys go with a kind."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.measure_shapes import MeasureSpec
from okrbridge.definitions.okr_fields import DeclaredChange
from okrbridge.definitions.unit_fit import is_rate
from okrbridge.domain.key_results import KeyResultKind

_START = ("from", "baseline")
_KEYS: dict[KeyResultKind, tuple[str, ...]] = {
    KeyResultKind.INCREASE: (*_START, "to", "change", "stretch"),
    KeyResultKind.DECREASE: (*_START, "to", "change", "stretch"),
    KeyResultKind.REACH: ("to", "stretch"),
    KeyResultKind.THRESHOLD: ("operator", "to", "from", "critical", "stretch"),
    KeyResultKind.MAINTAIN: ("operator", "to", "critical", "requiredShare", "qualifying"),
    KeyResultKind.BAND: ("low", "high", "change", "operator", "critical", *_START),
    KeyResultKind.RELATIVE: ("change", "stretch", *_START),
    KeyResultKind.SHARE: ("share", "to", "stretch"),
    KeyResultKind.COUNT_PER_PERIOD: (*_START, "to", "operator", "critical", "stretch", "per", "tooEarlyShare"),
    KeyResultKind.ERROR_BUDGET: ("allowance",),
    KeyResultKind.BINARY: ("done",),
    KeyResultKind.MILESTONE: ("done", "evidence"),
    KeyResultKind.ORDINAL: ("zone", "zones"),
    KeyResultKind.COMPOSITE: ("parts",),
    KeyResultKind.BASELINE: (),
    KeyResultKind.HYPOTHESIS: ("effect", *_START),
}
_KIND_KEYS = tuple(dict.fromkeys(key for keys in _KEYS.values() for key in keys))
"""The keys that not every kind has, in the order in which they are told."""


def kind_of(spot: Spot, spec: KeyResultSpec) -> KeyResultKind | None:
    """The kind that is declared, or the one that the keys tell; None, with a fault, when they tell none."""
    if spec.kind is not None:
        return KeyResultKind(spec.kind)
    return _kind_of_own_key(spec) or _kind_of_way(spot, spec)


def keys_fit(spot: Spot, kind: KeyResultKind) -> bool:
    """Whether all keys go with the kind; each that does not is a fault."""
    node = spot.document.node(spot.path)
    given = {key for key, child in node.children if not child.is_empty} if node is not None else set()
    strangers = [key for key in _KIND_KEYS if key in given and key not in _KEYS[kind]]
    for key in strangers:
        spot.at(key).fault(f"does not go with a key result of kind {kind}; remove it", "does_not_belong", of_key=True)
    return not strangers


def _kind_of_own_key(spec: KeyResultSpec) -> KeyResultKind | None:
    """The kind of the first key that only one kind has."""
    own = (
        (spec.allowance is not None, KeyResultKind.ERROR_BUDGET),
        (bool(spec.parts), KeyResultKind.COMPOSITE),
        (spec.zones is not None or spec.zone is not None, KeyResultKind.ORDINAL),
        (spec.evidence is not None, KeyResultKind.MILESTONE),
        (spec.done is not None, KeyResultKind.BINARY),
        (spec.effect is not None, KeyResultKind.HYPOTHESIS),
        (spec.share is not None, KeyResultKind.SHARE),
        (spec.per is not None or spec.too_early_share is not None, KeyResultKind.COUNT_PER_PERIOD),
        (spec.low is not None or spec.high is not None, KeyResultKind.BAND),
        (spec.change is not None, _kind_of_change(spec.change)),
        (spec.required_share is not None or bool(spec.qualifying), KeyResultKind.MAINTAIN),
    )
    return next((kind for is_given, kind in own if is_given), None)


def _kind_of_change(change: DeclaredChange | None) -> KeyResultKind:
    if change is None or change.is_share:
        return KeyResultKind.RELATIVE
    return KeyResultKind.DECREASE if change.value < 0 else KeyResultKind.INCREASE


def _kind_of_way(spot: Spot, spec: KeyResultSpec) -> KeyResultKind | None:
    counts_in_periods = spec.to is not None and is_rate(spec.to.unit) and _is_counted(spec.measure)
    if spec.operator is not None:
        return KeyResultKind.COUNT_PER_PERIOD if counts_in_periods else KeyResultKind.THRESHOLD
    if spec.from_ is not None and spec.to is not None:
        if counts_in_periods:
            return KeyResultKind.COUNT_PER_PERIOD
        falls = spec.to.value * spec.to.unit.factor < spec.from_.value * spec.from_.unit.factor
        return KeyResultKind.DECREASE if falls else KeyResultKind.INCREASE
    if spec.baseline is not None and spec.to is not None:
        return _kind_from_history(spot, counts_in_periods=counts_in_periods)
    _refuse_half_a_way(spot, spec)
    return None


def _kind_from_history(spot: Spot, *, counts_in_periods: bool) -> KeyResultKind | None:
    if counts_in_periods:
        return KeyResultKind.COUNT_PER_PERIOD
    spot.at("kind").fault("is missing: the baseline is not known yet; write increase or decrease", "missing_key")
    return None


def _refuse_half_a_way(spot: Spot, spec: KeyResultSpec) -> None:
    if spec.to is not None:
        message = "no baseline: say where it starts with from, have it measured with baseline: {over: 90d}, or make it "
        spot.at("from").fault(message + "a threshold with operator: ge or le", "no_baseline")
    elif spec.from_ is not None or spec.baseline is not None:
        spot.at("to").fault("is missing; say where it should be", "missing_key")
    else:
        spot.fault("needs from and to, or operator and to, or allowance, or the keys of another kind", "no_numbers")


def _is_counted(measure: MeasureSpec | None) -> bool:
    """Whether a measure counts what happened in the period, and not in a window of its own."""
    if measure is None or measure.over is not None:
        return False
    if measure.incidents is not None:
        return measure.incidents.quantity == "count"
    events = measure.events
    return events is not None and events.per is None and events.aggregation in (None, "count", "distinct")
