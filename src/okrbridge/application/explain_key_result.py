"""The reason for each number of a key result."""

from __future__ import annotations

import math
from datetime import datetime

from okrbridge.application.formula_items import formula, number
from okrbridge.application.period_budgets import period_consumed_ratio, period_formula
from okrbridge.application.records import Measurement
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import IncidentMeasure, NoMeasure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.pacing import DEFAULT_POLICY, KeyResultStatus
from okrbridge.domain.slo import Slo
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
        "formulas": [*_value_formulas(report, slo, counts), *_progress_formulas(report)],
        "status": str(report.status),
        "status_rule": status_rule(report),
        "quality": str(report.quality),
        "last_good": _last_good(report.last_good, now),
        "measurement_age_seconds": finite(report.measurement_age_seconds(now)),
        "error": measurement.error or None,
        "evaluated_at": rfc3339(report.progress.at),
        "evaluation_id": report.progress.evaluation_id or None,
    }


def _measure(key_result: KeyResult, slo: Slo | None) -> Item:
    """What measures it; every key of every type is there."""
    nothing: Item = dict.fromkeys(("slo", "quantity", "over", "source", "query"))
    match key_result.measure:
        case SloMeasure() as measure:
            over = str(measure.over) if measure.over else "the key result's period to date"
            quantity = "SLI ratio" if measure.quantity is SloQuantity.SLI else "budget consumed"
            source = slo.sli.source if slo else None
            return {**nothing, "type": "slo", "slo": measure.slo, "quantity": quantity, "over": over, "source": source}
        case PromqlMeasure() as measure:
            return {**nothing, "type": "promql", "source": measure.source, "query": measure.query}
        case NoMeasure():
            return {**nothing, "type": "none"}
        case _:
            return {**nothing, "type": "incidents"}


def _unit(key_result: KeyResult) -> Item:
    measured, reported = key_result.measure.unit, key_result.unit
    return {"measured_in": measured.symbol, "reported_in": reported.symbol, "conversion": _conversion(key_result)}


def _conversion(key_result: KeyResult) -> str:
    measured, reported = key_result.measure.unit, key_result.unit
    theirs, ours = measured.symbol or "plain numbers", reported.symbol or "plain numbers"
    if isinstance(key_result.measure, NoMeasure):
        return f"reported in {ours}"
    if isinstance(key_result.measure, IncidentMeasure):
        return f"counted in {ours}"
    if measured.factor == reported.factor:
        return f"measured and reported in {ours}"
    return f"1 {theirs} = {number(convert(1.0, measured, reported))} {ours}"


def _declared(key_result: KeyResult) -> Item:
    """Baseline and target as they were written, and in the key result's unit."""
    baseline, target = key_result.declared_baseline, key_result.declared_target
    return {
        "baseline": baseline.text if baseline else None,
        "baseline_value": finite(key_result.baseline),
        "target": target.text if target else None,
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


def _value_formulas(report: KeyResultReport, slo: Slo | None, counts: WindowCounts | None) -> list[Item]:
    """How an SLO's counts become the value; nothing for values that a query gave as they are.

    The counts are the ledger's now; should they give another value than the evaluation's, the formula says so.
    """
    measure = report.key_result.measure
    value = finite(report.progress.value)
    if not isinstance(measure, SloMeasure) or slo is None or counts is None or counts.total <= 0 or value is None:
        return []
    good, total = number(counts.good), number(counts.total)
    if measure.quantity is SloQuantity.SLI:
        again, text, numbers = counts.good / counts.total, "good / total", f"{good} / {total}"
    else:
        asked = (slo, counts, report.key_result.period, _measured_at(report))
        again, (text, numbers) = period_consumed_ratio(*asked), period_formula(*asked)
    if not math.isclose(again, value, rel_tol=1e-9, abs_tol=1e-12):
        text += f"; the evaluation found {number(value)}, the ledger has learnt more since"
    return [formula("value", text, numbers, again)]


def _measured_at(report: KeyResultReport) -> datetime:
    """When the value was measured."""
    measured = report.measurement if report.measurement.value is not None else report.last_good
    return measured.at if measured else report.progress.at


def _progress_formulas(report: KeyResultReport) -> list[Item]:
    progress, key_result = report.progress, report.key_result
    expected = _expected(report)
    if progress.value is None:
        return [expected]
    raw, done = number(progress.raw_ratio), number(progress.progress_ratio)
    goal = DEFAULT_POLICY.goal_factor(key_result.commitment)
    numbers = f"{number(goal)} x {number(progress.expected_ratio)} - {done}"
    return [
        _raw(key_result, progress.value, progress.raw_ratio),
        formula("progress_ratio", "raw, held between 0 and 1", f"min(1, max(0, {raw}))", progress.progress_ratio),
        expected,
        formula("gap_ratio", "goal x expected - progress; above 0 is behind", numbers, progress.gap_ratio),
    ]


def _raw(key_result: KeyResult, value: float, raw: float | None) -> Item:
    shown, target = number(value), number(key_result.target)
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return _raw_of_budget(shown, key_result.target, raw)
    if key_result.baseline is not None:
        baseline = number(key_result.baseline)
        numbers = f"({shown} - {baseline}) / ({target} - {baseline})"
        return formula("raw_ratio", "(value - baseline) / (target - baseline)", numbers, raw)
    sign = key_result.operator.sign if key_result.operator else "?"
    return formula("raw_ratio", "1 while it holds, else 0", f"({shown} {sign} {target})", raw)


def _raw_of_budget(shown: str, allowance: float, raw: float | None) -> Item:
    rest = "(1 - consumed) / (1 - allowance)" if allowance < 1 else "1 - (consumed - 1)"
    text = f"1 while consumed is within the allowance, else {rest}, at least 0"
    if raw is not None and raw >= 1:
        return formula("raw_ratio", text, f"({shown} \u2264 {number(allowance)})", raw)
    numbers = f"(1 - {shown}) / (1 - {number(allowance)})" if allowance < 1 else f"1 - ({shown} - 1)"
    return formula("raw_ratio", text, f"max(0, {numbers})", raw)


def _expected(report: KeyResultReport) -> Item:
    key_result, progress = report.key_result, report.progress
    start, due = rfc3339(key_result.period.start), rfc3339(key_result.period.end)
    if key_result.checkpoints:
        points = ", ".join(f"{number(planned)} at {rfc3339(at)}" for at, planned in key_result.checkpoints)
        numbers = f"0 at {start}, {points}, 1 at {due}; at {rfc3339(progress.at)}"
        return formula("expected_ratio", "straight lines through the checkpoints", numbers, progress.expected_ratio)
    days = max(0.0, (progress.at - key_result.period.start).total_seconds() / 86400)
    length = key_result.period.length.total_seconds() / 86400
    numbers = f"{days:.6g} d / {length:.6g} d"
    return formula("expected_ratio", "elapsed / length of the period, at most 1", numbers, progress.expected_ratio)


def status_rule(report: KeyResultReport) -> str:
    """The rule that gave the status in force, and what stands against it if the last evaluation found another."""
    steady = report.progress.status
    if steady.candidate is None:
        return f"{steady.shown}: {_rule(report, steady.shown)}"
    return (
        f"{steady.shown}: kept, because a change needs {DEFAULT_POLICY.equal_evaluations} equal evaluations in a row "
        f"and {steady.seen} found {steady.candidate} ({_rule(report, steady.candidate)})"
    )


def _rule(report: KeyResultReport, status: KeyResultStatus) -> str:
    key_result = report.key_result
    simple = {
        KeyResultStatus.NOT_STARTED: f"its period starts at {rfc3339(key_result.period.start)}",
        KeyResultStatus.TOO_EARLY: "too little of its period has passed to judge it",
        KeyResultStatus.NO_DATA: "it was never measured",
        KeyResultStatus.STALE: f"its last good value is from {rfc3339(report.progress.measured_at)}, too old for now",
    }
    if status in simple:
        return simple[status]
    if key_result.kind is KeyResultKind.ERROR_BUDGET:
        return _BUDGET_RULES[status]
    if key_result.kind is KeyResultKind.THRESHOLD:
        return _THRESHOLD_RULES[status]
    return _gap_rules()[status]


_BUDGET_RULES = {
    KeyResultStatus.ON_TRACK: "consumed is at most allowance x elapsed share of the period",
    KeyResultStatus.AT_RISK: "consumed is above allowance x elapsed share of the period, and within the allowance",
    KeyResultStatus.OFF_TRACK: "consumed is above the allowance",
    KeyResultStatus.MISSED: "the whole budget is consumed, or the period ended with more consumed than allowed",
    KeyResultStatus.ACHIEVED: "the period ended with consumption within the allowance",
}
_THRESHOLD_RULES = {
    KeyResultStatus.ON_TRACK: "the threshold holds",
    KeyResultStatus.AT_RISK: "the threshold does not hold, and the value is not beyond critical",
    KeyResultStatus.OFF_TRACK: "the threshold does not hold",
    KeyResultStatus.MISSED: "the period ended and the threshold did not hold",
    KeyResultStatus.ACHIEVED: "the period ended and the threshold held",
}


def _gap_rules() -> dict[KeyResultStatus, str]:
    near, far = number(DEFAULT_POLICY.on_track_gap), number(DEFAULT_POLICY.at_risk_gap)
    return {
        KeyResultStatus.ON_TRACK: f"the gap is at most {near}",
        KeyResultStatus.AT_RISK: f"the gap is above {near} and at most {far}",
        KeyResultStatus.OFF_TRACK: f"the gap is above {far}",
        KeyResultStatus.MISSED: "the period ended before the target was reached",
        KeyResultStatus.ACHIEVED: "raw progress is at least 1",
    }
