"""From the ledger to the reports of all SLOs: windows, budgets, burn rates, states, worked out for all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.event_counters import EventCounters
from okrbridge.application.ports import Ledger, MetricSource
from okrbridge.application.slo_budgets import PairVerdicts, SloBudgets
from okrbridge.application.slo_counts import CountMemory, SloCounts
from okrbridge.application.slo_details import CountingOutcome, DescribesSlos
from okrbridge.application.slo_reports import NEVER, STATES, BoolArray, SloColumns, SloDirectory, SloReports
from okrbridge.application.slo_sums import OwnAndBurnSums, SloSums
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.error_budget import are_honest, error_ratio, remaining_ratio, sli_ratio
from okrbridge.domain.ledger import FloatArray, IntArray, StateArray
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.slo import SloState, slo_state
from okrbridge.domain.windows import Grid, epoch_seconds

STALE_AFTER = timedelta(minutes=5)
"""Data older than this is stale: Prometheus' own look-back."""

FILLED = 0.9
"""Share of a window that must have been asked for before its sums are taken for the window's."""


@dataclass(frozen=True, slots=True, eq=False)
class _Spending:
    """What the sums say of the budgets; shapes as in SloColumns, ``is_honest`` as in OwnAndBurnSums."""

    is_honest: BoolArray
    consumed: FloatArray
    remaining: FloatArray
    burn_rates: FloatArray
    error_ratios: FloatArray
    pairs: PairVerdicts


class SloEvaluation:
    """Evaluates all SLOs of one set of definitions; what stays the same from tick to tick is worked out once.

    Args:
        sources: where the events are counted, by name; asked for a query only when somebody wants to see one.

    Attributes:
        memory: what is kept of the counts from tick to tick.
    """

    def __init__(self, definitions: DefinitionSet, grid: Grid, sources: Mapping[str, MetricSource]) -> None:
        self._directory = SloDirectory(definitions.slos)
        self._maintenance = definitions.maintenance
        self.memory = CountMemory()
        self._grid = grid
        self._sources = sources
        self._sums = SloSums(definitions.slos, grid)
        self._budgets = SloBudgets(definitions.slos)

    def reports(
        self,
        ledger: Ledger,
        at: datetime,
        *,
        outcomes: Mapping[str, CountingOutcome],
        events: EventCounters,
    ) -> SloReports:
        """Everything that can be said of the SLOs at a slice boundary, from the ledger alone.

        Args:
            outcomes: how the last question about an SLI went, by its key; one that is absent went well.
            events: what this process counted live.
        """
        counts = SloCounts(ledger, self._grid, self._maintenance, self.memory)
        sums = self._sums.at(ledger, counts, at)
        spending = self._spending(sums, at)
        active = counts.held_alerts(at)
        slos = self._directory.slos
        events_good, events_bad = events.of_all([slo.sli.key for slo in slos])
        columns = SloColumns(
            good=sums.good[:, 0],
            total=sums.total[:, 0],
            measured_seconds=sums.measured_seconds[:, 0],
            in_force_seconds=sums.in_force_seconds[:, 0],
            sli_ratio=np.where(spending.is_honest[:, 0], sli_ratio(sums.good[:, 0], sums.total[:, 0]), np.nan),
            consumed=spending.consumed,
            remaining=spending.remaining,
            error_ratios=spending.error_ratios,
            burn_rates=spending.burn_rates,
            states=_states(self._facts(sums, spending, outcomes, at)),
            measured_until=sums.measured_until,
            events_good=events_good,
            events_bad=events_bad,
            expected=self._budgets.expected(at),
            exhausted_at=self._budgets.exhausted_at(spending.remaining, spending.burn_rates, at),
            alerts_frozen=np.any(spending.pairs.is_frozen, axis=1) | self._held(active),
        )
        describe = DescribesSlos(slos, self._sources, dict(outcomes), spending.pairs, active)
        return SloReports(self._directory, columns, at, self._grid, describe)

    def _spending(self, sums: OwnAndBurnSums, at: datetime) -> _Spending:
        is_honest = are_honest(sums.good, sums.total)
        is_known = is_honest & (sums.coverage > 0)
        burn_rates = np.where(is_known[:, 1:], self._budgets.burn_rates(sums), np.nan)
        consumed = np.where(is_known[:, 0], self._budgets.consumed(sums, at), np.nan)
        errors = np.where(is_honest, error_ratio(sums.total - sums.good, sums.total), np.nan)
        pairs = self._budgets.verdicts(sums, burn_rates)
        return _Spending(is_honest, consumed, remaining_ratio(consumed), burn_rates, errors[:, 1:], pairs)

    def _facts(
        self, sums: OwnAndBurnSums, spending: _Spending, outcomes: Mapping[str, CountingOutcome], at: datetime
    ) -> Mapping[str, BoolArray]:
        """What decides the states, by the names that ``_state`` has for it."""
        return {
            "failed": self._failed(outcomes),
            "consistent": spending.is_honest[:, 0],
            "is_measured": sums.coverage[:, 0] > 0,
            "is_stale": _is_stale(sums.measured_until, at),
            "has_events": sums.total[:, 0] > 0,
            "is_spent": spending.remaining <= 0,
            "is_burning": spending.pairs.burning,
            "is_filled": sums.asked_ratio >= FILLED,
        }

    def _held(self, active: Sequence[MaintenanceWindow]) -> BoolArray:
        """Whether maintenance holds the alerts of an SLO now."""
        if not active:
            return np.zeros(len(self._directory.slos), dtype=np.bool_)
        return np.array(
            [any(window.applies_to(slo) for window in active) for slo in self._directory.slos], dtype=np.bool_
        )

    def _failed(self, outcomes: Mapping[str, CountingOutcome]) -> BoolArray:
        """Whether the last question about any SLI behind an SLO failed."""
        failing = {key for key, outcome in outcomes.items() if outcome.failure}
        if not failing:
            return np.zeros(len(self._directory.slos), dtype=np.bool_)
        return np.array([any(leaf.key in failing for leaf in slo.sli.leaves) for slo in self._directory.slos])


def _is_stale(measured_until: IntArray, at: datetime) -> BoolArray:
    age = epoch_seconds(at) - measured_until
    return np.asarray((measured_until != NEVER) & (age > STALE_AFTER.total_seconds()))


def _states(facts: Mapping[str, BoolArray]) -> StateArray:
    """The state of each SLO: few combinations of the facts occur, so each is decided once."""
    patterns = np.zeros(len(next(iter(facts.values()))), dtype=np.int64)
    for bit, fact in enumerate(facts.values()):
        patterns |= fact.astype(np.int64) << bit
    occurring, places = np.unique(patterns, return_inverse=True)
    decided = [
        STATES.index(_state(**{name: bool(pattern >> bit & 1) for bit, name in enumerate(facts)}))
        for pattern in occurring.tolist()
    ]
    return np.array(decided, dtype=np.int8)[places]


def _state(
    *,
    failed: bool,
    consistent: bool,
    is_measured: bool,
    is_stale: bool,
    has_events: bool,
    is_spent: bool,
    is_burning: bool,
    is_filled: bool,
) -> SloState:
    return slo_state(
        failed=failed,
        consistent=consistent,
        coverage_ratio=float(is_measured),
        is_stale=is_stale,
        total=float(has_events),
        budget_remaining_ratio=float(not is_spent),
        is_burning=is_burning,
        is_filled=is_filled,
    )
