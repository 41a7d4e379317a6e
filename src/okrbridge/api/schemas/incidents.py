"""Incidents: what they cost, and the form of a postmortem."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from okrbridge.api.schemas.base import BurnRate, Instant, Ratio, Schema
from okrbridge.api.schemas.key_results import ProgressRow
from okrbridge.domain.objectives import InitiativeState

Contributed = Annotated[
    bool | None,
    Field(description="Whether the budget burnt faster than the even pace; null when too little was measured to tell."),
]
Seconds = Annotated[float | None, Field(description="Null while it is not known.")]


class IncidentItem(Schema):
    """An incident, as it was sent in, with what was said of it afterwards."""

    incident: str = Field(description="The id that its source gave it.", examples=["P1"])
    source: str = Field(examples=["pagerduty"])
    start: datetime
    end: Instant = Field(description="Null while it lasts.")
    detected_at: Instant
    time_to_detect_seconds: Seconds
    time_to_restore_seconds: Seconds
    severity: str | None = Field(examples=["sev1"])
    title: str | None
    url: str | None
    received_at: datetime
    is_open: bool
    services: list[str] = Field(description="Its own, and those of the attribute `services`.", examples=[["checkout"]])
    assignee: str | None = Field(description="Who looks after it; the attribute `assignee`.")
    note: str | None = Field(description="The attribute `note`.")
    postmortem_url: str | None = Field(
        description="The attribute `postmortem_url`, or the `url` of the newest event of the kind `postmortem`."
    )


class SpentItem(Schema):
    """What an incident did to one SLO. Counts are null when nothing of its time was measured."""

    slo: str = Field(examples=["checkout-availability"])
    service: str
    why: Literal["service", "slo", "key_result", "burnt"] = Field(
        description="Why it is listed: what the incident names, or that it burnt its budget meanwhile."
    )
    contributed: Contributed
    counted: Literal["events", "time_slices"]
    good: float | None
    bad: float | None = Field(examples=[20000.0])
    total: float | None = Field(examples=[20000.0])
    measured_seconds: float
    in_force_seconds: float = Field(description="Without maintenance that is left out.")
    coverage_ratio: Ratio = Field(description="Measured share of the time that is counted.")
    target_ratio: float
    window: str = Field(examples=["30d"])
    window_start: datetime
    window_end: datetime = Field(description="The end of what is counted.")
    window_bad: float | None
    window_total: float | None
    window_coverage_ratio: Ratio = Field(
        description="Measured share of the SLO's window; below 1 the shares are rough."
    )
    burn_rate: BurnRate = Field(examples=[1000.0])
    budget_spent_ratio: float | None = Field(
        description="Share of the error budget of the window that the incident spent.", examples=[0.46296296296296297]
    )
    budget_consumed_ratio: float | None = Field(
        description="Share that all of the window spent, the incident included."
    )
    budget_remaining_ratio: float | None = Field(
        description="What was left at the end of the incident; may be below 0."
    )
    formula: dict[str, Any] | None = Field(description="How `budget_spent_ratio` was worked out, with the numbers.")


class TouchedKeyResult(Schema):
    """A key result that an incident touched; values are in `unit`."""

    objective: str = Field(examples=["reliable-checkout"])
    key_result: str = Field(examples=["uptime"])
    title: str
    cycle: str
    team: str | None
    unit: str
    why: list[Literal["event", "incidents", "slo"]] = Field(
        description="The incident names it; it is measured by incidents such as this; it is measured by a listed SLO."
    )
    is_impacted: bool | None = Field(description="Null when too little of its SLO was measured to tell.")
    slo: str | None = Field(description="The listed SLO that measures it.")
    slo_contributed: Contributed
    budget_spent_ratio: float | None = Field(description="Share of that SLO's error budget.")
    before: ProgressRow | None = Field(description="The last progress when the incident began.")
    after: ProgressRow | None = Field(
        description="The last progress a tick after its end; while it lasts, that of now."
    )
    now: ProgressRow | None = Field(description="The last progress.")
    value_delta: float | None = Field(description="After less before; the incident need not be the only reason.")
    progress_delta_ratio: float | None
    raw_delta_ratio: float | None = Field(description="The same of progress that is not held between 0 and 1.")
    value_delta_now: float | None = Field(description="Now less before.")
    progress_delta_now_ratio: float | None
    reason: str | None = Field(description="Why there is no difference.")


class IncidentImpact(Schema):
    """What an incident cost."""

    incident: IncidentItem
    as_of: datetime = Field(description="The boundary that was evaluated last.")
    counted_from: datetime = Field(description="The first slice that the incident touches.")
    counted_to: datetime
    counted_slices: int
    slice_seconds: int
    rule: Literal["named", "burnt"] = Field(
        description="How SLOs were chosen: those that the incident names, or all that contributed."
    )
    slos_contributed: Contributed
    slos: list[SpentItem] = Field(description="At most 100, those that spent most of their budgets first.")
    key_results: list[TouchedKeyResult] = Field(description="At most 200, those that the incident names first.")
    notes: list[str] = Field(description="How it was found, and what was left out.")


class ImpactedKeyResult(TouchedKeyResult):
    """A key result that an incident moved, or may have moved."""

    summary: str = Field(description="By how much, in a sentence.")


class ReviewAction(Schema):
    """What will be done so that it does not happen again."""

    action: str
    named_by: Literal["event", "initiative"]
    initiative: str | None
    state: InitiativeState | None
    is_over: bool | None
    owner: str | None
    url: str | None


class ImprovementKeyResult(Schema):
    """A key result that shall keep it from happening again."""

    objective: str
    key_result: str
    title: str
    cycle: str
    named_by: Literal["event", "initiative"]


class ReviewRetrospective(Schema):
    """Where the team looks back on the cycle."""

    cycle: str
    team: str | None
    retrospective: str | None = Field(description="Null when there is none yet.")
    path: str | None = Field(examples=["/api/v1/retrospectives/payments-q1"])


class ToFill(Schema):
    """What is left to people."""

    field: str
    text: str = Field(description="How it is filled in.")


class IncidentReview(Schema):
    """A postmortem, filled in as far as the data goes."""

    incident: IncidentItem
    as_of: datetime
    counted_from: datetime
    counted_to: datetime
    key_results_impacted: list[ImpactedKeyResult]
    slos_contributed: Contributed
    slos_contributed_reason: str
    slos: list[SpentItem]
    action_items: list[ReviewAction]
    improvement_key_results: list[ImprovementKeyResult]
    retrospectives: list[ReviewRetrospective]
    notes: list[str]
    to_fill: list[ToFill]
