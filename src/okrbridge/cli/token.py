"""``okrbridge token …``: who may do what over HTTP."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.application.access_ports import Role
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, print_tokens, say

if TYPE_CHECKING:
    from okrbridge.application.access_ports import Caller
    from okrbridge.application.ports import Storage

NEVER = "never"
_LONGEST_LIFE = timedelta(days=3660)


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="Make, list and revoke tokens for the HTTP API.", no_args_is_help=True)
    app.command("create", short_help="Make a token and print it, this once.")(create)
    app.command("list")(list_)
    app.command("revoke", short_help="Take a token back.")(revoke)
    return app


def create(
    role: Annotated[Role, typer.Option(help="What it is for: viewer reads, ingest sends events, editor writes.")],
    name: Annotated[str, typer.Option(help="Who it is for; the audit log speaks of them by this name.")],
    expires: Annotated[str, typer.Option(help="How long it is in force, such as 90d, or never.")] = "365d",
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Let a viewer see restricted objectives and key results, too.")
    ] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Make a token and print it; it is shown this once, and only its hash is kept.

    Such as: okrbridge token create --role editor --name maria --expires 90d
    """
    from okrbridge.application.access import NewToken, create_token, token_item
    from okrbridge.bootstrap.clock import utc_now

    new = NewToken(name, role, _life(expires), restricted=restricted)
    with _storage(database_url) as storage, storage.transaction() as transaction:
        text, token = create_token(transaction, new, _operator(), utc_now())
    if format is Format.JSON:
        print_json({**token_item(token), "token": text})
        return
    typer.echo(text)
    ends = "never expires" if token.expires_at is None else f"expires {token.expires_at:%Y-%m-%d}"
    say(f"{role} token {name} ({token.id}), {ends}; keep it now, it is not shown again")


def list_(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """List every token ever made, without its text."""
    from okrbridge.application.access import token_item
    from okrbridge.bootstrap.clock import utc_now

    now = utc_now()
    with _storage(database_url) as storage, storage.reading() as database:
        items = [{**token_item(token), "in_force": token.is_in_force(now)} for token in database.tokens.all()]
    if format is Format.JSON:
        print_json({"items": items})
    else:
        print_tokens(items)


def revoke(
    token: Annotated[str, typer.Argument(metavar="NAME|ID", help="The token's name or id, as `token list` shows it.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Take a token back; a running okrbridge refuses it within five seconds."""
    from okrbridge.application.access import revoke_token, token_item
    from okrbridge.bootstrap.clock import utc_now

    with _storage(database_url) as storage, storage.transaction() as transaction:
        revoked = revoke_token(transaction, token, _operator(), utc_now())
    if format is Format.JSON:
        print_json(token_item(revoked))
    else:
        typer.echo(f"{revoked.name} ({revoked.id}) is revoked since {revoked.revoked_at:%Y-%m-%dT%H:%M:%SZ}")


@contextmanager
def _storage(database_url: str | None) -> Iterator[Storage]:
    from okrbridge.bootstrap.databases import open_records
    from okrbridge.settings import load_settings

    with closing(open_records(load_settings({"database_url": database_url}))) as storage:
        yield storage


def _life(text: str) -> timedelta | None:
    from okrbridge.domain.windows import parse_duration

    if text == NEVER:
        return None
    try:
        life = parse_duration(text)
    except (ValueError, OverflowError) as problem:
        message = f"{problem}; or write never"
        raise typer.BadParameter(message, param_hint="--expires") from problem
    if life > _LONGEST_LIFE:
        message = f"{text!r} is longer than ten years; write never for a token without an end"
        raise typer.BadParameter(message, param_hint="--expires")
    return life


def _operator() -> Caller:
    """Whoever may write the database may make tokens; the audit log keeps the user's name on this machine."""
    from okrbridge.application.access_ports import Caller

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        user = "unknown"
    return Caller(f"cli:{user}", Role.ADMIN, sees_restricted=True)
