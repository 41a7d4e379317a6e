"""``okrbridge cycle report``: what became of a cycle."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption
from okrbridge.cli.output import print_json, print_text, say

if TYPE_CHECKING:
    from okrbridge.application.reports import Item
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap.service import Service


class ReportFormat(StrEnum):
    """How a report is printed."""

    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def make_app() -> typer.Typer:
    """The subcommands."""
    app = typer.Typer(help="Report on a cycle of OKRs.", no_args_is_help=True)
    app.callback()(_cycle)
    app.command("report", short_help="Print how a cycle's key results fared.")(report)
    return app


def _cycle() -> None:
    """Report on a cycle of OKRs."""


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The cycle, such as 2026-q4.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: Annotated[
        ReportFormat, typer.Option("--format", help="How the report is printed.")
    ] = ReportFormat.MARKDOWN,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="Also tell of restricted objectives and key results.")
    ] = False,
) -> None:
    """Evaluate once, and print how a cycle's key results fared, what was decided, and what was learnt."""
    from okrbridge.cli.opening import opened

    with opened(config, database_url) as service:
        _check_name(service, name)
        snapshot = service.evaluator.tick()
        for source in snapshot.sources:
            if source.failure:
                say(f"source {source.name}: {source.failure}; its last good numbers stand")
        found = _report(service, snapshot, name, sees_restricted=restricted)
    _print(found, format)


def _check_name(service: Service, name: str) -> None:
    """Refuse an unknown cycle before any source is asked. Raises NotFoundError."""
    from okrbridge.application.explaining.explain import close_names
    from okrbridge.errors import NotFoundError

    known = service.definitions.cycle_by_name
    if name not in known:
        raise NotFoundError("cycle", name, close=close_names(name, known))


def _report(service: Service, snapshot: Snapshot, name: str, *, sees_restricted: bool) -> Item:
    from okrbridge.application.cycles.report import Reporting
    from okrbridge.application.cycles.view import cycle_view

    now = service.parts.clock()
    with service.parts.storage.reading() as database:
        view = cycle_view(database, service.definitions, snapshot, now, sees_restricted=sees_restricted)
        evaluated = next(one for one in view.snapshot.cycles if one.cycle.name == name)
        return Reporting(database, view, evaluated).item()


def _print(found: Item, format: ReportFormat) -> None:
    from okrbridge.application.cycles.report_text import csv_of, markdown_of

    if format is ReportFormat.JSON:
        print_json(found)
        return
    print_text(csv_of(found) if format is ReportFormat.CSV else markdown_of(found))
