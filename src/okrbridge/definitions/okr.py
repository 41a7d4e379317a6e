"""Models of okrbridge.dev/v1 documents: cycles, and objectives with their key results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from okrbridge.definitions.fields import FilledText, Moment, Share
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.nodes import Path
from okrbridge.definitions.okr_fields import CommitmentName, KeyResultId, LayerName, StateName, VisibilityName, Weight
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.definitions.wall_clock import TimeZoneName

OKRBRIDGE = "okrbridge.dev/v1"


class CycleSpec(Shape):
    """A time box of OKRs. A date is midnight at its beginning, in the cycle's time zone."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"start": ["end"], "end": ["start"]}})

    title: str = ""
    """A name for people."""
    start: Moment | None = None
    """First instant of the cycle; of the quarter that it is named after, such as 2026-q4, when not given."""
    end: Moment | None = None
    """First instant after the cycle; given together with start."""
    timezone: TimeZoneName = "UTC"
    """IANA name of the zone in which dates are read."""
    cadence: Literal["weekly", "biweekly", "monthly"] = "weekly"
    """How often the team checks in."""
    measure_until: Moment | None = None
    """Measuring goes on until then; the cycle's end when not given."""
    retrospective_until: Moment | None = None
    """The retrospective lasts until then; the cycle's end when not given."""
    closed: bool = False
    """Whether it is closed: scores are frozen, and nothing in it changes any more."""
    parent: FilledText | None = None
    """Name of the longer cycle it is a part of."""
    status_policy: FilledText | None = None
    """Name of the StatusPolicy it is judged by; the built-in one when not given."""


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
    co_owners: list[FilledText] = Field(default_factory=list)
    """Who answers for it as well."""
    parent: FilledText | None = None
    """Name of the objective it is aligned with."""
    parent_key_result: KeyResultId | None = None
    """In place of parent: the key result it is aligned with, by OBJECTIVE/NAME."""
    alignment: Literal["contributes", "supports"] = "contributes"
    """Whether its progress is part of its parent's, or only helps."""
    weight: Weight = 1.0
    """Weight among the children of its parent."""
    type: CommitmentName = "committed"
    """Whether all of it is expected, or about 0.7."""
    state: StateName = "active"
    """Whether it counts; only active ones do."""
    rollup: Literal["weightedMean", "worst", "manual"] = "weightedMean"
    """How key results and children become its progress."""
    manual_progress: Share | None = None
    """With rollup manual: its progress, as people say."""
    customer_facing: bool = False
    """Whether it promises something to customers."""
    serves: str = ""
    """How it serves the North Star."""
    visibility: VisibilityName | None = None
    """Who may see it; as the Team says, or public, when not given."""
    layer: LayerName | None = None
    """The layer it is about: L1 edge, L2 service, up to L10 security."""
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
