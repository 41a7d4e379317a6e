"""The formulas behind an SLO's budget, with its numbers put in: each kind of budget has its own."""

from __future__ import annotations

from okrbridge.application.formula_items import formula, number
from okrbridge.application.reports import Item, finite
from okrbridge.application.slo_reports import SloReport
from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate
from okrbridge.domain.count_budget import count_burn_rate
from okrbridge.domain.error_budget import allowed_downtime, budget_ratio
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import CalendarWindow


def budget_formulas(report: SloReport) -> list[Item]:
    """From the counts to the budget left; only the coverage while nothing was measured."""
    counts = report.counts
    if counts.coverage_ratio <= 0:
        return [_coverage(counts)]
    numbers = f"{number(counts.good)} / {number(counts.total)}"
    consumed = finite(report.budget_consumed_ratio)
    return [
        formula("sli_ratio", "good / total", numbers, report.sli_ratio),
        *(_of_share(report) if report.slo.count_budget is None else _of_count(report, report.slo.count_budget)),
        formula("budget_remaining_ratio", "1 - consumed", f"1 - {number(consumed)}", report.budget_remaining_ratio),
        *_expected(report),
        _coverage(counts),
    ]


def burn_formula(slo: Slo) -> str:
    """How a burn rate is worked out, in words."""
    return "(bad / total) / (1 - target)" if slo.count_budget is None else "(bad / N) x (SLO window / burn window)"


def burn_again(slo: Slo, window: str, counts: WindowCounts) -> tuple[float, str]:
    """The burn rate of a window from its counts, and the formula with the numbers put in."""
    if slo.count_budget is None:
        rate = burn_rate(counts.bad, counts.total, slo.target_ratio)
        allowed = number(budget_ratio(slo.target_ratio))
        return rate, f"({number(counts.bad)} / {number(counts.total)}) / {allowed} = {number(rate)}"
    whole, part = slo.window.length.total_seconds(), BURN_WINDOWS[window].total_seconds()
    rate = count_burn_rate(counts.bad, slo.count_budget, whole, part)
    share = f"({number(counts.bad)} / {number(slo.count_budget)})"
    return rate, f"{share} x ({number(whole)} s / {number(part)} s) = {number(rate)}"


def _of_share(report: SloReport) -> list[Item]:
    counts, target = report.counts, report.slo.target_ratio
    allowed, window = budget_ratio(target), report.slo.window.length
    return [
        formula("budget_ratio", "1 - target", f"1 - {number(target)}", allowed),
        formula(
            "allowed_bad",
            "(1 - target) x total",
            f"{number(allowed)} x {number(counts.total)}",
            allowed * counts.total,
        ),
        formula(
            "allowed_downtime_seconds",
            "(1 - target) x window, at even traffic",
            f"{number(allowed)} x {number(window.total_seconds())} s",
            allowed_downtime(target, window).total_seconds(),
        ),
        _consumed(report, allowed),
    ]


def _consumed(report: SloReport, allowed: float) -> Item:
    slo, counts = report.slo, report.counts
    bad, total, consumed = number(counts.bad), number(counts.total), finite(report.budget_consumed_ratio)
    if not isinstance(slo.window, CalendarWindow):
        text, numbers = "bad / ((1 - target) x total)", f"{bad} / ({number(allowed)} x {total})"
    elif slo.time_slices is None:
        text = "elapsed share of the period x (bad / total) / (1 - target)"
        numbers = f"{number(report.budget_expected_ratio)} x ({bad} / {total}) / {number(allowed)}"
    else:
        period = slo.window.period(report.evaluated_at).length - report.excluded
        slices = period / slo.time_slices.length
        text = "bad slices / ((1 - target) x slices of the whole period)"
        numbers = f"{bad} / ({number(allowed)} x {number(slices)})"
    return formula("budget_consumed_ratio", text, numbers, consumed)


def _of_count(report: SloReport, most: float) -> list[Item]:
    numbers = f"{number(report.counts.bad)} / {number(most)}"
    return [formula("budget_consumed_ratio", "bad / N, at most N bad events", numbers, report.budget_consumed_ratio)]


def _expected(report: SloReport) -> list[Item]:
    window = report.slo.window
    if not isinstance(window, CalendarWindow):
        return []
    period = window.period(report.evaluated_at)
    elapsed = number((report.evaluated_at - period.start).total_seconds())
    numbers = f"{elapsed} s / {number(period.length.total_seconds())} s"
    text = "elapsed time / length of the period"
    return [formula("budget_expected_ratio", text, numbers, report.budget_expected_ratio)]


def _coverage(counts: WindowCounts) -> Item:
    measured, in_force = counts.measured.total_seconds(), counts.in_force.total_seconds()
    numbers = f"{number(measured)} s / {number(in_force)} s"
    return formula("coverage_ratio", "measured time / time in force", numbers, counts.coverage_ratio)
