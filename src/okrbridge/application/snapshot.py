"""The finished, immutable result of a tick: what ``/metrics`` and the API answer from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from okrbridge.application.counting_facts import CountingFacts
from okrbridge.application.key_result_outlook import Outlook
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.slo_reports import SloReport, SloReports
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import KeyResult, Visibility
from okrbridge.domain.objectives import Indicator, OkrObjective
from okrbridge.domain.pacing import DEFAULT_POLICY, KeyResultStatus, StatusPolicy


@dataclass(frozen=True, slots=True)
class KeyResultReport:
    """A key result as evaluated.

    Attributes:
        key_result: as declared, with what follows from its frozen baseline.
        measurement: this evaluation's attempt to measure it, good or not.
        last_good: the measurement its value is from; None when it was never measured.
        outlook: what is to be expected of it.
        policy: by which its status was judged.
        frozen_baseline: the baseline that was measured; None where it is declared, and while it is not measured.
        is_restricted: whether only some may see title and value: its own visibility, or its objective's.
    """

    key_result: KeyResult
    cycle: Cycle
    team: str
    owner: str
    progress: ProgressRecord
    measurement: Measurement
    last_good: Measurement | None
    outlook: Outlook = field(default_factory=Outlook)
    policy: StatusPolicy = DEFAULT_POLICY
    frozen_baseline: FrozenBaseline | None = None
    is_restricted: bool = False

    @property
    def status(self) -> KeyResultStatus:
        """The status in force."""
        return self.progress.shown

    @property
    def quality(self) -> Quality:
        """Quality of this evaluation's measurement."""
        return self.measurement.quality

    def measurement_age_seconds(self, now: datetime) -> float | None:
        """Seconds since the value's measurement; None when it was never measured."""
        if self.last_good is None:
            return None
        return max(0.0, (now - self.last_good.at).total_seconds())


@dataclass(frozen=True, slots=True)
class ObjectiveReport:
    """An objective rolled up from its key results and from the objectives that contribute to it.

    Attributes:
        contributing: names of the children whose progress is part of it.
    """

    objective: OkrObjective
    progress_ratio: float | None
    measured_only_ratio: float | None
    coverage_ratio: float | None
    expected_ratio: float
    status: KeyResultStatus
    key_results: tuple[KeyResultReport, ...]
    contributing: tuple[str, ...] = ()

    @property
    def is_restricted(self) -> bool:
        """Whether only some may see it."""
        return self.objective.visibility is Visibility.RESTRICTED


@dataclass(frozen=True, slots=True)
class IndicatorReport:
    """An indicator as evaluated.

    Attributes:
        record: its value in the history that goes on before and after cycles; its status tells whether the value is
            in the healthy range.
        measurement: this evaluation's attempt to measure it.
        last_good: the measurement its value is from; None when it was never measured.
        others: what the other measures of the same metric gave; None where one gave nothing.
        disagrees: whether one of them lies outside of the tolerance; None when nothing can be compared.
    """

    indicator: Indicator
    record: ProgressRecord
    measurement: Measurement
    last_good: Measurement | None
    others: tuple[float | None, ...] = ()
    disagrees: bool | None = None


@dataclass(frozen=True, slots=True)
class CycleReport:
    """A cycle at an instant."""

    cycle: Cycle
    elapsed_ratio: float
    phase: str
    """``preparation`` before its start, ``delivery`` inside it, then ``retrospective``, then ``closed``."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How a source did in the last tick.

    Attributes:
        is_up: whether it answered at all; None when it was not asked.
        data_begins: where its data begins when history before it is wanted and is not there; None otherwise.
    """

    name: str
    type: str
    is_up: bool | None
    last_success_at: datetime | None
    failure: str = ""
    data_begins: datetime | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything one tick found out.

    Attributes:
        evaluation_id: the tick's id.
        at: the slice boundary evaluated.
        published_at: when the snapshot was swapped in.
        history_filled_ratio: share of the wanted history that is filled, 0..1; 1 when nothing is left to fill.
        counting: how its slices were counted.
    """

    evaluation_id: str
    at: datetime
    published_at: datetime
    slos: SloReports
    objectives: tuple[ObjectiveReport, ...] = ()
    cycles: tuple[CycleReport, ...] = ()
    sources: tuple[SourceReport, ...] = ()
    indicators: tuple[IndicatorReport, ...] = ()
    history_filled_ratio: float = 1.0
    counting: CountingFacts = field(default_factory=CountingFacts)

    @cached_property
    def key_results(self) -> tuple[KeyResultReport, ...]:
        """All key results, in the order declared."""
        return tuple(kr for objective in self.objectives for kr in objective.key_results)

    @cached_property
    def slo_by_name(self) -> Mapping[str, SloReport]:
        """SLO reports by name."""
        return self.slos.by_name

    @cached_property
    def key_result_by_id(self) -> Mapping[str, KeyResultReport]:
        """Key result reports by ``OBJECTIVE/NAME``."""
        return {report.key_result.id: report for report in self.key_results}

    @cached_property
    def indicator_by_name(self) -> Mapping[str, IndicatorReport]:
        """Indicator reports by name."""
        return {report.indicator.name: report for report in self.indicators}

    @cached_property
    def objective_by_name(self) -> Mapping[str, ObjectiveReport]:
        """Objective reports by name."""
        return {report.objective.name: report for report in self.objectives}


@dataclass
class SnapshotHolder:
    """The place the current snapshot stands in; swapping is one assignment, so readers need no lock."""

    current: Snapshot | None = field(default=None)
