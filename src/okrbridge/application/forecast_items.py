"""Forecasts as the API answers them."""

from __future__ import annotations

from collections.abc import Sequence

from okrbridge.application.okr_records import CheckIn, JsonValue
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.progress import wants_high
from okrbridge.domain.velocity import value_needed

QUANTILES = ("p10", "p50", "p90")


def forecast_item(report: KeyResultReport, said: Sequence[CheckIn]) -> Item:
    """What is to be expected of a key result, and what was expected of it at each check-in; the target stays.

    Args:
        said: its check-ins, ascending.
    """
    key_result, outlook = report.key_result, report.outlook
    told = outlook.forecast
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "due_at": rfc3339(key_result.period.end),
        "target": finite(key_result.target),
        "unit": key_result.unit.symbol,
        "goal_ratio": report.policy.goal_factor(key_result.commitment),
        **{name: finite(getattr(told, name, None)) for name in QUANTILES},
        **value_quantiles(report),
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


def value_quantiles(report: KeyResultReport) -> Item:
    """The values of the forecast's p10 to p90, the one of the least progress first; a band's from low to high.

    Worked example: from 800 ms to 200 ms, a median of 0.8571 is 285.7 ms. A latency that stays below its limit has the
    values that were forecast themselves, the highest first.
    """
    values = _values(report) or (None, None, None)
    return {f"value_{name}": finite(value) for name, value in zip(QUANTILES, values, strict=True)}


def _values(report: KeyResultReport) -> tuple[float, float, float] | None:
    key_result, told, of_value = report.key_result, report.outlook.forecast, report.outlook.value_forecast
    if of_value is not None:
        first, last = of_value.p10, of_value.p90
        if wants_high(key_result) is False:
            first, last = last, first
        return first, of_value.p50, last
    baseline, target = key_result.baseline, key_result.target
    if told is None or baseline is None or target is None:
        return None
    p10, p50, p90 = (value_needed(baseline, target, ratio) for ratio in (told.p10, told.p50, told.p90))
    return p10, p50, p90


def _row(check_in: CheckIn) -> Item:
    evidence = check_in.evidence
    return {
        "time": rfc3339(check_in.at),
        **{name: _number(evidence.get(f"forecast_{name}")) for name in QUANTILES},
        "hit_probability_ratio": _number(evidence.get("hit_probability_ratio")),
    }


def _number(value: JsonValue) -> float | None:
    return finite(value) if isinstance(value, int | float) else None
