"""Annotations of our own: what an SLO can say that OpenSLO has no key for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.nodes import Document, Path, shortened
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.domain.sli import CompositeMode
from okrbridge.domain.slo import BurnPolicy, LowTraffic, NoDataPolicy
from okrbridge.domain.units import parse_quantity
from okrbridge.errors import Fault, UnitError

PREFIX = "okrbridge.dev/"
_SLI_ANNOTATIONS: Mapping[str, str] = {
    "samples": '"true": each sample of the raw gauge is one event',
}
_SLO_ANNOTATIONS: Mapping[str, str] = {
    "burn-policy": "which burn alerts: workbook or okr-2x",
    "composite": "how the indicators of several objectives make one: weighted, worst or all",
    "composite-target": "the composite's own target, such as 99.9%",
    "count-budget": "at most so many bad events in the window, such as 5",
    "minimum-events": "events that the long window of a burn pair must hold before it alerts",
    "minimum-failures": "bad events that the long window of a burn pair must hold before it alerts",
    "no-data": "what silent time counts as: unknown, good, bad or ignore",
}
ANNOTATIONS: Mapping[str, Mapping[str, str]] = {
    "SLI": _SLI_ANNOTATIONS,
    "SLO": {**_SLO_ANNOTATIONS, **_SLI_ANNOTATIONS},
}
"""The annotations of each kind of document, without the prefix, and what each says."""

_PLACES: Mapping[str, tuple[tuple[Path, str], ...]] = {
    "SLO": (
        (("spec", "indicator", "metadata", "annotations", "*"), "SLI"),
        (("spec", "objectives", "*", "indicator", "metadata", "annotations", "*"), "SLI"),
    ),
}
"""Where a document holds annotations beside its own, and the kind they are of."""

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class SloOptions:
    """What the annotations of an SLO document say; a faulty one is as if it were not there.

    Attributes:
        composite: None without the annotation.
        composite_target: None without the annotation.
    """

    no_data: NoDataPolicy
    burn_policy: BurnPolicy
    low_traffic: LowTraffic
    count_budget: float | None
    composite: CompositeMode | None
    composite_target: float | None


def slo_options(spot: Spot, annotations: Mapping[str, str]) -> SloOptions:
    """Read the annotations of an SLO document.

    Args:
        spot: where ``metadata.annotations`` stands.
        annotations: all of them.
    """
    reader = _Reader(spot, annotations)
    return SloOptions(
        no_data=reader.read("no-data", _one_of(NoDataPolicy)) or NoDataPolicy.UNKNOWN,
        burn_policy=reader.read("burn-policy", _one_of(BurnPolicy)) or BurnPolicy.WORKBOOK,
        low_traffic=LowTraffic(
            reader.read("minimum-events", _count) or 0, reader.read("minimum-failures", _count) or 0
        ),
        count_budget=reader.read("count-budget", _positive_count),
        composite=reader.read("composite", _one_of(CompositeMode)),
        composite_target=reader.read("composite-target", _target),
    )


def check_annotations(document: Document) -> Iterator[Fault]:
    """A fault for each annotation with our prefix that is not known where it stands."""
    kind = document.text("kind")
    for pattern, owner in ((("metadata", "annotations", "*"), kind), *_PLACES.get(kind, ())):
        known = ANNOTATIONS.get(owner, {})
        for path, _ in document.matching(pattern):
            prefix, _, name = str(path[-1]).rpartition("/")
            if f"{prefix}/" == PREFIX and name not in known:
                message = f"unknown annotation{did_you_mean(name, known) or _belongs(name, owner)}"
                yield document.fault(path, message, "unknown_annotation", of_key=True)


def _belongs(name: str, kind: str) -> str:
    if owners := [owner for owner, known in ANNOTATIONS.items() if name in known]:
        return f"; it belongs to an {owners[0]}"
    if kind in ANNOTATIONS:
        return f"; an {kind} knows {', '.join(ANNOTATIONS[kind])}, after {PREFIX}"
    return f"; {kind} documents know none with the prefix {PREFIX}"


@dataclass(frozen=True, slots=True)
class _Reader:
    spot: Spot
    annotations: Mapping[str, str]

    def read(self, name: str, reading: Callable[[str], _Value]) -> _Value | None:
        """The value of an annotation; None when it is not there, or has a fault."""
        text = self.annotations.get(f"{PREFIX}{name}")
        if text is None:
            return None
        try:
            return reading(text.strip())
        except (ValueError, UnitError) as error:
            self.spot.at(f"{PREFIX}{name}").fault(str(error), "wrong_value")
            return None


def _one_of(choices: type[_Choice]) -> Callable[[str], _Choice]:
    def reading(text: str) -> _Choice:
        try:
            return choices(text)
        except ValueError:
            names = [choice.value for choice in choices]
            hint = did_you_mean(text, names)
            raise ValueError(f"{shortened(text)} is none of {', '.join(names)}{hint}") from None

    return reading


def _count(text: str) -> float:
    return _number(text, "a number, 0 or more")


def _positive_count(text: str) -> float:
    most = _number(text, "a number above 0: at most so many bad events in the window")
    if most <= 0:
        raise ValueError(f"{shortened(text)} is not a number above 0: at most so many bad events in the window")
    return most


def _number(text: str, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{shortened(text)} is not {wanted}")
    return value


def _target(text: str) -> float:
    value = parse_quantity(text).value
    if not 0 < value < 1:
        raise ValueError(f"{shortened(text)} is not a target between 0% and 100%, such as 99.9%")
    return value
