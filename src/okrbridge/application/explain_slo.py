"""The reason for each number of an SLO."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import SloReport
from okrbridge.domain.alerting import BurnPair, default_pairs, exceeded_pairs, left_out_pairs
from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate
from okrbridge.domain.error_budget import allowed_downtime, budget_ratio
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.slo import SloState


def number(value: float | None) -> str:
    """A number inside a formula: twelve significant digits, so that 1 - 0.999 reads 0.001."""
    return "unknown" if value is None else f"{value + 0.0:.12g}"


def formula(name: str, text: str, numbers: str, value: float | None) -> Item:
    """One formula: in words, with the numbers put in, and its value."""
    shown = finite(value)
    return {"name": name, "formula": text, "numbers": f"{numbers} = {number(shown)}", "value": shown}


def slo_explanation(report: SloReport, burn_counts: Mapping[str, WindowCounts], now: datetime) -> Item:
    """Everything behind an SLO's numbers.

    Args:
        burn_counts: counts by burn window, from the ledger; a window that is missing shows no counts.
    """
    slo, counts = report.slo, report.counts
    is_measured = counts.coverage_ratio > 0
    return {
        "slo": slo.name,
        "service": slo.service,
        "state": str(report.state),
        "reason": state_reason(report),
        "source": slo.sli.source,
        "method": report.method or None,
        "query": report.query or None,
        "indicator": {"name": slo.sli.name, "good": slo.sli.good, "bad": slo.sli.bad, "total": slo.sli.total},
        "target_ratio": slo.target_ratio,
        "budgeting": slo.budgeting,
        "window": {
            "name": str(slo.window),
            "from": rfc3339(report.window.start),
            "to": rfc3339(report.window.end),
        },
        "counts": {
            "good": finite(counts.good) if is_measured else None,
            "bad": finite(counts.bad) if is_measured else None,
            "total": finite(counts.total) if is_measured else None,
        },
        "coverage": {
            "coverage_ratio": finite(counts.coverage_ratio),
            "measured_seconds": counts.measured.total_seconds(),
            "in_force_seconds": counts.in_force.total_seconds(),
        },
        "formulas": _formulas(report),
        "burn_rates": [_burn(report, name, burn_counts.get(name)) for name in BURN_WINDOWS],
        "burn_policy": _policy(report),
        "burn_policy_left_out": _left_out(report),
        "exclusions": [],
        "evaluated_at": rfc3339(report.evaluated_at),
        "last_measured_at": rfc3339(report.last_measured_end),
        "data_age_seconds": finite(report.data_age_seconds(now)),
        "failure": report.failure or None,
    }


def _formulas(report: SloReport) -> list[Item]:
    counts, target = report.counts, report.slo.target_ratio
    if counts.coverage_ratio <= 0:
        return [_coverage(counts)]
    allowed, window = budget_ratio(target), report.slo.window.length
    good, bad, total = number(counts.good), number(counts.bad), number(counts.total)
    consumed = finite(report.budget_consumed_ratio)
    return [
        formula("sli_ratio", "good / total", f"{good} / {total}", report.sli_ratio),
        formula("budget_ratio", "1 - target", f"1 - {number(target)}", allowed),
        formula("allowed_bad", "(1 - target) x total", f"{number(allowed)} x {total}", allowed * counts.total),
        formula(
            "allowed_downtime_seconds",
            "(1 - target) x window, at even traffic",
            f"{number(allowed)} x {number(window.total_seconds())} s",
            allowed_downtime(target, window).total_seconds(),
        ),
        formula(
            "budget_consumed_ratio",
            "bad / ((1 - target) x total)",
            f"{bad} / ({number(allowed)} x {total})",
            consumed,
        ),
        formula("budget_remaining_ratio", "1 - consumed", f"1 - {number(consumed)}", report.budget_remaining_ratio),
        _coverage(counts),
    ]


def _coverage(counts: WindowCounts) -> Item:
    measured, in_force = counts.measured.total_seconds(), counts.in_force.total_seconds()
    numbers = f"{number(measured)} s / {number(in_force)} s"
    return formula("coverage_ratio", "measured time / time in force", numbers, counts.coverage_ratio)


def _burn(report: SloReport, name: str, counts: WindowCounts | None) -> Item:
    """One burn window. The value is the evaluation's; counts and formula are the ledger's now, which may know more."""
    value = finite(report.burn_rates.get(name))
    shown = counts if counts is not None and counts.coverage_ratio > 0 else None
    again = float(burn_rate(shown.bad, shown.total, report.slo.target_ratio)) if shown else None
    allowed = number(budget_ratio(report.slo.target_ratio))
    return {
        "window": name,
        "error_ratio": finite(report.error_ratios.get(name)),
        "good": finite(shown.good) if shown else None,
        "bad": finite(shown.bad) if shown else None,
        "total": finite(shown.total) if shown else None,
        "coverage_ratio": finite(counts.coverage_ratio) if counts else None,
        "formula": "(bad / total) / (1 - target)",
        "numbers": f"({number(shown.bad)} / {number(shown.total)}) / {allowed} = {number(again)}" if shown else None,
        "value": value,
        "note": _note(value, again, shown),
    }


def _note(value: float | None, again: float | None, counts: WindowCounts | None) -> str | None:
    if value is None:
        return "nothing was measured in this window"
    if counts is None or again is None:
        return None
    if not math.isclose(again, value, rel_tol=1e-9, abs_tol=1e-12):
        return f"the evaluation found {number(value)}; the ledger has learnt more of this window since"
    return "no events, so nothing was burnt" if counts.total <= 0 else None


def _policy(report: SloReport) -> list[Item]:
    pairs = default_pairs(report.slo.window.length, report.slo.target_ratio)
    return [_pair(report, pair) for pair in pairs]


def _left_out(report: SloReport) -> list[Item]:
    pairs = left_out_pairs(report.slo.window.length, report.slo.target_ratio)
    return [{**_declared(pair), "reason": reason} for pair, reason in pairs]


def _pair(report: SloReport, pair: BurnPair) -> Item:
    long, short = (finite(report.burn_rates.get(name)) for name in (pair.long, pair.short))
    is_known = long is not None and short is not None
    return {
        **_declared(pair),
        "burn_rate_long": long,
        "burn_rate_short": short,
        "exceeded": bool(exceeded_pairs((pair,), report.burn_rates)) if is_known else None,
    }


def _declared(pair: BurnPair) -> Item:
    return {
        "severity": str(pair.severity),
        "long_window": pair.long,
        "short_window": pair.short,
        "factor": finite(pair.factor),
        "budget_share": pair.budget_share,
    }


def state_reason(report: SloReport) -> str:
    """The state in one sentence, with the numbers that decided it."""
    window, counts = str(report.slo.window), report.counts
    consumed = number(finite(report.budget_consumed_ratio))
    last = rfc3339(report.last_measured_end) or "never"
    sentences = {
        SloState.OK: f"the budget of {window} is consumed to {consumed}, and no burn policy is exceeded",
        SloState.BURNING: f"{_exceeded(report)}; the budget of {window} is consumed to {consumed}",
        SloState.EXHAUSTED: f"the whole budget of {window} is consumed: {consumed} is not below 1",
        SloState.NO_TRAFFIC: f"{window} was measured and holds no event, so there is no ratio and no budget spent",
        SloState.NO_DATA: f"the source answers, and nothing was measured in {window}",
        SloState.STALE: f"the newest measured slice ended at {last}, longer ago than the look-back",
        SloState.INVALID: f"the counts contradict each other: {number(counts.good)} good of {number(counts.total)}",
        SloState.ERROR: f"the last evaluation failed ({report.failure}); the numbers are the last good ones",
    }
    return sentences[report.state]


def _exceeded(report: SloReport) -> str:
    pairs = exceeded_pairs(default_pairs(report.slo.window.length, report.slo.target_ratio), report.burn_rates)
    return "; ".join(
        f"burn over {pair.long} ({number(finite(report.burn_rates[pair.long]))}) and {pair.short} "
        f"({number(finite(report.burn_rates[pair.short]))}) exceeds {number(pair.factor)}"
        for pair in pairs
    )
