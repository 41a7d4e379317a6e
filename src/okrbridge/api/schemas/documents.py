"""Documents, written and read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field

from okrbridge.api.schemas.base import Instant, Schema

MergePatch = Annotated[
    dict[str, Any],
    Body(description="A JSON merge patch (RFC 7396).", examples=[{"spec": {"title": "Another title"}}]),
]


class DocumentBody(BaseModel):
    """A document of `okrbridge.dev/v1`, as it would stand in a file; apiVersion and kind may be left out."""

    model_config = ConfigDict(extra="forbid")

    api_version: Literal["okrbridge.dev/v1"] | None = Field(default=None, alias="apiVersion")
    kind: str | None = Field(default=None, max_length=64, description="That of the path, when it is given.")
    metadata: dict[str, Any] = Field(description="`name`, and `displayName`, `labels`.", examples=[{"name": "growth"}])
    spec: dict[str, Any] = Field(description="As in files; `docs/reference/okrbridge.schema.json` has every key.")


class DocumentItem(Schema):
    """A document with where it is from."""

    kind: str = Field(examples=["Objective"])
    name: str
    origin: Literal["file", "http"] = Field(description="What a file declares is changed there alone.")
    place: str | None = Field(description="`file:line`; null when it was made over HTTP.")
    version: int | None = Field(description="1 for the first; null when a file declares it.")
    etag: str | None = Field(description="What `If-Match` must name to change it; null when a file declares it.")
    created_at: Instant
    created_by: str | None = Field(description="The name of the token.")
    updated_at: Instant
    updated_by: str | None
    document: dict[str, Any] = Field(description="The whole document: apiVersion, kind, metadata, spec.")


class RevisionItem(Schema):
    """A change of what a key result promises."""

    number: int = Field(description="Of the objective's revision.")
    at: Instant
    reason: str | None = Field(description="measurement_error, scope_change, baseline_set or typo; null when none.")
    note: str | None
    before: dict[str, Any] = Field(description="The keys that changed, as they were.")
    after: dict[str, Any] = Field(description="The same keys as they are.")


class ReviewBody(BaseModel):
    """What somebody says of an objective, such as the owner of its parent."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "comment"]
    note: str = Field(default="", max_length=2000)


class ReviewItem(Schema):
    """A review; it changes nothing of the objective."""

    at: Instant
    by: str
    decision: Literal["approve", "comment"]
    note: str
