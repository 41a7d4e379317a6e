"""All lints over a set of definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.lint.conflicts import conflicts
from okrbridge.domain.lint.findings import FAR_TOO_MANY_OBJECTIVES, MOST_OBJECTIVES, LintFinding, Severity
from okrbridge.domain.lint.key_results import lint_key_result
from okrbridge.domain.lint.objectives import lint_objective
from okrbridge.domain.objectives import OkrObjective, Team, TeamLevel

_ABOVE_TEAMS = (TeamLevel.ORGANIZATION, TeamLevel.DIVISION)
_NOT_ANY_MORE = ("dropped", "closed", "postponed")


def lint(definitions: DefinitionSet, noise: Mapping[str, float] | None = None) -> list[LintFinding]:
    """Everything that is likely wrong, by code and subject; what was dropped, closed or put off is left alone.

    Args:
        definitions: faultless ones.
        noise: of the days behind each frozen baseline, by key result id, in its unit.
    """
    objectives = [one for one in definitions.objectives if one.state.value not in _NOT_ANY_MORE]
    teams = {team.name: team for team in definitions.teams}
    names = {*teams, *(one.team for one in objectives if one.team)}
    led = {team.name for team in teams.values() if team.lead}
    found: list[LintFinding] = [*conflicts(definitions), *_objective_counts(objectives)]
    for objective in objectives:
        found += lint_objective(objective, names, led)
        for key_result in objective.key_results:
            if key_result.state.value not in _NOT_ANY_MORE:
                found += lint_key_result(key_result, (noise or {}).get(key_result.id))
    found += _orphans(objectives, teams)
    found += _unserved(definitions, objectives)
    found += (_no_champion(team) for team in teams.values() if not team.champion and _is_a_team(team))
    return sorted(set(found))


def _objective_counts(objectives: list[OkrObjective]) -> Iterator[LintFinding]:
    counts = Counter((one.team, one.cycle) for one in objectives if one.team and one.state.counts)
    for (team, cycle), count in counts.items():
        if count > MOST_OBJECTIVES:
            severity = Severity.ERROR if count > FAR_TOO_MANY_OBJECTIVES else Severity.WARNING
            message = f"has {count} objectives in {cycle}, {MOST_OBJECTIVES} at most get done; postpone the others"
            yield LintFinding("too_many_objectives", f"team:{team}", message, severity)


def _orphans(objectives: list[OkrObjective], teams: Mapping[str, Team]) -> Iterator[LintFinding]:
    """Objectives that serve nothing above them, in cycles where there is something above."""
    parents = {one.above for one in objectives}
    tops = {one.name for one in objectives if one.name in parents or _is_above(one, teams)}
    cycles_with_tops = {one.cycle for one in objectives if one.name in tops}
    for one in objectives:
        if not one.above and one.name not in tops and one.cycle in cycles_with_tops:
            message = "serves no objective above it; name the one it answers with parent, or ask whether it is needed"
            yield LintFinding("orphan_objective", f"objective:{one.name}", message)


def _is_above(objective: OkrObjective, teams: Mapping[str, Team]) -> bool:
    team = teams.get(objective.team)
    return team is not None and team.level in _ABOVE_TEAMS


def _unserved(definitions: DefinitionSet, objectives: list[OkrObjective]) -> Iterator[LintFinding]:
    stars = [one.name for one in definitions.indicators if one.is_north_star]
    for one in objectives if stars else ():
        if not one.above and not one.serves.strip():
            message = f"does not say how it serves the North Star, {stars[0]}; write serves"
            yield LintFinding("north_star_not_served", f"objective:{one.name}", message)


def _is_a_team(team: Team) -> bool:
    return team.level is not TeamLevel.INDIVIDUAL


def _no_champion(team: Team) -> LintFinding:
    message = "has no local point of contact for OKRs; name one with champion"
    return LintFinding("no_champion", f"team:{team.name}", message)
