"""All key results and indicators of one evaluation: measured, judged, and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.measuring.baselines import resolved
from okrbridge.application.measuring.by_people import overridden
from okrbridge.application.measuring.compliance import compliance_to_date
from okrbridge.application.measuring.composing import alternatives, breached_guards, in_order, is_made_up, made_up
from okrbridge.application.measuring.indicators import indicator_report
from okrbridge.application.measuring.judging import Beside, missing_reason, progress_record
from okrbridge.application.measuring.machine import Measuring
from okrbridge.application.measuring.memory import MeasuringMemory
from okrbridge.application.measuring.outlook import check_in_state, outlook_of
from okrbridge.application.measuring.projecting import due_projections, projections
from okrbridge.application.measuring.said import NOTHING_SAID, Said
from okrbridge.application.measuring.subjects import cycle_of, is_measured_at
from okrbridge.application.okr_records import CheckIn, FrozenBaseline
from okrbridge.application.ports import Reading, Transaction
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.slo_counts import CountMemory
from okrbridge.application.snapshot import IndicatorReport, KeyResultReport
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Visibility
from okrbridge.domain.measures import ManualMeasure
from okrbridge.domain.pacing import StatusPolicy
from okrbridge.domain.windows import Grid

JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Measured:
    """What one evaluation found.

    Attributes:
        key_results: reports by id.
    """

    key_results: Mapping[str, KeyResultReport]
    indicators: tuple[IndicatorReport, ...]


@dataclass
class KeyResultEvaluation:
    """Measures and judges all key results of one set of definitions, tick after tick.

    Attributes:
        memory: what is kept between ticks.
    """

    definitions: DefinitionSet
    grid: Grid
    counts: CountMemory = field(default_factory=CountMemory)

    def __post_init__(self) -> None:
        self.memory = MeasuringMemory(self.counts)

    def evaluate(
        self, transaction: Transaction, at: datetime, readings: Mapping[str, Reading], evaluation_id: str
    ) -> Measured:
        """Everything at a slice boundary; measurements and progress are kept, where there is anything to keep."""
        before = Before.read(self, transaction, at)
        measuring = Measuring(
            self.definitions, transaction, self.grid, at, readings, evaluation_id, before.said, self.memory
        )
        self._project(transaction, before, at)
        indicators = tuple(
            indicator_report(one, measuring.indicator(one), before.last_good.get(one.id))
            for one in self.definitions.indicators
        )
        reports: dict[str, KeyResultReport] = {}
        for one in self.order:
            reports[one.id] = self.report(one, measuring, before, reports)
        _keep(transaction, [*reports.values()], indicators)
        return Measured(reports, indicators)

    def report(
        self, declared: KeyResult, measuring: Measuring, before: Before, reports: Mapping[str, KeyResultReport]
    ) -> KeyResultReport:
        """One key result.

        Args:
            before: what is known from before this instant.
            reports: of the key results it depends on.
        """
        cycle, policy = self.cycles[declared.id]
        key_result, frozen, obstacle = self._resolved(declared, before)
        said = before.said.get(declared.id, NOTHING_SAID)
        measurement = self._measurement(key_result, measuring, said.value, reports, cycle)
        measurement = _with_reason(measurement, obstacle or missing_reason(key_result))
        compliance, measurement = self._compliance(key_result, measurement, measuring)
        good = measurement if measurement.value is not None else before.good(key_result)
        breached = breached_guards(key_result, reports)
        others = [one.progress for one in alternatives(key_result, reports)]
        beside = Beside(compliance, others, guard_breached=bool(breached))
        previous = before.record(key_result)
        record = progress_record(key_result, measurement, good, previous, policy=policy, beside=beside)
        objective = self.definitions.objective_by_name[declared.objective]
        people = check_in_state(key_result, cycle, said, measuring.at, before.closed)
        projection = self.memory.projections.get(declared.id)
        return KeyResultReport(
            key_result=key_result,
            cycle=cycle,
            team=objective.team,
            owner=key_result.owner or objective.owner,
            progress=record,
            measurement=measurement,
            last_good=good,
            outlook=outlook_of(key_result, record, projection, people, policy=policy, breached_guards=breached),
            policy=policy,
            frozen_baseline=frozen,
            is_restricted=Visibility.RESTRICTED in (key_result.visibility, objective.visibility),
        )

    @cached_property
    def cycles(self) -> Mapping[str, tuple[Cycle, StatusPolicy]]:
        """Cycle and status policy of each key result, by id."""
        found = {one.id: cycle_of(one, self.definitions) for one in self.definitions.key_results}
        return {name: (cycle, self.definitions.policy_of(cycle)) for name, cycle in found.items()}

    @cached_property
    def order(self) -> Sequence[KeyResult]:
        """The key results, each after those it depends on."""
        return in_order(self.definitions)

    def _measurement(
        self,
        key_result: KeyResult,
        measuring: Measuring,
        said: CheckIn | None,
        reports: Mapping[str, KeyResultReport],
        cycle: Cycle,
    ) -> Measurement:
        measurement = measuring.measure(key_result)
        if not is_measured_at(key_result, cycle, measuring.at):
            return measurement
        if is_made_up(key_result):
            measurement = made_up(key_result, measurement, reports)
        if isinstance(key_result.measure, ManualMeasure):
            return measurement
        return overridden(measurement, said)

    def _compliance(
        self, key_result: KeyResult, measurement: Measurement, measuring: Measuring
    ) -> tuple[float | None, Measurement]:
        """The compliance of a maintain key result, and its measurement with it in the details."""
        if key_result.kind is not KeyResultKind.MAINTAIN or measuring.at < key_result.period.start:
            return None, measurement
        progress = measuring.transaction.progress
        found = compliance_to_date(key_result, measurement, progress, measuring.slo_values, self.memory.compliance)
        told = {
            "compliance_ratio": found.ratio,
            "good_seconds": found.good_seconds,
            "observed_seconds": found.observed_seconds,
        }
        return found.ratio, replace(measurement, details={**measurement.details, **told})

    def _resolved(self, declared: KeyResult, before: Before) -> tuple[KeyResult, FrozenBaseline | None, str]:
        if declared.baseline_from is None:
            return declared, None, ""
        return resolved(declared, before.baselines)

    def _project(self, transaction: Transaction, before: Before, at: datetime) -> None:
        """Work out again what history says, for the key results whose turn it is."""
        wanted = [self._resolved(one, before)[0] for one in self.order]
        due = due_projections(wanted, self.memory.projections, at)
        self.memory.projections.update(projections(due, self.cycles, transaction.progress, at))


@dataclass(frozen=True)
class Before:
    """What is known from before an instant, read for all at once; by id.

    Attributes:
        closed: names of the cycles that people closed.
    """

    progress: Mapping[str, ProgressRecord]
    last_good: Mapping[str, Measurement]
    said: Mapping[str, Said]
    baselines: Mapping[tuple[str, str], FrozenBaseline]
    closed: frozenset[str] = frozenset()

    def good(self, key_result: KeyResult) -> Measurement | None:
        """The last good measurement of its period; that of an earlier cycle under the same name tells nothing."""
        found = self.last_good.get(key_result.id)
        return found if found is not None and found.at >= key_result.period.start else None

    def record(self, key_result: KeyResult) -> ProgressRecord | None:
        """The last record of its period; an earlier cycle's status has no say in this one."""
        found = self.progress.get(key_result.id)
        return found if found is not None and found.at >= key_result.period.start else None

    @classmethod
    def read(cls, evaluation: KeyResultEvaluation, transaction: Transaction, at: datetime) -> Before:
        """The last records, the newest check-ins up to the instant, and the frozen baselines."""
        key_results = evaluation.definitions.key_results
        ids = [one.id for one in key_results]
        measured = [*ids, *(one.id for one in evaluation.definitions.indicators)]
        wants_baselines = any(one.baseline_from is not None for one in key_results)
        baselines = transaction.baselines.all() if wants_baselines else []
        return cls(
            progress=transaction.progress.latest(ids, at - JUST_BEFORE),
            last_good=transaction.progress.latest_good(measured, at - JUST_BEFORE),
            said=evaluation.memory.said.at(transaction.check_ins, measured, at),
            baselines={(one.key_result, one.question): one for one in baselines},
            closed=transaction.scores.cycles(),
        )


def _with_reason(measurement: Measurement, reason: str) -> Measurement:
    """A measurement that has a value, and why there is no progress all the same."""
    if not reason or measurement.value is None or measurement.error:
        return measurement
    return replace(measurement, error=reason)


def _keep(transaction: Transaction, reports: Sequence[KeyResultReport], indicators: Sequence[IndicatorReport]) -> None:
    transaction.progress.save(
        [*(one.measurement for one in reports), *(one.measurement for one in indicators)],
        [*(one.progress for one in reports), *(one.record for one in indicators)],
    )


def is_worth_keeping(measurement: Measurement) -> bool:
    """Whether a measurement of the past says anything."""
    return measurement.value is not None and measurement.is_filled and measurement.quality is not Quality.ERROR
