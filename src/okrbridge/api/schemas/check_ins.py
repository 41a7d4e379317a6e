"""Check-ins."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import Instant, Page, Ratio, Schema
from okrbridge.domain.confidence import ConfidenceColour, ConfidenceDirection

Output = Literal["none", "initiative_change", "trade_off", "ask"]
Text = Annotated[str, Field(max_length=4000)]


class CheckInBody(BaseModel):
    """What a person says; the evidence is filled in."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    confidence: int | None = Field(default=None, ge=0, le=10, description="How sure you are that it will be reached.")
    blockers: Text = Field(default="", description="What prevents progress.")
    next_change: Text = Field(default="", description="What will change.")
    output: Output = Field(default="none", description="What it leaves behind; off track it should leave something.")
    output_note: Text = Field(
        default="", description="Which initiative changes, what slows down, who is asked for what."
    )
    slows: str = Field(default="", max_length=600, description="With trade_off: the key result, `OBJECTIVE/NAME`.")
    override_value: float | None = Field(
        default=None, description="Stands for the measured value for a while; of a manual measure it is the value."
    )
    override_expires_at: AwareDatetime | None = Field(default=None, description="Within 90 days.")
    withdraw_override: bool = Field(
        default=False, description="The override that stands ends now, and the measured value counts again."
    )


class CheckInItem(Schema):
    """A check-in."""

    id: str
    key_result: str = Field(description="`OBJECTIVE/NAME`.")
    at: Instant
    by: str
    confidence: int | None
    confidence_colour: ConfidenceColour | None
    status: str | None = Field(description="The status in force when it was said.")
    evidence: dict[str, Any] = Field(description="What the numbers said at that time.")
    blockers: str
    next_change: str
    output: Output
    output_note: str
    slows: str | None
    is_without_decision: bool = Field(description="It was off track, and nothing was decided.")
    override_value: float | None
    override_expires_at: Instant = Field(description="Of a withdrawal, when the override before it ended.")
    is_withdrawal: bool = Field(description="It ended the override before it.")


class SlowedItem(Schema):
    """A trade-off of another key result that slows this one."""

    at: Instant
    by: str | None
    in_favour_of: str | None
    note: str | None


class RedSpellItem(Schema):
    """Time in which it was off track."""

    since: Instant
    until: Instant
    decided_at: Instant = Field(description="The first check-in in it that left an output.")
    latency_days: float | None = Field(description="Days from red to decision.")


class CheckInPage(Page[CheckInItem]):
    """Check-ins, ascending, with what they add up to over the cycle."""

    objective: str
    key_result: str
    confidence_direction: ConfidenceDirection | None
    confidence_colours: list[ConfidenceColour]
    drops: list[Instant] = Field(description="Check-ins whose confidence fell by three or more.")
    without_decision_count: int = Field(description="Check-ins off track that decided nothing.")
    first_red_at: Instant
    first_red_week: int | None = Field(description="Week of the cycle in which it was first off track; 1 is the first.")
    red_spells: list[RedSpellItem]
    decision_latency_days: float | None = Field(description="Mean of the spells with a decision.")
    slowed_by: list[SlowedItem]


class DraftItem(Schema):
    """A check-in to fill in."""

    objective: str
    key_result: str
    title: str
    evidence: dict[str, Any] = Field(
        description="Value, progress, gap, forecast, and what happened since the last one."
    )
    due_at: Instant
    is_overdue: bool
    needs_output: bool = Field(description="It is off track: leave an initiative change, a trade-off or an ask.")
    confidence: int | None = Field(description="As said last.")
    blockers: str
    next_change: str


class ForecastRow(Schema):
    """What was forecast at a check-in."""

    time: Instant
    p10: float | None
    p50: float | None
    p90: float | None
    hit_probability_ratio: Ratio


class ForecastItem(Schema):
    """What is to be expected of a key result; p10 to p90 are raw progress when it is due."""

    objective: str
    key_result: str
    due_at: Instant
    target: float | None
    unit: str
    goal_ratio: float = Field(description="Progress that counts as success.")
    p10: float | None
    p50: float | None
    p90: float | None
    value_p10: float | None = Field(
        description="In the key result's unit, where it has a way to go or states what must hold."
    )
    value_p50: float | None
    value_p90: float | None
    hit_probability_ratio: Ratio
    method: str | None = Field(description="theil_sen, theil_sen_damped or level_shift.")
    points: int | None
    slope: float | None = Field(description="Raw progress a week.")
    velocity: float | None
    required_velocity: float | None
    velocity_ratio: float | None
    machine_confidence: int | None
    is_stalled: bool
    history: list[ForecastRow] = Field(description="What was forecast at each check-in; the target never follows it.")
