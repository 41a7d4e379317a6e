"""``okrbridge version``."""

from __future__ import annotations

import platform

import typer

from okrbridge import __version__
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json


def version(
    config: ConfigOption = None,  # noqa: ARG001 - accepted after every subcommand
    database_url: DatabaseOption = None,  # noqa: ARG001 - accepted after every subcommand
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
) -> None:
    """Print the version of okrbridge and of Python."""
    if format is Format.JSON:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        typer.echo(f"okrbridge {__version__} (Python {platform.python_version()})")
