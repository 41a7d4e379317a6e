"""From documents of okrbridge.dev/v1 to the domain, in the order in which they refer to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.initiatives import InitiativeDocument, initiative_of
from okrbridge.definitions.key_results import Surroundings
from okrbridge.definitions.objectives import objective_of
from okrbridge.definitions.okr import CycleDocument, ObjectiveDocument
from okrbridge.definitions.periods import cycle_of
from okrbridge.definitions.retrospectives import RetrospectiveDocument, retrospective_of
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.standing_indicators import IndicatorDocument, indicator_of
from okrbridge.definitions.status_policies import StatusPolicyDocument, status_policy_of
from okrbridge.definitions.teams import TeamDocument, team_of
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.objectives import Indicator, Initiative, OkrObjective, Retrospective, Team
from okrbridge.domain.pacing import StatusPolicy


@dataclass(slots=True)
class OkrParts:
    """The OKR side of the definitions, as far as it has no fault."""

    cycles: dict[str, Cycle] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    policies: dict[str, StatusPolicy] = field(default_factory=dict)
    objectives: list[OkrObjective] = field(default_factory=list)
    initiatives: list[Initiative] = field(default_factory=list)
    retrospectives: list[Retrospective] = field(default_factory=list)


def okr_parts(models: Sequence[tuple[Spot, Shape]]) -> OkrParts:
    """Convert documents in two passes: first what others refer to."""
    parts = OkrParts()
    for spot, model in models:
        _convert_referred(spot, model, parts)
    _doubt_parts(models, parts.cycles)
    around = Surroundings(parts.cycles, parts.teams, parts.indicators)
    for spot, model in models:
        if isinstance(model, ObjectiveDocument):
            parts.objectives.append(objective_of(spot, model, around))
        elif isinstance(model, InitiativeDocument):
            parts.initiatives.append(initiative_of(spot, model))
        elif isinstance(model, RetrospectiveDocument):
            cycle = parts.cycles.get(model.spec.cycle)
            parts.retrospectives.append(retrospective_of(model, cycle.timezone if cycle else "UTC"))
    return parts


def _doubt_parts(models: Sequence[tuple[Spot, Shape]], cycles: Mapping[str, Cycle]) -> None:
    """Tell of cycles that reach beyond the longer one they are a part of."""
    for spot, model in models:
        cycle = cycles.get(model.metadata.name) if isinstance(model, CycleDocument) else None
        whole = cycles.get(cycle.parent) if cycle is not None else None
        if cycle is None or whole is None:
            continue
        if cycle.interval.start < whole.interval.start or cycle.interval.end > whole.interval.end:
            message = f"is {whole.name}, and this cycle reaches beyond it; put the dates of one of them right"
            spot.at("spec", "parent").warn(message, "doubtful")


def _convert_referred(spot: Spot, model: Shape, parts: OkrParts) -> None:
    if isinstance(model, CycleDocument) and (cycle := cycle_of(spot, model)):
        parts.cycles[cycle.name] = cycle
    elif isinstance(model, TeamDocument):
        parts.teams[model.metadata.name] = team_of(model)
    elif isinstance(model, IndicatorDocument) and (indicator := indicator_of(spot, model)):
        parts.indicators[indicator.name] = indicator
    elif isinstance(model, StatusPolicyDocument):
        parts.policies[model.metadata.name] = status_policy_of(spot, model)
