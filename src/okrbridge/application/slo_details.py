"""What is told of an SLO beside its numbers; put into words when somebody asks for one report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.application.ports import MetricSource
from okrbridge.application.slo_budgets import PairVerdicts
from okrbridge.application.slo_reports import SloDetails
from okrbridge.domain.alerting import COVERAGE_FLOOR, PAIRS
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.slo import LowTraffic, Slo


@dataclass(frozen=True, slots=True)
class CountingOutcome:
    """How the last question about an SLI went.

    Attributes:
        failure: empty when it was answered.
    """

    failure: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DescribesSlos:
    """Describes the SLOs of one evaluation.

    Attributes:
        sources: by name; asked for queries and methods when a report is made.
        outcomes: of the SLIs whose last question failed or was answered with a warning, by key.
        maintenance: the windows that are active at the boundary.
    """

    slos: Sequence[Slo]
    sources: Mapping[str, MetricSource]
    outcomes: Mapping[str, CountingOutcome]
    pairs: PairVerdicts
    maintenance: Sequence[MaintenanceWindow]

    def __call__(self, row: int) -> SloDetails:
        """The details of the SLO in a row."""
        slo = self.slos[row]
        outcomes = [self.outcomes[leaf.key] for leaf in slo.sli.leaves if leaf.key in self.outcomes]
        return SloDetails(
            failure="; ".join(dict.fromkeys(one.failure for one in outcomes if one.failure)),
            query="\n".join(self._source(leaf).counting_query(leaf) for leaf in slo.sli.leaves),
            method=self._method(slo.sli),
            warnings=tuple(dict.fromkeys(warning for one in outcomes for warning in one.warnings)),
            alerts_frozen=self._frozen(row, slo),
            is_low_traffic=self._is_low_traffic(row, slo),
        )

    def _source(self, sli: Sli) -> MetricSource:
        return self.sources[sli.source]

    def _method(self, sli: Sli) -> str:
        methods = "; ".join(dict.fromkeys(self._source(leaf).counting_method(leaf) for leaf in sli.leaves))
        return f"{sli.mode} of its members: {methods}" if sli.kind is SliKind.COMPOSITE else methods

    def _frozen(self, row: int, slo: Slo) -> str:
        """Maintenance holds every alert; missing data holds those whose long window has a hole."""
        held = ", ".join(window.name for window in self.maintenance if window.applies_to(slo))
        if held:
            return f"maintenance {held} is active"
        frozen = [PAIRS[pair][0] for pair in np.flatnonzero(self.pairs.is_frozen[row]).tolist()]
        if not frozen:
            return ""
        windows = ", ".join(dict.fromkeys(frozen))
        return f"less than {COVERAGE_FLOOR:g} of the last {windows} is measured"

    def _is_low_traffic(self, row: int, slo: Slo) -> bool | None:
        if slo.low_traffic == LowTraffic():
            return None
        return bool((self.pairs.is_used[row] & ~self.pairs.has_enough[row]).any())
