"""``okrbridge incident review``: the form of a postmortem, filled in as far as the data goes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption
from okrbridge.cli.output import print_json, print_text

if TYPE_CHECKING:
    from okrbridge.application.reports import Item
    from okrbridge.bootstrap.service import Service


class ReviewFormat(StrEnum):
    """How a review is printed."""

    MARKDOWN = "markdown"
    JSON = "json"


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="Review an incident.", no_args_is_help=True)
    app.callback()(_incident)
    app.command("review", short_help="Print the form of a postmortem, filled in.")(review)
    return app


def _incident() -> None:
    """Review an incident."""


def review(
    incident: Annotated[str, typer.Argument(metavar="ID", help="The id that its source gave it.")],
    source: Annotated[
        str, typer.Option("--source", help="Which is meant where several sources gave the same id.")
    ] = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: Annotated[
        ReviewFormat, typer.Option("--format", help="How the review is printed.")
    ] = ReviewFormat.MARKDOWN,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Also tell of restricted objectives and key results.")
    ] = False,
) -> None:
    """Print the form of an incident's postmortem: key results impacted, SLOs that contributed, actions."""
    from okrbridge.application.incidents.review_text import review_markdown
    from okrbridge.cli.opening import opened

    with opened(config, database_url) as service:
        form = _form(service, incident, source, sees_restricted=restricted)
    if format is ReviewFormat.JSON:
        print_json(form)
    else:
        print_text(review_markdown(form))


def _form(service: Service, incident: str, source: str, *, sees_restricted: bool) -> Item:
    """The form from the database; no source is asked."""
    from okrbridge.application.incidents.impact import Impact
    from okrbridge.application.incidents.incident import Incidents
    from okrbridge.application.incidents.review import Review
    from okrbridge.application.visibility import sight_of

    now, grid = service.parts.clock(), service.parts.grid
    sight = sight_of(service.definitions, None, sees_restricted=sees_restricted)
    definitions = sight.of_definitions(service.definitions)
    with service.parts.storage.reading() as database:
        found = Incidents(database.events, sight, now).find(incident, source)
        return Review(Impact(database, definitions, sight, grid, found, now)).item()
