"""How slices are counted at present: the questions that are asked together, and when a slice is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.counting import by_source
from okrbridge.application.parts import Parts
from okrbridge.application.ports import PlannedQuery
from okrbridge.domain.definition_set import DefinitionSet

LEARN_EVERY = timedelta(hours=1)
"""Sources choose their questions by how many series there are, which changes slowly."""


@dataclass(frozen=True)
class CountingFacts:
    """What ``explain`` tells of the counting, without asking a source.

    Attributes:
        plan: the questions of all sources; empty until they were learnt.
        learnt_at: when.
        ingest_delay: how long after its end a slice is counted.
        late: how long after its end it is read again; zero when it is not.
    """

    plan: tuple[PlannedQuery, ...] = ()
    learnt_at: datetime | None = None
    ingest_delay: timedelta = timedelta(0)
    late: timedelta = timedelta(0)

    def is_due(self, at: datetime) -> bool:
        """Whether the plan should be learnt again."""
        return self.learnt_at is None or at - self.learnt_at >= LEARN_EVERY


def learnt(parts: Parts, definitions: DefinitionSet, at: datetime) -> CountingFacts:
    """Ask the sources for their plans; they may ask their servers how many series there are."""
    asked = by_source(definitions.slis)
    plan = tuple(planned for name, slis in asked.items() for planned in parts.sources[name].plan(slis))
    return CountingFacts(plan, at, parts.ingest_delay, parts.late)
