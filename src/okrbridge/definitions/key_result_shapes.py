"""Models of a key result and of what stands inside it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from okrbridge.definitions.fields import DurationText, FilledText, Moment, Name, QuantityText, Share, refusal
from okrbridge.definitions.measure_shapes import MeasureSpec
from okrbridge.definitions.okr_fields import (
    Change,
    CommitmentName,
    Count,
    KeyResultName,
    LayerName,
    Precision,
    StateName,
    VisibilityName,
    WebAddress,
    Weight,
)
from okrbridge.definitions.shapes import Shape

OperatorName = Literal["ge", "gt", "le", "lt"]
ZoneName = Literal["fail", "commit", "target", "stretch"]


def _above_nothing(value: float) -> float:
    if value == 0:
        raise refusal("wrong_value", "must be above 0%")
    return value


SomeShare = Annotated[Share, AfterValidator(_above_nothing)]


class Checkpoint(Shape):
    """A planned point between start and due."""

    at: Moment
    """When."""
    progress: Share
    """Planned progress, 0..1 or percent."""


class BaselineSpec(Shape):
    """A baseline that okrbridge measures once, just before the key result starts, and then keeps."""

    over: DurationText
    """How much history it is measured over, such as 90d."""


class ShareSpec(Shape):
    """When a member of a population is good; without operator and limit, the measure gives 1 or 0 for each."""

    operator: OperatorName | None = None
    """How a member is compared with limit."""
    limit: QuantityText | None = None
    """What each member is compared with."""


class PartSpec(Shape):
    """A part of a composite."""

    key_result: KeyResultName
    """NAME in this objective, or OBJECTIVE/NAME."""
    weight: Weight = 1.0
    """Weight among the parts."""


class EvidenceSpec(Shape):
    """What shows that a milestone was reached."""

    url: WebAddress
    """Where it can be seen; http or https."""
    reached_at: Moment
    """When it was reached."""


class ZonesSpec(Shape):
    """What each zone of an ordinal means, worst first."""

    fail: FilledText | None = None
    """Worth 0."""
    commit: FilledText | None = None
    """Worth 0.3."""
    target: FilledText | None = None
    """Worth 0.7."""
    stretch: FilledText | None = None
    """Worth 1."""


class Span(Shape):
    """Time that counts: from start to end, or the whole day start."""

    start: Moment
    """First instant."""
    end: Moment | None = None
    """First instant after it; the day after start when not given."""


class RevisionSpec(Shape):
    """Why the definition was changed while the cycle was running."""

    reason: Literal["measurement_error", "scope_change", "baseline_set", "typo"]
    """The reason code."""
    note: str = ""
    """What was changed, and why, for people."""


class KeyResultSpec(Shape):
    """A measurable outcome. Which keys it needs depends on its kind."""

    name: Name
    """Unique inside its objective."""
    title: FilledText | None = None
    """A sentence for people; the name when not given."""
    kind: (
        Literal[
            "increase",
            "decrease",
            "reach",
            "threshold",
            "maintain",
            "band",
            "relative",
            "share",
            "countPerPeriod",
            "errorBudget",
            "binary",
            "milestone",
            "ordinal",
            "composite",
            "baseline",
            "hypothesis",
        ]
        | None
    ) = None
    """Derived from the other keys when not given; reach, baseline and a band by change are not derived."""
    from_: QuantityText | None = Field(default=None, alias="from")
    """Where it starts, with its unit."""
    baseline: BaselineSpec | None = None
    """In place of from: where it starts is measured from history."""
    to: QuantityText | None = None
    """Where it should be, with its unit; of a share, the share of the members."""
    stretch: QuantityText | None = None
    """Beyond to: seen, not required."""
    operator: OperatorName | None = None
    """How a threshold or maintain compares: at least, above, at most, below."""
    critical: QuantityText | None = None
    """For a threshold or maintain: between to and here is at risk, beyond is off track."""
    low: QuantityText | None = None
    """For a band: the lowest good value."""
    high: QuantityText | None = None
    """For a band: the highest good value."""
    change: Change | None = None
    """In place of to: how far from the baseline. A signed share of it (-40%) makes a relative; a way in the metric's
    unit (+5 points, or +5pp for percentage points) an increase or decrease. For a band: how far is good, a share."""
    share: ShareSpec | None = None
    """For a share of a population: when a member is good; {} when the measure gives 1 or 0."""
    per: Literal["day", "week", "month", "quarter", "year"] | None = None
    """For a countPerPeriod: the period; as in the unit of to, such as 3/month, when not given."""
    too_early_share: Share | None = None
    """For a countPerPeriod: no status before so much of the period has passed; 20% when not given."""
    required_share: SomeShare | None = None
    """For maintain: the share of the time that must be good; all of it when not given."""
    qualifying: list[Span] = Field(default_factory=list)
    """For maintain: only this time counts; all of the period when empty."""
    allowance: Share | None = None
    """For an errorBudget: the share of the period's budget that may be spent."""
    done: bool | None = None
    """For a binary or milestone that people set: whether it was reached."""
    evidence: EvidenceSpec | None = None
    """For a milestone: what shows that it was reached; without it, done cannot be true."""
    zones: ZonesSpec | None = None
    """For an ordinal: what its zones mean."""
    zone: ZoneName | None = None
    """For an ordinal: the zone it is in."""
    parts: list[PartSpec] = Field(default_factory=list)
    """For a composite: the key results it is the weighted mean of."""
    effect: QuantityText | None = None
    """For a hypothesis: the smallest effect that validates it; signed, in the metric's unit."""
    measure: MeasureSpec | None = None
    """Where the value comes from; without one the key result shows no data, with a warning."""
    min_samples: Count = 0
    """A measurement with fewer samples is insufficient."""
    precision: Precision | None = None
    """Digits after the point in reports."""
    guards: list[KeyResultName] = Field(default_factory=list)
    """Key results that must hold as well: NAME in this objective, or OBJECTIVE/NAME."""
    guard_required_share: SomeShare = 1.0
    """Share of the time that the guards must have held at the close."""
    best_of: list[KeyResultName] = Field(default_factory=list)
    """Other key results that would do as well; the best progress of all counts."""
    weight: Weight = 1.0
    """Weight in the objective's progress."""
    type: CommitmentName | None = None
    """Whether all of it is expected, or about 0.7; the objective's type when not given."""
    owner: FilledText | None = None
    """Who drives it; the objective's owner when not given."""
    start: Moment | None = None
    """First instant of its period; the cycle's start when not given."""
    due: Moment | None = None
    """End of its period; the cycle's end when not given."""
    checkpoints: list[Checkpoint] = Field(default_factory=list)
    """Planned progress in between, ascending; a straight line when there is none."""
    verb: FilledText | None = None
    """The verb of change, such as reduce; must agree with the numbers."""
    metric: FilledText | None = None
    """Name of the metric for people, such as median first-response time."""
    counted: str = ""
    """What is counted."""
    excluded: str = ""
    """What is left out."""
    source_note: str = ""
    """Where the number comes from."""
    contribution_note: str = ""
    """What it does for the objective."""
    timing: Literal["leading", "lagging", "proxy"] | None = None
    """Whether the metric tells what comes, tells what came, or stands for something else."""
    proxy_note: str = ""
    """With timing proxy: how it is known to go with what it stands for."""
    indicator: FilledText | None = None
    """Name of the Indicator that it moves."""
    outcome: FilledText | None = None
    """Name of the Indicator that should move when this does."""
    visibility: VisibilityName | None = None
    """Who may see title and value; the objective's visibility when not given."""
    state: StateName = "active"
    """Whether it counts; only active ones do."""
    revision: RevisionSpec | None = None
    """Why it stands as it does, when it was changed while the cycle was running."""
    stakeholders: list[FilledText] = Field(default_factory=list)
    """Who wants to hear of changes of its status."""
    runbook: WebAddress | None = None
    """Address of the runbook."""
    layer: LayerName | None = None
    """The layer it is about: L1 edge, L2 service, up to L10 security."""
