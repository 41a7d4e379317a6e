"""``okrbridge init``: a first configuration that works, with comments."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import say

FILES = ("cycle.yaml", "slos.yaml", "objectives.yaml", "README.md")
_SUFFIX = ".txt"

FolderArgument = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="Folder for the definitions; that of --config when not given.")
]


def init(
    folder: FolderArgument = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Write a first configuration: the current quarter, one SLO, one objective with two key results.

    Nothing is ever overwritten: when one of the files is there, none is written, and it leaves with 2.
    """
    from okrbridge.bootstrap.clock import utc_now
    from okrbridge.settings import load_settings

    folder = folder or load_settings({"config": config}).config
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise typer.BadParameter(f"{folder} holds {', '.join(there)} already; nothing is overwritten", param_hint="DIR")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in first_files(utc_now().date()).items():
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(folder / name)
    say(
        f"next: okrbridge validate {folder}; then write your own queries into slos.yaml, set OKRBRIDGE_PROMETHEUS_URL, "
        f"and start okrbridge serve --config {folder}"
    )


def first_files(today: date) -> dict[str, str]:
    """The files of a first configuration, by name.

    Args:
        today: any day of the quarter that the cycle is to be.
    """
    from importlib import resources

    quarter = (today.month + 2) // 3
    first = resources.files("okrbridge") / "templates" / "first"
    texts = {name: (first / f"{name}{_SUFFIX}").read_text(encoding="utf-8") for name in FILES}
    filled = {
        "{{cycle}}": f"{today.year}-q{quarter}",
        "{{quarter}}": f"{_ORDINALS[quarter - 1]} quarter of {today.year}",
    }
    for place, value in filled.items():
        texts = {name: text.replace(place, value) for name, text in texts.items()}
    return texts


_ORDINALS = ("First", "Second", "Third", "Fourth")
