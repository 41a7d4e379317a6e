"""The reason for each number of an SLO."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from okrbridge.application.explaining.budget import budget_formulas, burn_again, burn_formula
from okrbridge.application.formula_items import number
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.slo_reports import SloReport
from okrbridge.application.snapshot import SourceReport
from okrbridge.domain.alerting import BurnPair, exceeded_pairs, left_out_pairs_of, pairs_of
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo, SloState
from okrbridge.domain.windows import Interval, format_duration


def slo_explanation(
    report: SloReport, burn_counts: Mapping[str, WindowCounts], now: datetime, exclusions: Sequence[Interval] = ()
) -> Item:
    """Everything behind an SLO's numbers.

    Args:
        burn_counts: counts by burn window, from the ledger; a window that is missing shows no counts.
        exclusions: time of the SLO's window that is left out.
    """
    slo, counts = report.slo, report.counts
    is_measured = counts.coverage_ratio > 0
    return {
        "slo": slo.name,
        "service": slo.service,
        "rationale": slo.description or None,
        "owner": slo.owner or None,
        "state": str(report.state),
        "reason": state_reason(report),
        "source": ", ".join(dict.fromkeys(leaf.source for leaf in slo.sli.leaves)),
        "method": report.details.method or None,
        "query": report.details.query or None,
        "indicator": indicator_item(slo.sli),
        "target_ratio": slo.target_ratio,
        "budgeting": slo.budgeting,
        "time_slices": _time_slices(slo),
        "count_budget": finite(slo.count_budget),
        "no_data": str(slo.no_data),
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
            "excluded_seconds": report.excluded.total_seconds(),
        },
        "formulas": budget_formulas(report),
        "burn_rates": [_burn(report, name, burn_counts.get(name)) for name in BURN_WINDOWS],
        "burn_policy": _policy(report),
        "burn_policy_left_out": _left_out(report),
        "alerts_frozen": report.details.alerts_frozen or None,
        "low_traffic": _low_traffic(report),
        "exclusions": [f"{rfc3339(one.start)} to {rfc3339(one.end)}" for one in exclusions],
        "budget_expected_ratio": finite(report.budget_expected_ratio),
        "budget_exhausted_at": rfc3339(report.budget_exhausted_at),
        "evaluated_at": rfc3339(report.evaluated_at),
        "last_measured_at": rfc3339(report.last_measured_end),
        "data_age_seconds": finite(report.data_age_seconds(now)),
        "failure": report.details.failure or None,
    }


def indicator_item(sli: Sli) -> Item:
    """What is counted, as it was written, and what the user should know of how."""
    return {
        "name": sli.name,
        "kind": str(sli.kind),
        "good": sli.good,
        "bad": sli.bad,
        "total": sli.total or None,
        "written": dict(sli.written) or None,
        "note": sli.note or None,
        "members": [
            {**indicator_item(member.sli), "target_ratio": member.target_ratio, "weight": member.weight}
            for member in sli.members
        ],
        "mode": str(sli.mode) if sli.members else None,
    }


def source_items(sources: Sequence[SourceReport], report: SloReport) -> list[Item]:
    """How the sources behind an SLO did, and whether they hold as much history as its window needs."""
    wanted = {leaf.source for leaf in report.slo.sli.leaves}
    return [
        {
            "name": source.name,
            "type": source.type,
            "is_up": source.is_up,
            "last_success_at": rfc3339(source.last_success_at),
            "failure": source.failure or None,
            "data_begins": rfc3339(source.data_begins),
            "is_history_short": source.data_begins is not None and source.data_begins > report.window.start,
        }
        for source in sources
        if source.name in wanted
    ]


def _time_slices(slo: Slo) -> Item | None:
    if slo.time_slices is None:
        return None
    return {"length": format_duration(slo.time_slices.length), "target_ratio": slo.time_slices.target_ratio}


def _low_traffic(report: SloReport) -> Item | None:
    """The guard and whether it holds a burn pair back; None without one."""
    guard, is_held = report.slo.low_traffic, report.details.is_low_traffic
    if is_held is None:
        return None
    return {
        "minimum_events": guard.minimum_events,
        "minimum_failures": guard.minimum_failures,
        "is_holding": is_held,
    }


def _burn(report: SloReport, name: str, counts: WindowCounts | None) -> Item:
    """One burn window. The value is the evaluation's; counts and formula are the ledger's now, which may know more."""
    value = finite(report.burn_rates.get(name))
    shown = counts if counts is not None and counts.coverage_ratio > 0 else None
    again, numbers = burn_again(report.slo, name, shown) if shown else (None, None)
    return {
        "window": name,
        "error_ratio": finite(report.error_ratios.get(name)),
        "good": finite(shown.good) if shown else None,
        "bad": finite(shown.bad) if shown else None,
        "total": finite(shown.total) if shown else None,
        "coverage_ratio": finite(counts.coverage_ratio) if counts else None,
        "formula": burn_formula(report.slo),
        "numbers": numbers,
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
    return [_pair(report, pair) for pair in pairs_of(report.slo)]


def _left_out(report: SloReport) -> list[Item]:
    return [{**pair_item(pair), "reason": reason} for pair, reason in left_out_pairs_of(report.slo)]


def _pair(report: SloReport, pair: BurnPair) -> Item:
    long, short = (finite(report.burn_rates.get(name)) for name in (pair.long, pair.short))
    is_known = long is not None and short is not None
    return {
        **pair_item(pair),
        "burn_rate_long": long,
        "burn_rate_short": short,
        "exceeded": bool(exceeded_pairs((pair,), report.burn_rates)) if is_known else None,
    }


def pair_item(pair: BurnPair) -> Item:
    """A pair of burn windows: severity, windows, factor, share of the budget."""
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
        SloState.ERROR: f"the last evaluation failed ({report.details.failure}); the numbers are the last good ones",
    }
    return sentences[report.state]


def _exceeded(report: SloReport) -> str:
    pairs = exceeded_pairs(pairs_of(report.slo), report.burn_rates)
    return "; ".join(
        f"burn over {pair.long} ({number(finite(report.burn_rates[pair.long]))}) and {pair.short} "
        f"({number(finite(report.burn_rates[pair.short]))}) exceeds {number(pair.factor)}"
        for pair in pairs
    )
