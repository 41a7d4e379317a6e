"""Indicators (KPIs): their model, and the domain's. The indicators of OpenSLO are in ``indicators``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from okrbridge.definitions.fields import FilledText, QuantityText, Share, UnitText
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.measure_shapes import MeasureSpec
from okrbridge.definitions.measures import measure_of
from okrbridge.definitions.nodes import Path
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.definitions.unit_fit import normal, units_fault
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.measures import Measure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.units import Quantity, Unit
from okrbridge.errors import UnitError

_NOT_OF_OTHERS = ("indicator", "keyResult")


class IndicatorSpec(Shape):
    """A standing metric without an end; key results move it for a time."""

    title: FilledText | None = None
    """A name for people; the display name or the name when not given."""
    measure: MeasureSpec
    """Where the value comes from; not another indicator or key result."""
    unit: UnitText | None = None
    """Its unit; that of the measure when not given."""
    owner: FilledText | None = None
    """Who answers for it."""
    low: QuantityText | None = None
    """The lowest healthy value."""
    high: QuantityText | None = None
    """The highest healthy value."""
    north_star: bool = False
    """Whether every objective should say how it serves this."""
    also: list[MeasureSpec] = Field(default_factory=list)
    """Other measures of the same metric, to compare with."""
    tolerance: Share = 0.0
    """How far the measures may differ, as a share of the value."""


class IndicatorDocument(Shape):
    """A standing metric, a KPI."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Indicator"]
    metadata: Metadata
    spec: IndicatorSpec

    stand_ins: ClassVar[Mapping[Path, object]] = {("metadata", "name"): "unnamed"}


def indicator_of(spot: Spot, model: IndicatorDocument) -> Indicator | None:
    """An indicator; None when it has a fault."""
    spec, at = model.spec, spot.at("spec")
    declared = _declared_unit(spec)
    measure = _own_measure(at.at("measure"), spec.measure, declared)
    if measure is None:
        return None
    unit = declared or normal(measure.unit)
    low, high = _limit(at.at("low"), spec.low, unit), _limit(at.at("high"), spec.high, unit)
    if low is not None and high is not None and low > high:
        at.at("high").fault("must not be below low", "wrong_value")
    also = [_own_measure(at.at("also", index), one, unit) for index, one in enumerate(spec.also)]
    return Indicator(
        name=model.metadata.name,
        title=spec.title or model.metadata.display_name or model.metadata.name,
        measure=measure,
        unit=unit,
        owner=spec.owner or "",
        low=low,
        high=high,
        is_north_star=spec.north_star,
        also=tuple(one for one in also if one is not None),
        tolerance_ratio=spec.tolerance,
    )


def _declared_unit(spec: IndicatorSpec) -> Unit | None:
    limit = spec.low or spec.high
    unit = spec.unit or (limit.unit if limit is not None else None)
    return None if unit is None else normal(unit)


def _own_measure(spot: Spot, spec: MeasureSpec, unit: Unit | None) -> Measure | None:
    strangers = [key for key in _NOT_OF_OTHERS if spot.document.get(*spot.path, key) is not None]
    for key in strangers:
        message = "an indicator is measured by itself, not by another indicator or a key result"
        spot.at(key).fault(message, "does_not_belong", of_key=True)
    if strangers:
        return None
    return measure_of(spot, spec, Wanted(None, unit, subject="indicator"))


def _limit(spot: Spot, limit: Quantity | None, unit: Unit) -> float | None:
    try:
        return None if limit is None else limit.to(unit)
    except UnitError:
        assert limit is not None, "nothing else is converted"  # noqa: S101 - narrows the type
        units_fault(spot, "the indicator", unit, limit.unit)
        return None
