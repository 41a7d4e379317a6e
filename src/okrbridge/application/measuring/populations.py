"""Populations: the share of good members, who is missing, and the worst of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from okrbridge.application.okr_records import JsonValue
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import Aggregation, IncidentMeasure
from okrbridge.domain.shares import Share, share_of
from okrbridge.domain.units import RATIO, Unit, convert

MOST_NAMED = 100
"""So many missing members are named; the rest is counted."""

_WORST = (Aggregation.MAX, Aggregation.MIN)


@dataclass(frozen=True, slots=True)
class Population:
    """What the members of a population make together.

    Attributes:
        value: the share of good members, or the value that a threshold is held against.
        unit: of the value.
        total: members that can be judged.
        details: ``share_met_ratio``, the members that miss it, those pending, the worst.
    """

    value: float | None
    unit: Unit
    total: int
    details: Mapping[str, JsonValue]


def of_population(
    key_result: KeyResult,
    members: Mapping[str, float | None],
    aggregated: float | None,
    unit: Unit,
    so_far: Mapping[str, float],
) -> Population | None:
    """The members judged; None where the key result's kind cannot use members.

    Worked example: incidents restored after 9, 14 and 22 minutes, all to be under 15: the share met is 2/3, the worst
    22, which is what the threshold is held against.

    Args:
        members: value by name in the measure's unit; None for one that cannot be judged yet.
        aggregated: one value for all, where the measure says how many become one.
        unit: of the members and of the aggregate.
        so_far: of members that cannot be judged yet: what their value has come to, and can only exceed. One that is
            beyond the limit already is judged.
    """
    if key_result.kind is KeyResultKind.SHARE:
        members = _judged_early(members, so_far, key_result.operator, key_result.limit)
        share = share_of(members, key_result.operator, key_result.limit)
        return Population(share.ratio, RATIO, share.total, _told(share, unit, unit))
    if key_result.kind is not KeyResultKind.THRESHOLD or key_result.target is None or key_result.operator is None:
        return None
    limit = convert(key_result.target, key_result.unit, unit)
    share = share_of(_judged_early(members, so_far, key_result.operator, limit), key_result.operator, limit)
    measure = key_result.measure
    is_of_all = measure.aggregation in _WORST if isinstance(measure, IncidentMeasure) else aggregated is None
    worst = share.worst.value if share.worst else None
    told = {**_told(share, unit, key_result.unit), "is_for_all": is_of_all}
    return Population(worst if is_of_all else aggregated, unit, share.total, told)


def _judged_early(
    members: Mapping[str, float | None], so_far: Mapping[str, float], operator: Operator | None, limit: float | None
) -> Mapping[str, float | None]:
    if operator is None or operator.wants_high or limit is None:
        return members
    return {
        name: so_far[name] if value is None and name in so_far and not operator.holds(so_far[name], limit) else value
        for name, value in members.items()
    }


def _told(share: Share, unit: Unit, shown: Unit) -> dict[str, JsonValue]:
    """What stands beside the value; the worst member in the unit it is shown in, which is named."""
    worst: JsonValue = None
    if share.worst:
        worst = {"name": share.worst.name, "value": convert(share.worst.value, unit, shown), "unit": shown.symbol}
    return {
        "share_met_ratio": share.ratio,
        "good": share.good,
        "total": share.total,
        "missing": _names(share.missing),
        "missing_total": len(share.missing),
        "pending": _names(share.pending),
        "pending_total": len(share.pending),
        "worst": worst,
    }


def _names(names: Sequence[str]) -> list[JsonValue]:
    return list(names[:MOST_NAMED])
