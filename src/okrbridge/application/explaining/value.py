"""How a key result's value came about: each formula with the numbers put in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from okrbridge.application.formula_items import formula, number
from okrbridge.application.okr_records import JsonValue
from okrbridge.application.period_budgets import period_consumed_ratio, period_formula
from okrbridge.application.reports import Item, finite
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.sample_mean import student_t
from okrbridge.domain.slo import Slo

Details = Mapping[str, JsonValue]


def value_formulas(report: KeyResultReport, slo: Slo | None, counts: WindowCounts | None) -> list[Item]:
    """How the value came about; nothing for values that a source or a person gave as they are.

    An SLO's counts are the ledger's now; should they give another value than the evaluation's, the formula says so.
    """
    shown = report.measurement if report.measurement.value is not None or not report.last_good else report.last_good
    details = shown.details
    if "override" in details:
        return []
    if slo is not None and isinstance(report.key_result.measure, SloMeasure):
        return _of_slo(report, report.key_result.measure, slo, counts, details)
    value = finite(report.progress.value)
    of_value = [*_run_rate(details, value), *_share(details, value), *_parts(details, value)]
    return [*_baseline(report), *of_value, *_mean_interval(details)]


def _of_slo(
    report: KeyResultReport, measure: SloMeasure, slo: Slo, counts: WindowCounts | None, details: Details
) -> list[Item]:
    value = finite(report.progress.value)
    if counts is None or counts.total <= 0 or value is None:
        return _baseline(report)
    if measure.quantity is SloQuantity.COMPLIANCE:
        days = f"{_of(details, 'good_days')} / {_of(details, 'measured_days')}"
        return [*_baseline(report), formula("value", "days that reached the target / measured days", days, value)]
    if measure.quantity is SloQuantity.SLI:
        numbers = f"{number(counts.good)} / {number(counts.total)}"
        again, text = counts.good / counts.total, "good / total"
    else:
        asked = (slo, counts, report.key_result.period, _measured_at(report))
        again, (text, numbers) = period_consumed_ratio(*asked), period_formula(*asked)
    if not math.isclose(again, value, rel_tol=1e-9, abs_tol=1e-12):
        text += f"; the evaluation found {number(value)}, the ledger has learnt more since"
    return [*_baseline(report), formula("value", text, numbers, again)]


def _measured_at(report: KeyResultReport) -> datetime:
    """When the value was measured."""
    measured = report.measurement if report.measurement.value is not None else report.last_good
    return measured.at if measured else report.progress.at


def _baseline(report: KeyResultReport) -> list[Item]:
    """The target, or the limits, that follow from a baseline and a change (formula A2)."""
    key_result = report.key_result
    change, baseline, target = key_result.relative_change, key_result.baseline, key_result.target
    if baseline is not None and target is not None and key_result.absolute_change is not None:
        numbers = f"{number(baseline)} + {number(key_result.absolute_change)}"
        return [formula("target", "baseline + change (formula A2)", numbers, target)]
    if change is None or baseline is None:
        return []
    if target is not None:
        numbers = f"{number(baseline)} x (1 + {number(change)})"
        return [formula("target", "baseline x (1 + change) (formula A2)", numbers, target)]
    limits = [("low", "-", key_result.low), ("high", "+", key_result.high)]
    return [
        formula(
            name,
            f"baseline x (1 {sign} change) (formula A2)",
            f"{number(baseline)} x (1 {sign} {number(change)})",
            limit,
        )
        for name, sign, limit in limits
        if limit is not None
    ]


def _run_rate(details: Details, value: float | None) -> list[Item]:
    if "run_rate" not in details:
        return []
    numbers = f"{_of(details, 'count')} / {_of(details, 'elapsed_ratio')}"
    return [formula("value", "count / elapsed share of the period, a run rate", numbers, value)]


def _share(details: Details, value: float | None) -> list[Item]:
    if "good" not in details or "total" not in details:
        return []
    if details.get("is_for_all") is not None:
        return []
    return [formula("value", "good / total", f"{_of(details, 'good')} / {_of(details, 'total')}", value)]


def _mean_interval(details: Details) -> list[Item]:
    """How far the mean of all may lie off the mean of the samples, with 95 %."""
    told = details.get("mean_interval")
    if not isinstance(told, dict) or not isinstance(told["n"], int):
        return []
    half = f"{student_t(told['n'] - 1):.5g} x {_of(told, 'deviation')} / sqrt({told['n']})"
    text = "x deviation / sqrt(n) with Student's t at 95 %"
    return [
        formula(f"mean_{end}", f"mean {sign} t {text}", f"{_of(told, 'mean')} {sign} {half}", _number(told[end]))
        for end, sign in (("low", "-"), ("high", "+"))
    ]


def _parts(details: Details, value: float | None) -> list[Item]:
    """The weighted mean of a composite's parts."""
    parts = details.get("parts")
    if not isinstance(parts, list):
        return []
    known = [part for part in parts if isinstance(part, dict)]
    above = " + ".join(f"{_of(part, 'weight')} x {_of(part, 'progress_ratio', '0')}" for part in known)
    below = " + ".join(_of(part, "weight") for part in known)
    text = "sum of weight x progress of the parts / sum of weights; a part never measured counts 0"
    return [formula("value", text, f"({above}) / ({below})", value)]


def _of(details: Details, key: str, otherwise: str = "unknown") -> str:
    found = _number(details.get(key))
    return otherwise if found is None else number(found)


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) else None
