"""Everything the user declared, resolved and checked: what one evaluation works on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.measures import IndicatorMeasure, Measure, SloMeasure
from okrbridge.domain.objectives import INDICATOR_WINDOW, Indicator, Initiative, OkrObjective, Retrospective, Team
from okrbridge.domain.pacing import DEFAULT_POLICY, StatusPolicy
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo

DEFAULT_SOURCE = "prometheus"


@dataclass(frozen=True)
class DataSource:
    """Where numbers come from.

    Attributes:
        type: ``Prometheus``, compared without regard to case.
        details: connection details as declared: ``url``, credentials by reference, headers.
    """

    name: str
    type: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DeclaredDocument:
    """One document as it was declared, for the record of revisions.

    Attributes:
        content: canonical JSON of the document.
        place: ``file:line`` where it stands; empty when it was made over HTTP.
        origin: ``file`` or ``http``.
    """

    kind: str
    name: str
    content: str
    place: str
    origin: str = "file"


@dataclass(frozen=True)
class DefinitionSet:
    """Resolved definitions; every reference in it points at something in it."""

    sources: tuple[DataSource, ...] = ()
    slos: tuple[Slo, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    objectives: tuple[OkrObjective, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    teams: tuple[Team, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    initiatives: tuple[Initiative, ...] = ()
    retrospectives: tuple[Retrospective, ...] = ()
    policies: Mapping[str, StatusPolicy] = field(default_factory=dict)
    documents: tuple[DeclaredDocument, ...] = ()

    @cached_property
    def slis(self) -> tuple[Sli, ...]:
        """The distinct SLIs that are counted: SLOs with equal questions share one, composites stand for members."""
        return tuple({leaf.key: leaf for slo in self.slos for leaf in slo.sli.leaves}.values())

    @cached_property
    def key_results(self) -> tuple[KeyResult, ...]:
        """All key results, in the order declared."""
        return tuple(kr for objective in self.objectives for kr in objective.key_results)

    @cached_property
    def key_result_by_id(self) -> Mapping[str, KeyResult]:
        """Key results by ``OBJECTIVE/NAME``."""
        return {one.id: one for one in self.key_results}

    def policy_of(self, cycle: Cycle) -> StatusPolicy:
        """The status policy a cycle is judged by."""
        return self.policies.get(cycle.status_policy, DEFAULT_POLICY)

    @cached_property
    def slo_by_name(self) -> Mapping[str, Slo]:
        """SLOs by name."""
        return {slo.name: slo for slo in self.slos}

    @cached_property
    def cycle_by_name(self) -> Mapping[str, Cycle]:
        """Cycles by name."""
        return {cycle.name: cycle for cycle in self.cycles}

    @cached_property
    def objective_by_name(self) -> Mapping[str, OkrObjective]:
        """Objectives by name."""
        return {objective.name: objective for objective in self.objectives}

    def history_needed(self, sli: Sli, at: datetime, longest_burn: timedelta) -> datetime:
        """Since when an SLI's slices are asked for at an instant.

        They serve the burn windows, the windows of the SLI's SLOs, and what the key results and the indicators that
        follow those SLOs speak of: the period to date or a window of their own, until the cycle's measuring ends.
        """
        starts = [at - longest_burn]
        for slo in self._slos_by_sli.get(sli.key, ()):
            starts.append(slo.window.at(at).start)
            starts += filter(None, (self._measured_since(one, at) for one in self.slo_followers.get(slo.name, ())))
        return min(starts)

    def slo_measures(self, follower: KeyResult | Indicator) -> list[SloMeasure]:
        """The measures of a key result or of an indicator that ask an SLO, its indicator's among them."""
        if isinstance(follower, Indicator):
            measures: Sequence[Measure] = (follower.measure, *follower.also)
        elif isinstance(follower.measure, IndicatorMeasure) and follower.baseline_from is not None:
            # Its values are the indicator's; the baseline alone is measured for it.
            measures = [one.measure for one in self.indicators if one.name == follower.measure.indicator]
        else:
            measures = (follower.measure,)
        return [one for one in measures if isinstance(one, SloMeasure)]

    def baseline_since(self, key_result: KeyResult, at: datetime) -> datetime | None:
        """Start of the history that the baseline of a key result is measured from; None once measuring has ended."""
        if key_result.baseline_from is None or at > self._cycle_of(key_result).measure_until:
            return None
        return key_result.period.start - key_result.baseline_from.over

    @cached_property
    def _slos_by_sli(self) -> Mapping[str, Sequence[Slo]]:
        # Indexed once: searching all SLOs for each SLI would square the cost of a tick.
        index: dict[str, list[Slo]] = defaultdict(list)
        for slo in self.slos:
            for leaf in slo.sli.leaves:
                index[leaf.key].append(slo)
        return index

    @cached_property
    def slo_followers(self) -> Mapping[str, Sequence[KeyResult | Indicator]]:
        """Key results and indicators by the SLO that measures them."""
        index: dict[str, list[KeyResult | Indicator]] = defaultdict(list)
        followers: tuple[KeyResult | Indicator, ...] = (*self.key_results, *self.indicators)
        for follower in followers:
            for measure in self.slo_measures(follower):
                index[measure.slo].append(follower)
        return index

    def measured_since(self, key_result: KeyResult, at: datetime) -> datetime | None:
        """Start of the time that a key result's own SLO measure speaks of; None without one, and while not measured.

        What is to be maintained is judged over its whole period.
        """
        measure, start = key_result.measure, key_result.period.start
        if not isinstance(measure, SloMeasure) or not start <= at <= self._cycle_of(key_result).measure_until:
            return None
        is_window = measure.over is not None and key_result.kind is not KeyResultKind.MAINTAIN
        return measure.over.at(at).start if is_window and measure.over is not None else start

    def indicator_since(self, indicator: Indicator, at: datetime) -> datetime | None:
        """Start of the longest time that an indicator's SLO measures speak of; None without any."""
        lengths = [one.over.length if one.over else INDICATOR_WINDOW for one in self.slo_measures(indicator)]
        return at - max(lengths) if lengths else None

    def _measured_since(self, follower: KeyResult | Indicator, at: datetime) -> datetime | None:
        """Start of the history that a key result with its baseline, or an indicator, needs at an instant."""
        if isinstance(follower, Indicator):
            return self.indicator_since(follower, at)
        if at < follower.period.start:
            return None
        starts = (self.measured_since(follower, at), self.baseline_since(follower, at))
        return min(filter(None, starts), default=None)

    def _cycle_of(self, key_result: KeyResult) -> Cycle:
        return self.cycle_by_name[self.objective_by_name[key_result.objective].cycle]
