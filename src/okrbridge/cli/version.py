"""``okrbridge version``."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from okrbridge import __version__
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json


def _text() -> str:
    return f"okrbridge {__version__} (Python {platform.python_version()})"


def _told(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(_text())
        raise typer.Exit


def root(
    is_version: Annotated[
        bool, typer.Option("--version", callback=_told, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """The bridge from service telemetry to company goals: exact SLO ledgers that move OKR key results."""


def version(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print the version of okrbridge and of Python."""
    if format is Format.JSON:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        typer.echo(_text())
