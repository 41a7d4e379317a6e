"""Cycles: their life, scores, reports, and what people say when they close one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import Instant, Ratio, Schema
from okrbridge.application.audit import LONGEST_REASON
from okrbridge.application.records import Quality
from okrbridge.domain.cycles import CyclePhase
from okrbridge.domain.key_results import Commitment, KeyResultKind, KeyResultState
from okrbridge.domain.objectives import InitiativeState
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.scoring import Outcome, ScoreColour

Score = Annotated[float | None, Field(description="0.0 to 1.0; null for kinds without a score, and without a value.")]
GivenScore = Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)]
Sentence = Annotated[str, Field(max_length=LONGEST_REASON)]
NameText = Annotated[str, Field(min_length=1, max_length=253)]
HypothesisResult = Literal["validated", "refuted", "inconclusive"]


class CycleItem(Schema):
    """A cycle of OKRs, with how its key results stand."""

    cycle: str = Field(examples=["2026-q4"])
    title: str
    starts_at: datetime
    ends_at: datetime
    measure_until: datetime
    timezone: str = Field(examples=["Europe/Berlin"])
    cadence: str
    elapsed_ratio: float
    phase: CyclePhase = Field(description="Closed as soon as it has scores, else as its dates say.")
    closed_at: Instant = Field(description="When its scores were made; null while it is open.")
    net_confidence_ratio: float | None = Field(description="Share on track less share off track, -1..1.")
    key_results_count: int = Field(description="Key results that count and that you may see.")
    statuses: dict[KeyResultStatus, int]
    scored_count: int
    score_mean: Ratio
    final_score_mean: Ratio


class ScoreItem(Schema):
    """The score of a key result at the close, and what became of it."""

    objective: str
    key_result: str
    cycle: str
    title: str
    closed_at: datetime
    computed_score: Score = Field(description="As the rule gives it.")
    score: Score = Field(
        description="The one that stands: a person's, or the computed one. It never changes by itself."
    )
    colour: ScoreColour | None
    outcome: Outcome
    override_reason: str | None = Field(description="Why a person set another score.")
    review: str = Field(description="A person's sentence on the outcome.")
    is_postmortem_due: bool = Field(description="A commitment was missed.")
    is_too_easy: bool = Field(description="An aspiration was reached in full.")
    final_score: Score = Field(description="As measuring goes on after the close; null before the first measurement.")
    final_at: Instant
    significance: dict[str, Any] | None = Field(
        description="Test, method in words, n, effect with its 95 % interval, p-value; null with too few days."
        " The interval's ends are null where days resemble each other too much to bound the effect."
    )
    evidence: dict[str, Any] = Field(
        description="What the score rests on: value, window, query, revision, sample count, instant, guards."
    )


class Scores(Schema):
    """The scores of a cycle, all on one page."""

    cycle: str
    closed_at: Instant
    items: list[ScoreItem]


class ClosingItem(Schema):
    """What closing asks about one key result."""

    objective: str
    key_result: str
    title: str
    kind: KeyResultKind
    asks: list[Literal["review", "result"]]
    computed_score: Score
    outcome: Outcome | None = Field(description="Null for a hypothesis: people say how it ended.")
    evidence: dict[str, Any]


class ClosingForm(Schema):
    """What closing a cycle asks, with the scores that the rule gives now."""

    cycle: str
    as_of: datetime
    is_early: bool = Field(description="Whether the cycle still runs, so that closing it asks for `early`.")
    items: list[ClosingItem]


class JudgementBody(BaseModel):
    """What a person says about one key result."""

    model_config = ConfigDict(extra="forbid")

    objective: NameText
    key_result: NameText
    review: Sentence = Field(default="", description="One sentence on the outcome; every key result needs one.")
    score: GivenScore = Field(default=None, description="In place of the computed one.")
    reason: Sentence = Field(default="", description="Why another score; needed with it.")
    result: HypothesisResult | None = Field(default=None, description="How a hypothesis ended; needed for one.")


class ClosingBody(BaseModel):
    """What people say about the key results of a cycle."""

    model_config = ConfigDict(extra="forbid")

    key_results: list[JudgementBody] = Field(max_length=10_000)
    early: bool = Field(default=False, description="A cycle that still runs is meant; nobody can take that back.")


class ScoreChangeBody(BaseModel):
    """What is put right of a score."""

    model_config = ConfigDict(extra="forbid")

    reason: Sentence = Field(description="Why; the audit log keeps it.")
    score: GivenScore = None
    result: HypothesisResult | None = None
    review: Sentence = ""


class ReviewItem(Schema):
    """A key result of a past cycle, at its close and now."""

    objective: str
    key_result: str
    cycle: str
    title: str
    team: str | None
    unit: str | None
    baseline: float | None
    target: float | None
    value_at_close: float | None
    progress_at_close_ratio: Ratio
    score: Score
    outcome: Outcome
    value_now: float | None = Field(description="Null when its definition is gone.")
    progress_now_ratio: Ratio
    measured_at: Instant
    final_score: Score
    is_significant: bool | None


class ActionItem(Schema):
    """What a retrospective wants done."""

    action: str
    team: str
    cycle: str = Field(description="The cycle that was looked back on.")
    retrospective: str
    owner: str | None
    due_at: Instant
    done: bool
    is_overdue: bool
    carried_to: str | None


class ReportKeyResult(Schema):
    """A key result in the report of its cycle."""

    objective: str
    key_result: str
    title: str
    kind: KeyResultKind
    commitment: Commitment
    state: KeyResultState
    team: str | None
    unit: str
    baseline: float | None
    value: float | None
    target: float | None
    raw_ratio: float | None
    progress_ratio: Ratio
    expected_ratio: Ratio
    gap_ratio: float | None
    status: KeyResultStatus
    quality: Quality
    measured_at: Instant
    mean_interval: dict[str, Any] | None = Field(
        description="Of a value that is the mean of samples: mean, deviation, n, and the 95 % interval in unit."
    )
    forecast_p10: float | None = Field(description="While the cycle runs.")
    forecast_p50: float | None
    forecast_p90: float | None
    hit_probability_ratio: Ratio
    confidence: int | None
    confidences: list[int] = Field(description="As people said it in the cycle, ascending in time.")
    confidence_direction: Literal["rising", "steady", "falling"] | None
    value_at_close: float | None
    progress_at_close_ratio: Ratio
    computed_score: Score
    score: Score
    colour: ScoreColour | None
    outcome: Outcome | None
    override_reason: str | None
    review: str | None
    is_postmortem_due: bool | None
    is_too_easy: bool | None
    final_score: Score
    final_at: Instant
    significance: dict[str, Any] | None
    guards: list[dict[str, Any]] = Field(description="Whether each is breached, and on how many of the days observed.")
    first_red_at: Instant
    first_red_week: int | None = Field(description="Week of the cycle in which it was first off track; 1 is the first.")
    red_spells: list[dict[str, Any]]
    decision_latency_days: float | None = Field(description="From red to the check-in that left an output; mean.")
    check_ins_expected: int = Field(description="Periods of the cadence that are over.")
    check_ins_made: int = Field(description="Of these, with a check-in.")
    check_ins_count: int
    check_ins_without_decision: int = Field(description="Off track, and nothing was changed, traded or asked for.")


class ReportObjective(Schema):
    """An objective in the report of its cycle."""

    objective: str
    title: str
    why: str | None
    team: str | None
    commitment: Commitment
    progress_ratio: Ratio
    measured_only_ratio: Ratio
    coverage_ratio: Ratio
    expected_ratio: Ratio
    status: KeyResultStatus
    key_results: list[ReportKeyResult]


class ReportTeam(Schema):
    """A team in the report of a cycle; nobody in it is named."""

    team: str
    key_results_count: int
    net_confidence_ratio: float | None
    statuses: dict[KeyResultStatus, int]
    check_ins_expected: int
    check_ins_made: int
    check_ins_without_decision: int
    targets_too_easy: bool = Field(description="Everything was reached in full for three cycles in a row.")


class ReportInitiative(Schema):
    """Work for a cycle's key results."""

    initiative: str
    title: str
    state: InitiativeState
    is_over: bool
    stopped_reason: str | None
    stopped_at: Instant
    url: str | None
    key_results: list[str]


class CycleReport(Schema):
    """The report of a cycle."""

    cycle: CycleItem
    as_of: datetime
    made_at: datetime
    objectives: list[ReportObjective]
    teams: list[ReportTeam]
    decision_latency_days: float | None = Field(description="Median of all times from red to a decision.")
    postmortems_due: list[str]
    trade_offs: list[dict[str, Any]]
    changes: list[dict[str, Any]] = Field(description="Promises changed while the cycle ran, with the reasons.")
    initiatives: list[ReportInitiative]
    learnings: list[dict[str, str]]
    actions: list[ActionItem]
