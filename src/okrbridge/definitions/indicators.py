"""Models of the indicators in OpenSLO v1 documents, as far as this version evaluates them.

Source: https://github.com/OpenSLO/OpenSLO, README of v1. Keys of the format that are left out here are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from okrbridge.definitions.fields import FilledText, WindowedQuery, refusal
from okrbridge.definitions.nodes import shortened
from okrbridge.definitions.release import NOT_YET
from okrbridge.definitions.shapes import Metadata, Refusal, Shape, exactly_one_of

_ONE_LANGUAGE = Refusal("unsupported", "queries are PromQL; write the expression under query, and remove this")


def prometheus_type(value: str, known: str = "Prometheus") -> str:
    """The type of a source that counts events. Raises what a validator raises, naming the known ones."""
    if value.casefold() != "prometheus":
        raise refusal("unsupported", f"sources of type {shortened(value)} are {NOT_YET}; use {known}")
    return value


PROMETHEUS_PATTERN = Field(json_schema_extra={"pattern": "^[Pp]rometheus$"})
SourceType = Annotated[str, AfterValidator(prometheus_type), PROMETHEUS_PATTERN]
"""The type of the source of a metric: only Prometheus counts events."""


class QuerySpec(Shape):
    """What is asked."""

    query: WindowedQuery
    """PromQL, such as http_requests_total{service="api"}; windows may stay open, as in rate(x[{{.window}}])."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {"queryType": _ONE_LANGUAGE}


class MetricSource(Shape):
    """Where it is asked."""

    metric_source_ref: FilledText | None = None
    """Name of a DataSource; prometheus needs no document and means the default source."""
    type: SourceType | None = None
    """Prometheus means the default source where metricSourceRef is not given."""
    spec: QuerySpec
    """The query."""


class Metric(Shape):
    """One metric."""

    metric_source: MetricSource
    """Where and what is asked."""


class RatioMetric(Shape):
    """Good events (or bad ones) out of all events, or a ratio that was computed elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["counter", "good", "total"]},
                {"required": ["counter", "bad", "total"]},
                {"required": ["raw", "rawType"]},
            ]
        }
    )

    counter: bool | None = None
    """true: the metrics are counters that only grow; false: their values are the events of each slice."""
    good: Metric | None = None
    """Good events; either this or bad."""
    bad: Metric | None = None
    """Bad events; either this or good."""
    total: Metric | None = None
    """All events, from the same source."""
    raw: Metric | None = None
    """A ratio, 0 to 1; in place of good, bad and total."""
    raw_type: Literal["success", "failure"] | None = None
    """Whether raw is the share of good events or of bad ones."""


class ThresholdMetric(Shape):
    """A value that the op and value of each objective are compared with."""

    metric_source: MetricSource
    """Where and what is asked."""


class SliSpec(Shape):
    """A service level indicator; exactly one of ratioMetric and thresholdMetric."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("ratioMetric", "thresholdMetric"))

    description: str = ""
    """Text for people."""
    ratio_metric: RatioMetric | None = None
    """A share of events."""
    threshold_metric: ThresholdMetric | None = None
    """A value with a limit."""


class InlineSli(Shape):
    """An indicator written inside its SLO."""

    metadata: Metadata | None = None
    """Its name; the SLO's when there is none."""
    spec: SliSpec
    """What is counted."""
