"""Measures for which a source is asked: PromQL, SQL, JSON over HTTP and CSV files."""

from __future__ import annotations

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.measure_shapes import CsvQuery, HttpQuery, MeasureSpec
from okrbridge.definitions.wanted import Wanted
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.measures import Aggregation, CsvMeasure, HttpMeasure, PromqlMeasure, SqlMeasure
from okrbridge.domain.windows import RollingWindow

SOURCE_TYPES = {"promql": "Prometheus", "sql": "SQL", "http": "HTTP", "csv": "CSV"}
"""The type of the DataSource that each of these measures asks."""


def promql_measure(spot: Spot, spec: MeasureSpec, query: str, wanted: Wanted) -> PromqlMeasure | None:
    """A PromQL measure; None when its unit does not fit."""
    source = spec.source or DEFAULT_SOURCE
    spot.at("promql").query(source, query)
    unit = wanted.declared_unit(spot, spec.unit, "query")
    return None if unit is None else PromqlMeasure(query, source, unit, spec.member or "")


def sql_measure(spot: Spot, spec: MeasureSpec, query: str, wanted: Wanted) -> SqlMeasure | None:
    """An SQL measure; None when it has a fault."""
    source, unit = _source(spot, spec, "sql"), wanted.declared_unit(spot, spec.unit, "query")
    if source is None or unit is None:
        return None
    return SqlMeasure(query, source, spec.members, _window(spec), unit)


def http_measure(spot: Spot, spec: MeasureSpec, http: HttpQuery, wanted: Wanted) -> HttpMeasure | None:
    """A measure by a JSON document; None when it has a fault."""
    source, unit = _source(spot, spec, "http"), wanted.declared_unit(spot, spec.unit, "document")
    if source is None or unit is None:
        return None
    return HttpMeasure(http.value, source, http.path or "", http.samples or "", http.member or "", unit)


def csv_measure(spot: Spot, spec: MeasureSpec, csv: CsvQuery, wanted: Wanted) -> CsvMeasure | None:
    """A measure by a CSV file; None when it has a fault."""
    source, unit = _source(spot, spec, "csv"), wanted.declared_unit(spot, spec.unit, "file")
    aggregation = _csv_aggregation(spot.at("csv"), csv)
    if source is None or unit is None or aggregation is None:
        return None
    return CsvMeasure(
        source=source,
        column=csv.column or "",
        aggregation=aggregation,
        where=dict(csv.where),
        time_column=csv.time or "",
        divisor_column=csv.divided_by or "",
        member_column=csv.member or "",
        over=_window(spec),
        unit=unit,
    )


def _csv_aggregation(spot: Spot, csv: CsvQuery) -> Aggregation | None:
    aggregation = Aggregation(csv.aggregation or ("count" if csv.column is None else "sum"))
    if csv.column is None and aggregation is not Aggregation.COUNT:
        spot.at("column").fault(f"is missing; say of which column the {aggregation} is taken", "missing_key")
        return None
    if csv.divided_by is not None and aggregation is not Aggregation.SUM:
        message = "goes with column and aggregation: sum; it divides one sum by another"
        spot.at("dividedBy").fault(message, "does_not_belong", of_key=True)
        return None
    return aggregation


def _source(spot: Spot, spec: MeasureSpec, key: str) -> str | None:
    if spec.source is None:
        spot.at("source").fault(f"is missing; name a DataSource of type {SOURCE_TYPES[key]}", "missing_key")
    return spec.source


def _window(spec: MeasureSpec) -> RollingWindow | None:
    return RollingWindow(spec.over) if spec.over is not None else None
