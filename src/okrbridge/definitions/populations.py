"""Shares of a population: which measures tell its members, and what each member is compared with."""

from __future__ import annotations

from dataclasses import replace

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.measure_shapes import MeasureSpec
from okrbridge.definitions.unit_fit import converts
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.measures import Measure
from okrbridge.domain.units import RATIO


def share_wants(spot: Spot, spec: KeyResultSpec, wanted: Wanted) -> Wanted:
    """What a share asks of its measure: the unit of the limit, anything of members that are 1 or 0, else a ratio."""
    share, measure = spec.share, spec.measure
    operator, limit = (share.operator, share.limit) if share is not None else (None, None)
    if (operator is None) != (limit is None):
        missing = "operator" if operator is None else "limit"
        spot.at("share", missing).fault("is missing; operator and limit are given together", "missing_key")
    if measure is None or not has_members(measure):
        if measure is not None and limit is not None:
            message = "needs each member's value; write member, or members: true, in the measure, or incidents by time"
            spot.at("share", "limit").fault(message, "measure")
        return replace(wanted, unit=RATIO)
    if limit is None and measure.incidents is not None:
        spot.at("share").fault("times are compared with a limit; write share: {operator: lt, limit: 15min}", "measure")
    if limit is None:
        return replace(wanted, unit=None)
    return replace(wanted, unit=limit.unit, subject="limit of the share")


def has_members(measure: MeasureSpec) -> bool:
    """Whether a measure gives a value for each member of a population."""
    if measure.incidents is not None:
        return measure.incidents.quantity != "count"
    http, csv = measure.http, measure.csv
    named = (measure.member, http.member if http is not None else None, csv.member if csv is not None else None)
    return measure.members or any(named)


def member_limit(spec: KeyResultSpec, measure: Measure) -> float | None:
    """What each member is compared with, in the unit of the measure."""
    limit = spec.share.limit if spec.share is not None else None
    # Where the units do not fit, or there are no members, a fault was told before.
    return limit.to(measure.unit) if limit is not None and converts(limit.unit, measure.unit) else None
