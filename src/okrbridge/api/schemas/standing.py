"""Definitions as published, indicators, findings, signals."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import Instant, Page, Schema
from okrbridge.application.okr_records import FindingState
from okrbridge.application.records import Quality
from okrbridge.domain.pacing import KeyResultStatus


class StatusMeaning(Schema):
    """What a status means."""

    status: KeyResultStatus
    meaning: str


class PolicyItem(Schema):
    """A status policy; the same numbers judge in the API, on pages and in alert rules."""

    name: str
    revision: int
    on_track_gap: float = Field(description="The largest gap that is on track.")
    at_risk_gap: float = Field(description="The largest gap that is at risk.")
    committed_goal: float
    aspirational_goal: float
    equal_evaluations: int = Field(description="So many in a row must agree before a status changes.")


class FormulaName(Schema):
    """A formula in words."""

    id: str
    name: str
    formula: str


class ConfidenceLimits(Schema):
    """Colours of confidence, and what is flagged."""

    green_from: int
    amber_from: int
    discuss_drop: int
    divergence: int


class FindingCode(Schema):
    """A code of lints and findings, in words."""

    code: str
    meaning: str
    mistake: int = Field(description="The number of the mistake that it shows.", examples=[1])


class KnownMistake(Schema):
    """A mistake that definitions or data show, with what it costs and what to do."""

    number: int = Field(examples=[1])
    mistake: str = Field(examples=["a target without a start"])
    codes: list[str] = Field(examples=[["no_baseline"]])
    why: str
    remedy: str


class PublishedDefinitions(Schema):
    """What words and numbers mean."""

    statuses: list[StatusMeaning]
    status_policies: list[PolicyItem]
    policy_by_cycle: dict[str, str]
    formulas: list[FormulaName]
    key_result_kinds: list[str]
    revision_reasons: list[str]
    confidence: ConfidenceLimits
    finding_codes: list[FindingCode]
    mistakes: list[KnownMistake]


class IndicatorRow(Schema):
    """A value of an indicator."""

    time: Instant
    value: float | None
    is_healthy: bool | None = Field(description="Whether it lies in the healthy range; null without a value.")
    quality: Quality
    measured_at: Instant


class TargetSegment(Schema):
    """What a key result wanted of the indicator, and when; in the key result's unit."""

    key_result: str
    title: str
    from_: Instant = Field(alias="from")
    to: Instant
    baseline: float | None
    target: float | None
    unit: str


class IndicatorHistory(Page[IndicatorRow]):
    """One continuous history, with the targets of every cycle over it; `next` leads to older rows."""

    indicator: str
    title: str
    unit: str
    low: float | None = Field(description="The healthy range.")
    high: float | None
    from_: Instant = Field(alias="from")
    to: Instant
    targets: list[TargetSegment]


class FindingItem(Schema):
    """Something that okrbridge noticed."""

    code: str = Field(examples=["no_baseline"])
    mistake: int | None = Field(
        description="The number of the mistake that it shows, see `/definitions`; null for codes of other versions.",
        examples=[1],
    )
    subject: str = Field(examples=["rock-solid-api/uptime", "objective:rock-solid-api", "team:backend"])
    message: str
    state: FindingState
    first_seen: Instant
    last_seen: Instant
    evidence: dict[str, Any]
    note: str | None = Field(description="Why a person accepted it.")
    by: str | None


class FindingBody(BaseModel):
    """What a person makes of a finding."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["accepted", "open"]
    note: str = Field(default="", max_length=2000, description="Needed to accept.")


class StoppedItem(Schema):
    """Work that was stopped."""

    initiative: str
    title: str
    reason: str | None
    at: Instant
    key_results: list[str]


class Signals(Schema):
    """What tells whether a cycle is steered."""

    cycle: str
    stopped_initiatives_count: int = Field(description="Stopping work on evidence is a good sign.")
    stopped_initiatives: list[StoppedItem]
    check_ins_count: int
    without_decision_count: int = Field(description="Check-ins off track that decided nothing.")
    outputs: dict[str, int]
    overdue: list[str]
    stalled: list[str]
    divergent: list[str]
