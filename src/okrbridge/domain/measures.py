"""Measures: where the value of a key result, or of an indicator, comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from okrbridge.domain.units import PLAIN, RATIO, Unit
from okrbridge.domain.windows import RollingWindow


class SloQuantity(StrEnum):
    """Which number of an SLO a key result follows."""

    SLI = "sli"
    """The SLI ratio over the measure's window."""
    BUDGET = "budget"
    """The share of the period's error budget that is consumed."""
    COMPLIANCE = "compliance"
    """The share of measured days on which the SLI reached the SLO's target."""


class Aggregation(StrEnum):
    """How many numbers become one."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MEDIAN = "median"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    MAX = "max"
    MIN = "min"
    LAST = "last"
    DISTINCT = "distinct"
    """How many different values."""


class IncidentQuantity(StrEnum):
    """What is taken of each incident."""

    COUNT = "count"
    TIME_TO_RESTORE = "timeToRestore"
    """From start to restore, detection included."""
    TIME_TO_DETECT = "timeToDetect"


@dataclass(frozen=True, slots=True)
class SloMeasure:
    """Measured by an SLO.

    Attributes:
        over: a rolling window; None means the key result's period to date, the only one a budget is counted over.
    """

    slo: str
    quantity: SloQuantity = SloQuantity.SLI
    over: RollingWindow | None = None
    unit: Unit = RATIO


@dataclass(frozen=True, slots=True)
class PromqlMeasure:
    """Measured by a PromQL expression with one result; with members, one result for each.

    Attributes:
        unit: unit of the expression's value.
        member_label: label that names a member of a population; empty where one number is expected.
    """

    query: str
    source: str
    unit: Unit = PLAIN
    member_label: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorMeasure:
    """Measured by an indicator (KPI): its value at the instant."""

    indicator: str
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class IncidentMeasure:
    """Measured by incidents that started in the window.

    Attributes:
        severities, services: which incidents; empty for all.
        over: a rolling window; None means the key result's period to date.
    """

    severities: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    quantity: IncidentQuantity = IncidentQuantity.COUNT
    aggregation: Aggregation = Aggregation.COUNT
    over: RollingWindow | None = None
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class EventMeasure:
    """Measured by events that were sent in, such as deploys, sign-ups or survey answers.

    Attributes:
        kind: kind of the events.
        where: attribute values that an event must have.
        per: kind of the events in the denominator; then the value is a ratio. Empty for a plain aggregate.
        within: with ``per``: an event counts when it came so soon after the one it is compared with, by ``subject``.
        attribute: numeric attribute that is aggregated; empty with ``count``.
    """

    kind: str
    where: Mapping[str, str] = field(default_factory=dict)
    aggregation: Aggregation = Aggregation.COUNT
    attribute: str = ""
    per: str = ""
    within: timedelta | None = None
    over: RollingWindow | None = None
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class KeyResultMeasure:
    """Measured by the progress of another key result.

    Attributes:
        key_result: ``OBJECTIVE/NAME``.
    """

    key_result: str
    unit: Unit = RATIO


@dataclass(frozen=True, slots=True)
class SqlMeasure:
    """Measured by a read-only SQL query.

    Attributes:
        query: gives one row with the value, the sample count in a second column if there is one, and of a mean the
            samples' standard deviation in a third; or, with ``has_members``, a row (name, value) for each member.
            ``:start``, ``:end`` and ``:at`` are bound.
    """

    query: str
    source: str
    has_members: bool = False
    over: RollingWindow | None = None
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class HttpMeasure:
    """Measured by a JSON document over HTTP.

    Attributes:
        path: appended to the source's URL.
        json_path: finds the value; with ``member_path`` both find lists of equal length.
        samples_path: finds the sample count; empty for none.
        member_path: finds the names of a population's members; empty where one number is expected.
    """

    json_path: str
    source: str
    path: str = ""
    samples_path: str = ""
    member_path: str = ""
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class CsvMeasure:
    """Measured by a CSV file, such as a billing export, survey answers or scanner findings.

    Attributes:
        column: the column that is aggregated; empty with ``count``.
        where: column values that a row must have.
        time_column: column with the row's time; rows outside the window are left out. Empty: all rows.
        divisor_column: the value is sum(column) / sum(divisor_column); empty for none.
        member_column: names a population's members; the rest is aggregated for each. Empty for one number.
    """

    source: str
    column: str = ""
    aggregation: Aggregation = Aggregation.SUM
    where: Mapping[str, str] = field(default_factory=dict)
    time_column: str = ""
    divisor_column: str = ""
    member_column: str = ""
    over: RollingWindow | None = None
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class ManualMeasure:
    """Measured by people: the value of the newest check-in.

    Attributes:
        expires_after: a value older than this is stale.
    """

    expires_after: timedelta
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class NoMeasure:
    """Nothing measures it yet: it shows no data, and the instrumentation list names it."""

    unit: Unit = PLAIN


AskedMeasure = PromqlMeasure | SqlMeasure | HttpMeasure | CsvMeasure
"""Measures for which a source is asked."""

Measure = (
    SloMeasure
    | PromqlMeasure
    | IndicatorMeasure
    | IncidentMeasure
    | EventMeasure
    | KeyResultMeasure
    | SqlMeasure
    | HttpMeasure
    | CsvMeasure
    | ManualMeasure
    | NoMeasure
)
