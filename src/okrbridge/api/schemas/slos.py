"""SLOs."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from okrbridge.api.schemas.base import BurnRate, EvaluationId, Instant, Page, Ratio, Schema
from okrbridge.domain.slo import SloState


class SloItem(Schema):
    """An SLO as evaluated last."""

    slo: str = Field(description="Unique name.", examples=["checkout-availability"])
    service: str
    display_name: str
    description: str = Field(description="Why the SLO is what it is; empty when nobody wrote it down.")
    owner: str | None = Field(description="The SLO's label `owner`, or `team`; null when it has neither.")
    target_ratio: float = Field(description="Promised share of good events.", examples=[0.999])
    window: str = Field(description="Length of a rolling window, or the calendar window's period.", examples=["30d"])
    window_start: datetime
    window_end: datetime
    budgeting: str = Field(examples=["Occurrences"])
    state: SloState = Field(description="What can be said of it now.")
    sli_ratio: Ratio = Field(description="Good over total in the window; null without events.")
    good: float | None = Field(description="Good events in the window; null while nothing was measured.")
    bad: float | None = Field(description="Total minus good.")
    total: float | None = Field(description="All events in the window.")
    budget_ratio: float | None = Field(
        description="1 - target: the share of events that may be bad; null where the budget is a count."
    )
    budget_consumed_ratio: float | None = Field(description="Share of the budget spent; above 1 when overspent.")
    budget_remaining_ratio: float | None = Field(description="1 - consumed; negative when overspent.")
    burn_rate_5m: BurnRate
    burn_rate_30m: BurnRate
    burn_rate_1h: BurnRate
    burn_rate_2h: BurnRate
    burn_rate_6h: BurnRate
    burn_rate_1d: BurnRate
    burn_rate_3d: BurnRate
    budget_expected_ratio: Ratio = Field(
        description="Share of the budget that even spending had consumed by now; null for rolling windows."
    )
    budget_exhausted_at: Instant = Field(
        description="When a calendar window's budget is spent at the burn rate of the last day; null when it lasts "
        "until the period ends, and for rolling windows."
    )
    count_budget: float | None = Field(description="At most so many bad events; null where the target is the budget.")
    coverage_ratio: Ratio = Field(description="Measured share of the window, without excluded time.")
    excluded_seconds: float = Field(description="Time of the window that is left out for maintenance.")
    method: str | None = Field(description="How events are counted.")
    alerts_frozen: str | None = Field(description="Why burn alerts are held back: maintenance, or data is missing.")
    is_low_traffic: bool | None = Field(
        description="Whether a burn pair is held back for too few events or failures; null without such a guard."
    )
    evaluated_at: datetime = Field(description="The slice boundary the numbers speak of.")
    last_measured_at: Instant = Field(description="End of the newest measured slice.")
    data_age_seconds: float | None = Field(description="Seconds since then.")
    failure: str | None = Field(description="Why the last evaluation got no new counts.")
    evaluation_id: EvaluationId


class HistoryRow(Schema):
    """One step of an SLO's history."""

    time: datetime = Field(description="Start of the step.")
    good: float | None
    total: float | None
    sli_ratio: Ratio = Field(description="Good over total in the step; null without events.")
    budget_remaining_ratio: float | None = Field(description="Of the SLO's own window at the end of the step.")
    coverage_ratio: Ratio = Field(description="Measured share of the step.")


class SloHistory(Page[HistoryRow]):
    """Rows ascending in time; `from`, `to` and `step_seconds` are what was used."""

    slo: str
    from_: datetime = Field(alias="from")
    to: datetime
    step_seconds: float
