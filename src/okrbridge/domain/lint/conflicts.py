"""Key results that pull against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, Visibility
from okrbridge.domain.lint.findings import LintFinding
from okrbridge.domain.lint.key_results import way_up
from okrbridge.domain.measures import EventMeasure, IncidentMeasure, IndicatorMeasure, PromqlMeasure, SloMeasure

_OF_QUALITY = re.compile(
    r"\b(?:age|costs?|downtime|duration|errors?|fail\w*|incidents?|lead time|rollbacks?|rolled back|success|time)\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"\b(?:changes?|deploy\w*|releases?)\b", re.IGNORECASE)
_COST = re.compile(r"\b(?:costs?|spend(?:ing)?|bill)\b", re.IGNORECASE)
_RESERVE = re.compile(r"\b(?:capacity|headroom|redundancy|replicas|retention of data)\b", re.IGNORECASE)
_SERVICE = re.compile(r"""\b(?:service|job|app)\s*=~?\s*["']([^"']+)["']""")


def conflicts(definitions: DefinitionSet) -> Iterator[LintFinding]:
    """A finding for each pair of active key results of one cycle that cannot both be pursued on one service.

    Worked example: "raise deployments from 2/week to 5/week" and "cut the volume of changes from 40 to 20" of one
    service. A guard between the two says that the trade-off is known.
    """
    cycle_of = {objective.name: objective.cycle for objective in definitions.objectives if objective.state.counts}
    pulling: dict[tuple[str, str], dict[bool, list[KeyResult]]] = {}
    for one in definitions.key_results:
        if one.objective in cycle_of and one.state.counts:
            for what, up in _pulls(one):
                sides = pulling.setdefault((cycle_of[one.objective], what), {True: [], False: []})
                sides[up].append(one)
    for sides in pulling.values():
        for first, second in product(sides[True], sides[False]):
            if not _is_known(first, second) and _meet(first, second, definitions):
                # Told of the restricted one, where one is: whoever may not see it must not read its name here.
                told, other = (second, first) if second.visibility is Visibility.RESTRICTED else (first, second)
                message = f"may pull against {other.id}; make one the guard of the other, or say which one yields"
                yield LintFinding("possible_conflict", told.id, message)


def _is_known(first: KeyResult, second: KeyResult) -> bool:
    return first.id in second.guards or second.id in first.guards


def _pulls(key_result: KeyResult) -> set[tuple[str, bool]]:
    """What the key result pulls at, and whether upwards."""
    up, text = way_up(key_result), f"{key_result.title} {key_result.metric_name}"
    if up is None:
        return set()
    pulled: set[tuple[str, bool]] = set()
    if _CHANGE.search(text) and not _OF_QUALITY.search(text):
        pulled.add(("change", up))
    if _RESERVE.search(text) or _COST.search(text):
        pulled.add(("spending", up))
    metric = _metric(key_result)
    return pulled | ({(metric, up)} if metric else set())


def _metric(key_result: KeyResult) -> str:
    """The very thing that is measured, where two key results can share it."""
    measure = key_result.measure
    if isinstance(measure, PromqlMeasure):
        return f"promql:{measure.source}:{' '.join(measure.query.split())}"
    return f"indicator:{measure.indicator}" if isinstance(measure, IndicatorMeasure) else ""


def _meet(first: KeyResult, second: KeyResult, definitions: DefinitionSet) -> bool:
    """Whether both are about one service; where a service is not told, about one team."""
    if (metric := _metric(first)) and metric == _metric(second):
        return True
    services = _services(first, definitions), _services(second, definitions)
    if all(services):
        return bool(services[0] & services[1])
    teams = {definitions.objective_by_name[one.objective].team for one in (first, second)}
    return len(teams) == 1


def _services(key_result: KeyResult, definitions: DefinitionSet) -> set[str]:
    measure = key_result.measure
    if isinstance(measure, SloMeasure):
        slo = definitions.slo_by_name.get(measure.slo)
        return {slo.service} if slo is not None else set()
    if isinstance(measure, IncidentMeasure):
        return set(measure.services)
    if isinstance(measure, EventMeasure):
        return {measure.where["service"]} if "service" in measure.where else set()
    return set(_SERVICE.findall(measure.query)) if isinstance(measure, PromqlMeasure) else set()
