"""Values from a CSV file: a billing export, survey answers, the findings of a scanner."""

from __future__ import annotations

import csv
import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from okrbridge.application.ports import Reading, ValueRequest
from okrbridge.domain.aggregation import aggregate
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import Aggregation, CsvMeasure
from okrbridge.domain.sample_mean import sample_deviation
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.answers import failed, one_for_each, one_number
from okrbridge.sources.connection_details import resolved

DETAIL_KEYS = frozenset({"path", "delimiter"})
"""What ``connectionDetails`` of a table in a file may hold."""

MOST_BYTES = 100_000_000
"""A larger file is refused."""

Row = Mapping[str, str]


class _RefusedError(Exception):
    """Why the file gives no value."""

    def __init__(self, message: str, reason: SourceFailureReason = SourceFailureReason.BAD_ANSWER) -> None:
        super().__init__(message)
        self.reason = reason


class CsvSource:
    """A CSV file with a header line, read anew for each question; it never raises."""

    def __init__(self, name: str, path: Path, delimiter: str = ",") -> None:
        self._name = name
        self._path = path
        self._delimiter = delimiter

    @property
    def name(self) -> str:
        """The declared name."""
        return self._name

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""
        return [self._value(request) for request in requests]

    def close(self) -> None:
        """Nothing is held open."""

    def _value(self, request: ValueRequest) -> Reading:
        measure = request.measure
        if not isinstance(measure, CsvMeasure):
            return failed(request, SourceFailureReason.BAD_QUERY, f"{self._name} is a table; ask it for a column")
        try:
            rows = list(self._rows(measure, request))
            if measure.member_column:
                return one_for_each(request, list(_by_member(rows, measure)))
            return _one(request, rows, measure)
        except _RefusedError as refused:
            return failed(request, refused.reason, str(refused))
        except OSError as error:
            message = f"{self._path} cannot be read: {error.strerror}"
            return failed(request, SourceFailureReason.UNREACHABLE, message)
        except (csv.Error, UnicodeDecodeError) as error:
            return failed(request, SourceFailureReason.BAD_ANSWER, f"{self._path} is no CSV in UTF-8: {error}")

    def _rows(self, measure: CsvMeasure, request: ValueRequest) -> Iterator[Row]:
        """The rows that the measure is about."""
        if self._path.stat().st_size > MOST_BYTES:
            raise _RefusedError(f"{self._path} has more than {MOST_BYTES} bytes")
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, delimiter=self._delimiter, strict=True)
            _require_columns(measure, table.fieldnames or ())
            for number, row in enumerate(table, start=2):
                if all(row[column] == value for column, value in measure.where.items()) and _is_inside(
                    row, measure, request, number
                ):
                    yield row


def _require_columns(measure: CsvMeasure, there: Sequence[str]) -> None:
    named = (measure.column, *measure.where, measure.time_column, measure.divisor_column, measure.member_column)
    for column in named:
        if column and column not in there:
            message = f"there is no column {column!r}; there are {', '.join(there)}"
            raise _RefusedError(message, SourceFailureReason.BAD_QUERY)


def _is_inside(row: Row, measure: CsvMeasure, request: ValueRequest, number: int) -> bool:
    """Whether a row's time is inside the window; without a time column every row is."""
    if not measure.time_column or request.window is None:
        return True
    written = row[measure.time_column] or ""
    try:
        at = datetime.fromisoformat(written.strip())
    except ValueError:
        raise _RefusedError(f"row {number}: {measure.time_column} is {written!r}, not a date or a time") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) in request.window


def _by_member(rows: Sequence[Row], measure: CsvMeasure) -> Iterator[tuple[str, float | None]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[measure.member_column]].append(row)
    for name, own in groups.items():
        yield name, _aggregated(own, measure)


def _one(request: ValueRequest, rows: Sequence[Row], measure: CsvMeasure) -> Reading:
    """One number from all rows; rows whose cell is empty are none of the samples of a mean or a percentile.

    A sum of no rows is no data, as in SQL: an export that has stopped has not spent nothing.
    """
    if measure.divisor_column or measure.aggregation in (Aggregation.COUNT, Aggregation.DISTINCT):
        return one_number(request, _aggregated(rows, measure), len(rows))
    numbers = _numbers(rows, measure.column)
    if not numbers:
        return one_number(request, None)
    deviation = sample_deviation(numbers) if measure.aggregation is Aggregation.MEAN else None
    return one_number(request, aggregate(numbers, measure.aggregation), len(numbers), deviation)


def _aggregated(rows: Sequence[Row], measure: CsvMeasure) -> float | None:
    """One number from rows; None without rows."""
    if measure.divisor_column:
        whole = sum(_numbers(rows, measure.divisor_column))
        return sum(_numbers(rows, measure.column)) / whole if whole else None
    if measure.aggregation is Aggregation.COUNT:
        return float(len(rows))
    if measure.aggregation is Aggregation.DISTINCT:
        return float(len({row[measure.column] for row in rows}))
    return aggregate(_numbers(rows, measure.column), measure.aggregation)


def _numbers(rows: Sequence[Row], column: str) -> list[float]:
    """The numbers of a column; empty cells, and NaN, say nothing."""
    numbers = []
    for row in rows:
        written = (row[column] or "").strip()
        if not written:
            continue
        try:
            number = float(written)
        except ValueError:
            raise _RefusedError(f"{column} holds {written[:60]!r}, which is no number") from None
        if math.isinf(number):
            raise _RefusedError(f"{column} holds {written[:60]!r}, which is no number")
        if not math.isnan(number):
            numbers.append(number)
    return numbers


def csv_from_declaration(source: DataSource, *, environment: Mapping[str, str] | None = None) -> CsvSource:
    """Build the source; the file is not read yet.

    Raises:
        ConfigurationError: an unknown key, no path, or a variable that is not set.
    """
    variables = os.environ if environment is None else environment
    details = resolved(source, DETAIL_KEYS, variables, needed="path", example="billing.csv")
    return CsvSource(source.name, Path(details["path"]), details.get("delimiter", ","))
