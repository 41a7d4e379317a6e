"""Status policies: their model, and the domain's."""

from __future__ import annotations

from typing import Literal

from okrbridge.definitions.fields import Share
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import SomeShare
from okrbridge.definitions.okr_fields import PositiveCount
from okrbridge.definitions.shapes import Metadata, Shape
from okrbridge.domain.pacing import DEFAULT_POLICY, StatusPolicy


class StatusPolicySpec(Shape):
    """What on track, at risk and off track mean; what is not given is as in the built-in policy."""

    on_track_gap: Share = DEFAULT_POLICY.on_track_gap
    """The largest gap to the plan that is still on track."""
    at_risk_gap: Share = DEFAULT_POLICY.at_risk_gap
    """The largest gap that is still at risk; beyond it is off track."""
    committed_goal: SomeShare = DEFAULT_POLICY.committed_goal
    """The share of the target that is expected of committed key results."""
    aspirational_goal: SomeShare = DEFAULT_POLICY.aspirational_goal
    """The share of the target that is expected of aspirational key results."""
    equal_evaluations: PositiveCount = DEFAULT_POLICY.equal_evaluations
    """How many evaluations in a row must agree before a status changes."""
    revision: PositiveCount = 1
    """Grows with each change of the numbers, so that people know which ones a status was judged by."""


class StatusPolicyDocument(Shape):
    """One published meaning of the statuses."""

    api_version: Literal["okrbridge.dev/v1"]
    kind: Literal["StatusPolicy"]
    metadata: Metadata
    spec: StatusPolicySpec


def status_policy_of(spot: Spot, model: StatusPolicyDocument) -> StatusPolicy:
    """A status policy; gaps in the wrong order are a fault."""
    spec = model.spec
    if spec.at_risk_gap < spec.on_track_gap:
        message = f"must not be below onTrackGap, {spec.on_track_gap:.0%}"
        spot.at("spec", "atRiskGap").fault(message, "wrong_value")
    return StatusPolicy(
        on_track_gap=spec.on_track_gap,
        at_risk_gap=spec.at_risk_gap,
        committed_goal=spec.committed_goal,
        aspirational_goal=spec.aspirational_goal,
        equal_evaluations=spec.equal_evaluations,
        name=model.metadata.name,
        revision=spec.revision,
    )
