"""The budgets and burn rates of all SLOs, each by the formula of its window and of its way to count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.slo_reports import BoolArray
from okrbridge.application.slo_sums import OwnAndBurnSums
from okrbridge.domain.alerting import COVERAGE_FLOOR, LONG, exceeding, pair_factors, pairs_of
from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate
from okrbridge.domain.calendar_budget import consumed_time_slices, expected_consumption, seconds_to_exhaustion
from okrbridge.domain.count_budget import consumed_count, count_burn_rate
from okrbridge.domain.error_budget import consumed_ratio, consumed_to_date
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import CalendarWindow, Interval, epoch_seconds

PACE = "1d"
"""The burn window whose rate is taken to go on when the end of a calendar window's budget is projected."""

_BURN_SECONDS = np.array([length.total_seconds() for length in BURN_WINDOWS.values()])


@dataclass(frozen=True, slots=True, eq=False)
class PairVerdicts:
    """What the burn pairs of all SLOs say; every array has shape (SLOs, PAIRS).

    Attributes:
        exceeded: both windows burn faster than the factor.
        has_enough: the long window holds the least events and failures that the SLO asks for.
        coverage: measured share of the long window.
        is_used: the SLO has a pair over these windows.
    """

    exceeded: BoolArray
    has_enough: BoolArray
    coverage: FloatArray
    is_used: BoolArray

    @property
    def is_frozen(self) -> BoolArray:
        """Too little of the long window is measured for the pair to decide anything."""
        return np.asarray(self.is_used & (self.coverage < COVERAGE_FLOOR))

    @property
    def burning(self) -> BoolArray:
        """Whether an SLO burns by any pair that enough is known of; shape (SLOs,)."""
        return np.asarray((self.exceeded & self.has_enough & ~self.is_frozen).any(axis=1))


class SloBudgets:
    """The budgets of the same SLOs at one instant after the other.

    Attributes:
        factors: of the burn pairs; shape (SLOs, PAIRS).
    """

    def __init__(self, slos: Sequence[Slo]) -> None:
        self._slos = slos
        self._targets = np.array([slo.target_ratio for slo in slos], dtype=np.float64)
        self._most_bad = np.array([slo.count_budget or 0.0 for slo in slos], dtype=np.float64)
        self._by_count = np.array([slo.count_budget is not None for slo in slos], dtype=np.bool_)
        self._window_seconds = np.array([slo.window.length.total_seconds() for slo in slos], dtype=np.float64)
        self._least_events = _column(slo.low_traffic.minimum_events for slo in slos)
        self._least_failures = _column(slo.low_traffic.minimum_failures for slo in slos)
        self._calendar_rows = [row for row, slo in enumerate(slos) if isinstance(slo.window, CalendarWindow)]
        policies = [(slo.window.length, slo.target_ratio, slo.count_budget is None, slo.burn_policy) for slo in slos]
        pairs = {policy: pairs_of(slo) for policy, slo in dict(zip(policies, slos, strict=True)).items()}
        self.factors = pair_factors([pairs[policy] for policy in policies])

    def burn_rates(self, sums: OwnAndBurnSums) -> FloatArray:
        """Over the burn windows; shape (SLOs, BURN_WINDOWS)."""
        total = sums.total[:, 1:]
        bad = total - sums.good[:, 1:]
        rates, counted, shared = np.empty_like(bad), self._by_count, ~self._by_count
        rates[shared] = burn_rate(bad[shared], total[shared], self._targets[shared, None])
        most, windows = self._most_bad[counted, None], self._window_seconds[counted, None]
        rates[counted] = count_burn_rate(bad[counted], most, windows, _BURN_SECONDS)
        return rates

    def consumed(self, sums: OwnAndBurnSums, at: datetime) -> FloatArray:
        """Share of each SLO's budget that is spent; shape (SLOs,)."""
        total = sums.total[:, 0]
        bad = total - sums.good[:, 0]
        spent, counted, shared = np.empty_like(bad), self._by_count, ~self._by_count
        spent[shared] = consumed_ratio(bad[shared], total[shared], self._targets[shared])
        spent[counted] = consumed_count(bad[counted], self._most_bad[counted])
        for row in self._calendar_rows:
            if not counted[row]:
                good, whole, in_force = sums.good[row, 0], sums.total[row, 0], sums.in_force_seconds[row, 0]
                spent[row] = consumed_in_period(self._slos[row], float(good), float(whole), float(in_force), at)
        return spent

    def expected(self, at: datetime) -> FloatArray:
        """Share of the budget that even spending has consumed by now; NaN for rolling windows. Shape (SLOs,)."""
        shares = np.full(len(self._slos), np.nan)
        for row in self._calendar_rows:
            shares[row] = _elapsed_ratio(self._slos[row], at)
        return shares

    def exhausted_at(self, remaining: FloatArray, burn_rates: FloatArray, at: datetime) -> FloatArray:
        """Epoch seconds at which a calendar window's budget is spent at the burn rate of the last day.

        NaN for rolling windows, which have no end to be measured against, and where the budget outlasts the period.
        """
        ends = np.full(len(self._slos), np.nan)
        pace = burn_rates[:, list(BURN_WINDOWS).index(PACE)]
        for row in self._calendar_rows:
            period = _period(self._slos[row], at)
            if np.isnan(remaining[row]) or np.isnan(pace[row]):
                continue
            lasting = seconds_to_exhaustion(float(remaining[row]), float(pace[row]), period.length.total_seconds())
            if lasting < (period.end - at).total_seconds():
                ends[row] = epoch_seconds(at) + lasting
        return ends

    def verdicts(self, sums: OwnAndBurnSums, burn_rates: FloatArray) -> PairVerdicts:
        """What the burn pairs say."""
        total = sums.total[:, 1 + LONG]
        bad = total - sums.good[:, 1 + LONG]
        return PairVerdicts(
            exceeded=exceeding(burn_rates, self.factors),
            has_enough=(total >= self._least_events) & (bad >= self._least_failures),
            coverage=sums.coverage[:, 1 + LONG],
            is_used=np.isfinite(self.factors),
        )


def _column(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, dtype=np.float64)[:, None]


def consumed_in_period(slo: Slo, good: float, total: float, in_force_seconds: float, at: datetime) -> float:
    """Share of a calendar window's budget, which is the whole period's, that is spent by an instant; 0 without events.

    Args:
        good, total: of the period to date.
        in_force_seconds: of the period to date.
    """
    if slo.time_slices is None:
        return 0.0 if total <= 0 else consumed_to_date(good, total, slo.target_ratio, _elapsed_ratio(slo, at))
    excluded = slo.window.at(at).length.total_seconds() - in_force_seconds
    in_force = _period(slo, at).length.total_seconds() - excluded
    return consumed_time_slices(total - good, in_force / slo.time_slices.length.total_seconds(), slo.target_ratio)


def _period(slo: Slo, at: datetime) -> Interval:
    if not isinstance(slo.window, CalendarWindow):
        raise TypeError(f"the window of SLO {slo.name!r} has no periods")
    return slo.window.period(at)


def _elapsed_ratio(slo: Slo, at: datetime) -> float:
    period = _period(slo, at)
    return expected_consumption((at - period.start) / timedelta(seconds=1), period.length.total_seconds())
