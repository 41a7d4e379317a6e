"""``okrbridge backfill``: fill the ledger with history from the sources."""

from __future__ import annotations

import dataclasses
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from okrbridge.cli.history import exit_code_of_history, tell_failures, tell_history
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption, instant
from okrbridge.cli.output import percent, print_json, say
from okrbridge.domain.windows import parse_duration
from okrbridge.errors import NotFoundError

if TYPE_CHECKING:
    from okrbridge.application.backfill import Backfill, Filled
    from okrbridge.bootstrap.service import Service
    from okrbridge.cli.progress import Wanted
    from okrbridge.domain.definition_set import DefinitionSet


def _length_or_instant(text: str) -> timedelta | datetime:
    try:
        return parse_duration(text)
    except ValueError:
        pass
    try:
        return instant(text)
    except typer.BadParameter as problem:
        raise typer.BadParameter(f"{problem.message}, or a length such as 30d") from problem


FromOption = Annotated[
    Any,
    typer.Option(
        "--from",
        parser=_length_or_instant,
        metavar="LENGTH|TIME",
        help="Fill back to here: 30d before the end, or an instant; without it, what the definitions need.",
    ),
]
ToOption = Annotated[
    datetime | None,
    typer.Option("--to", parser=instant, metavar="TIME", help="Fill up to here; without it, up to now."),
]


def backfill(
    from_: FromOption = None,
    to: ToOption = None,
    slo: Annotated[
        list[str] | None, typer.Option("--slo", metavar="NAME", help="Only for this SLO; may be given again.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask for slices that were answered already, too.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Do not show how far it is.")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Fill the ledger with the slices that it lacks, newest first; it may run beside okrbridge serve.

    Ctrl-C ends it after the chunk at work; the same command goes on there. Leaves with 1 when it was ended early or a
    source refuses a query, and with 4 when a source cannot be reached.
    """
    from okrbridge.application.backfill import Backfill
    from okrbridge.cli.opening import opened
    from okrbridge.cli.progress import fill_with_progress

    with opened(config, database_url) as service:
        filling = Backfill(service.parts, _chosen(service.definitions, slo or ()))
        wanted = _wanted(service, from_, to, again=again)
        with _interruptible() as stopping:
            filled = fill_with_progress(filling, wanted, lambda: not stopping.is_set(), is_shown=not no_progress)
        names = {sli.key: sli.name for sli in filling.definitions.slis}
        document = _document(filling, wanted, filled, names)
    _tell(document, filled, names, format)
    raise typer.Exit(exit_code_of_history(filled))


def _chosen(definitions: DefinitionSet, names: Sequence[str]) -> DefinitionSet:
    """The definitions with only these SLOs; all of them when none is named. Raises NotFoundError."""
    from okrbridge.application.explaining.explain import close_names

    known = definitions.slo_by_name
    for name in names:
        if name not in known:
            raise NotFoundError("SLO", name, close=close_names(name, known))
    return dataclasses.replace(definitions, slos=tuple(known[name] for name in names)) if names else definitions


def _wanted(service: Service, since: timedelta | datetime | None, to: datetime | None, *, again: bool) -> Wanted:
    """What is to be filled. Raises typer.BadParameter for an end in the future and a start that is not before it."""
    from okrbridge.cli.progress import Wanted

    newest, grid = service.parts.boundary(), service.parts.grid
    if to is not None and to > service.parts.clock():
        raise typer.BadParameter(f"{to:%Y-%m-%dT%H:%M:%SZ} is in the future", param_hint="--to")
    at = newest if to is None else min(newest, grid.floor(to))
    start = at - since if isinstance(since, timedelta) else since
    if start is not None and start >= at:
        raise typer.BadParameter(f"{start:%Y-%m-%dT%H:%M:%SZ} is not before the end", param_hint="--from")
    return Wanted(at, start, again=again)


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second one ends the process as usual."""
    stopping = threading.Event()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.set()
        signal.signal(number, kept[signal.Signals(number)])
        say("ending after this chunk")

    for number in kept:
        signal.signal(number, stop)
    try:
        yield stopping
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _document(filling: Backfill, wanted: Wanted, filled: Filled, names: Mapping[str, str]) -> dict[str, Any]:
    from okrbridge.application.reports import rfc3339

    with filling.parts.storage.reading() as database:
        ratio = filling.needs.filled_ratio(database.ledger, wanted.at, wanted.since)
    oldest = min((need.interval.start for need in filling.needs.at(wanted.at, wanted.since)), default=wanted.at)
    return {
        "from": rfc3339(oldest),
        "to": rfc3339(wanted.at),
        "complete": filled.is_complete,
        "slices": filled.slices,
        "filled_ratio": ratio,
        "no_data_before": {source: rfc3339(begin) for source, begin in filled.no_data_before.items()},
        "failures": [
            {"sli": names[key], "reason": failure.reason, "message": failure.message}
            for key, failure in filled.failures.items()
        ],
        "warnings": [{"message": text, "answers": times} for text, times in filled.warnings.items()],
    }


def _tell(document: dict[str, Any], filled: Filled, names: Mapping[str, str], format: Format) -> None:
    if format is Format.JSON:
        print_json(document)
    else:
        typer.echo(
            f"{document['slices']:,} slices filled; {percent(document['filled_ratio'], digits=1)} of the time from "
            f"{document['from']} to {document['to']} is asked for"
        )
    tell_history(filled)
    tell_failures(filled, names)
    if not filled.is_complete:
        say("ended early; the same command goes on where this one stopped")
