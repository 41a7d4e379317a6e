"""Models of Pyrra's documents, the Kubernetes object ServiceLevelObjective.

Source: https://github.com/pyrra-dev/pyrra, kubernetes/api/v1alpha1 and docs/performance-mode.md, as of release 0.10.
Pyrra refuses keys it does not know; so do these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from okrbridge.definitions.foreign_fields import (
    FilledAnyText,
    ForeignShape,
    ObjectMetadata,
    PercentText,
    PrometheusDuration,
    Text,
)
from okrbridge.definitions.nodes import Path

PYRRA = "pyrra.dev/v1alpha1"


class PyrraQuery(ForeignShape):
    """A metric with matchers, without functions."""

    metric: FilledAnyText


class PyrraRatio(ForeignShape):
    """Exactly two of errors, success and total."""

    errors: PyrraQuery | None = None
    success: PyrraQuery | None = None
    total: PyrraQuery | None = None
    grouping: list[Text] = Field(default_factory=list)


class PyrraLatency(ForeignShape):
    """The bucket of a histogram that holds what was fast enough, and the count of all."""

    success: PyrraQuery
    total: PyrraQuery
    grouping: list[Text] = Field(default_factory=list)


class PyrraNativeLatency(ForeignShape):
    """A native histogram and the latency that is fast enough."""

    latency: PrometheusDuration
    total: PyrraQuery
    grouping: list[Text] = Field(default_factory=list)


class PyrraGauge(PyrraQuery):
    """A gauge that is 1 when all is well, else 0."""

    grouping: list[Text] = Field(default_factory=list)


class PyrraIndicator(ForeignShape):
    """The indicator; exactly one of its keys."""

    ratio: PyrraRatio | None = None
    latency: PyrraLatency | None = None
    latency_native: PyrraNativeLatency | None = None
    bool_gauge: PyrraGauge | None = Field(default=None, alias="bool_gauge")


class PyrraSeverities(ForeignShape):
    """The severities of the alerts."""

    absent: Text = ""
    fast_burn: Text = ""
    medium_burn: Text = ""
    slow_burn: Text = ""
    long_term_burn: Text = ""


class PyrraAlerting(ForeignShape):
    """What Pyrra's alerting rules look like."""

    disabled: bool = False
    burnrates: bool = True
    absent: bool = True
    name: Text = ""
    absent_name: Text = ""
    severities: PyrraSeverities = PyrraSeverities()


class PyrraRuleOutput(ForeignShape):
    """Labels of the rules that Pyrra makes."""

    short_rules_labels: dict[str, Text] = Field(default_factory=dict)
    long_rules_labels: dict[str, Text] = Field(default_factory=dict)
    enable_description_as_label: bool = False


class PyrraSpec(ForeignShape):
    """One objective."""

    description: Text = ""
    target: PercentText
    window: PrometheusDuration
    indicator: PyrraIndicator
    alerting: PyrraAlerting | None = None
    partial_response_strategy: Literal["abort", "warn", ""] = Field(default="abort", alias="partial_response_strategy")
    performance_over_accuracy: bool = False
    rule_output: PyrraRuleOutput | None = None


class PyrraDocument(ForeignShape):
    """The Kubernetes object."""

    api_version: Literal["pyrra.dev/v1alpha1"]
    kind: Literal["ServiceLevelObjective"]
    metadata: ObjectMetadata
    spec: PyrraSpec
    status: Any = None

    stand_ins: ClassVar[Mapping[Path, object]] = {
        ("spec", "target"): "99",
        ("spec", "window"): "30d",
    }
