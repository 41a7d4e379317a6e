"""``okrbridge import``: documents that mean the same as Sloth's, Pyrra's, or a spreadsheet of OKRs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from okrbridge.cli.exit_codes import FINDINGS
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, say, some
from okrbridge.cli.validate import STDIN_PATH, standard_input
from okrbridge.errors import DefinitionError, Fault

_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".ods")
"""Workbooks are no CSV files, and are told so."""
_CYCLE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")

_SHOWN_ROWS = 10

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="Files and folders, or - for standard input.")
]


def import_(
    files: FilesArgument,
    cycle: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="For a spreadsheet: the cycle, such as 2026-q4; from the due dates when not given."
        ),
    ] = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print the documents that mean the same as Sloth's or Pyrra's, or as a spreadsheet of OKRs saved as CSV.

    Nothing is written and no source is asked. Warnings go to stderr. Leaves with 2 on faults, and with 1 when rows of a
    spreadsheet could not be converted; those are listed, and the others printed.

    Such as: okrbridge import okrs.csv --cycle 2026-q4 > config/okrs.yaml
    """
    if len(files) == 1 and files[0].suffix.casefold() in _TABLES:
        _import_okrs(files[0], cycle, format)
        return
    if cycle or any(file.suffix.casefold() in _TABLES for file in files):
        message = "give one spreadsheet alone; --cycle goes with a spreadsheet"
        raise typer.BadParameter(message, param_hint="FILE")
    _import_slos(files, format)


def _import_slos(files: Sequence[Path], format: Format) -> None:
    from okrbridge.definitions.importing import imported
    from okrbridge.definitions.openslo_rendering import openslo_document, openslo_yaml

    stdin = standard_input() if STDIN_PATH in files else None
    result = imported([file for file in files if file != STDIN_PATH], stdin)
    for warning in result.warnings:
        say(f"{warning} [warning]")
    if format is Format.JSON:
        print_json([openslo_document(slo) for slo in result.slos])
    else:
        typer.echo(openslo_yaml(result.slos), nl=False)


def _import_okrs(file: Path, cycle: str, format: Format) -> None:
    from okrbridge.cli.import_okrs import imported_okrs
    from okrbridge.cli.okr_dates import named_cycle
    from okrbridge.cli.okr_table import MOST_BYTES, read_table
    from okrbridge.definitions.openslo_rendering import documents_yaml

    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as problem:
        fault = Fault(str(file), 1, 1, "", f"cannot be read: {problem.strerror}", "not_readable")
        raise DefinitionError([fault]) from problem
    name = named_cycle(cycle)
    if name and not _CYCLE.fullmatch(name):
        message = f"{cycle!r} is no name of a Cycle; write a-z, 0-9, - and ., such as 2026-q4"
        raise typer.BadParameter(message, param_hint="--cycle")
    result = imported_okrs(read_table(content, str(file)), str(file), name)
    for remark in _once(result.remarks):
        say(remark)
    for refused in sorted(result.refused):
        say(f"{refused} [not converted: {refused.code}]")
    if format is Format.JSON:
        print_json(result.documents)
    elif result.documents:
        typer.echo(documents_yaml(result.documents), nl=False)
    if result.refused:
        raise typer.Exit(FINDINGS)


def _once(remarks: Sequence[Fault]) -> Iterator[str]:
    """Each remark at the first of its rows, in their order, with the others in which it is the same."""
    rows: dict[tuple[str, str], list[Fault]] = {}
    for remark in sorted(remarks):
        rows.setdefault((remark.message, remark.code), []).append(remark)
    for first, *others in rows.values():
        also = f" (also in lines {some([str(one.line) for one in others], _SHOWN_ROWS)})" if others else ""
        yield f"{first}{also} [{first.code}]"
