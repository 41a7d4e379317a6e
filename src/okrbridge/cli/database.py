"""``okrbridge db …``: the database's schema."""

from __future__ import annotations

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="Look after the database.", no_args_is_help=True)
    app.command("upgrade", short_help="Bring the schema to this version's.")(upgrade)
    app.command("current")(current)
    app.command("check", short_help="Check that it answers and has this version's schema.")(check)
    return app


def _url(database_url: str | None) -> str:
    from okrbridge.settings import load_settings

    return load_settings({"database_url": database_url}).database_url


def _tell(revision: str | None, format: Format, text: str) -> None:
    if format is Format.JSON:
        print_json({"revision": revision})
    else:
        typer.echo(text)


def upgrade(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Bring the schema to the one this version works with; safe to run again, and by several processes at once."""
    from okrbridge.storage.migrations import runner

    url = _url(database_url)
    runner.upgrade(url)
    revision = runner.current(url)
    _tell(revision, format, f"the schema is at revision {revision}")


def current(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Print the schema's revision; `none` for an empty database."""
    from okrbridge.storage.migrations import runner

    revision = runner.current(_url(database_url))
    _tell(revision, format, revision or "none")


def check(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Check that the database answers and has this version's schema; exit 4 when not."""
    from okrbridge.storage.migrations import runner

    url = _url(database_url)
    runner.check(url)
    revision = runner.current(url)
    _tell(revision, format, f"the database answers, and its schema is at revision {revision}, as it should be")
