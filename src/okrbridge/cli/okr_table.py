"""Reading the spreadsheet in which objectives and key results are kept: a CSV file with a heading."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from okrbridge.errors import DefinitionError, Fault

MOST_ROWS = 10_000
MOST_BYTES = 5_000_000

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "objective": ("objective", "objectives", "goal", "objective title"),
    "key_result": ("key result", "key results", "keyresult", "kr", "metric", "result", "key result title"),
    "owner": ("owner", "dri", "responsible", "lead", "assignee", "key result owner"),
    "team": ("team", "department", "squad", "group"),
    "start": ("start", "from", "baseline", "initial", "start value", "starting value", "baseline value"),
    "target": ("target", "to", "end", "target value", "goal value"),
    "current": ("current", "actual", "value", "now", "current value"),
    "due": ("due", "due date", "deadline", "end date", "by"),
    "confidence": ("confidence", "conf", "confidence level"),
    "unit": ("unit", "units"),
    "why": ("why", "reason", "rationale"),
}
"""The columns that are read, and what people call them."""

_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        number: the line it begins in, as an editor counts them.
        cells: texts by the names of ``COLUMNS``; a column that is not there has an empty one.
    """

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds.

    Attributes:
        unread: headings of columns that are not read.
    """

    rows: Sequence[Row]
    delimiter: str
    unread: Sequence[str]


def read_table(content: bytes, file: str) -> Table:
    """Read a CSV file; the delimiter is the comma, semicolon or tab that the heading has most of.

    Raises:
        DefinitionError: it is no table with a heading that names key results, or is too large.
    """
    if len(content) > MOST_BYTES:
        raise _refused(file, f"longer than {MOST_BYTES // 1_000_000} MB; split the file")
    text = _decoded(content, file)
    heading = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise _refused(file, f"cannot be read as a table: {error}", reader.line_num) from error
    if len(lines) > MOST_ROWS:
        raise _refused(file, f"more than {MOST_ROWS:,} rows; split the file")
    return _table(lines, delimiter, file)


def _decoded(content: bytes, file: str) -> str:
    """UTF-8 with or without a byte order mark, or UTF-16 with one, as spreadsheets save it."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refused(file, "is not UTF-8 text; save it as CSV UTF-8") from error


def _table(lines: Sequence[tuple[int, Sequence[str]]], delimiter: str, file: str) -> Table:
    headings = [heading.strip() for heading in lines[0][1]] if lines else []
    names = [_column(heading) for heading in headings]
    for wanted in ("objective", "key_result"):
        if names.count(wanted) != 1:
            problem = "has no column" if wanted not in names else "has several columns"
            called = " or ".join(repr(each) for each in COLUMNS[wanted][:3])
            raise _refused(file, f"{problem} for the {wanted.replace('_', ' ')}; head exactly one with {called}")
    rows = [
        Row(begin, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name})
        for begin, cells in _with_first_lines(lines)
        if any(cell.strip() for cell in cells)
    ]
    unread = [heading for heading, name in zip(headings, names, strict=True) if heading and not name]
    return Table(rows, delimiter, unread)


def _with_first_lines(lines: Sequence[tuple[int, Sequence[str]]]) -> Sequence[tuple[int, Sequence[str]]]:
    """Rows after the heading, each with the line it begins in: the reader tells where it ends."""
    ends = [end for end, _ in lines]
    return [(before + 1, cells) for before, (_, cells) in zip(ends, lines[1:], strict=False)]


def _column(heading: str) -> str:
    plain = " ".join(re.findall(r"[a-z0-9]+", heading.casefold()))
    return next((name for name, called in COLUMNS.items() if plain in called), "")


def _refused(file: str, message: str, line: int = 1) -> DefinitionError:
    return DefinitionError([Fault(file, max(1, line), 1, "", message, "not_a_table")])
