"""Forecasts as the API answers them."""

from __future__ import annotations

from collections.abc import Sequence

from okrbridge.application.okr_records import CheckIn, JsonValue
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.velocity import value_needed


def forecast_item(report: KeyResultReport, said: Sequence[CheckIn]) -> Item:
    """What is to be expected of a key result, and what was expected of it at each check-in; the target stays.

    Args:
        said: its check-ins, ascending.
    """
    key_result, outlook = report.key_result, report.outlook
    told = outlook.forecast
    quantiles = {"p10": told.p10, "p50": told.p50, "p90": told.p90} if told else dict.fromkeys(("p10", "p50", "p90"))
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "due_at": rfc3339(key_result.period.end),
        "target": finite(key_result.target),
        "unit": key_result.unit.symbol,
        "goal_ratio": report.policy.goal_factor(key_result.commitment),
        **{name: finite(ratio) for name, ratio in quantiles.items()},
        **{f"value_{name}": _value(report, ratio) for name, ratio in quantiles.items()},
        "hit_probability_ratio": finite(told.hit_probability) if told else None,
        "method": str(told.method) if told else None,
        "points": told.points if told else None,
        "slope": finite(told.slope) if told else None,
        "velocity": finite(outlook.velocity),
        "required_velocity": finite(outlook.required_velocity),
        "velocity_ratio": finite(outlook.velocity_ratio),
        "machine_confidence": outlook.machine_confidence,
        "is_stalled": outlook.is_stalled,
        "history": [_row(one) for one in said],
    }


def _value(report: KeyResultReport, ratio: float | None) -> float | None:
    """Progress as a value, where a way leads from a baseline to a target.

    Worked example: from 800 ms to 200 ms, 0.8571 is 285.7 ms.
    """
    baseline, target = report.key_result.baseline, report.key_result.target
    if ratio is None or baseline is None or target is None:
        return None
    return finite(value_needed(baseline, target, ratio))


def _row(check_in: CheckIn) -> Item:
    evidence = check_in.evidence
    return {
        "time": rfc3339(check_in.at),
        **{name: _number(evidence.get(f"forecast_{name}")) for name in ("p10", "p50", "p90")},
        "hit_probability_ratio": _number(evidence.get("hit_probability_ratio")),
    }


def _number(value: JsonValue) -> float | None:
    return finite(value) if isinstance(value, int | float) else None
