"""The API's answers, described for OpenAPI. The items themselves are made in ``application/reports``.

A unit test holds the two together: every item fits its schema, and every key of the schema is in the item.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from okrbridge.application.records import Quality
from okrbridge.domain.key_results import Commitment, KeyResultKind
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.slo import SloState

Ratio = Annotated[float | None, Field(description="A share, 0..1; null when unknown.")]
Instant = Annotated[datetime | None, Field(description="RFC 3339, UTC; null when unknown.")]
BurnRate = Annotated[
    float | None, Field(description="Multiples of the even pace at which the budget is spent; null without coverage.")
]
EvaluationId = Annotated[str | None, Field(description="The evaluation that made these numbers.")]


class Schema(BaseModel):
    """Every key is always there."""

    model_config = ConfigDict(extra="forbid")


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


class ObjectiveItem(Schema):
    """An objective rolled up from its key results."""

    objective: str
    title: str
    why: str | None
    cycle: str
    team: str | None
    owner: str | None
    parent: str | None
    commitment: Commitment
    weight: float
    progress_ratio: Ratio = Field(description="Weighted mean; a key result never measured counts 0.")
    measured_only_ratio: Ratio = Field(description="Weighted mean of those that were ever measured.")
    coverage_ratio: Ratio = Field(description="Weight of the freshly measured ones over all weight.")
    expected_ratio: Ratio = Field(description="Elapsed share of the cycle.")
    status: KeyResultStatus
    key_results_count: int


class ObjectiveDetail(ObjectiveItem):
    """An objective with its key results."""

    key_results: list[KeyResultItem]


class ObjectiveNode(ObjectiveDetail):
    """An objective with its key results and the objectives under it."""

    children: list[ObjectiveNode]


class CycleItem(Schema):
    """A cycle of OKRs."""

    cycle: str = Field(examples=["2026-q4"])
    title: str
    starts_at: datetime
    ends_at: datetime
    measure_until: datetime
    timezone: str = Field(examples=["Europe/Berlin"])
    cadence: str
    elapsed_ratio: float
    phase: Literal["preparation", "delivery", "closed"]


Item = TypeVar("Item", bound=BaseModel)


class Page(Schema, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class SloHistory(Page[HistoryRow]):
    """Rows ascending in time; `from`, `to` and `step_seconds` are what was used."""

    slo: str
    from_: datetime = Field(alias="from")
    to: datetime
    step_seconds: float


class KeyResultHistory(Page[ProgressRow]):
    """Rows ascending in time; `next` leads to older ones."""

    objective: str
    key_result: str
    from_: datetime = Field(alias="from")
    to: datetime


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


class KeyResultExplanation(Explanation):
    """Why a key result's numbers are what they are."""

    objective: str
    key_result: str
    measure: dict[str, Any]
    measured_by: dict[str, Any] | None = Field(
        description="The SLO behind it: queries as written, target, burn alerts, revision; null for other measures."
    )
    maintenance: list[dict[str, Any]] = Field(description="Announced time in the value's window, left out or not.")
    unit: dict[str, Any]
    declared: dict[str, Any]
    status: KeyResultStatus
    status_rule: str
    quality: Quality
    last_good: dict[str, Any] | None
    error: str | None


class Health(Schema):
    """The process answers."""

    status: Literal["ok"]


class CheckResult(Schema):
    """One readiness check."""

    name: str
    ok: bool
    detail: str


class Readiness(Schema):
    """okrbridge takes requests; `checks` is filled with `?verbose`."""

    status: Literal["ok"]
    checks: list[CheckResult]


class Reloaded(Schema):
    """The definitions were loaded anew."""

    status: Literal["reloaded"]


class ProblemDocument(BaseModel):
    """RFC 9457. Some kinds carry more members: `errors`, `checks`, `faults`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="Stable; see the list in the HTTP reference.", examples=["urn:okrbridge:problem:not-found"]
    )
    title: str
    status: int
    detail: str
    instance: str
