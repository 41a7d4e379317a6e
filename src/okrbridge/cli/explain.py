"""``okrbridge explain``: the reason for each number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from okrbridge.cli.evaluate import filled_and_evaluated
from okrbridge.cli.options import AtOption, ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json
from okrbridge.errors import NotFoundError

if TYPE_CHECKING:
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap.service import Service

TracesOption = Annotated[
    bool, typer.Option("--traces", help="Also ask the source for traces of the requests behind a key result.")
]
SubjectArgument = Annotated[str, typer.Argument(metavar="slo/NAME|kr/OBJECTIVE/NAME", help="What to explain.")]


def explain(
    subject: SubjectArgument,
    at: AtOption = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
    traces: TracesOption = False,
) -> None:
    """Show the query, counts, window, formula, exclusions and age behind the numbers of an SLO or a key result.

    Such as: okrbridge explain kr/quick-checkout/paid-baskets
    """
    from okrbridge.application.explaining.text import explanation_lines
    from okrbridge.cli.opening import opened
    from okrbridge.cli.traces import found_traces, trace_lines

    kind, _, name = subject.partition("/")
    if kind not in ("slo", "kr") or not name:
        message = f"{subject!r}: write slo/NAME or kr/OBJECTIVE/NAME"
        raise typer.BadParameter(message)
    if traces and kind != "kr":
        raise typer.BadParameter("traces are shown for key results, kr/OBJECTIVE/NAME", param_hint="--traces")
    with opened(config, database_url) as service:
        _check_name(service, kind, name)
        service.evaluator.learn_plan(at or service.parts.boundary())
        snapshot, _ = filled_and_evaluated(service, at)
        document = _explanation(service, snapshot, kind, name)
        if traces:
            document["traces"] = found_traces(service, snapshot.key_result_by_id[name])
    if format is Format.JSON:
        print_json(document)
    else:
        lines = [*explanation_lines(document), *(trace_lines(document["traces"]) if traces else ())]
        typer.echo("\n".join(lines))


def _check_name(service: Service, kind: str, name: str) -> None:
    """Refuse an unknown name before any source is asked. Raises NotFoundError."""
    from okrbridge.application.explaining.explain import close_names

    definitions = service.definitions
    known = set(definitions.slo_by_name) if kind == "slo" else {each.id for each in definitions.key_results}
    if name not in known:
        raise NotFoundError("SLO" if kind == "slo" else "key result", name, close=close_names(name, known))


def _explanation(service: Service, snapshot: Snapshot, kind: str, name: str) -> dict[str, Any]:
    from okrbridge.application.explaining.explain import Explaining

    parts = service.parts
    explaining = Explaining(snapshot, service.definitions, parts.storage, parts.grid, parts.clock())
    return explaining.slo(name) if kind == "slo" else explaining.key_result(*name.split("/", 1))
