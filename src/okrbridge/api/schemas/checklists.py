"""Checklists."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import Instant, Schema
from okrbridge.application.self_diagnosis_checklists import Maturity


class ChecklistItem(Schema):
    """One line of a checklist."""

    name: str = Field(examples=["alerts_tested"])
    title: str
    is_done: bool
    evidence: str = Field(description="What shows that it is done, or what is missing.")
    remedy: str | None = Field(description="What to do about it; null when it is done.")
    is_for_people: bool = Field(description="Whether a person ticks it; others are told from what is there.")
    ticked_by: str | None
    ticked_at: Instant
    note: str | None = Field(description="What was said with the tick.")
    due: Instant


class KnownFinding(Schema):
    """A finding by its name."""

    code: str
    subject: str


class QualityDrift(Schema):
    """How the quality of definitions changed from the start of a cycle to its week 2."""

    at_start: list[KnownFinding]
    appeared: list[KnownFinding]
    resolved: list[KnownFinding]


class ChecklistOf(Schema):
    """A checklist of one subject."""

    checklist: str = Field(examples=["before_production", "prerequisites"])
    subject: str = Field(examples=["rock-solid-api/uptime", "installation"])
    done_count: int
    items_count: int
    level: Maturity | None = Field(description="A team's step on the ladder; null for other checklists.")
    drift: QualityDrift | None = Field(description="Of a cycle's quality review; null for other checklists.")
    items: list[ChecklistItem]


class TickBody(BaseModel):
    """A tick."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(default="", max_length=2000, description="What was done, for whoever asks later.")
