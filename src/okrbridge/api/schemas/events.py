"""Events and annotations."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from okrbridge.api.schemas.base import Instant, Schema
from okrbridge.application.event_intake import MOST_ATTRIBUTES

MOST_EVENTS = 1_000
KIND_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"

Name = Annotated[str, Field(max_length=253)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Value = Annotated[str, StringConstraints(max_length=1000)] | bool | float


class EventBody(BaseModel):
    """Something that happened; sent again under the same source and id it replaces the first."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    source: str = Field(pattern=r"^[!-~]{1,100}$", description="Who sends it; no spaces.", examples=["github"])
    id: str = Field(pattern=r"^[!-~]([ -~]{0,198}[!-~])?$", description="Unique for the source.", examples=["run-4711"])
    kind: str = Field(pattern=KIND_PATTERN, description="deploy, incident, signup, …", examples=["deploy"])
    start: AwareDatetime | None = Field(default=None, description="When it began, by its own clock; or `at`.")
    at: AwareDatetime | None = Field(default=None, description="The same as start, for a moment.")
    end: AwareDatetime | None = Field(default=None, description="When it was over, such as an incident restored.")
    detected_at: AwareDatetime | None = Field(default=None, description="Of an incident.")
    service: Name = ""
    severity: Annotated[str, Field(max_length=64)] = ""
    subject: Name = Field(default="", description="Whom it is about, such as an account or a repository.")
    title: Annotated[str, Field(max_length=500)] = ""
    url: str = Field(default="", max_length=2000, pattern=r"^(https?://\S+)?$")
    attributes: dict[Key, Value] = Field(
        default_factory=dict,
        max_length=MOST_ATTRIBUTES,
        description="Numbers and texts of your own. Of an incident, or of a `postmortem` about it, understood are: "
        "services, slos, key_results, assignee, note, postmortem_url, action_items, improvement_key_results, "
        "initiatives.",
        examples=[{"key_results": "reliable-checkout/uptime", "assignee": "li"}],
    )


EventsBody = Annotated[list[EventBody], Field(min_length=1, max_length=MOST_EVENTS)]


def _one_or_several(body: object) -> str:
    return "events" if isinstance(body, list) else "event"


SentBody = Annotated[
    Annotated[EventBody, Tag("event")] | Annotated[EventsBody, Tag("events")], Discriminator(_one_or_several)
]
"""What is wrong is told of what was sent, and not of the other form."""


class Received(Schema):
    """What became of the events."""

    received: int
    new: int = Field(description="The rest replaced events of the same source and id.")


class EventItem(Schema):
    """An event."""

    source: str
    id: str
    kind: str
    start: Instant
    end: Instant
    detected_at: Instant
    time_to_detect_seconds: float | None = Field(description="From start to detected_at.")
    time_to_restore_seconds: float | None = Field(description="Of an incident: from start to end, detection included.")
    service: str | None
    severity: str | None
    subject: str | None
    title: str | None
    url: str | None
    attributes: dict[str, str | bool | float]
    received_at: Instant


class AnnotationItem(Schema):
    """What happened beside a graph; the names are Grafana's."""

    time: Instant
    timeEnd: Instant = Field(description="Null for a moment, and while it lasts.")  # noqa: N815 - Grafana's name
    kind: str
    title: str
    text: str
    tags: list[str]
    url: str | None
