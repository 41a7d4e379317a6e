"""What is to be expected of a key result, with the method and the formulas behind it."""

from __future__ import annotations

from okrbridge.application.forecast_items import value_quantiles
from okrbridge.application.formula_items import formula, number
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport

_METHODS = {
    "theil_sen": "the robust line through the points (Theil-Sen), projected to the due date",
    "theil_sen_damped": "between the robust line (Theil-Sen) and the last value, because the trend is not evident yet",
    "level_shift": "the level since a jump, which explains the points better than a line",
}


def outlook_item(report: KeyResultReport) -> Item:
    """Forecast, velocity, confidence, guards and check-ins, as the evaluation found them."""
    outlook = report.outlook
    return {
        "forecast": _forecast(report),
        "formulas": [*_velocities(report), *_needed(report)],
        "machine_confidence": outlook.machine_confidence,
        "confidence": outlook.check_ins.confidence,
        "divergence": outlook.divergence,
        "is_divergent": outlook.is_divergent,
        "is_stalled": outlook.is_stalled,
        "is_anomalous": outlook.is_anomalous,
        "best_value": finite(outlook.best_value),
        "guards": [
            {"key_result": name, "is_breached": name in outlook.breached_guards} for name in report.key_result.guards
        ],
        "check_in_due_at": rfc3339(outlook.check_ins.due_at),
        "check_in_overdue": outlook.check_ins.is_overdue,
        "definition_complete": outlook.definition_complete,
        "definition_missing": list(outlook.definition_missing),
    }


def _forecast(report: KeyResultReport) -> Item | None:
    found = report.outlook.forecast
    if found is None:
        return None
    return {
        "method": str(found.method),
        "description": _METHODS[found.method],
        "points": found.points,
        "slope_per_week": finite(found.slope),
        "p10": finite(found.p10),
        "p50": finite(found.p50),
        "p90": finite(found.p90),
        **value_quantiles(report),
        "unit": report.key_result.unit.symbol,
        "hit_probability_ratio": finite(found.hit_probability),
    }


def _velocities(report: KeyResultReport) -> list[Item]:
    """The velocity that the goal needs, and how much of it there is."""
    outlook, record = report.outlook, report.progress
    if outlook.required_velocity is None:
        return []
    goal = number(report.policy.goal_factor(report.key_result.commitment))
    weeks = (report.key_result.period.end - record.at).total_seconds() / 604_800
    needed = f"max(0, {goal} - {number(record.raw_ratio)}) / {number(weeks)}"
    items = [formula("required_velocity", "(goal - raw progress) / weeks left", needed, outlook.required_velocity)]
    if outlook.velocity_ratio is not None:
        numbers = f"{number(outlook.velocity)} / {number(outlook.required_velocity)}"
        items.append(formula("velocity_ratio", "velocity / required velocity", numbers, outlook.velocity_ratio))
    return items


def _needed(report: KeyResultReport) -> list[Item]:
    """The value that would be on track now."""
    key_result, needed = report.key_result, report.outlook.value_needed
    if needed is None:
        return []
    baseline, target = number(key_result.baseline), number(key_result.target)
    numbers = f"{baseline} + {number(report.progress.expected_ratio)} x ({target} - {baseline})"
    return [formula("value_needed", "baseline + expected x (target - baseline)", numbers, needed)]
