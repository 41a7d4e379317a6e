"""From the rows of a spreadsheet to documents: objectives with key results that people check in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from okrbridge.cli.okr_cells import Amount, amount
from okrbridge.cli.okr_dates import day
from okrbridge.cli.okr_table import Row, Table
from okrbridge.definitions.loader import load_text
from okrbridge.definitions.okr import OKRBRIDGE
from okrbridge.definitions.openslo_rendering import documents_yaml
from okrbridge.domain.lint.checking import lint
from okrbridge.domain.lint.findings import Severity
from okrbridge.domain.lint.titles import about, title_codes
from okrbridge.domain.units import convert
from okrbridge.errors import DefinitionError, Fault, UnitError

EXPIRES_AFTER = "14d"
"""A value that people checked in is stale after two weekly check-ins were left out."""
NOTES = "spreadsheet/"
"""Annotations that keep what a document has no place for: the current value and the confidence of each key result."""

_QUARTER = re.compile(r"(20\d{2})-q([1-4])")
_WAY = re.compile(r"\bfrom\s+(?P<start>\S.*?)\s+to\s+(?P<target>\S.*?)(?=\s+by\b|[,;]|\.\s|\.?$)", re.IGNORECASE)
_LONGEST_NAME = 50
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_READ = 300
"""Characters of a title in which numbers are looked for."""

Mapped = dict[str, object]


@dataclass(slots=True)
class ImportedOkrs:
    """What became of a spreadsheet.

    Attributes:
        documents: in the order of the rows, the cycle first.
        refused: rows that could not be converted, each with the reason and the remedy.
        remarks: lints of those that were, and what was left out.
    """

    documents: list[Mapped] = field(default_factory=list)
    refused: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Goal:
    """An objective with its rows."""

    title: str
    name: str
    cells: dict[str, str]
    key_results: list[Mapped] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


class _RefusedError(Exception):
    """Why a row cannot be converted: a code and a message with the remedy."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def imported_okrs(table: Table, file: str, cycle: str = "") -> ImportedOkrs:
    """Convert the rows of a spreadsheet.

    An empty objective cell repeats the one above it, as merged cells are saved. Rows that cannot be converted are
    listed and leave the others alone.

    Args:
        file: the name that remarks carry.
        cycle: name of the cycle; the quarter in which all due dates lie when it is empty.

    Raises:
        DefinitionError: no cycle is given, and the due dates lie in no quarter, or in several.
    """
    made = ImportedOkrs()
    if table.encoding:
        message = f"is not UTF-8 and was read as {table.encoding}; look whether the letters of names are right"
        made.remarks.append(Fault(file, 1, 1, "", message, "encoding"))
    for heading in table.unread:
        made.remarks.append(Fault(file, 1, 1, "", f"the column {heading!r} is not read and left out", "left_out"))
    name = cycle or _quarter_of_all(table, file)
    quarter = _days_of(name)
    if quarter is not None:
        made.documents.append(_document("Cycle", name, {"cadence": "weekly"}))
    else:
        message = f"{name!r} is no quarter: put its Cycle beside what is printed, and let okrbridge validate check both"
        made.remarks.append(Fault(file, 1, 1, "", message, "not_checked"))
    goals = list(_goals(table, file, quarter, made))
    for goal in goals:
        _finish(goal, name, file, made)
    _check(goals, file, made)
    return made


def _quarter_of_all(table: Table, file: str) -> str:
    quarters = set()
    for row in table.rows:
        try:
            due = day(row["due"])
        except ValueError:
            continue
        quarters.add(f"{due.year}-q{(due.month + 2) // 3}")
    if len(quarters) == 1:
        return quarters.pop()
    found = f"the due dates lie in {', '.join(sorted(quarters))}" if quarters else "no row has a due date"
    raise DefinitionError([Fault(file, 1, 1, "", f"{found}; give the cycle with --cycle, such as 2026-q4", "no_cycle")])


def _days_of(cycle: str) -> tuple[date, date] | None:
    """First day of the quarter that a cycle is named after, and the first day after it."""
    named = _QUARTER.fullmatch(cycle)
    if named is None:
        return None
    year, month = int(named[1]), 3 * int(named[2]) - 2
    return date(year, month, 1), date(year + month // 10, (month + 2) % 12 + 1, 1)


def _goals(table: Table, file: str, quarter: tuple[date, date] | None, made: ImportedOkrs) -> Iterator[_Goal]:
    goals: dict[str, _Goal] = {}
    current: _Goal | None = None
    for row in table.rows:
        title = row["objective"]
        if title:
            if title not in goals:
                goals[title] = _Goal(title, _slug(title, {one.name for one in goals.values()}), {})
            current = goals[title]
        if current is None:
            made.refused.append(
                _fault(file, row, "no_objective", "has no objective; fill the column, or the row above")
            )
            continue
        for column in ("owner", "team", "why"):
            current.cells[column] = current.cells.get(column) or row[column]
        if row["key_result"]:
            _add(current, row, file, quarter, made, semicolons=table.delimiter == ";")
        elif not title:
            made.refused.append(
                _fault(file, row, "no_key_result", "has neither objective nor key result; remove the row")
            )
    yield from goals.values()


def _add(
    goal: _Goal, row: Row, file: str, quarter: tuple[date, date] | None, made: ImportedOkrs, *, semicolons: bool
) -> None:
    """Add the key result of a row to its objective, or say why not."""
    title = row["key_result"]
    try:
        numbers, nouns = _numbers(row, semicolons=semicolons)
        name = _slug(title, {str(one["name"]) for one in goal.key_results})
        spec: Mapped = {"name": name, "title": title, **numbers, **_due(row, quarter)}
    except _RefusedError as problem:
        made.refused.append(_fault(file, row, problem.code, f"{title!r}: {problem}"))
        told = title_codes(title)
        made.remarks += (_fault(file, row, code, about(title, code)) for code in told if code != problem.code)
        return
    if row["owner"]:
        spec["owner"] = row["owner"]
    goal.key_results.append({**spec, "measure": {"manual": {"expiresAfter": EXPIRES_AFTER}}})
    goal.rows.append(row)
    goal.notes |= {f"{NOTES}{name}.{each}": row[each] for each in ("current", "confidence") if row[each]}
    for noun in nouns:
        made.remarks.append(_fault(file, row, "unit_left_out", f"{noun!r} is what is counted, not a unit; left out"))


def _numbers(row: Row, *, semicolons: bool) -> tuple[Mapped, Sequence[str]]:
    """The keys from, to and operator, from the columns, or from "from X to Y" in the title; and nouns left out."""
    start, target = row["start"], row["target"]
    if not start and not target and (way := _WAY.search(row["key_result"][:_READ])):
        start, target = way["start"], way["target"]
    if not target:
        message = "no target: fill the column Target, or write from X to Y into the key result"
        raise _RefusedError("no_numbers", message)
    end = _amount(target, row["unit"], "target", semicolons=semicolons)
    if not start:
        return _limit(end), [end.noun] if end.noun else []
    begin = _amount(start, row["unit"], "start", semicolons=semicolons)
    try:
        is_equal = convert(begin.quantity.value, begin.quantity.unit, end.quantity.unit) == end.quantity.value
    except UnitError as problem:
        message = f"start {start!r} and target {target!r} are in different units; write both in the same"
        raise _RefusedError("wrong_unit", message) from problem
    if is_equal:
        raise _RefusedError("target_equals_baseline", "start and target are equal, so there is no way to go")
    nouns = dict.fromkeys(noun for noun in (begin.noun, end.noun) if noun)
    return {"from": begin.quantity.text, "to": end.quantity.text}, list(nouns)


def _limit(end: Amount) -> Mapped:
    if not end.operator:
        message = "no baseline: fill the column Start, or write ≥ or ≤ before the target when it is a limit to hold"
        raise _RefusedError("no_baseline", message)
    return {"operator": end.operator, "to": end.quantity.text}


def _amount(text: str, unit: str, column: str, *, semicolons: bool) -> Amount:
    try:
        return amount(text, unit, semicolons=semicolons)
    except UnitError as problem:
        raise _RefusedError("wrong_value", f"{column}: {problem}") from problem


def _due(row: Row, quarter: tuple[date, date] | None) -> Mapped:
    """The end of its period, when it lies inside of the cycle: the day after the last one."""
    if not row["due"]:
        return {}
    try:
        end = day(row["due"]) + timedelta(days=1)
    except ValueError as problem:
        raise _RefusedError("wrong_date", f"due: {problem}") from problem
    if quarter is not None and not quarter[0] < end <= quarter[1]:
        raise _RefusedError("wrong_date", f"due: {row['due']} lies outside of the cycle; correct it, or give --cycle")
    return {} if quarter is not None and end == quarter[1] else {"due": end.isoformat()}


def _finish(goal: _Goal, cycle: str, file: str, made: ImportedOkrs) -> None:
    """Add the document of an objective; one without an owner, or without any key result, is refused with its rows."""
    owner = goal.cells.get("owner", "")
    if goal.key_results and not owner:
        message = f"the objective {goal.title!r} has no owner; fill the column Owner"
        made.refused += (_fault(file, row, "no_owner", message) for row in goal.rows)
        goal.key_results.clear()
    if not goal.key_results:
        return
    texts = {"title": goal.title, "why": goal.cells.get("why"), "cycle": cycle, "team": goal.cells.get("team")}
    spec: Mapped = {key: text for key, text in texts.items() if text}
    made.documents.append(
        _document("Objective", goal.name, {**spec, "owner": owner, "keyResults": goal.key_results}, goal.notes)
    )


def _document(kind: str, name: str, spec: Mapped, annotations: Mapping[str, str] | None = None) -> Mapped:
    metadata = {"name": name, **({"annotations": dict(annotations)} if annotations else {})}
    return {"apiVersion": OKRBRIDGE, "kind": kind, "metadata": metadata, "spec": spec}


def _check(goals: Sequence[_Goal], file: str, made: ImportedOkrs) -> None:
    """Let the loader read what was made, where it stands by itself, and lint it; findings name the rows."""
    if not made.documents or made.documents[0]["kind"] != "Cycle":
        return
    rows = {
        f"{goal.name}/{one['name']}": row.number
        for goal in goals
        for one, row in zip(goal.key_results, goal.rows, strict=False)
    }
    rows |= {f"objective:{goal.name}": goal.rows[0].number for goal in goals if goal.rows}
    try:
        definitions = load_text(documents_yaml(made.documents), file).definitions
    except DefinitionError as problem:
        # The places are those of the documents, which nobody has seen: only what is wrong is of use.
        made.refused += (Fault(file, 1, 1, fault.path, fault.message, fault.code) for fault in problem.faults)
        return
    for found in lint(definitions):
        if found.severity is not Severity.HINT:
            # What has no row of its own, such as a team, is told by its name.
            message = found.message if found.subject in rows else f"{found.subject.replace(':', ' ')} {found.message}"
            made.remarks.append(Fault(file, rows.get(found.subject, 1), 1, "", message, found.code))


def _slug(title: str, taken: set[str]) -> str:
    """A name for a document, from the words of a title, which no other has."""
    letters = unicodedata.normalize("NFKD", title.casefold().translate(_UMLAUTS))
    words = re.findall(r"[a-z0-9]+", "".join(each for each in letters if not unicodedata.combining(each)))
    plain = "-".join(words)[:_LONGEST_NAME].strip("-") or "unnamed"
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(name for name in numbered if name not in taken)


def _fault(file: str, row: Row, code: str, message: str) -> Fault:
    return Fault(file, row.number, 1, "", message, code)
