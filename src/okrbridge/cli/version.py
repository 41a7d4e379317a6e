"""``okrbridge version``."""

from __future__ import annotations

import platform

import typer

from okrbridge import __version__
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json


def version(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print the version of okrbridge and of Python."""
    if format is Format.JSON:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        typer.echo(f"okrbridge {__version__} (Python {platform.python_version()})")
