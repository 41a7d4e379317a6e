"""From its projection and from check-ins to the outlook of a key result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.key_result_outlook import CheckInState, Outlook, Projection
from okrbridge.application.measuring.projecting import best_of
from okrbridge.application.measuring.said import Said
from okrbridge.application.records import ProgressRecord
from okrbridge.domain.confidence import divergence, is_divergent, machine_confidence
from okrbridge.domain.cycles import Cycle, CyclePhase
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.pacing import StatusPolicy
from okrbridge.domain.progress import start_of
from okrbridge.domain.velocity import required_velocity, value_needed, velocity_ratio

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


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
        value_forecast=projection.value_forecast if projection else None,
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
    """The value on track now (R46), where there is a way to a target."""
    start = start_of(key_result)
    if start is None or key_result.target is None:
        return None
    return value_needed(start, key_result.target, record.expected_ratio)


def _is_anomalous(record: ProgressRecord, projection: Projection | None) -> bool:
    if projection is None or projection.usual is None or record.value is None:
        return False
    low, high = projection.usual
    return not low <= record.value <= high


def _best_with_now(key_result: KeyResult, record: ProgressRecord, projection: Projection | None) -> float | None:
    known = [value for value in (projection.best_value if projection else None, record.value) if value is not None]
    return best_of(known, key_result)


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
