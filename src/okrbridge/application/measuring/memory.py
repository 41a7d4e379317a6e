"""What measuring keeps from tick to tick, for one set of definitions; one thread at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from okrbridge.application.key_result_outlook import Projection
from okrbridge.application.measuring.by_event import KeptEvents
from okrbridge.application.measuring.by_slo import WindowRatios
from okrbridge.application.measuring.compliance import ComplianceTotals
from okrbridge.application.measuring.said import SaidMemory
from okrbridge.application.slo_counts import CountMemory


@dataclass
class MeasuringMemory:
    """Kept results.

    Attributes:
        counts: of the SLOs' windows.
        settled: SLI ratios of windows that do not change any more.
        compliance: of maintain key results, by id.
        projections: by key result id.
        said: what people said.
        events: what was sent in, by kind.
    """

    counts: CountMemory = field(default_factory=CountMemory)
    settled: WindowRatios = field(default_factory=dict)
    compliance: dict[str, ComplianceTotals] = field(default_factory=dict)
    projections: dict[str, Projection] = field(default_factory=dict)
    said: SaidMemory = field(default_factory=SaidMemory)
    events: dict[str, KeptEvents] = field(default_factory=dict)

    def forget_history(self) -> None:
        """History has grown: what was derived from it is worked out anew."""
        self.settled.clear()
        self.compliance.clear()
        self.projections.clear()
