"""Teams: their model, and the domain's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from okrbridge.definitions.fields import FilledText
from okrbridge.definitions.okr_fields import VisibilityName
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.domain.key_results import Visibility
from okrbridge.domain.objectives import Team, TeamLevel


class TeamSpec(Shape):
    """Who sets objectives. Objectives may name teams that have no document."""

    title: FilledText | None = None
    """A name for people; the display name when not given."""
    level: Literal["organization", "division", "team", "individual"] = "team"
    """Where it stands."""
    parent: FilledText | None = None
    """Name of the Team it is a part of."""
    champion: FilledText | None = None
    """The local point of contact for OKRs."""
    lead: FilledText | None = None
    """Who leads it."""
    sponsor: FilledText | None = None
    """Who stands behind its OKRs in the leadership."""
    okr_lead: FilledText | None = None
    """Who runs the OKR process."""
    members: list[FilledText] = Field(default_factory=list)
    """Who belongs to it."""
    visibility: VisibilityName = "public"
    """Of its objectives that do not say their own."""


class TeamDocument(Shape):
    """A team, department or the whole organization."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Team"]
    metadata: Metadata
    spec: TeamSpec


def team_of(model: TeamDocument) -> Team:
    """A team."""
    spec = model.spec
    return Team(
        name=model.metadata.name,
        title=spec.title or model.metadata.display_name or "",
        level=TeamLevel(spec.level),
        parent=spec.parent or "",
        champion=spec.champion or "",
        lead=spec.lead or "",
        sponsor=spec.sponsor or "",
        okr_lead=spec.okr_lead or "",
        members=tuple(spec.members),
        visibility=Visibility(spec.visibility),
    )
