"""``okrbridge demo``: a small fleet, 46 days of its history, and okrbridge on top."""

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
        typer.Option(
            "--for", parser=_seconds, metavar="DURATION", help="End this long after it is ready, such as 90s."
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of okrbridge.")] = 8080,
    work_folder: Annotated[
        Path | None, typer.Option(help="Folder for data and logs, kept at the end; a temporary one by default.")
    ] = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show okrbridge on a simulated fleet with 46 days of history, scraped by a real Prometheus.

    Without Prometheus on this machine the built-in simulated source stands in, and the demo says so.
    """
    from rich.console import Console

    from okrbridge.demo.run import run_demo

    diagnostics = Console(stderr=True)
    raise typer.Exit(
        run_demo(seconds=for_, port=port, console=Console(), diagnostics=diagnostics, work_folder=work_folder)
    )
