"""Objectives."""

from __future__ import annotations

from pydantic import Field

from okrbridge.api.schemas.base import Origin, Ratio, Schema
from okrbridge.api.schemas.key_results import KeyResultItem
from okrbridge.domain.key_results import Commitment, KeyResultState, Visibility
from okrbridge.domain.objectives import Alignment, RollUpMode
from okrbridge.domain.pacing import KeyResultStatus


class ObjectiveItem(Schema):
    """An objective rolled up from its key results."""

    objective: str
    title: str
    why: str | None
    cycle: str
    team: str | None
    owner: str | None
    co_owners: list[str]
    parent: str | None = Field(description="The objective it is aligned with.")
    parent_key_result: str | None = Field(description="The key result it is aligned with, `OBJECTIVE/NAME`.")
    alignment: Alignment = Field(description="Whether its progress is part of the parent's.")
    serves: str | None = Field(description="How it serves the North Star.")
    state: KeyResultState
    rollup: RollUpMode
    visibility: Visibility
    origin: Origin
    commitment: Commitment
    weight: float
    progress_ratio: Ratio = Field(description="Weighted mean; a key result never measured counts 0.")
    measured_only_ratio: Ratio = Field(description="Weighted mean of those that were ever measured.")
    coverage_ratio: Ratio = Field(description="Weight of the freshly measured ones over all weight.")
    expected_ratio: Ratio = Field(description="Elapsed share of the cycle.")
    status: KeyResultStatus
    contributing: list[str] = Field(description="Children whose progress is part of it.")
    key_results_count: int


class ObjectiveDetail(ObjectiveItem):
    """An objective with its key results."""

    key_results: list[KeyResultItem]


class ObjectiveNode(ObjectiveDetail):
    """An objective with its key results and the objectives under it."""

    children: list[ObjectiveNode]
