"""Values from the ledger: an SLO's ratio, its budget of the period, and how often its target was reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from okrbridge.application.key_result_counts import Counted, counted
from okrbridge.application.measuring.found import Found
from okrbridge.application.measuring.subjects import Subject
from okrbridge.application.okr_records import JsonValue
from okrbridge.application.period_budgets import period_consumed_ratio
from okrbridge.application.ports import Ledger
from okrbridge.application.records import Quality
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_evaluation import FILLED, STALE_AFTER
from okrbridge.domain import error_budget
from okrbridge.domain.compliance import Verdict, compliance_ratio
from okrbridge.domain.key_results import Operator
from okrbridge.domain.ledger import FloatArray, WindowCounts
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Grid, Interval

COVERAGE_FLOOR = 0.9
"""A measurement whose window is measured less than this is partial."""

DAY = timedelta(days=1)
SETTLED_AFTER = timedelta(days=2)
"""Windows that ended longer ago do not change any more: gaps are asked for again for a day."""

WindowRatios = dict[tuple[str, Interval], float | None]
"""SLI ratio of settled windows, by SLO and window; None where nothing was measured."""


@dataclass(frozen=True)
class SloValues:
    """Measures by the ledger at one instant; all windows are read at once.

    Attributes:
        settled: ratios of settled windows, kept from tick to tick.
    """

    asking: Sequence[Subject]
    slos: Mapping[str, Slo]
    ledger: Ledger
    counts: SloCounts
    grid: Grid
    at: datetime
    settled: WindowRatios = field(default_factory=dict)

    def found(self, subject: Subject, measure: SloMeasure) -> Found:
        """The value now, or why there is none."""
        slo, have = self.slos[measure.slo], self._counted[subject.id]
        if (problem := _problem(have.counts, have.last_measured_end, self.at)) is not None:
            return Found(have.window, slo.sli.total).missing(*problem)
        filled = have.asked_ratio >= FILLED
        value, told = self._value(subject, measure, slo, have)
        found = Found(
            window=have.window,
            query=f"slo/{slo.name}",
            value=value,
            quality=Quality.OK if have.counts.coverage_ratio >= COVERAGE_FLOOR else Quality.PARTIAL,
            sample_count=have.counts.total,
            coverage_ratio=have.counts.coverage_ratio,
            error="" if filled else "history is still being filled",
            is_filled=filled,
            details=told,
        )
        return found if found.value is not None else found.missing(Quality.NO_DATA, "no day was measured")

    def _value(
        self, subject: Subject, measure: SloMeasure, slo: Slo, have: Counted
    ) -> tuple[float | None, Mapping[str, JsonValue]]:
        """The value, and what stands behind it beside the counts."""
        if measure.quantity is SloQuantity.BUDGET:
            period = subject.key_result.period if subject.key_result else subject.window
            return period_consumed_ratio(slo, have.counts, period, self.at), {}
        if measure.quantity is SloQuantity.COMPLIANCE:
            return self._days_reached(slo, have.window)
        return float(error_budget.sli_ratio(have.counts.good, have.counts.total)), {}

    def _days_reached(self, slo: Slo, window: Interval) -> tuple[float | None, Mapping[str, JsonValue]]:
        """Share of the measured whole days on which the SLI reached its target; of a part of one before the first."""
        whole = cut(window, DAY, whole_only=window.length >= DAY)
        reached = [Operator.GE.holds(ratio, slo.target_ratio) for ratio in self.ratios(slo, whole) if ratio is not None]
        good, measured = sum(reached), len(reached)
        return compliance_ratio(float(good), float(measured)), {"good_days": good, "measured_days": measured}

    def verdicts(self, slo: Slo, windows: Sequence[Interval], holds: Callable[[float], bool]) -> list[Verdict]:
        """Whether what must hold did in each window."""
        ratios = self.ratios(slo, windows)
        return [
            Verdict(window, None if ratio is None else holds(ratio))
            for window, ratio in zip(windows, ratios, strict=True)
        ]

    def ratios(self, slo: Slo, windows: Sequence[Interval]) -> list[float | None]:
        """The SLI ratio of each window, None where nothing was measured; settled ones are read once."""
        on_grid = [self.grid.covering(window) for window in windows]
        unread = [one for one in on_grid if (slo.name, one) not in self.settled and one.length > timedelta(0)]
        read = dict(zip(unread, self._read(slo, unread), strict=True)) if unread else {}
        for window, ratio in read.items():
            if self.at - window.end >= SETTLED_AFTER:
                self.settled[slo.name, window] = ratio
        return [read.get(one, self.settled.get((slo.name, one))) for one in on_grid]

    def _read(self, slo: Slo, windows: Sequence[Interval]) -> Iterable[float | None]:
        known = self.counts.along(slo, windows)
        ratios: FloatArray = np.where(known.total > 0, error_budget.sli_ratio(known.good, known.total), np.nan)
        return [None if np.isnan(ratio) else ratio for ratio in ratios.tolist()]

    @cached_property
    def _counted(self) -> Mapping[str, Counted]:
        """What the ledger holds for all that is measured by an SLO now, by id."""
        asked = {
            one.id: (self.slos[one.measure.slo], self.grid.covering(one.window))
            for one in self.asking
            if isinstance(one.measure, SloMeasure)
        }
        return counted(asked, self.ledger, self.counts, self.at)


def cut(interval: Interval, length: timedelta, *, whole_only: bool = False) -> list[Interval]:
    """Windows of one length from the interval's start on; the last one ends with the interval."""
    found, start = [], interval.start
    while start < interval.end:
        found.append(Interval(start, min(start + length, interval.end)))
        start += length
    return [one for one in found if not whole_only or one.length == length]


def _problem(counts: WindowCounts, last: datetime | None, at: datetime) -> tuple[Quality, str] | None:
    """Why a window's counts give no value, or None when they do."""
    if last is None or counts.coverage_ratio <= 0:
        return Quality.NO_DATA, "nothing was measured in the window"
    if not counts.consistent:
        return Quality.ERROR, "the counts contradict each other: good above total"
    if at - last > STALE_AFTER:
        return Quality.STALE, f"the newest slice ended at {last:%Y-%m-%dT%H:%M:%SZ}"
    if counts.total <= 0:
        return Quality.NO_DATA, "no events in the window"
    return None
