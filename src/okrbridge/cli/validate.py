"""``okrbridge validate``: every fault in the definitions at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.exit_codes import GOOD, WARNINGS, WRONG
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, say
from okrbridge.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from okrbridge.cli.live_check import Unreachable
    from okrbridge.definitions.loader import Loaded
    from okrbridge.settings import Settings

PathsArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH…", help="Files and folders, or - for standard input.")
]

STDIN_PATH = Path("-")
"""The path that stands for standard input."""


@dataclass(frozen=True, slots=True)
class _Report:
    """What is told.

    Attributes:
        faults, warnings, lints: in reading order.
        unreachable: sources that could not be asked under ``--live``.
        summary: the last line for people; empty for none.
    """

    faults: Sequence[Fault]
    warnings: Sequence[Fault] = ()
    lints: Sequence[Fault] = ()
    unreachable: Sequence[Unreachable] = ()
    summary: str = ""


def validate(
    paths: PathsArgument = None,
    live: Annotated[bool, typer.Option("--live", help="Let the sources themselves read every query.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 3 when there are warnings.")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Check definitions and name every fault as file:line:col: path: message; then what is likely wrong.

    Leaves with 2 on faults, with 1 when a source refuses a query under --live, with 3 on warnings and lints under
    --strict, and with 4 when a source cannot be reached under --live.
    """
    from okrbridge.cli.lint_places import lints_of
    from okrbridge.settings import load_settings

    settings = load_settings({"config": config})
    stdin = standard_input() if STDIN_PATH in (paths or [settings.config]) else None
    try:
        loaded = _loaded(paths, settings.config, stdin)
    except DefinitionError as problem:
        _tell(_Report(problem.faults, summary=f"{_counted(len(problem.faults), 'fault')} found"), format, stdin)
        raise typer.Exit(WRONG) from None
    lints = lints_of(loaded.definitions, stdin)
    report, code = _checked_live(loaded, lints, settings) if live else (_good(loaded, lints), GOOD)
    _tell(report, format, stdin)
    raise typer.Exit(WARNINGS if code == GOOD and strict and (loaded.warnings or lints) else code)


def _loaded(paths: Sequence[Path] | None, config: Path, stdin: bytes | None) -> Loaded:
    """What is to be checked: the paths given, else the configured folder. Raises DefinitionError."""
    from okrbridge.cli.configured import load_configured
    from okrbridge.definitions.loader import load

    if not paths and stdin is None:
        return load_configured(config)
    return load([path for path in paths or () if path != STDIN_PATH], stdin)


def standard_input() -> bytes:
    """Standard input, as far as documents are ever long."""
    from okrbridge.definitions.documents import MAX_BYTES

    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _good(loaded: Loaded, lints: Sequence[Fault]) -> _Report:
    return _Report((), loaded.warnings, lints, summary=_summary(loaded, lints))


def _checked_live(loaded: Loaded, lints: Sequence[Fault], settings: Settings) -> tuple[_Report, int]:
    from okrbridge.cli.live_check import check_live

    check = check_live(loaded, settings)
    if check.exit_code == GOOD:
        return _good(loaded, lints), GOOD
    refused = f"{_counted(len(check.faults), 'fault')} found" if check.faults else ""
    return _Report(check.faults, loaded.warnings, (), check.unreachable, refused), check.exit_code


def _tell(report: _Report, format: Format, stdin: bytes | None) -> None:
    if format is Format.JSON:
        _print_json(report)
    else:
        _print_text(report, stdin)


def _print_json(report: _Report) -> None:
    print_json(
        {
            "faults": [_item(fault) for fault in report.faults],
            "warnings": [_item(warning) for warning in (*report.warnings, *report.lints)],
            "unreachable": [{"source": each.source, "message": each.message} for each in report.unreachable],
        }
    )


def _print_text(report: _Report, stdin: bytes | None) -> None:
    from okrbridge.definitions.loader import STDIN
    from okrbridge.definitions.rendering import render, source_line

    text = None if stdin is None else stdin.decode(errors="replace").removeprefix("\ufeff")
    for fault in report.faults:
        say(render(fault, source_line(fault, text if fault.file == STDIN else None)))
    for warning in report.warnings:
        say(f"{warning} [warning]")
    for lint in report.lints:
        say(f"{lint} [{lint.code}]")
    for each in report.unreachable:
        say(f"source {each.source}: {each.message}")
    if report.summary:
        (say if report.faults else typer.echo)(report.summary)


def _item(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": fault.path,
        "message": fault.message,
        "code": fault.code,
    }


def _summary(loaded: Loaded, lints: Sequence[Fault]) -> str:
    definitions = loaded.definitions
    parts = [
        _counted(loaded.files, "file"),
        _counted(len(definitions.slos), "SLO"),
        _counted(len(definitions.cycles), "cycle"),
        _counted(len(definitions.objectives), "objective"),
        _counted(len(definitions.key_results), "key result"),
        *([_counted(len(definitions.maintenance), "maintenance window")] if definitions.maintenance else []),
        _counted(len(loaded.warnings) + len(lints), "warning"),
    ]
    return f"good: {', '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
