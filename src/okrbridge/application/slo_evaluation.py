"""From the ledger to an SLO's report: windows, budget, burn rates, state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.ports import Counted, Ledger, MetricSource
from okrbridge.application.snapshot import SloReport
from okrbridge.domain import error_budget
from okrbridge.domain.alerting import default_pairs, exceeded_pairs
from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo, slo_state
from okrbridge.domain.windows import Grid, Interval

STALE_AFTER = timedelta(minutes=5)
"""Data older than this is stale: Prometheus' own look-back."""


FILLED = 0.9
"""Share of a window that must have been asked for before its sums are taken for the window's."""


@dataclass(frozen=True, slots=True)
class CountingOutcome:
    """How the last question about an SLI went.

    Attributes:
        failure: empty when it was answered.
    """

    failure: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Counted) -> CountingOutcome:
        """From a source's answer."""
        failure = f"{answer.failure.reason}: {answer.failure.message}" if answer.failure else ""
        return cls(failure, answer.warnings)


def evaluate_slo(
    slo: Slo,
    ledger: Ledger,
    grid: Grid,
    at: datetime,
    *,
    source: MetricSource,
    outcome: CountingOutcome,
    events: tuple[float, float] = (0.0, 0.0),
) -> SloReport:
    """Everything that can be said of an SLO at a slice boundary, from the ledger alone.

    Args:
        source: where its events are counted.
        outcome: how the last question to its source went.
        events: good and bad events counted live by this process.
    """
    window = grid.covering(slo.window.at(at))
    own, *burns = ledger.window_counts(
        slo.sli.key, [window, *(grid.covering(_interval(length, at)) for length in BURN_WINDOWS.values())]
    )
    last = ledger.last_measured_end(slo.sli.key, at)
    by_window = dict(zip(BURN_WINDOWS, burns, strict=True))
    burn_rates = {name: _burn(counts, slo.target_ratio) for name, counts in by_window.items()}
    consumed = _consumed(own, slo.target_ratio)
    remaining = None if consumed is None else float(error_budget.remaining_ratio(consumed))
    state = slo_state(
        failed=bool(outcome.failure),
        consistent=own.consistent,
        coverage_ratio=own.coverage_ratio,
        is_stale=last is not None and at - last > STALE_AFTER,
        total=own.total,
        budget_remaining_ratio=1.0 if remaining is None else remaining,
        is_filled=is_filled(ledger, slo.sli, window, own),
        is_burning=bool(exceeded_pairs(default_pairs(slo.window.length, slo.target_ratio), burn_rates)),
    )
    return SloReport(
        slo=slo,
        window=window,
        counts=own,
        sli_ratio=known(error_budget.sli_ratio(own.good, own.total)) if own.consistent else None,
        budget_consumed_ratio=consumed,
        budget_remaining_ratio=remaining,
        error_ratios={name: _error(counts) for name, counts in by_window.items()},
        burn_rates=burn_rates,
        state=state,
        evaluated_at=at,
        last_measured_end=last,
        events_good_total=events[0],
        events_bad_total=events[1],
        failure=outcome.failure,
        query=source.counting_query(slo.sli),
        method=source.counting_method(slo.sli),
        warnings=outcome.warnings,
    )


def is_filled(ledger: Ledger, sli: Sli, window: Interval, counts: WindowCounts) -> bool:
    """Whether a window's history was asked for, whatever the answer was; else its counts speak for a part of it."""
    if counts.coverage_ratio >= FILLED:
        return True
    missing = sum((run.length for run in ledger.missing(sli.key, sli.source, window)), timedelta(0))
    return missing <= (1 - FILLED) * window.length


def known(ratio: float) -> float | None:
    """A ratio for reports: None where the domain says NaN."""
    return None if math.isnan(ratio) else float(ratio)


def _interval(length: timedelta, at: datetime) -> Interval:
    return Interval(at - length, at)


def _consumed(counts: WindowCounts, target: float) -> float | None:
    """Budget consumed; None when nothing was measured or the counts contradict each other."""
    if counts.coverage_ratio <= 0 or not counts.consistent:
        return None
    return float(error_budget.consumed_ratio(counts.bad, counts.total, target))


def _burn(counts: WindowCounts, target: float) -> float | None:
    if counts.coverage_ratio <= 0 or not counts.consistent:
        return None
    return float(burn_rate(counts.bad, counts.total, target))


def _error(counts: WindowCounts) -> float | None:
    return known(error_budget.error_ratio(counts.bad, counts.total)) if counts.consistent else None
