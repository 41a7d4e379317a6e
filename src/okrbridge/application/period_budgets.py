"""How much of an SLO's budget a key result's period has spent, and the formula with the numbers put in."""

from __future__ import annotations

from datetime import datetime

from okrbridge.application.formula_items import number
from okrbridge.domain.calendar_budget import consumed_time_slices
from okrbridge.domain.count_budget import consumed_count
from okrbridge.domain.cycles import elapsed_ratio
from okrbridge.domain.error_budget import budget_ratio, consumed_to_date
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Interval


def period_consumed_ratio(slo: Slo, counts: WindowCounts, period: Interval, at: datetime) -> float:
    """Share of an SLO's budget for a key result's period that is spent by now.

    For events it is formula A5. At most N bad events in the SLO's window are N x period / window in the period. Of
    time slices, the period's number is known beforehand: ``bad slices / (b x slices of the whole period)``.
    """
    if slo.count_budget is not None:
        return consumed_count(counts.bad, _most(slo, slo.count_budget, period))
    if slo.time_slices is not None:
        return consumed_time_slices(counts.bad, _slices(slo, counts, period, at), slo.target_ratio)
    return consumed_to_date(counts.good, counts.total, slo.target_ratio, elapsed_ratio(period, at))


def period_formula(slo: Slo, counts: WindowCounts, period: Interval, at: datetime) -> tuple[str, str]:
    """The formula by which it is spent, and the same with the numbers put in."""
    bad, allowed = number(counts.bad), number(budget_ratio(slo.target_ratio))
    if slo.count_budget is not None:
        return (
            "bad / (N x period / window), at most N bad events",
            f"{bad} / {number(_most(slo, slo.count_budget, period))}",
        )
    if slo.time_slices is not None:
        slices = number(_slices(slo, counts, period, at))
        return "bad slices / ((1 - target) x slices of the whole period)", f"{bad} / ({allowed} x {slices})"
    ratio = f"{number(counts.good)} / {number(counts.total)}"
    numbers = f"{number(elapsed_ratio(period, at))} x (1 - {ratio}) / {allowed}"
    return "elapsed share of the period x (1 - SLI) / (1 - target)", numbers


def _most(slo: Slo, count_budget: float, period: Interval) -> float:
    return count_budget * (period.length / slo.window.length)


def _slices(slo: Slo, counts: WindowCounts, period: Interval, at: datetime) -> float:
    """Time slices of the whole period that are in force, as far as exclusions are known to date."""
    to_date = min(max(at, period.start), period.end) - period.start
    excluded = max(to_date - counts.in_force, to_date * 0)
    return (period.length - excluded) / slo.time_slices.length if slo.time_slices else 0.0
