"""From the history of progress and from check-ins to the outlook of a key result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.cycle_phases import phase_of
from okrbridge.application.key_result_outlook import CheckInState, Outlook, Projection
from okrbridge.application.measuring.said import Said
from okrbridge.application.ports import ProgressRecords
from okrbridge.application.records import ProgressRecord
from okrbridge.domain.anomalies import HISTORY, usual_range
from okrbridge.domain.confidence import divergence, is_divergent, machine_confidence
from okrbridge.domain.cycles import Cycle, CyclePhase, elapsed_ratio
from okrbridge.domain.forecast import MIN_POINTS, Forecast, cadence_points, forecast
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.pacing import KeyResultStatus, StatusPolicy
from okrbridge.domain.progress import progress_of, states_condition
from okrbridge.domain.units import RATIO, convert
from okrbridge.domain.velocity import is_stalled, required_velocity, value_needed, velocity, velocity_ratio

EVERY = timedelta(hours=1)
"""A projection is worked out again after so long at most; each in its own minute, so that no tick pays for all."""

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
_JUST_BEFORE = timedelta(microseconds=1)
_UNBOUNDED = 1e150
"""A consumption of a budget beyond any that can be told."""


def due_projections(
    key_results: Sequence[KeyResult], kept: Mapping[str, Projection], at: datetime
) -> list[tuple[KeyResult, datetime]]:
    """The key results whose history is to be looked at now, each with the instant of its next turn."""
    found = []
    for place, one in enumerate(key_results):
        before = kept.get(one.id)
        if not one.counts or at <= one.period.start or (before is not None and at < before.due_at):
            continue
        wait = EVERY if before is not None else EVERY * (1 + place % 60) / 60
        found.append((one, at + wait))
    return found


def projections(
    due: Sequence[tuple[KeyResult, datetime]],
    cycles: Mapping[str, tuple[Cycle, StatusPolicy]],
    progress: ProgressRecords,
    at: datetime,
) -> Iterator[tuple[str, Projection]]:
    """What history says of each, read for many at once.

    Args:
        due: as ``due_projections`` has them.
        cycles: cycle and status policy of each, by id.
    """
    alike: dict[tuple[datetime, datetime, timedelta], list[tuple[KeyResult, datetime]]] = defaultdict(list)
    for one, next_at in due:
        cadence = cycles[one.id][0].cadence_period
        alike[one.period.start, min(at, one.period.end), cadence].append((one, next_at))
    for (start, end, cadence), own in alike.items():
        sampled = progress.sampled([one.id for one, _ in own], sample_instants(start, end, cadence))
        for one, next_at in own:
            policy = cycles[one.id][1]
            yield one.id, _projection(one, sampled.get(one.id, ()), cadence, policy, at=at, next_at=next_at)


def sample_instants(start: datetime, end: datetime, cadence: timedelta) -> list[datetime]:
    """The end of each cadence period so far and now; each day while that makes too few for a forecast."""
    step = cadence if end - start >= MIN_POINTS * cadence else DAY
    whole = int((end - start) / step)
    return [*(start + step * number - _JUST_BEFORE for number in range(1, whole + 1)), end]


def _projection(
    key_result: KeyResult,
    sampled: Sequence[ProgressRecord],
    cadence: timedelta,
    policy: StatusPolicy,
    *,
    at: datetime,
    next_at: datetime,
) -> Projection:
    start, end = key_result.period.start, key_result.period.end
    points = _fresh(sampled, start)
    weeks = np.array([(when - start) / WEEK for when, _, _ in points])
    raw = np.array([ratio for _, ratio, _ in points])
    weeks, raw = cadence_points(weeks, raw, cadence / WEEK)
    goal = policy.goal_factor(key_result.commitment)
    values = tuple(value for _, _, value in points)
    return Projection(
        forecast=_possible(forecast(weeks, raw, (end - start) / WEEK, goal=goal), key_result),
        velocity=velocity(weeks, raw) if len(weeks) else None,
        is_stalled=is_stalled(weeks, raw, elapsed_ratio(key_result.period, at), goal),
        usual=usual_range(np.array(values[:-1][-HISTORY:])),
        best_value=_best(values, key_result),
        computed_at=at,
        due_at=next_at,
    )


def _possible(found: Forecast | None, key_result: KeyResult) -> Forecast | None:
    """The forecast with quantiles no further than what can be; its probability stays."""
    limits = None if found is None else natural_limits(key_result)
    if found is None or limits is None:
        return found
    low, high = limits
    p10, p50, p90 = (min(high, max(low, one)) for one in (found.p10, found.p50, found.p90))
    return replace(found, p10=p10, p50=p50, p90=p90)


def natural_limits(key_result: KeyResult) -> tuple[float, float] | None:
    """The least and the largest raw progress that can be; None where nothing bounds the value.

    A share and what an SLO measures lie within 0..1, only a consumed budget may be more.

    Worked example: a share from 40 % to 80 % is at -1 with 0 %, and at 1.5 with 100 %.
    """
    if key_result.kind in (KeyResultKind.BINARY, KeyResultKind.MILESTONE, KeyResultKind.ORDINAL):
        return 0.0, 1.0
    measure = key_result.measure
    is_slo = isinstance(measure, SloMeasure)
    if not (is_slo or key_result.kind is KeyResultKind.SHARE) or key_result.unit.dimension != RATIO.dimension:
        return None
    if states_condition(key_result) and key_result.kind is not KeyResultKind.MAINTAIN and key_result.baseline is None:
        return 0.0, 1.0
    is_budget = isinstance(measure, SloMeasure) and measure.quantity is SloQuantity.BUDGET
    most = _UNBOUNDED if is_budget else convert(1.0, RATIO, key_result.unit)
    if key_result.target == (0.0 if key_result.baseline is None else key_result.baseline):
        return None
    ends = [progress_of(key_result, value, compliance) for value, compliance in ((0.0, 0.0), (most, 1.0))]
    raw = sorted(one.raw_ratio for one in ends if one is not None)
    return (raw[0], raw[1]) if len(raw) == len(ends) else None


def _fresh(sampled: Sequence[ProgressRecord], start: datetime) -> list[tuple[datetime, float, float]]:
    """Instant of the measurement, raw progress and value; a measurement that stood for several instants once.

    What was too early to judge, because too little had passed or the history was not filled yet, tells no trend.
    """
    found = {
        one.measured_at: (one.measured_at, one.raw_ratio, one.value)
        for one in sampled
        if one.measured_at is not None
        and one.measured_at >= start
        and one.shown is not KeyResultStatus.TOO_EARLY
        and one.raw_ratio is not None
        and one.value is not None
    }
    return list(found.values())


def _best(values: Sequence[float], key_result: KeyResult) -> float | None:
    high = wants_high(key_result)
    if high is None or not values:
        return None
    return max(values) if high else min(values)


def wants_high(key_result: KeyResult) -> bool | None:
    """Whether larger values are better; None where there is no direction, as in a band."""
    if key_result.operator is not None:
        return key_result.operator.wants_high
    if key_result.target is None or key_result.low is not None or key_result.high is not None:
        return None
    return key_result.target > (key_result.baseline or 0.0)


def outlook_of(
    key_result: KeyResult,
    record: ProgressRecord,
    projection: Projection | None,
    people: CheckInState,
    *,
    policy: StatusPolicy,
    breached_guards: Sequence[str],
) -> Outlook:
    """The outlook at one evaluation.

    Args:
        record: progress now.
        projection: what history says; None when it says nothing.
        breached_guards: ids of the guards that do not hold now.
    """
    found = projection.forecast if projection else None
    machine = machine_confidence(found.hit_probability) if found else None
    speed = projection.velocity if projection else None
    required = _required(key_result, record, policy)
    return Outlook(
        forecast=found,
        velocity=speed,
        required_velocity=required,
        velocity_ratio=velocity_ratio(speed, required),
        machine_confidence=machine,
        divergence=divergence(people.confidence, machine),
        is_divergent=is_divergent(people.confidence, machine),
        is_stalled=bool(projection and projection.is_stalled),
        value_needed=_needed(key_result, record),
        is_anomalous=_is_anomalous(record, projection),
        best_value=_best_with_now(key_result, record, projection),
        guard_breached=bool(breached_guards) if key_result.guards else None,
        breached_guards=tuple(breached_guards),
        check_ins=people,
        definition_missing=key_result.definition.missing,
    )


def _required(key_result: KeyResult, record: ProgressRecord, policy: StatusPolicy) -> float | None:
    if record.raw_ratio is None:
        return None
    left = (key_result.period.end - record.at) / WEEK
    return required_velocity(record.raw_ratio, policy.goal_factor(key_result.commitment), left)


def _needed(key_result: KeyResult, record: ProgressRecord) -> float | None:
    """The value on track now (R46), where there is a way from a baseline to a target."""
    if key_result.baseline is None or key_result.target is None:
        return None
    return value_needed(key_result.baseline, key_result.target, record.expected_ratio)


def _is_anomalous(record: ProgressRecord, projection: Projection | None) -> bool:
    if projection is None or projection.usual is None or record.value is None:
        return False
    low, high = projection.usual
    return not low <= record.value <= high


def _best_with_now(key_result: KeyResult, record: ProgressRecord, projection: Projection | None) -> float | None:
    known = [value for value in (projection.best_value if projection else None, record.value) if value is not None]
    return _best(known, key_result)


def check_in_state(
    key_result: KeyResult, cycle: Cycle, said: Said, at: datetime, closed: Collection[str] = ()
) -> CheckInState:
    """What people last said, and when they should say more.

    Worked example: with a weekly cadence and no check-in since the start, one is due on day 7, overdue on day 8, and
    stale from day 14 on.

    Args:
        closed: names of the cycles that people closed; nothing more is said in them.
    """
    is_running = phase_of(cycle, at, closed) is CyclePhase.DELIVERY
    if not key_result.state.counts or not is_running or at < key_result.period.start:
        return CheckInState(said.latest, said.confidence, said.trend)
    since = max(key_result.period.start, said.latest.at) if said.latest else key_result.period.start
    due_at = since + cycle.cadence_period
    is_stale = at >= since + 2 * cycle.cadence_period
    return CheckInState(said.latest, said.confidence, said.trend, due_at, at >= due_at, at >= due_at + DAY, is_stale)
