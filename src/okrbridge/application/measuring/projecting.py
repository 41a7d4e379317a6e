"""From the history of a key result's progress to what it will come to: a projection, once an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.key_result_outlook import Projection
from okrbridge.application.ports import ProgressRecords
from okrbridge.application.records import ProgressRecord
from okrbridge.domain.anomalies import HISTORY, usual_range
from okrbridge.domain.condition_forecast import forecast_condition, is_forecast_by_value
from okrbridge.domain.cycles import Cycle, elapsed_ratio
from okrbridge.domain.forecast import MIN_POINTS, Forecast, cadence_points, forecast
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.pacing import KeyResultStatus, StatusPolicy
from okrbridge.domain.progress import progress_of, wants_high
from okrbridge.domain.units import RATIO, convert
from okrbridge.domain.velocity import is_stalled, velocity

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
    moments = np.array([(when - start) / WEEK for when, _, _ in points])
    weeks, raw = cadence_points(moments, np.array([ratio for _, ratio, _ in points]), cadence / WEEK)
    goal = policy.goal_factor(key_result.commitment)
    values = tuple(value for _, _, value in points)
    _, worth = cadence_points(moments, np.array(values), cadence / WEEK)
    expected, expected_value = _forecasts(key_result, weeks, raw, worth, due_week=(end - start) / WEEK, goal=goal)
    return Projection(
        forecast=expected,
        value_forecast=expected_value,
        velocity=velocity(weeks, raw) if len(weeks) else None,
        is_stalled=is_stalled(weeks, raw, elapsed_ratio(key_result.period, at), goal),
        usual=usual_range(np.array(values[:-1][-HISTORY:])),
        best_value=best_of(values, key_result),
        computed_at=at,
        due_at=next_at,
    )


def _forecasts(
    key_result: KeyResult, weeks: FloatArray, raw: FloatArray, values: FloatArray, *, due_week: float, goal: float
) -> tuple[Forecast | None, Forecast | None]:
    """Of raw progress; and of the value, where progress is read from that."""
    if not is_forecast_by_value(key_result):
        return _within(forecast(weeks, raw, due_week, goal=goal), raw_limits(key_result)), None
    found = forecast_condition(key_result, weeks, raw, values, due_week, goal=goal)
    return (found.progress, _within(found.value, value_limits(key_result))) if found else (None, None)


def _within(found: Forecast | None, limits: tuple[float, float] | None) -> Forecast | None:
    """The forecast with quantiles no further than what can be; its probability stays."""
    if found is None or limits is None:
        return found
    low, high = limits
    p10, p50, p90 = (min(high, max(low, one)) for one in (found.p10, found.p50, found.p90))
    return replace(found, p10=p10, p50=p50, p90=p90)


def value_limits(key_result: KeyResult) -> tuple[float, float] | None:
    """The least and the largest value that can be, in the key result's unit; None where nothing bounds it.

    A share and what an SLO measures lie within 0..1, only a consumed budget may be more.
    """
    measure = key_result.measure
    is_slo = isinstance(measure, SloMeasure)
    if not (is_slo or key_result.kind is KeyResultKind.SHARE) or key_result.unit.dimension != RATIO.dimension:
        return None
    if isinstance(measure, SloMeasure) and measure.quantity is SloQuantity.BUDGET:
        return 0.0, _UNBOUNDED
    return 0.0, convert(1.0, RATIO, key_result.unit)


def raw_limits(key_result: KeyResult) -> tuple[float, float] | None:
    """The least and the largest raw progress that can be; None where nothing bounds it.

    Worked example: a share from 40 % to 80 % is at -1 with 0 %, and at 1.5 with 100 %.
    """
    if key_result.kind in (KeyResultKind.BINARY, KeyResultKind.MILESTONE, KeyResultKind.ORDINAL):
        return 0.0, 1.0
    limits = value_limits(key_result)
    if limits is None or key_result.target == (0.0 if key_result.baseline is None else key_result.baseline):
        return None
    ends = [progress_of(key_result, value, compliance) for value, compliance in zip(limits, (0.0, 1.0), strict=True)]
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


def best_of(values: Sequence[float], key_result: KeyResult) -> float | None:
    """The best of some values; None of none, and where there is no direction."""
    high = wants_high(key_result)
    if high is None or not values:
        return None
    return max(values) if high else min(values)
