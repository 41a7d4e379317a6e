"""Retrospectives: their model, and the domain's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from okrbridge.definitions.fields import FilledText, Moment
from okrbridge.definitions.periods import instant
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.domain.objectives import Retrospective, RetrospectiveAction


class ActionSpec(Shape):
    """What is to be done."""

    title: FilledText
    """A sentence for people."""
    owner: FilledText | None = None
    """Who does it."""
    due: Moment | None = None
    """Until when; a date is midnight in the cycle's time zone."""
    done: bool = False
    """Whether it is done; until then it stands in the next cycle's preparation."""
    carried_to: FilledText | None = None
    """Name of the cycle it was carried to."""


class RetrospectiveSpec(Shape):
    """What a team learnt in a cycle."""

    cycle: FilledText
    """Name of the cycle it looks back on."""
    team: FilledText
    """The team; needs no document."""
    learnings: list[FilledText] = Field(default_factory=list)
    """What was learnt, a sentence each."""
    actions: list[ActionSpec] = Field(default_factory=list)
    """What is to be done about it."""


class RetrospectiveDocument(Shape):
    """What a team learnt in a cycle, and what it does about it."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["Retrospective"]
    metadata: Metadata
    spec: RetrospectiveSpec


def retrospective_of(model: RetrospectiveDocument, timezone: str) -> Retrospective:
    """A retrospective; dates are midnights of a zone, its cycle's."""
    spec = model.spec
    actions = tuple(
        RetrospectiveAction(
            title=one.title,
            owner=one.owner or "",
            due=instant(one.due, timezone) if one.due is not None else None,
            done=one.done,
            carried_to=one.carried_to or "",
        )
        for one in spec.actions
    )
    return Retrospective(model.metadata.name, spec.cycle, spec.team, tuple(spec.learnings), actions)
