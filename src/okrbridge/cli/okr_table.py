"""Reading the spreadsheet in which objectives and key results are kept: a CSV file with a heading."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from okrbridge.cli.okr_headings import COLUMNS, columns_of
from okrbridge.errors import DefinitionError, Fault

MOST_ROWS = 10_000
MOST_BYTES = 5_000_000
_HEADING_WITHIN = 20
"""Rows in which the heading is looked for: titles and dates often stand above it."""
_WANTED = ("objective", "key_result")
_TYPED = ("type", "title")
"""In place of these: a column that says of each row which of the two it is, and one with its title."""
_DELIMITERS = (",", ";", "\t")
_SHOWN = 200
"""Characters of a heading that a refusal repeats."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods, and how .xls begin."""
_UNKNOWN = ("-", "\u2013", "\u2014", "?", "n/a", "na", "n.a.", "#n/a", "none", "null", "tbc", "tbd", "unknown")
"""What people write into cells that they would leave empty."""
_SAID = (*_WANTED, *_TYPED, "why")
"""Columns of sentences, in which these are kept."""
_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


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
        encoding: what its letters were read as, where that was a guess; empty otherwise.
    """

    rows: Sequence[Row]
    delimiter: str
    unread: Sequence[str]
    encoding: str = ""


_Lines = Sequence[tuple[int, Sequence[str]]]


def read_table(content: bytes, file: str) -> Table:
    """Read a CSV file, from the first row on that names objectives and key results.

    The delimiter is the comma, semicolon or tab with which there is such a row.

    Raises:
        DefinitionError: it is no table with such a heading and rows below it, or is too large.
    """
    if len(content) > MOST_BYTES:
        raise _refused(file, f"longer than {MOST_BYTES // 1_000_000} MB; split the file")
    if content.startswith(_WORKBOOKS):
        raise _refused(file, "is a workbook and no CSV file; save its sheet as CSV UTF-8, and import that")
    text, encoding = _decoded(content, file)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise _refused(file, f"cannot be read as a table: {error}", reader.line_num) from error
    if len(lines) > MOST_ROWS:
        raise _refused(file, f"more than {MOST_ROWS:,} rows; split the file")
    return _table(lines, delimiter, encoding, file)


def _decoded(content: bytes, file: str) -> tuple[str, str]:
    """UTF-8 with or without a byte order mark, UTF-16 with one, or the Windows-1252 of older spreadsheets."""
    if content.startswith(_MARKS_OF_UTF_16):
        return _text(content, "utf-16", file), ""
    try:
        return _without_nul(content.decode("utf-8-sig"), file), ""
    except UnicodeDecodeError:
        return _text(content, "cp1252", file), "Windows-1252"


def _text(content: bytes, encoding: str, file: str) -> str:
    try:
        return _without_nul(content.decode(encoding), file)
    except UnicodeDecodeError as error:
        raise _refused(file, "is not text; save it as CSV UTF-8") from error


def _without_nul(text: str, file: str) -> str:
    if "\0" in text:
        raise _refused(file, "is not text: it holds the character U+0000; save it as CSV UTF-8")
    return text


def _delimiter(text: str) -> str:
    """The delimiter with which a row names objectives and key results; else what the first line has most of."""
    for delimiter in _DELIMITERS:
        try:
            first = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _HEADING_WITHIN))
        except csv.Error:  # a cell beyond all limits; told when the table is read
            continue
        if any(map(_is_heading, first)):
            return delimiter
    return max(_DELIMITERS, key=text.partition("\n")[0].count)


def _is_heading(cells: Sequence[str]) -> bool:
    names = set(columns_of(cells))
    return names >= set(_WANTED) or names >= set(_TYPED)


def _table(lines: _Lines, delimiter: str, encoding: str, file: str) -> Table:
    place = _heading_place(lines, file)
    headings = [_joined(heading) for heading in lines[place][1]]
    named = columns_of(headings)
    is_typed = not set(named) >= set(_WANTED)
    names = named if is_typed else ["" if name in _TYPED else name for name in named]
    for wanted in (*_WANTED, *_TYPED):
        if names.count(wanted) > 1:
            same = ", ".join(repr(each) for each, name in zip(headings, names, strict=True) if name == wanted)
            message = f"has several columns for the {wanted.replace('_', ' ')}: {same}; head exactly one so"
            raise _refused(file, message, lines[place][0])
    # Of two columns of one name, the first counts.
    read = [name if name and name not in names[:index] else "" for index, name in enumerate(names)]
    rows = [
        Row(begin, _cells(read, cells, is_typed=is_typed))
        for begin, cells in _with_first_lines(lines[place:])
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        raise _refused(file, "has a heading and no row below it", lines[place][0])
    unread = [heading for heading, name in zip(headings, read, strict=True) if heading and not name]
    return Table(rows, delimiter, unread, encoding)


def _cells(names: Sequence[str], cells: Sequence[str], *, is_typed: bool) -> Mapping[str, str]:
    """The cells of a row by their columns; its title under what its type says that it is."""
    found = {name: _known(name, cell) for name, cell in zip(names, cells, strict=False) if name}
    if is_typed:
        (meant,) = columns_of([found.get("type", "")])
        found[meant if meant in _WANTED else ""] = found.get("title", "")
    return found


def _heading_place(lines: _Lines, file: str) -> int:
    """The index of the heading among the first rows.

    Raises:
        DefinitionError: no row names both objectives and key results; the first row with text is shown.
    """
    first = lines[:_HEADING_WITHIN]
    found = next((place for place, (_, cells) in enumerate(first) if _is_heading(cells)), None)
    if found is not None:
        return found
    filled = next(((end, cells) for end, cells in first if any(map(str.strip, cells))), None)
    if filled is None:
        raise _refused(file, "is empty; the first row is the heading, such as Objective, Key Result, Owner")
    end, cells = filled
    known = set(columns_of(cells))
    missing = " and the ".join(wanted.replace("_", " ") for wanted in _WANTED if wanted not in known)
    called = " and ".join(_called(wanted) for wanted in _WANTED if wanted not in known)
    shown = ", ".join(_joined(cell) for cell in cells if cell.strip())[:_SHOWN]
    raise _refused(file, f"has no column for the {missing} in its heading, {shown!r}; write {called}", end)


def _called(wanted: str) -> str:
    return " or ".join(repr(each) for each in COLUMNS[wanted][:3])


def _joined(cell: str) -> str:
    """A cell in one line."""
    return " ".join(cell.split())


def _known(name: str, cell: str) -> str:
    """A cell in one line; empty where its words say that nobody knows."""
    text = _joined(cell)
    return "" if name not in _SAID and text.casefold() in _UNKNOWN else text


def _with_first_lines(lines: _Lines) -> _Lines:
    """Rows after the heading, each with the line it begins in: the reader tells where it ends."""
    ends = [end for end, _ in lines]
    return [(before + 1, cells) for before, (_, cells) in zip(ends, lines[1:], strict=False)]


def _refused(file: str, message: str, line: int = 1) -> DefinitionError:
    return DefinitionError([Fault(file, max(1, line), 1, "", message, "not_a_table")])
