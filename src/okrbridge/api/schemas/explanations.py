"""Reasons for numbers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import EvaluationId, Instant, Schema
from okrbridge.application.records import Quality
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.slo import SloState


class Formula(Schema):
    """A formula in words and with the numbers put in."""

    name: str = Field(examples=["sli_ratio"])
    formula: str = Field(examples=["good / total"])
    numbers: str = Field(examples=["9990 / 10000 = 0.999"])
    value: float | None


class DefinitionPlace(Schema):
    """Where something is declared."""

    kind: str
    name: str
    place: str = Field(examples=["config/slos.yaml:12"])
    revision: int | None
    revised_at: Instant


class Explanation(BaseModel):
    """The reason for each number. More keys may come; those named here stay."""

    model_config = ConfigDict(extra="allow")

    query: str | None = Field(description="What was asked last, word for word.")
    window: dict[str, Any]
    formulas: list[Formula]
    warnings: list[str]
    evaluated_at: Instant
    evaluation_id: EvaluationId
    definition: DefinitionPlace | None


class SloExplanation(Explanation):
    """Why an SLO's numbers are what they are."""

    slo: str
    state: SloState
    reason: str = Field(description="The state in one sentence, with the numbers that decided it.")
    source: str
    sources: list[dict[str, Any]] = Field(
        description="The sources behind it: whether each answers, and where its data begins when it is too short."
    )
    method: str | None = Field(description="How events are counted.")
    asked_together: list[dict[str, Any]] = Field(
        description="The questions that count it, each with how many other indicators it counts; learnt now and then."
    )
    settling: dict[str, Any] = Field(description="When slices are counted and read again; newer ones are provisional.")
    counts: dict[str, float | None]
    coverage: dict[str, float | None]
    burn_rates: list[dict[str, Any]]
    burn_policy: list[dict[str, Any]]
    exclusions: list[str]
    maintenance: list[dict[str, Any]] = Field(description="Announced time in the window, left out or not.")
    rationale: str | None = Field(description="The SLO's description.")
    owner: str | None = Field(description="The SLO's label `owner`, or `team`.")
    data_age_seconds: float | None
    failure: str | None


class TargetHelp(Schema):
    """How the improvement that a target asks for stands among those of as much time before."""

    history_of: str | None = Field(
        description="Whose values are compared: the key result's, or its indicator's.",
        examples=["indicator:p95-latency"],
    )
    history_weeks: float
    window_weeks: float | None = Field(description="The length of the key result's period.")
    windows_count: int = Field(description="Past windows of that length; they overlap.")
    needed: float | None = Field(description="The improvement that the target needs, positive.")
    percentile_ratio: float | None = Field(
        description="Share of past improvements that were smaller; 0.9 was beaten by one in ten."
    )
    typical: float | None = Field(description="The value that the median improvement would lead to.")
    stretch: float | None = Field(description="The value that the 90th percentile would lead to.")
    reason: str | None = Field(description="Why there is nothing to compare; null when there is.")


class KeyResultExplanation(Explanation):
    """Why a key result's numbers are what they are."""

    objective: str
    key_result: str
    measure: dict[str, Any]
    measured_by: dict[str, Any] | None = Field(
        description="The SLO behind it: queries as written, target, burn alerts, revision; null for other measures."
    )
    maintenance: list[dict[str, Any]] = Field(description="Announced time in the value's window, left out or not.")
    target_help: TargetHelp | None = Field(
        description="The target beside what was achieved before; null when the database does not answer."
    )
    unit: dict[str, Any]
    declared: dict[str, Any]
    status: KeyResultStatus
    status_rule: str
    quality: Quality
    last_good: dict[str, Any] | None
    error: str | None
