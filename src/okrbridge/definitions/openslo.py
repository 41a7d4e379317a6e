"""Models of OpenSLO v1 documents, as far as this version evaluates them.

Source: https://github.com/OpenSLO/OpenSLO, README of v1. Keys of the format that are left out here are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema

from okrbridge.definitions.annotations import PREFIX
from okrbridge.definitions.fields import DurationText, FilledText, refusal
from okrbridge.definitions.indicators import PROMETHEUS_PATTERN, InlineSli, SliSpec, prometheus_type
from okrbridge.definitions.nodes import Path, shortened
from okrbridge.definitions.release import NOT_YET
from okrbridge.definitions.shapes import Metadata, Refusal, Shape, exactly_one_of
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.definitions.time_windows import TimeWindow

OPENSLO = "openslo/v1"

_METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")


def _budgeting_method(value: str) -> str:
    if value not in _METHODS:
        hint = did_you_mean(value, _METHODS) or f"; write {_METHODS[0]}"
        raise refusal("wrong_value", f"{shortened(value)} is no budgeting method{hint}")
    return value


def _target(value: float) -> float:
    if not 0 < value <= 1:
        message = f"{value:g} is not between 0 and 1; write target: 0.999 or targetPercent: 99.9"
        raise refusal("wrong_value", message)
    return value


def _target_percent(value: float) -> float:
    if not 0 < value <= 100:
        message = f"{value:g} is not between 0 and 100; 99.9 means that 0.1% of events may be bad"
        raise refusal("wrong_value", message)
    return value


def _slice_target(value: float) -> float:
    if not 0 < value <= 1:
        raise refusal("wrong_value", f"{value:g} is not a ratio above 0, at most 1; write 0.95 for 95%")
    return value


def _slice_window(value: timedelta) -> timedelta:
    if value % timedelta(minutes=1) or value > timedelta(days=1):
        raise refusal("wrong_value", "a time slice is a whole number of minutes, at most a day, such as 1m or 5m")
    return value


def _composite_weight(value: float) -> float:
    if value <= 0:
        raise refusal("wrong_value", f"a weight is above 0, not {value:g}")
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


def _trace_url(value: str) -> str:
    if not re.fullmatch(r"https?://\S+", value) or "{trace_id}" not in value:
        message = f"{shortened(value)} is no address of a trace, such as https://jaeger.example/trace/{{trace_id}}"
        raise refusal("wrong_value", message)
    return value


def _metrics_type(value: str) -> str:
    return prometheus_type(value, known="Prometheus, SQL, HTTP or CSV")


_ENVIRONMENT = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_SIMULATED = re.compile(r"simulated:[0-9]*")


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
    replica_labels: FilledText | None = None
    """Labels that only tell replicas of one series apart, with commas; prometheus_replica, __replica__ by default."""

    trace_url: Annotated[str, AfterValidator(_trace_url)] | None = None
    """Address of a trace with {trace_id} in the place of its id, for the links of explain --traces."""

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
    type: Annotated[str, AfterValidator(_metrics_type), PROMETHEUS_PATTERN]
    """Prometheus, and what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics."""
    connection_details: ConnectionDetails
    """How it is reached."""


class ServiceSpec(Shape):
    """A service; SLOs may name services that have no document."""

    description: str = ""
    """Text for people."""


class SloTarget(Shape):
    """A promised share of good events; exactly one of target and targetPercent."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of("target", "targetPercent"))

    display_name: FilledText | None = None
    """A name for people."""
    target: Annotated[float, AfterValidator(_target)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0, "maximum": 1}
    )
    """As a ratio, such as 0.999; 1 only with the annotation okrbridge.dev/count-budget."""
    target_percent: Annotated[float, AfterValidator(_target_percent)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0, "maximum": 100}
    )
    """In percent, such as 99.9."""
    time_slice_target: Annotated[float, AfterValidator(_slice_target)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0, "maximum": 1}
    )
    """For Timeslices: the share of good events that makes a time slice good, such as 0.95."""
    time_slice_window: Annotated[DurationText, AfterValidator(_slice_window)] | None = None
    """For Timeslices and RatioTimeslices: length of a time slice, such as 5m."""
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    """For a threshold metric: a value is good when it is so compared with value."""
    value: float | None = None
    """For a threshold metric: the limit."""
    indicator: InlineSli | None = None
    """For a composite: this objective's indicator, written here."""
    indicator_ref: FilledText | None = None
    """For a composite: this objective's indicator, by the name of an SLI document."""
    composite_weight: Annotated[float, AfterValidator(_composite_weight)] | None = Field(
        default=None, json_schema_extra={"exclusiveMinimum": 0}
    )
    """For a composite: this objective's weight; 1 when not given."""


_OWN_INDICATOR: dict[str, JsonValue] = {"anyOf": [{"required": ["indicator"]}, {"required": ["indicatorRef"]}]}


def _needs(method: str, *keys: str) -> dict[str, JsonValue]:
    """The JSON Schema for what a budgeting method wants of each objective."""
    return {
        "if": {"required": ["budgetingMethod"], "properties": {"budgetingMethod": {"const": method}}},
        "then": {"properties": {"objectives": {"items": {"required": list(keys)}}}},
    }


_COUNTS_FAILURES: JsonValue = {
    "properties": {
        "metadata": {
            "required": ["annotations"],
            "properties": {"annotations": {"required": [f"{PREFIX}count-budget"]}},
        }
    }
}
_BELOW_WHOLE: JsonValue = {"target": {"exclusiveMaximum": 1}, "targetPercent": {"exclusiveMaximum": 100}}


class SloSpec(Shape):
    """A service level objective of one indicator, by indicator or indicatorRef, or of those of its objectives."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["indicator"]},
                {"required": ["indicatorRef"]},
                {"not": _OWN_INDICATOR, "properties": {"objectives": {"items": _OWN_INDICATOR}}},
            ],
            "allOf": [
                _needs("Timeslices", "timeSliceTarget", "timeSliceWindow"),
                _needs("RatioTimeslices", "timeSliceWindow"),
            ],
        }
    )

    description: str = ""
    """Text for people: why this target."""
    service: FilledText
    """The service it speaks of; needs no document."""
    indicator: InlineSli | None = None
    """The indicator, written here."""
    indicator_ref: FilledText | None = None
    """The indicator, by the name of an SLI document."""
    time_window: list[TimeWindow] = Field(min_length=1, max_length=1)
    """Exactly one window. For several windows on one indicator write several SLOs with the same indicatorRef."""
    budgeting_method: Annotated[str, AfterValidator(_budgeting_method), WithJsonSchema({"enum": list(_METHODS)})]
    """What the budget is a share of: Occurrences of events, Timeslices of good time, RatioTimeslices of ratios."""
    objectives: list[SloTarget] = Field(min_length=1)
    """The targets; the second one on becomes an SLO of its own, named NAME-TARGET, unless they are a composite's."""
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

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"not": _COUNTS_FAILURES},
            "then": {"properties": {"spec": {"properties": {"objectives": {"items": {"properties": _BELOW_WHOLE}}}}}},
        }
    )

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
