"""``okrbridge demo``: a small fleet, 30 days of its history, and okrbridge on top."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.domain.windows import parse_duration


def _seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem


def demo(
    for_: Annotated[
        float | None,
        typer.Option("--for", parser=_seconds, metavar="DURATION", help="End this long after it is ready, such as 90s."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of okrbridge.")] = 8080,
    work_folder: Annotated[
        Path | None, typer.Option(help="Folder for data and logs, kept at the end; a temporary one by default.")
    ] = None,
    config: ConfigOption = None,  # noqa: ARG001 - accepted after every subcommand; the demo brings its own
    database_url: DatabaseOption = None,  # noqa: ARG001 - as above
    format: FormatOption = Format.TEXT,  # noqa: A002, ARG001 - as above
) -> None:
    """Show okrbridge on a simulated fleet with 30 days of history, scraped by a real Prometheus.

    Without Prometheus on this machine the built-in simulated source stands in, and the demo says so.
    """
    from rich.console import Console  # noqa: PLC0415 - keeps `--help` fast

    from okrbridge.demo.run import run_demo  # noqa: PLC0415 - as above

    raise typer.Exit(run_demo(seconds=for_, port=port, console=Console(), work_folder=work_folder))
