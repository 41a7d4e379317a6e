"""Key results."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from okrbridge.api.schemas.base import EvaluationId, Instant, Page, Ratio, Schema
from okrbridge.application.records import Quality
from okrbridge.domain.key_results import Commitment, KeyResultKind
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
    target: float = Field(description="For an error budget the share of it that may be spent.")
    raw_ratio: float | None = Field(description="Progress, below 0 after a regression, above 1 beyond the target.")
    progress_ratio: Ratio = Field(description="Progress held between 0 and 1.")
    expected_ratio: Ratio = Field(description="Progress planned for now.")
    gap_ratio: float | None = Field(description="Planned minus made progress; above 0 is behind.")
    status: KeyResultStatus
    confidence: float | None = Field(description="Null: nothing feeds it yet.")
    forecast_p10: float | None = Field(description="Null: nothing feeds it yet.")
    forecast_p50: float | None = Field(description="Null: nothing feeds it yet.")
    forecast_p90: float | None = Field(description="Null: nothing feeds it yet.")
    hit_probability_ratio: Ratio = Field(description="Null: nothing feeds it yet.")
    quality: Quality = Field(description="How good this evaluation's measurement is.")
    measured_at: Instant = Field(description="Instant of the measurement the value is from.")
    measurement_age_seconds: float | None = Field(description="Seconds since then.")
    coverage_ratio: Ratio = Field(description="Measured share of the measurement's window, where known.")
    starts_at: datetime
    due_at: datetime
    weight: float
    error: str | None = Field(description="Why this evaluation has no value.")
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
