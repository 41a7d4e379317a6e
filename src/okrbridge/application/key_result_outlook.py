"""What is to be expected of a key result: by the machine, by people, and how far the two are apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.okr_records import CheckIn
from okrbridge.domain.confidence import ConfidenceTrend
from okrbridge.domain.forecast import Forecast


@dataclass(frozen=True, slots=True)
class Projection:
    """What the history of a key result's progress says of its end; worked out once an hour at most.

    Attributes:
        forecast: of the raw progress when it is due; None with fewer than four points.
        value_forecast: of the value, where the forecast is read from that: of what must hold.
        velocity: raw progress a week; None below two points.
        is_stalled: whether nothing moved for four weeks, half of the period being over.
        usual: the lowest and the highest value that earlier ones make usual; None while there are too few.
        best_value: the best value there was; None without a direction, and while nothing was measured.
        due_at: when it is worked out again.
    """

    forecast: Forecast | None
    value_forecast: Forecast | None
    velocity: float | None
    is_stalled: bool
    usual: tuple[float, float] | None
    best_value: float | None
    computed_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CheckInState:
    """What people last said, and when they should say more.

    Attributes:
        latest: the newest check-in; None before the first.
        confidence: of the newest check-in that tells one, 0 to 10.
        trend: of the last check-ins; None without any confidence.
        due_at: when the next one is due; None when none is wanted.
        is_due: from the day on that the cadence is over.
        is_overdue: from the day after.
        is_stale: two cadences without any.
    """

    latest: CheckIn | None = None
    confidence: int | None = None
    trend: ConfidenceTrend | None = None
    due_at: datetime | None = None
    is_due: bool = False
    is_overdue: bool = False
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected of a key result.

    Attributes:
        forecast: of the raw progress when it is due, with p10, p50, p90 and the probability to reach the goal.
        value_forecast: of the value, where the forecast is read from that: of what must hold.
        velocity, required_velocity: progress a week, as it is and as the goal needs it.
        velocity_ratio: the one over the other; below 1 is too slow.
        machine_confidence: the forecast's probability on the scale of people.
        divergence: what people say less what the machine says; is_divergent when they are far apart.
        value_needed: the value that would be on track now; None where there is no way to go.
        is_anomalous: whether the value lies far outside its own history; it is marked, and counts.
        best_value: the best value there ever was.
        guard_breached: whether a guard does not hold now; None without guards.
        breached_guards: ids of those that do not hold.
        definition_missing: what the definition of the metric leaves open, as the keys are written.
    """

    forecast: Forecast | None = None
    value_forecast: Forecast | None = None
    velocity: float | None = None
    required_velocity: float | None = None
    velocity_ratio: float | None = None
    machine_confidence: int | None = None
    divergence: int | None = None
    is_divergent: bool = False
    is_stalled: bool = False
    value_needed: float | None = None
    is_anomalous: bool = False
    best_value: float | None = None
    guard_breached: bool | None = None
    breached_guards: tuple[str, ...] = ()
    check_ins: CheckInState = CheckInState()
    definition_missing: tuple[str, ...] = ()

    @property
    def definition_complete(self) -> int:
        """How many of the four parts of the metric's definition are given."""
        return 4 - len(self.definition_missing)
