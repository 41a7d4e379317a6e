"""The reason for each number of a key result."""

from __future__ import annotations

from datetime import datetime

from okrbridge.application.explaining.outlook import outlook_item
from okrbridge.application.explaining.progress import progress_formulas
from okrbridge.application.explaining.value import value_formulas
from okrbridge.application.formula_items import number
from okrbridge.application.measuring.requests import question_text
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.records import Measurement
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import (
    AskedMeasure,
    CsvMeasure,
    EventMeasure,
    HttpMeasure,
    IncidentMeasure,
    IndicatorMeasure,
    KeyResultMeasure,
    ManualMeasure,
    NoMeasure,
    PromqlMeasure,
    SloMeasure,
    SloQuantity,
    SqlMeasure,
)
from okrbridge.domain.pacing import KeyResultStatus, StatusPolicy
from okrbridge.domain.progress import states_condition
from okrbridge.domain.slo import Slo
from okrbridge.domain.titles import change_of
from okrbridge.domain.units import convert


def key_result_explanation(
    report: KeyResultReport, slo: Slo | None, counts: WindowCounts | None, now: datetime
) -> Item:
    """Everything behind a key result's numbers.

    Args:
        slo: the SLO that measures it, if one does.
        counts: that SLO's counts over the window of the value shown.
    """
    key_result, measurement = report.key_result, report.measurement
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "title": key_result.title,
        "kind": str(key_result.kind),
        "commitment": str(key_result.commitment),
        "cycle": report.cycle.name,
        "measure": _measure(key_result, slo),
        "query": measurement.query or None,
        "window": {"from": rfc3339(measurement.window.start), "to": rfc3339(measurement.window.end)},
        "sample_count": finite(measurement.sample_count),
        "coverage_ratio": finite(measurement.coverage_ratio),
        "unit": _unit(key_result),
        "declared": _declared(key_result),
        "value": finite(report.progress.value),
        "details": dict(shown.details) if (shown := _shown(report)) else {},
        "baseline": baseline_item(report.frozen_baseline),
        "formulas": [*value_formulas(report, slo, counts), *progress_formulas(report)],
        "outlook": outlook_item(report),
        "status": str(report.status),
        "status_rule": status_rule(report),
        "quality": str(report.quality),
        "last_good": _last_good(report.last_good, now),
        "measurement_age_seconds": finite(report.measurement_age_seconds(now)),
        "error": measurement.error or None,
        "evaluated_at": rfc3339(report.progress.at),
        "evaluation_id": report.progress.evaluation_id or None,
    }


_QUANTITIES = {
    SloQuantity.SLI: "SLI ratio",
    SloQuantity.BUDGET: "budget consumed",
    SloQuantity.COMPLIANCE: "share of days that reached the target",
}
_TYPES = {
    SloMeasure: "slo",
    PromqlMeasure: "promql",
    IndicatorMeasure: "indicator",
    IncidentMeasure: "incidents",
    EventMeasure: "events",
    KeyResultMeasure: "keyResult",
    SqlMeasure: "sql",
    HttpMeasure: "http",
    CsvMeasure: "csv",
    ManualMeasure: "manual",
    NoMeasure: "none",
}


def _measure(key_result: KeyResult, slo: Slo | None) -> Item:
    """What measures it; every key of every type is there."""
    nothing: Item = dict.fromkeys(("slo", "quantity", "over", "source", "query"))
    item = {**nothing, "type": _TYPES[type(key_result.measure)], "over": _over(key_result)}
    match key_result.measure:
        case SloMeasure() as measure:
            source = slo.sli.source if slo else None
            return {**item, "slo": measure.slo, "quantity": _QUANTITIES[measure.quantity], "source": source}
        case measure if isinstance(measure, AskedMeasure):
            return {**item, "source": measure.source, "query": question_text(measure)}
        case IncidentMeasure() as measure:
            return {**item, "quantity": f"{measure.aggregation} of {measure.quantity}"}
        case EventMeasure() as measure:
            return {**item, "quantity": f"{measure.aggregation} of {measure.attribute or measure.kind}"}
        case IndicatorMeasure(indicator=name) | KeyResultMeasure(key_result=name):
            return {**item, "quantity": name}
    return item


def _over(key_result: KeyResult) -> str | None:
    """What time the value speaks of; None where the measure tells only of now."""
    measure = key_result.measure
    if not hasattr(measure, "over"):
        return None
    if key_result.kind is KeyResultKind.COUNT_PER_PERIOD:
        return f"the last {key_result.per}, or the time since the start while that is shorter"
    return str(measure.over) if measure.over else "the key result's period to date"


def baseline_item(frozen: FrozenBaseline | None) -> Item | None:
    """The baseline that was measured before the start; None where it is declared or not measured yet."""
    if frozen is None:
        return None
    return {
        "value": finite(frozen.value),
        "from": rfc3339(frozen.window.start),
        "to": rfc3339(frozen.window.end),
        "sample_count": finite(frozen.sample_count),
        "noise": finite(frozen.noise),
        "frozen_at": rfc3339(frozen.frozen_at),
        "question": frozen.question,
    }


def _shown(report: KeyResultReport) -> Measurement | None:
    """The measurement that the value shown is from; without one the last attempt."""
    return report.measurement if report.measurement.value is not None or not report.last_good else report.last_good


def _unit(key_result: KeyResult) -> Item:
    measured, reported = key_result.measure.unit, key_result.unit
    return {"measured_in": measured.symbol, "reported_in": reported.symbol, "conversion": _conversion(key_result)}


def _conversion(key_result: KeyResult) -> str:
    measured, reported = key_result.measure.unit, key_result.unit
    theirs, ours = measured.symbol or "plain numbers", reported.symbol or "plain numbers"
    if isinstance(key_result.measure, NoMeasure):
        return f"reported in {ours}"
    if "/" in reported.symbol and reported.dimension != measured.dimension:
        return f"counted in {ours}"
    if measured.dimension != reported.dimension or measured.factor == reported.factor:
        return f"measured and reported in {ours}"
    return f"1 {theirs} = {number(convert(1.0, measured, reported))} {ours}"


def _declared(key_result: KeyResult) -> Item:
    """Baseline and target as they were written, and in the key result's unit."""
    baseline, target = key_result.declared_baseline, key_result.declared_target
    change = change_of(key_result)
    by_change = f"a change of {change} from the baseline (formula A2)" if change else None
    return {
        "baseline": baseline.text if baseline else None,
        "baseline_value": finite(key_result.baseline),
        "target": target.text if target else by_change,
        "target_value": finite(key_result.target),
        "operator": key_result.operator.sign if key_result.operator else None,
        "critical_value": finite(key_result.critical),
    }


def _last_good(measurement: Measurement | None, now: datetime) -> Item | None:
    if measurement is None:
        return None
    return {
        "value": finite(measurement.value),
        "at": rfc3339(measurement.at),
        "age_seconds": finite(max(0.0, (now - measurement.at).total_seconds())),
        "quality": str(measurement.quality),
        "evaluation_id": measurement.evaluation_id or None,
    }


def status_rule(report: KeyResultReport) -> str:
    """The rule that gave the status in force, and what stands against it if the last evaluation found another."""
    steady = report.progress.status
    if steady.candidate is None:
        return f"{steady.shown}: {_rule(report, steady.shown)}"
    return (
        f"{steady.shown}: kept, because a change needs {report.policy.equal_evaluations} equal evaluations in a row "
        f"and {steady.seen} found {steady.candidate} ({_rule(report, steady.candidate)})"
    )


def _rule(report: KeyResultReport, status: KeyResultStatus) -> str:
    key_result = report.key_result
    simple = {
        KeyResultStatus.NOT_STARTED: f"its period starts at {rfc3339(key_result.period.start)}",
        KeyResultStatus.TOO_EARLY: "too little of its period has passed to judge it",
        KeyResultStatus.NO_DATA: "it was never measured" if report.last_good is None else report.measurement.error,
        KeyResultStatus.STALE: f"its last good value is from {rfc3339(report.progress.measured_at)}, too old for now",
    }
    if status in simple:
        return simple[status] or "it has no progress"
    if status is KeyResultStatus.AT_RISK and report.outlook.breached_guards:
        return f"not better while {', '.join(report.outlook.breached_guards)} does not hold"
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return _BUDGET_RULES[status]
    if states_condition(key_result):
        return _condition_rules(key_result)[status]
    return _gap_rules(report.policy)[status]


_BUDGET_RULES = {
    KeyResultStatus.ON_TRACK: "consumed is at most allowance x elapsed share of the period",
    KeyResultStatus.AT_RISK: "consumed is above allowance x elapsed share of the period, and within the allowance",
    KeyResultStatus.OFF_TRACK: "consumed is above the allowance",
    KeyResultStatus.MISSED: "the whole budget is consumed, or the period ended with more consumed than allowed",
    KeyResultStatus.ACHIEVED: "the period ended with consumption within the allowance",
}


def _condition_rules(key_result: KeyResult) -> dict[KeyResultStatus, str]:
    what = "band" if key_result.kind is KeyResultKind.BAND else "threshold"
    held = "was held for the share of time that is required" if key_result.kind is KeyResultKind.MAINTAIN else "held"
    not_held = "was not held for as long as required" if key_result.kind is KeyResultKind.MAINTAIN else "did not hold"
    return {
        KeyResultStatus.ON_TRACK: f"the {what} holds",
        KeyResultStatus.AT_RISK: f"the {what} does not hold, and the value is not beyond critical",
        KeyResultStatus.OFF_TRACK: f"the {what} does not hold",
        KeyResultStatus.MISSED: f"the period ended and the {what} {not_held}",
        KeyResultStatus.ACHIEVED: f"the period ended and the {what} {held}",
    }


def _gap_rules(policy: StatusPolicy) -> dict[KeyResultStatus, str]:
    near, far = number(policy.on_track_gap), number(policy.at_risk_gap)
    return {
        KeyResultStatus.ON_TRACK: f"the gap is at most {near}",
        KeyResultStatus.AT_RISK: f"the gap is above {near} and at most {far}",
        KeyResultStatus.OFF_TRACK: f"the gap is above {far}",
        KeyResultStatus.MISSED: "the period ended before the target was reached",
        KeyResultStatus.ACHIEVED: "raw progress is at least 1",
    }
