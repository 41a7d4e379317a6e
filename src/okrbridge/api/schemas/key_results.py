"""Key results."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from okrbridge.api.schemas.base import EvaluationId, Instant, Origin, Page, Ratio, Schema
from okrbridge.application.records import Quality
from okrbridge.domain.confidence import ConfidenceColour, ConfidenceDirection
from okrbridge.domain.key_results import Commitment, KeyResultKind, KeyResultState, Operator, Visibility
from okrbridge.domain.pacing import KeyResultStatus


class KeyResultItem(Schema):
    """A key result as evaluated last; value, baseline and target are in `unit`."""

    objective: str = Field(examples=["reliable-checkout"])
    key_result: str = Field(description="Unique within its objective.", examples=["uptime"])
    title: str
    kind: KeyResultKind
    commitment: Commitment
    cycle: str
    team: str | None
    owner: str | None
    value: float | None = Field(description="The last good value; null when never measured.")
    unit: str = Field(description="Empty for a plain number.", examples=["ms"])
    baseline: float | None = Field(description="Null for thresholds and error budgets.")
    target: float | None = Field(
        description="For an error budget the share of it that may be spent; null for kinds without one, and while it "
        "waits for its baseline."
    )
    stretch: float | None = Field(description="Beyond the target: seen, not required.")
    low: float | None = Field(description="Of a band: the lowest good value.")
    high: float | None = Field(description="Of a band: the highest good value.")
    critical: float | None = Field(description="Between the target and here is at risk, beyond is off track.")
    operator: Operator | None = Field(description="How a threshold compares.")
    raw_ratio: float | None = Field(description="Progress, below 0 after a regression, above 1 beyond the target.")
    progress_ratio: Ratio = Field(description="Progress held between 0 and 1.")
    expected_ratio: Ratio = Field(description="Progress planned for now.")
    gap_ratio: float | None = Field(description="Planned minus made progress; above 0 is behind.")
    status: KeyResultStatus
    status_policy: str = Field(description="Name of the policy it is judged by; `default` is the built-in one.")
    status_policy_revision: int
    state: KeyResultState = Field(description="Whether it counts; only active ones do.")
    visibility: Visibility = Field(description="Who may see it; restricted also by its objective.")
    origin: Origin
    forecast_p10: float | None = Field(description="Raw progress when it is due: lower than this in one case of ten.")
    forecast_p50: float | None = Field(description="The median of the same; null with fewer than four points.")
    forecast_p90: float | None = Field(description="Lower than this in nine cases of ten.")
    hit_probability_ratio: Ratio = Field(description="Probability to reach the goal.")
    velocity: float | None = Field(description="Raw progress a week.")
    required_velocity: float | None = Field(description="Progress a week that still reaches the goal.")
    velocity_ratio: float | None = Field(description="The one over the other; below 1 is too slow.")
    value_needed: float | None = Field(description="The value that would be on track now.")
    best_value: float | None = Field(description="The best value there was.")
    is_stalled: bool = Field(description="Nothing moved for four weeks, and half of the time is over.")
    is_anomalous: bool = Field(description="The value lies far outside its own history; it counts all the same.")
    guard_breached: bool | None = Field(description="Whether a guard does not hold now; null without guards.")
    breached_guards: list[str] = Field(description="Those that do not hold.")
    definition_complete: int = Field(description="How many of the four parts of the metric's definition are given.")
    definition_missing: list[str] = Field(description="Which are not: counted, excluded, sourceNote, contributionNote.")
    machine_confidence: int | None = Field(description="The hit probability on the scale of people, 0 to 10.")
    confidence_divergence: int | None = Field(description="What people say less what the machine says.")
    is_divergent: bool = Field(description="They are four points or more apart.")
    confidence: int | None = Field(description="What people said last, 0 to 10.")
    confidence_colour: ConfidenceColour | None
    confidence_direction: ConfidenceDirection | None = Field(description="Over the last check-ins.")
    checked_in_at: Instant
    check_in_due_at: Instant
    is_check_in_due: bool
    is_check_in_overdue: bool
    is_check_in_stale: bool = Field(description="Two cadences without a check-in.")
    guards: list[str] = Field(description="Key results that must hold as well.")
    indicator: str | None = Field(description="The standing metric that it moves.")
    quality: Quality = Field(description="How good this evaluation's measurement is.")
    measured_at: Instant = Field(description="Instant of the measurement the value is from.")
    measurement_age_seconds: float | None = Field(description="Seconds since then.")
    coverage_ratio: Ratio = Field(description="Measured share of the measurement's window, where known.")
    starts_at: datetime
    due_at: datetime
    weight: float
    error: str | None = Field(description="Why this evaluation has no value.")
    details: dict[str, Any] = Field(
        description="Beside the value: members that miss, the worst one, a run rate, a mean's interval, who said it."
    )
    evaluated_at: datetime
    evaluation_id: EvaluationId


class ProgressRow(Schema):
    """A key result's progress at one evaluation."""

    time: datetime
    value: float | None
    raw_ratio: float | None
    progress_ratio: Ratio
    expected_ratio: Ratio
    gap_ratio: float | None
    status: KeyResultStatus
    quality: Quality
    measured_at: Instant
    is_backfilled: bool = Field(description="Measured afterwards, from history, and not by the tick of its instant.")
    evaluation_id: EvaluationId


class KeyResultHistory(Page[ProgressRow]):
    """Rows ascending in time; `next` leads to older ones."""

    objective: str
    key_result: str
    from_: datetime = Field(alias="from")
    to: datetime


class InstrumentationItem(Schema):
    """A key result that has no numbers."""

    objective: str
    key_result: str
    title: str
    cycle: str
    team: str | None
    owner: str | None
    commitment: Commitment
    priority: float = Field(description="Weight of the key result times the weight of its objective.")
    finding: Literal["unmapped", "never_measured"]
    reason: str = Field(description="Why it has no number.")
    evaluated_at: datetime
    evaluation_id: EvaluationId
