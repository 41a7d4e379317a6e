"""From measures to key results and objectives: values, progress, status, roll-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.key_result_counts import Counted, counted
from okrbridge.application.period_budgets import period_consumed_ratio
from okrbridge.application.ports import Ledger, Reading, ValueRequest
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.slo_counts import CountMemory, SloCounts
from okrbridge.application.slo_evaluation import FILLED, STALE_AFTER
from okrbridge.application.snapshot import CycleReport, KeyResultReport, ObjectiveReport
from okrbridge.domain import error_budget
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import NoMeasure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus, expected_ratio, pace_of, steady
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.domain.rollup import Contribution, objective_status, roll_up
from okrbridge.domain.slo import Slo
from okrbridge.domain.units import RATIO, convert
from okrbridge.domain.windows import Grid, Interval

KEY_RESULT_STALE_AFTER = timedelta(minutes=15)
"""A last good value older than this no longer speaks for now; until then a failing source changes no status."""

COVERAGE_FLOOR = 0.9
"""A measurement whose window is measured less than this is partial."""


def value_requests(definitions: DefinitionSet, at: datetime) -> dict[str, tuple[str, ValueRequest]]:
    """What must be asked of sources to measure the key results at an instant: (source, request) by id."""
    return {
        key_result.id: (key_result.measure.source, ValueRequest(key_result.measure.query, at))
        for key_result in definitions.key_results
        if isinstance(key_result.measure, PromqlMeasure) and is_measured_at(key_result, definitions, at)
    }


def is_measured_at(key_result: KeyResult, definitions: DefinitionSet, at: datetime) -> bool:
    """Whether a key result is measured at an instant: from its start until its cycle's ``measureUntil``."""
    return key_result.period.start <= at <= cycle_of(key_result, definitions).measure_until


def cycle_of(key_result: KeyResult, definitions: DefinitionSet) -> Cycle:
    """The cycle of a key result's objective."""
    return definitions.cycle_by_name[definitions.objective_by_name[key_result.objective].cycle]


@dataclass(frozen=True)
class Measuring:
    """Measures key results at one slice boundary.

    Attributes:
        readings: answers to ``value_requests``, by key result id.
        evaluation_id: put on every measurement.
        memory: what was kept at the instant before.
    """

    definitions: DefinitionSet
    ledger: Ledger
    grid: Grid
    at: datetime
    readings: Mapping[str, Reading]
    evaluation_id: str
    memory: CountMemory = field(default_factory=CountMemory)

    def measure(self, key_result: KeyResult) -> Measurement:
        """The key result's value now, or why there is none."""
        if not is_measured_at(key_result, self.definitions, self.at):
            before = self.at < key_result.period.start
            return self._nothing(key_result, Quality.NO_DATA, "not started yet" if before else "measuring has ended")
        match key_result.measure:
            case SloMeasure() as measure:
                return self._by_slo(key_result, measure, self.definitions.slo_by_name[measure.slo])
            case PromqlMeasure() as measure:
                return self._by_reading(key_result, measure, self.readings[key_result.id])
            case NoMeasure():
                return self._nothing(key_result, Quality.NO_DATA, "unmapped: the key result has no measure")
            case _:
                return self._nothing(key_result, Quality.NO_DATA, "this version receives no incidents yet")

    def _by_slo(self, key_result: KeyResult, measure: SloMeasure, slo: Slo) -> Measurement:
        found = self._counted[key_result.id]
        window, counts = found.window, found.counts
        if (problem := _problem(counts, found.last_measured_end, self.at)) is not None:
            quality, error = problem
            return self._nothing(key_result, quality, error, window, query=slo.sli.total)
        if measure.quantity is SloQuantity.BUDGET:
            ratio = period_consumed_ratio(slo, counts, key_result.period, self.at)
        else:
            ratio = float(error_budget.sli_ratio(counts.good, counts.total))
        filled = found.asked_ratio >= FILLED
        return Measurement(
            key_result=key_result.id,
            at=self.at,
            window=window,
            value=convert(ratio, RATIO, key_result.unit),
            quality=Quality.OK if counts.coverage_ratio >= COVERAGE_FLOOR else Quality.PARTIAL,
            sample_count=counts.total,
            coverage_ratio=counts.coverage_ratio,
            error="" if filled else "history is still being filled",
            query=f"slo/{slo.name}",
            evaluation_id=self.evaluation_id,
            is_filled=filled,
        )

    @cached_property
    def _counted(self) -> Mapping[str, Counted]:
        """What the ledger holds for the key results that are measured by an SLO now, by id; read for all at once."""
        asked = {
            one.id: (self.definitions.slo_by_name[one.measure.slo], self._window(one, one.measure))
            for one in self.definitions.key_results
            if isinstance(one.measure, SloMeasure) and is_measured_at(one, self.definitions, self.at)
        }
        counts = SloCounts(self.ledger, self.grid, self.definitions.maintenance, self.memory)
        return counted(asked, self.ledger, counts, self.at)

    def _window(self, key_result: KeyResult, measure: SloMeasure) -> Interval:
        """The measure's own window, or the key result's period to date."""
        if measure.over is not None:
            return self.grid.covering(measure.over.at(self.at))
        return self.grid.covering(Interval(key_result.period.start, min(self.at, key_result.period.end)))

    def _by_reading(self, key_result: KeyResult, measure: PromqlMeasure, reading: Reading) -> Measurement:
        if reading.failure is not None:
            message = f"{reading.failure.reason}: {reading.failure.message}"
            return self._nothing(key_result, Quality.ERROR, message, query=measure.query)
        if reading.value is None:
            return self._nothing(key_result, Quality.NO_DATA, reading.note or "no value", query=measure.query)
        return Measurement(
            key_result=key_result.id,
            at=self.at,
            window=Interval(self.at, self.at),
            value=convert(reading.value, measure.unit, key_result.unit),
            quality=Quality.PARTIAL if reading.warnings else Quality.OK,
            error="; ".join(reading.warnings),
            query=measure.query,
            evaluation_id=self.evaluation_id,
        )

    def _nothing(
        self,
        key_result: KeyResult,
        quality: Quality,
        error: str,
        window: Interval | None = None,
        *,
        query: str = "",
    ) -> Measurement:
        return Measurement(
            key_result=key_result.id,
            at=self.at,
            window=window or Interval(self.at, self.at),
            value=None,
            quality=quality,
            error=error,
            query=query,
            evaluation_id=self.evaluation_id,
        )


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


def progress_record(
    key_result: KeyResult,
    measurement: Measurement,
    last_good: Measurement | None,
    previous: ProgressRecord | None,
) -> ProgressRecord:
    """Progress at a measurement's instant, from its value or, without one, from the last good value.

    Args:
        previous: the record before this one, for the status' hysteresis; one too old to speak for now has no say.
    """
    at = measurement.at
    source = measurement if measurement.value is not None else last_good
    value = source.value if source is not None else None
    progress = None if value is None else progress_of(key_result, value)
    found, expected, gap = _judge(key_result, at, value, progress, source)
    return ProgressRecord(
        key_result=key_result.id,
        at=at,
        value=value,
        raw_ratio=progress.raw_ratio if progress else None,
        progress_ratio=progress.ratio if progress else None,
        expected_ratio=expected,
        gap_ratio=gap,
        status=steady(previous.status if previous and at - previous.at <= KEY_RESULT_STALE_AFTER else None, found),
        quality=measurement.quality,
        measured_at=source.at if source else None,
        evaluation_id=measurement.evaluation_id,
    )


def _judge(
    key_result: KeyResult, at: datetime, value: float | None, progress: Progress | None, source: Measurement | None
) -> tuple[KeyResultStatus, float, float | None]:
    """Status found now, expected progress, gap."""
    if value is None or progress is None or source is None:
        started = at >= key_result.period.start
        status = KeyResultStatus.NO_DATA if started else KeyResultStatus.NOT_STARTED
        return status, expected_ratio(key_result.period, at, key_result.checkpoints), None
    pace = pace_of(key_result, at, value, progress)
    if not source.is_filled:
        return KeyResultStatus.TOO_EARLY, pace.expected_ratio, pace.gap_ratio
    is_over = at >= key_result.period.end
    if at - source.at > KEY_RESULT_STALE_AFTER and not is_over:
        return KeyResultStatus.STALE, pace.expected_ratio, pace.gap_ratio
    return pace.status, pace.expected_ratio, pace.gap_ratio


def objective_report(
    objective: OkrObjective, cycle: Cycle, key_results: tuple[KeyResultReport, ...], at: datetime
) -> ObjectiveReport:
    """An objective rolled up from its key results (formulas A9, A10)."""
    contributions = [_contribution(report) for report in key_results]
    rolled = roll_up(contributions)
    expected = cycle.elapsed_ratio(at)
    return ObjectiveReport(
        objective=objective,
        progress_ratio=rolled.progress_ratio,
        measured_only_ratio=rolled.measured_only_ratio,
        coverage_ratio=rolled.coverage_ratio,
        expected_ratio=expected,
        status=objective_status(contributions, rolled.progress_ratio, expected, objective.commitment),
        key_results=key_results,
    )


def _contribution(report: KeyResultReport) -> Contribution:
    current = report.status not in (KeyResultStatus.STALE, KeyResultStatus.NO_DATA, KeyResultStatus.NOT_STARTED)
    return Contribution(
        weight=report.key_result.weight,
        progress_ratio=report.progress.progress_ratio,
        is_current=current and report.progress.progress_ratio is not None,
        status=report.status,
        commitment=report.key_result.commitment,
    )


def cycle_report(cycle: Cycle, at: datetime) -> CycleReport:
    """Where a cycle stands at an instant."""
    return CycleReport(cycle, cycle.elapsed_ratio(at), _phase(cycle.interval, at))


def _phase(interval: Interval, at: datetime) -> str:
    if at < interval.start:
        return "preparation"
    return "delivery" if at < interval.end else "closed"
