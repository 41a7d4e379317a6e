"""From models to the domain: key results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_kinds import keys_fit, kind_of
from okrbridge.definitions.key_result_numbers import Numbers, numbers_of
from okrbridge.definitions.key_result_parts import evidence_of, parts_of, stated_fits, zones_of
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.key_result_units import declared_unit
from okrbridge.definitions.measures import measure_of, no_measure
from okrbridge.definitions.okr import ObjectiveDocument
from okrbridge.definitions.periods import checkpoints_of, period_of, qualifying_of
from okrbridge.definitions.populations import member_limit, share_wants
from okrbridge.definitions.unit_fit import normal
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import (
    Commitment,
    IndicatorTiming,
    KeyResult,
    KeyResultKind,
    KeyResultState,
    MetricDefinition,
    Operator,
    Revision,
    RevisionReason,
    Visibility,
)
from okrbridge.domain.measures import Measure, NoMeasure, SloMeasure, SloQuantity
from okrbridge.domain.objectives import Indicator, Team
from okrbridge.domain.titles import title_of
from okrbridge.domain.units import PLAIN

_STATED = (KeyResultKind.BINARY, KeyResultKind.MILESTONE, KeyResultKind.ORDINAL, KeyResultKind.COMPOSITE)
"""Kinds that need no measure: people say where they stand, or their parts do."""

_WINDOWED = ("incidents", "events", "sql", "csv")
"""Measures that can count over the window that a count per period asks for."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What key results and objectives refer to, by name; what has a fault is not in it."""

    cycles: Mapping[str, Cycle] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    indicators: Mapping[str, Indicator] = field(default_factory=dict)


def key_result_of(
    spot: Spot, spec: KeyResultSpec, model: ObjectiveDocument, visibility: Visibility, around: Surroundings
) -> KeyResult | None:
    """A key result; None when it has a fault.

    Args:
        spot: where it stands.
        spec: its model.
        model: its objective.
        visibility: the objective's.
        around: what it refers to.
    """
    cycle = around.cycles.get(model.spec.cycle)
    measured = _measured(spot, spec, model.metadata.name, around.indicators)
    period = period_of(spot, spec, cycle) if cycle is not None else None
    if cycle is None or period is None:
        return None
    checkpoints = checkpoints_of(spot, spec, period, cycle.timezone)
    qualifying = qualifying_of(spot, spec, period, cycle.timezone)
    if measured is None or checkpoints is None or qualifying is None:
        return None
    numbers, measure, limit = measured
    bare = KeyResult(
        name=spec.name,
        title=spec.title or "",
        objective=model.metadata.name,
        kind=numbers.kind,
        measure=measure,
        unit=numbers.unit,
        target=numbers.target,
        period=period,
        baseline=numbers.baseline,
        baseline_from=numbers.baseline_from,
        stretch=numbers.stretch,
        relative_change=numbers.relative_change,
        absolute_change=numbers.absolute_change,
        low=numbers.low,
        high=numbers.high,
        declared_baseline=spec.from_,
        declared_target=numbers.declared_target,
        operator=_operator_of(spec),
        critical=numbers.critical,
        limit=limit,
        per=numbers.per,
        qualifying=qualifying,
        checkpoints=checkpoints,
        commitment=Commitment(spec.type or model.spec.type),
        visibility=Visibility(spec.visibility) if spec.visibility is not None else visibility,
        evidence=evidence_of(spec, cycle.timezone),
    )
    whole = _described(_with_others(bare, spec, model.metadata.name), spec)
    return replace(whole, title=title_of(whole, cycle.timezone) or spec.name)


def _with_others(bare: KeyResult, spec: KeyResultSpec, objective: str) -> KeyResult:
    """What it says of shares, other key results and its own state."""

    def full(name: str) -> str:
        return name if "/" in name else f"{objective}/{name}"

    return replace(
        bare,
        required_share=1.0 if spec.required_share is None else spec.required_share,
        too_early_share=bare.too_early_share if spec.too_early_share is None else spec.too_early_share,
        weight=spec.weight,
        parts=parts_of(spec, full),
        guards=tuple(dict.fromkeys(full(name) for name in spec.guards)),
        guard_required_share=spec.guard_required_share,
        best_of=tuple(dict.fromkeys(full(name) for name in spec.best_of)),
        done=spec.done,
        zone=spec.zone or "",
        zones=zones_of(spec),
        min_samples=spec.min_samples,
        precision=spec.precision,
        state=KeyResultState(spec.state),
    )


def _described(bare: KeyResult, spec: KeyResultSpec) -> KeyResult:
    """What it tells people."""
    return replace(
        bare,
        owner=spec.owner or "",
        verb=spec.verb or "",
        metric_name=spec.metric or "",
        definition=MetricDefinition(spec.counted, spec.excluded, spec.source_note, spec.contribution_note),
        timing=IndicatorTiming(spec.timing) if spec.timing is not None else None,
        proxy_note=spec.proxy_note,
        indicator=spec.indicator or "",
        outcome=spec.outcome or "",
        revision=Revision(RevisionReason(spec.revision.reason), spec.revision.note) if spec.revision else None,
        stakeholders=tuple(spec.stakeholders),
        runbook=spec.runbook or "",
        layer=spec.layer or "",
    )


def _operator_of(spec: KeyResultSpec) -> Operator | None:
    name = spec.operator or (spec.share.operator if spec.share is not None else None)
    return Operator(name) if name is not None else None


def _measured(
    spot: Spot, spec: KeyResultSpec, objective: str, indicators: Mapping[str, Indicator]
) -> tuple[Numbers, Measure, float | None] | None:
    """The numbers, the measure, and the limit of a population's members, once their units agree."""
    kind = kind_of(spot, spec)
    fits = kind is not None and keys_fit(spot, kind) and stated_fits(spot, spec, kind)
    declared = declared_unit(spot, spec, kind) if kind is not None else None
    wanted = Wanted(kind, declared.of_measure if declared else None, objective, indicators)
    if kind is KeyResultKind.SHARE:
        wanted = share_wants(spot, spec, wanted)
    measure = _measure_of(spot, spec, wanted)
    if kind is None or declared is None:
        return None
    unit = declared.unit or (normal(measure.unit) if measure is not None else PLAIN)
    numbers = numbers_of(spot, spec, kind, unit, declared.per)
    if numbers is None or measure is None or not fits:
        return None
    if isinstance(measure, SloMeasure):
        _refuse_impossible_ratios(spot, numbers, measure)
    return numbers, measure, member_limit(spec, measure)


def _measure_of(spot: Spot, spec: KeyResultSpec, wanted: Wanted) -> Measure | None:
    at = spot.at("measure")
    if spec.measure is None:
        return NoMeasure(wanted.unit or PLAIN) if wanted.kind in _STATED else no_measure(at, wanted)
    measure = measure_of(at, spec.measure, wanted)
    return measure if _counts_fit(at, spec, wanted.kind) else None


def _counts_fit(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind | None) -> bool:
    """Whether a count per period is measured by a count over the window that it asks for."""
    measure = spec.measure
    if measure is None or kind is not KeyResultKind.COUNT_PER_PERIOD:
        return True
    if measure.over is not None:
        spot.at("over").fault("a count per period has its period; remove over", "does_not_belong", of_key=True)
        return False
    if not any(getattr(measure, key) is not None for key in _WINDOWED):
        message = f"a count per period is measured by {', '.join(_WINDOWED[:-1])} or {_WINDOWED[-1]}; a rate that is "
        spot.fault(message + "computed elsewhere makes the kind increase or decrease", "measure")
        return False
    return True


def _refuse_impossible_ratios(spot: Spot, numbers: Numbers, measure: SloMeasure) -> None:
    if measure.quantity is SloQuantity.BUDGET:
        return
    is_change = numbers.relative_change is not None or numbers.absolute_change is not None
    stated_target = "change" if is_change else "to"
    for key in ("target", "baseline", "critical", "stretch", "low", "high"):
        value = getattr(numbers, key)
        if value is not None and not 0 <= value <= 1 and numbers.kind is not KeyResultKind.HYPOTHESIS:
            place = {"target": stated_target, "baseline": "from"}.get(key, key)
            spot.at(place).fault("an SLI is never outside 0% to 100%", "wrong_value")
