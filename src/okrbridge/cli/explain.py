"""``okrbridge explain``: the reason for each number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.evaluate import evaluate_at
from okrbridge.cli.options import AtOption, ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json
from okrbridge.errors import NotFoundError

if TYPE_CHECKING:
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap import Service

SubjectArgument = Annotated[str, typer.Argument(metavar="slo/NAME|kr/OBJECTIVE/NAME", help="What to explain.")]


def explain(
    subject: SubjectArgument,
    at: AtOption = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the query, counts, window, formula, exclusions and age behind the numbers of an SLO or a key result."""
    from okrbridge.application.explanation_text import explanation_lines
    from okrbridge.cli.opening import opened

    kind, _, name = subject.partition("/")
    if kind not in ("slo", "kr") or not name:
        message = f"{subject!r}: write slo/NAME or kr/OBJECTIVE/NAME"
        raise typer.BadParameter(message)
    with opened(config, database_url) as service:
        _check_name(service, kind, name)
        document = _explanation(service, evaluate_at(service, at), kind, name)
    if format is Format.JSON:
        print_json(document)
    else:
        typer.echo("\n".join(explanation_lines(document)))


def _check_name(service: Service, kind: str, name: str) -> None:
    """Refuse an unknown name before any source is asked. Raises NotFoundError."""
    from okrbridge.application.explain import close_names

    definitions = service.definitions
    known = set(definitions.slo_by_name) if kind == "slo" else {each.id for each in definitions.key_results}
    if name not in known:
        raise NotFoundError("SLO" if kind == "slo" else "key result", name, close=close_names(name, known))


def _explanation(service: Service, snapshot: Snapshot, kind: str, name: str) -> dict[str, object]:
    from okrbridge.application.explain import Explaining

    parts = service.parts
    explaining = Explaining(snapshot, service.definitions, parts.storage, parts.grid, parts.clock())
    return explaining.slo(name) if kind == "slo" else explaining.key_result(*name.split("/", 1))
