"""What retrospectives leave: learnings, actions until they are done, and teams whose targets were too easy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from okrbridge.application.cycles.score_items import raw_ratio_of
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.reports import Item, rfc3339
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.objectives import Retrospective, RetrospectiveAction
from okrbridge.domain.scoring import are_targets_too_easy


def learning_items(definitions: DefinitionSet, cycle: str) -> list[Item]:
    """What teams learnt in a cycle."""
    return [
        {"team": one.team, "retrospective": one.name, "learning": learning}
        for one in definitions.retrospectives
        if one.cycle == cycle
        for learning in one.learnings
    ]


def action_items(definitions: DefinitionSet, cycle: str, now: datetime) -> list[Item]:
    """What a cycle's retrospectives want done, the done ones as well."""
    found = (one for one in definitions.retrospectives if one.cycle == cycle)
    return [_action_item(one, action, now) for one in found for action in one.actions]


def preparation_items(definitions: DefinitionSet, cycle: Cycle, now: datetime) -> list[Item]:
    """Actions of earlier cycles that are not done, oldest cycle first: they stand in every preparation until they are.

    One that was carried to a cycle stands in that cycle's preparation, and in those after it.
    """
    return [_action_item(one, action, now) for one, action in _open_before(definitions, cycle)]


def _open_before(definitions: DefinitionSet, cycle: Cycle) -> Iterator[tuple[Retrospective, RetrospectiveAction]]:
    starts = {one.name: one.interval.start for one in definitions.cycles}
    begins = cycle.interval.start
    known = (one for one in definitions.retrospectives if one.cycle in starts and starts[one.cycle] < begins)
    for retrospective in sorted(known, key=lambda one: (starts[one.cycle], one.name)):
        for action in retrospective.actions:
            if not action.done and starts.get(action.carried_to, begins) <= begins:
                yield retrospective, action


def _action_item(retrospective: Retrospective, action: RetrospectiveAction, now: datetime) -> Item:
    return {
        "action": action.title,
        "team": retrospective.team,
        "cycle": retrospective.cycle,
        "retrospective": retrospective.name,
        "owner": action.owner or None,
        "due_at": rfc3339(action.due),
        "done": action.done,
        "is_overdue": not action.done and action.due is not None and now >= action.due,
        "carried_to": action.carried_to or None,
    }


def too_easy_teams(definitions: DefinitionSet, scores: Iterable[ScoreRecord], cycle: Cycle) -> list[str]:
    """Teams that reached everything in this cycle and the two scored ones before it: their targets are too easy."""
    starts = {one.name: one.interval.start for one in definitions.cycles}
    reached: dict[str, dict[datetime, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in scores:
        team, raw = str(record.evidence.get("team") or ""), raw_ratio_of(record)
        if record.cycle in starts and starts[record.cycle] <= cycle.interval.start and raw is not None:
            reached[team][starts[record.cycle]].append(raw)
    return sorted(team for team, cycles in reached.items() if _is_habit(cycles))


def _is_habit(ratios: Mapping[datetime, Sequence[float]]) -> bool:
    return are_targets_too_easy([ratios[start] for start in sorted(ratios)])
