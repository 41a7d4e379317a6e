"""Everything the user declared, resolved and checked: what one evaluation works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.domain.okr import Cycle, KeyResult, OkrObjective
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
        place: ``file:line`` where it stands.
    """

    kind: str
    name: str
    content: str
    place: str


@dataclass(frozen=True)
class DefinitionSet:
    """Resolved definitions; every reference in it points at something in it."""

    sources: tuple[DataSource, ...] = ()
    slos: tuple[Slo, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    objectives: tuple[OkrObjective, ...] = ()
    documents: tuple[DeclaredDocument, ...] = ()

    @cached_property
    def slis(self) -> tuple[Sli, ...]:
        """The distinct SLIs; SLOs with equal questions share one."""
        return tuple({slo.sli.key: slo.sli for slo in self.slos}.values())

    @cached_property
    def key_results(self) -> tuple[KeyResult, ...]:
        """All key results, in the order declared."""
        return tuple(kr for objective in self.objectives for kr in objective.key_results)

    @cached_property
    def slo_by_name(self) -> Mapping[str, Slo]:
        """SLOs by name."""
        return {slo.name: slo for slo in self.slos}

    @cached_property
    def cycle_by_name(self) -> Mapping[str, Cycle]:
        """Cycles by name."""
        return {cycle.name: cycle for cycle in self.cycles}

    def history_needed(self, sli: Sli, at: datetime, longest_burn: timedelta) -> datetime:
        """Since when an SLI's slices are asked for at an instant: its SLOs' windows, the burn windows, and the
        running periods of the key results that follow those SLOs."""
        names = {slo.name for slo in self.slos if slo.sli.key == sli.key}
        starts = [at - longest_burn]
        starts += [slo.window.at(at).start for slo in self.slos if slo.name in names]
        for key_result in self.key_results:
            measure = key_result.measure
            slo_name = getattr(measure, "slo", None)
            if slo_name in names and key_result.period.start <= at < key_result.period.end:
                starts.append(key_result.period.start)
        return min(starts)
