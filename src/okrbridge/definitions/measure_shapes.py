"""Models of what measures a key result or an indicator."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from okrbridge.definitions.fields import DurationText, FilledText, PromqlQuery, UnitText
from okrbridge.definitions.okr_fields import AggregationName, JsonPath, KeyResultName, PathBelow, SelectText
from okrbridge.definitions.shapes import Shape, exactly_one_of

MEASURES = ("slo", "promql", "indicator", "incidents", "events", "keyResult", "sql", "http", "csv", "manual")
"""The keys of which a measure has exactly one."""


class IncidentFilter(Shape):
    """Incidents that started in the window; an empty list means all."""

    severity: list[FilledText] = Field(default_factory=list)
    """Severities, such as sev1."""
    service: list[FilledText] = Field(default_factory=list)
    """Services."""
    quantity: Literal["count", "timeToRestore", "timeToDetect"] = "count"
    """What is taken of each: itself, or the time from its start to its restore or its detection."""
    aggregation: AggregationName | None = None
    """With a time: how the times become one number; mean when not given."""


class EventFilter(Shape):
    """Events that were sent in, such as deploys, sign-ups or survey answers."""

    kind: FilledText
    """Their kind, such as deploy."""
    where: dict[str, FilledText] = Field(default_factory=dict)
    """Attribute values that an event must have."""
    aggregation: AggregationName | None = None
    """How the events become one number; count when not given."""
    attribute: FilledText | None = None
    """The numeric attribute that is aggregated; not for count."""
    per: FilledText | None = None
    """Kind of the events in the denominator; then the value is a ratio."""
    within: DurationText | None = None
    """With per: an event counts when it came so soon after the one of the same subject that it is compared with."""


class HttpQuery(Shape):
    """A JSON document and what is taken of it."""

    path: PathBelow | None = None
    """Appended to the source's url."""
    value: JsonPath
    """JSONPath of the value, such as $.data.value; with member, of one value for each."""
    samples: JsonPath | None = None
    """JSONPath of the number of samples behind the value."""
    member: JsonPath | None = None
    """JSONPath of the names of a population's members."""


class CsvQuery(Shape):
    """Rows of a table and what is made of them."""

    column: FilledText | None = None
    """The column that is aggregated; not needed to count rows."""
    aggregation: AggregationName | None = None
    """How the rows become one number; sum of the column, or count without one, when not given."""
    where: dict[str, FilledText] = Field(default_factory=dict)
    """Column values that a row must have."""
    time: FilledText | None = None
    """Column with the row's time: rows outside the window are left out; all rows count when not given."""
    divided_by: FilledText | None = None
    """A second column: the value is the sum of column divided by the sum of this one."""
    member: FilledText | None = None
    """Column that names a population's members; the rows of each are aggregated."""


class ManualEntry(Shape):
    """The value that people check in."""

    expires_after: DurationText
    """A value older than this is stale."""


class MeasureSpec(Shape):
    """Where the value comes from; exactly one of slo, promql, indicator, incidents, events and so on."""

    model_config = ConfigDict(json_schema_extra=exactly_one_of(*MEASURES))

    slo: FilledText | None = None
    """Name of an SLO; the value is a ratio."""
    promql: PromqlQuery | None = None
    """A PromQL expression that gives one number; with member, one for each."""
    indicator: FilledText | None = None
    """Name of an Indicator; the value is the indicator's."""
    incidents: IncidentFilter | None = None
    """Incidents, counted or by their times."""
    events: EventFilter | None = None
    """Events that were sent in."""
    key_result: KeyResultName | None = None
    """Another key result; the value is its progress, a ratio."""
    sql: SelectText | None = None
    """A query that only reads, with the value in its first row; :start, :end and :at are bound. Only in files."""
    http: HttpQuery | None = None
    """A JSON document over HTTP. Only in files."""
    csv: CsvQuery | None = None
    """A CSV file. Only in files."""
    manual: ManualEntry | None = None
    """The value of the newest check-in."""
    over: DurationText | None = None
    """A rolling window; the key result's period to date when not given. With slo, incidents, events, sql and csv."""
    quantity: Literal["sli", "budget", "compliance"] | None = None
    """With slo: its SLI ratio, the consumed share of the budget, or the share of days on which the target was met."""
    unit: UnitText | None = None
    """The unit of the number. With promql, events, sql, http, csv and manual."""
    source: FilledText | None = None
    """Name of a DataSource. With promql (the default source when not given), sql, http and csv."""
    member: FilledText | None = None
    """With promql: the label that names a population's members."""
    members: bool = False
    """With sql: the query gives a row with name and value for each member of a population."""
