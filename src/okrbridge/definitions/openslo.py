"""Models of OpenSLO v1 documents, as far as this version evaluates them.

Source: https://github.com/OpenSLO/OpenSLO, README of v1. Keys of the format that are left out here are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from okrbridge.definitions.fields import CounterSelector, DurationText, FilledText, refusal
from okrbridge.definitions.nodes import Path, shortened
from okrbridge.definitions.release import NOT_YET
from okrbridge.definitions.shapes import Metadata, Refusal, Shape, exactly_one_of

OPENSLO = "openslo/v1"

_COUNTERS_ONLY = f"is {NOT_YET}; count events with ratioMetric, counter: true, and good or bad beside total"
_RATIO = Refusal("unsupported", f"a ratio that was computed elsewhere {_COUNTERS_ONLY}")
_TIME_SLICES = Refusal(
    "unsupported",
    f"time slices are {NOT_YET}; use budgetingMethod: Occurrences without this key",
)
_CALENDAR = f"calendar windows are {NOT_YET}; use a rolling window: duration: 30d, isRolling: true"
_COMPOSITE = Refusal("unsupported", f"composite objectives are {NOT_YET}; write one SLO for each indicator")


def _true_counter(value: bool) -> bool:  # noqa: FBT001 - pydantic calls it with the value
    if not value:
        raise refusal("unsupported", f"counter: false {_COUNTERS_ONLY}")
    return value


def _rolling(value: bool) -> bool:  # noqa: FBT001 - pydantic calls it with the value
    if not value:
        raise refusal("unsupported", _CALENDAR)
    return value


def _occurrences(value: str) -> str:
    if value == "Occurrences":
        return value
    if value in ("Timeslices", "RatioTimeslices"):
        raise refusal("unsupported", f"{value} is {NOT_YET}; write Occurrences")
    raise refusal("wrong_value", f"{shortened(value)} is no budgeting method; write Occurrences")


def _target(value: float) -> float:
    return _inside(value, 1.0, f"{value:g} is not between 0 and 1; write target: 0.999 or targetPercent: 99.9")


def _target_percent(value: float) -> float:
    return _inside(value, 100.0, f"{value:g} is not between 0 and 100; 99.9 means that 0.1% of events may be bad")


def _inside(value: float, whole: float, message: str) -> float:
    if value == whole:
        raise refusal(
            "no_error_budget", "a target of 100% leaves no error budget to measure; choose one below it, such as 99.99%"
        )
    if not 0 < value < whole:
        raise refusal("wrong_value", message)
    return value


def _prometheus(value: str) -> str:
    if value.casefold() != "prometheus":
        raise refusal("unsupported", f"sources of type {shortened(value)} are {NOT_YET}; use Prometheus")
    return value


def _from_environment(value: str) -> str:
    if not _ENVIRONMENT.fullmatch(value):
        message = "secrets do not stand in documents; write passwordFile: PATH, or $NAME for an environment variable"
        raise refusal("secret_in_document", message)
    return value


def _url(value: str) -> str:
    if _ENVIRONMENT.fullmatch(value) or _SIMULATED.fullmatch(value):
        return value
    match = re.fullmatch(r"https?://(?P<authority>[^\s/?#]+)[^\s]*", value)
    if match is None:
        raise refusal("wrong_value", f"{shortened(value)} is no http or https address, such as http://127.0.0.1:9090")
    if "@" in match["authority"]:
        raise refusal("secret_in_document", "an address holds no credentials; write username and passwordFile")
    return value.rstrip("/")


_ENVIRONMENT = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_SIMULATED = re.compile(r"simulated:[0-9]*")

SourceType = Annotated[str, AfterValidator(_prometheus), Field(json_schema_extra={"pattern": "^[Pp]rometheus$"})]


class ConnectionDetails(Shape):
    """How a Prometheus is reached. Paths and the values of $NAME are those of okrbridge's process."""

    url: Annotated[str, AfterValidator(_url), Field(json_schema_extra={"format": "uri"})]
    """Base address, http or https, with its path prefix if it has one; simulated: is the built-in fleet."""
    bearer_token_file: FilledText | None = None
    """File with the bearer token."""
    username: FilledText | None = None
    """User name of basic authentication."""
    password: Annotated[str, AfterValidator(_from_environment)] | None = Field(
        default=None, json_schema_extra={"pattern": "^\\$[A-Za-z_][A-Za-z0-9_]*$"}
    )
    """Password of basic authentication, as $NAME of the environment variable that holds it; never the password."""
    password_file: FilledText | None = None
    """File with the password of basic authentication."""
    ca_file: FilledText | None = None
    """Certificates to trust beside the system's, PEM."""
    cert_file: FilledText | None = None
    """Own certificate for mutual TLS, PEM."""
    key_file: FilledText | None = None
    """Key of the own certificate, PEM."""
    insecure_skip_verify: bool = False
    """Do not check the server's certificate; for tests only."""
    org_id: FilledText | None = Field(default=None, alias="orgId")
    """Tenant, sent as X-Scope-OrgID to Mimir, Loki-style gateways and their like."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {
        "bearerToken": Refusal("secret_in_document", "secrets do not stand in documents; write bearerTokenFile: PATH"),
        "basicAuth": Refusal("unsupported", "write username and passwordFile directly under connectionDetails"),
        "tls": Refusal("unsupported", "write caFile, certFile and keyFile directly under connectionDetails"),
        "headers": Refusal("unsupported", f"free headers are {NOT_YET}; orgId sends X-Scope-OrgID"),
    }


class DataSourceSpec(Shape):
    """A source of metrics."""

    description: str = ""
    """Text for people."""
    type: SourceType
    """Prometheus, and what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics."""
    connection_details: ConnectionDetails
    """How it is reached."""


class ServiceSpec(Shape):
    """A service; SLOs may name services that have no document."""

    description: str = ""
    """Text for people."""


class QuerySpec(Shape):
    """What is counted."""

    query: CounterSelector
    """A plain selector of counters, such as http_requests_total{service="api"}; no rate(), no sum()."""


class MetricSource(Shape):
    """Where events are counted."""

    metric_source_ref: FilledText | None = None
    """Name of a DataSource; prometheus needs no document and means the default source."""
    type: SourceType | None = None
    """Prometheus means the default source where metricSourceRef is not given."""
    spec: QuerySpec
    """The query."""


class Metric(Shape):
    """One counter."""

    metric_source: MetricSource
    """Where and what is counted."""


class RatioMetric(Shape):
    """Good events (or bad ones) out of all events."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("good", "bad"))

    counter: Annotated[bool, AfterValidator(_true_counter), WithJsonSchema({"const": True})]
    """true: the metrics are counters that only grow."""
    good: Metric | None = None
    """Good events; either this or bad."""
    bad: Metric | None = None
    """Bad events; either this or good."""
    total: Metric
    """All events, from the same source."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {"raw": _RATIO, "rawType": _RATIO}


class SliSpec(Shape):
    """A service level indicator."""

    description: str = ""
    """Text for people."""
    ratio_metric: RatioMetric
    """The counters it is made of."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {
        "thresholdMetric": Refusal("unsupported", f"thresholdMetric {_COUNTERS_ONLY}")
    }


class InlineSli(Shape):
    """An indicator written inside its SLO."""

    metadata: Metadata | None = None
    """Its name; the SLO's when there is none."""
    spec: SliSpec
    """What is counted."""


class TimeWindow(Shape):
    """The time over which an SLO promises its target."""

    duration: DurationText
    """Length in s, m, h, d or w; months have no fixed length."""
    is_rolling: Annotated[bool, AfterValidator(_rolling), WithJsonSchema({"const": True})] = True
    """true: the window ends now."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {"calendar": Refusal("unsupported", _CALENDAR)}


class SloTarget(Shape):
    """A promised share of good events; exactly one of target and targetPercent."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("target", "targetPercent"))

    display_name: FilledText | None = None
    """A name for people."""
    target: Annotated[float, AfterValidator(_target)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1}
    )
    """As a ratio, such as 0.999."""
    target_percent: Annotated[float, AfterValidator(_target_percent)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 100}
    )
    """In percent, such as 99.9."""
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    """Belongs to threshold metrics; ignored with a warning."""
    value: float | None = None
    """Belongs to threshold metrics; ignored with a warning."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {
        "timeSliceTarget": _TIME_SLICES,
        "timeSliceWindow": _TIME_SLICES,
        "compositeWeight": _COMPOSITE,
        "indicator": _COMPOSITE,
        "indicatorRef": _COMPOSITE,
    }


class SloSpec(Shape):
    """A service level objective; exactly one of indicator and indicatorRef."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("indicator", "indicatorRef"))

    description: str = ""
    """Text for people: why this target."""
    service: FilledText
    """The service it speaks of; needs no document."""
    indicator: InlineSli | None = None
    """The indicator, written here."""
    indicator_ref: FilledText | None = None
    """The indicator, by the name of an SLI document."""
    time_window: list[TimeWindow] = Field(min_length=1, max_length=1)
    """Exactly one rolling window."""
    budgeting_method: Annotated[str, AfterValidator(_occurrences), WithJsonSchema({"const": "Occurrences"})]
    """Occurrences: the budget is a share of events."""
    objectives: list[SloTarget] = Field(min_length=1)
    """The targets; the second one on becomes an SLO of its own, named NAME-TARGET."""
    alert_policies: list[Any] = Field(default_factory=list)
    """Accepted with a warning: this version sends no alerts."""


class LooseSpec(Shape):
    """Accepted and kept, not read."""

    model_config = ConfigDict(extra="allow")


class DataSourceDocument(Shape):
    """A source of metrics and how it is reached."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: DataSourceSpec


class ServiceDocument(Shape):
    """A service with a description."""

    api_version: Literal["openslo/v1"]
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


class SliDocument(Shape):
    """An indicator that several SLOs can share."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLI"]
    metadata: Metadata
    spec: SliSpec


class SloDocument(Shape):
    """A service level objective."""

    api_version: Literal["openslo/v1"]
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SloSpec

    stand_ins: ClassVar[Mapping[Path, object]] = {
        ("metadata", "name"): "unnamed",
        ("spec", "service"): "unknown",
        ("spec", "budgetingMethod"): "Occurrences",
    }


class AlertDocument(Shape):
    """Accepted with a warning: this version sends no alerts."""

    api_version: Literal["openslo/v1"]
    kind: Literal["AlertPolicy", "AlertCondition", "AlertNotificationTarget"]
    metadata: Metadata
    spec: LooseSpec
