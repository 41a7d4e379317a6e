"""Models of okrbridge.dev/v1 documents: cycles, and objectives with their key results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from okrbridge.definitions.fields import (
    DurationText,
    FilledText,
    Moment,
    Name,
    PromqlQuery,
    QuantityText,
    Share,
    UnitText,
    refusal,
)
from okrbridge.definitions.nodes import Path
from okrbridge.definitions.shapes import Metadata, Shape, exactly_one_of
from okrbridge.definitions.wall_clock import TimeZoneName

OKRBRIDGE = "okrbridge.dev/v1"


def _weight(value: float) -> float:
    if value < 0:
        raise refusal("wrong_value", f"a weight is 0 or more, not {value:g}")
    return value


Weight = Annotated[float, AfterValidator(_weight), Field(json_schema_extra={"minimum": 0})]
CommitmentName = Literal["committed", "aspirational"]


class CycleSpec(Shape):
    """A time box of OKRs. A date is midnight at its beginning, in the cycle's time zone."""

    title: str = ""
    """A name for people."""
    start: Moment
    """First instant of the cycle."""
    end: Moment
    """First instant after the cycle."""
    timezone: TimeZoneName = "UTC"
    """IANA name of the zone in which dates are read."""
    cadence: Literal["weekly", "biweekly", "monthly"] = "weekly"
    """How often the team checks in."""
    measure_until: Moment | None = None
    """Measuring goes on until then; the cycle's end when not given."""


class IncidentFilter(Shape):
    """Which incidents are counted; an empty list means all."""

    severity: list[FilledText] = Field(default_factory=list)
    """Severities, such as sev1."""
    service: list[FilledText] = Field(default_factory=list)
    """Services."""


class MeasureSpec(Shape):
    """Where the value comes from; exactly one of slo, promql and incidents."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("slo", "promql", "incidents"))

    slo: FilledText | None = None
    """Name of an SLO; the value is a ratio."""
    over: DurationText | None = None
    """With slo: a rolling window; the key result's period to date when not given."""
    quantity: Literal["sli", "budget"] | None = None
    """With slo: its SLI ratio, or the consumed share of the period's error budget."""
    promql: PromqlQuery | None = None
    """A PromQL expression that gives one number."""
    unit: UnitText | None = None
    """With promql: the unit of the expression's number."""
    source: FilledText | None = None
    """With promql: name of a DataSource; the default source when not given."""
    incidents: IncidentFilter | None = None
    """Counted incidents. This version receives none, so the key result shows no data."""


class Checkpoint(Shape):
    """A planned point between start and due."""

    at: Moment
    """When."""
    progress: Share
    """Planned progress, 0..1 or percent."""


class KeyResultSpec(Shape):
    """A measurable outcome. Which keys it needs depends on its kind."""

    name: Name
    """Unique inside its objective."""
    title: FilledText | None = None
    """A sentence for people; the name when not given."""
    kind: Literal["increase", "decrease", "threshold", "errorBudget"] | None = None
    """Derived when not given: allowance makes an errorBudget, operator a threshold, from and to the rest."""
    from_: QuantityText | None = Field(default=None, alias="from")
    """Where it starts, with its unit; needed by increase and decrease."""
    to: QuantityText | None = None
    """Where it should be, with its unit; not for errorBudget."""
    operator: Literal["ge", "gt", "le", "lt"] | None = None
    """How a threshold compares: at least, above, at most, below."""
    critical: QuantityText | None = None
    """For a threshold: between to and here is at risk, beyond is off track."""
    allowance: Share | None = None
    """For an errorBudget: the share of the period's budget that may be spent."""
    measure: MeasureSpec | None = None
    """Where the value comes from; without one the key result shows no data, with a warning."""
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


class ObjectiveSpec(Shape):
    """A qualitative goal of a cycle."""

    title: FilledText | None = None
    """A sentence for people; the display name or the name when not given."""
    why: str = ""
    """Why it matters."""
    cycle: FilledText
    """Name of its cycle."""
    team: FilledText | None = None
    """The team; needs no document."""
    owner: FilledText
    """Who answers for it; needs no document."""
    parent: FilledText | None = None
    """Name of the objective it contributes to."""
    weight: Weight = 1.0
    """Weight among the children of its parent."""
    type: CommitmentName = "committed"
    """Whether all of it is expected, or about 0.7."""
    key_results: list[KeyResultSpec] = Field(min_length=1)
    """What shows that it was reached."""


class CycleDocument(Shape):
    """A time box of OKRs."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Cycle"]
    metadata: Metadata
    spec: CycleSpec


class ObjectiveDocument(Shape):
    """A qualitative goal with its key results."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Objective"]
    metadata: Metadata
    spec: ObjectiveSpec

    stand_ins: ClassVar[Mapping[Path, object]] = {
        ("metadata", "name"): "unnamed",
        ("spec", "cycle"): "unknown",
        ("spec", "owner"): "unknown",
    }
    independent_items: ClassVar[Mapping[Path, type[Shape]]] = {("spec", "keyResults"): KeyResultSpec}
