"""``okrbridge validate``: every fault in the definitions at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.exit_codes import GOOD, WARNINGS, WRONG
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, say
from okrbridge.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from okrbridge.definitions.loader import Loaded

PathsArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH…", help="Files and folders, or - for standard input.")
]


def validate(
    paths: PathsArgument = None,
    live: Annotated[bool, typer.Option("--live", help="Let the sources themselves read every query.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 3 when there are warnings.")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Check definitions and name every fault as file:line:col: path: message.

    Leaves with 2 on faults, with 1 when a source refuses a query under --live, with 3 on warnings under --strict,
    and with 4 when a source cannot be reached under --live.
    """
    from okrbridge.settings import load_settings

    settings = load_settings({"config": config})
    try:
        loaded = _load(paths or [settings.config])
    except DefinitionError as problem:
        _report(problem.faults, (), format, summary=f"{_counted(len(problem.faults), 'fault')} found")
        raise typer.Exit(WRONG) from None
    faults, code = _check_live(loaded) if live else ((), GOOD)
    if code == GOOD and strict and loaded.warnings:
        code = WARNINGS
    _report(faults, loaded.warnings, format, summary=_summary(loaded) if not faults else "")
    raise typer.Exit(code)


def _load(paths: Sequence[Path]) -> Loaded:
    from okrbridge.definitions.loader import load, load_text

    if [str(path) for path in paths] == ["-"]:
        return load_text(sys.stdin.read(), "<stdin>")
    return load(paths)


def _check_live(loaded: Loaded) -> tuple[tuple[Fault, ...], int]:
    return (), GOOD


def _report(faults: Sequence[Fault], warnings: Sequence[Fault], format: Format, *, summary: str) -> None:
    if format is Format.JSON:
        print_json({"faults": [_item(fault) for fault in faults], "warnings": [_item(each) for each in warnings]})
        return
    from okrbridge.definitions.rendering import render, source_line

    for fault in faults:
        say(render(fault, source_line(fault)))
    for warning in warnings:
        say(f"{warning} [warning]")
    if summary:
        (say if faults else typer.echo)(summary)


def _item(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": fault.message,
        "code": fault.code,
    }


def _summary(loaded: Loaded) -> str:
    definitions = loaded.definitions
    parts = [
        _counted(loaded.files, "file"),
        _counted(len(definitions.slos), "SLO"),
        _counted(len(definitions.cycles), "cycle"),
        _counted(len(definitions.objectives), "objective"),
        _counted(len(definitions.key_results), "key result"),
        _counted(len(loaded.warnings), "warning"),
    ]
    return f"good: {', '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
