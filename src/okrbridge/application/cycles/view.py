"""Cycles as one caller sees them: definitions, numbers and scores without what is restricted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.cycles.score_items import is_restricted
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.ports import Transaction
from okrbridge.application.snapshot import Snapshot
from okrbridge.application.visibility import Sight, sight_of
from okrbridge.domain.definition_set import DefinitionSet


@dataclass(frozen=True, slots=True)
class CycleView:
    """What one caller sees of cycles, at an instant.

    Attributes:
        definitions, snapshot: without what is hidden.
        scores: of every cycle, without those of hidden key results, and of those restricted at their close.
        closed: when each closed cycle was closed, by name.
    """

    definitions: DefinitionSet
    snapshot: Snapshot
    scores: Sequence[ScoreRecord]
    closed: Mapping[str, datetime]
    sight: Sight
    now: datetime

    def scores_of(self, cycle: str) -> list[ScoreRecord]:
        """The scores of one cycle, by key result."""
        return [one for one in self.scores if one.cycle == cycle]


def cycle_view(
    transaction: Transaction, definitions: DefinitionSet, snapshot: Snapshot, now: datetime, *, sees_restricted: bool
) -> CycleView:
    """What a caller sees, by whether restricted objects are shown to them."""
    sight = sight_of(definitions, snapshot, sees_restricted=sees_restricted)
    kept = transaction.scores.all()
    return CycleView(
        definitions=sight.of_definitions(definitions),
        snapshot=sight.of_snapshot(snapshot),
        scores=[
            one
            for one in kept
            if sight.shows_key_result(one.key_result) and (sees_restricted or not is_restricted(one))
        ],
        closed={one.cycle: one.closed_at for one in kept},
        sight=sight,
        now=now,
    )
