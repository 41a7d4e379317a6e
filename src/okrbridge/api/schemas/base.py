"""What all answers have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Ratio = Annotated[float | None, Field(description="A share, 0..1; null when unknown.")]
Instant = Annotated[datetime | None, Field(description="RFC 3339, UTC; null when unknown.")]
BurnRate = Annotated[
    float | None, Field(description="Multiples of the even pace at which the budget is spent; null without coverage.")
]
Origin = Annotated[
    Literal["file", "http"] | None,
    Field(description="Where it is declared; what a file declares is changed there alone. Null when it is no longer."),
]
EvaluationId = Annotated[str | None, Field(description="The evaluation that made these numbers.")]


class Schema(BaseModel):
    """Every key is always there."""

    model_config = ConfigDict(extra="forbid")


Item = TypeVar("Item", bound=BaseModel)


class Page(Schema, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class ProblemDocument(BaseModel):
    """RFC 9457. Some kinds carry more members: `errors`, `checks`, `faults`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="Stable; see the list in the HTTP reference.", examples=["urn:okrbridge:problem:not-found"]
    )
    title: str
    status: int
    detail: str
    instance: str
