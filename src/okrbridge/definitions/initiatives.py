"""Initiatives: their model, and the domain's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from okrbridge.definitions.fields import FilledText, Moment
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.okr_fields import KeyResultId, WebAddress
from okrbridge.definitions.periods import instant
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.domain.objectives import Initiative, InitiativeState


class InitiativeSpec(Shape):
    """Work that should move key results; it may change at any time without changing them."""

    title: FilledText | None = None
    """A sentence for people; the display name or the name when not given."""
    key_results: list[KeyResultId] = Field(min_length=1)
    """What it should move, by OBJECTIVE/NAME."""
    url: WebAddress | None = None
    """Where the work is described, such as an issue."""
    owner: FilledText | None = None
    """Who drives it."""
    state: Literal["planned", "active", "stopped", "done"] = "planned"
    """Where it stands; never progress."""
    stopped_reason: FilledText | None = None
    """With state stopped: the evidence that stopped it; required then."""
    stopped_at: Moment | None = None
    """With state stopped: when. A date is midnight UTC."""


class InitiativeDocument(Shape):
    """Work that should move key results."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Initiative"]
    metadata: Metadata
    spec: InitiativeSpec


def initiative_of(spot: Spot, model: InitiativeDocument) -> Initiative:
    """An initiative; one whose state and reason contradict each other is a fault."""
    spec = model.spec
    _check_stop(spot.at("spec"), spec)
    return Initiative(
        name=model.metadata.name,
        title=spec.title or model.metadata.display_name or model.metadata.name,
        key_results=tuple(dict.fromkeys(spec.key_results)),
        url=spec.url or "",
        owner=spec.owner or "",
        state=InitiativeState(spec.state),
        stopped_reason=spec.stopped_reason or "",
        stopped_at=instant(spec.stopped_at, "UTC") if spec.stopped_at is not None else None,
    )


def _check_stop(spot: Spot, spec: InitiativeSpec) -> None:
    if spec.state == "stopped":
        if spec.stopped_reason is None:
            spot.at("stoppedReason").fault("is missing; say which evidence stopped the work", "missing_key")
        return
    for key, value in (("stoppedReason", spec.stopped_reason), ("stoppedAt", spec.stopped_at)):
        if value is not None:
            spot.at(key).fault("goes with state: stopped; remove it", "does_not_belong", of_key=True)
