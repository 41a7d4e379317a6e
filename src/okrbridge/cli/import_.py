"""``okrbridge import``: the OpenSLO equivalent of Sloth's and Pyrra's documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, say
from okrbridge.cli.validate import STDIN_PATH, standard_input

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="Files and folders, or - for standard input.")
]


def import_(
    files: FilesArgument,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print the OpenSLO documents that mean the same as Sloth's or Pyrra's.

    Nothing is written and no source is asked. Warnings go to stderr. Leaves with 2 on faults.
    """
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
