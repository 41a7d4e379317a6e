"""``okrbridge evaluate``: one evaluation, now or as of an instant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE
from okrbridge.cli.options import AtOption, ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, print_key_results, print_slos, say

if TYPE_CHECKING:
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap import Service


def evaluate(
    at: AtOption = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,  # noqa: A002 - the option's name
) -> None:
    """Fill what the ledger lacks, evaluate, and print SLOs and key results.

    Leaves with 1 when a source refuses a query, and with 4 when a source cannot be reached.
    """
    from okrbridge.application.reports import key_result_item, slo_item  # noqa: PLC0415 - keeps `--help` fast
    from okrbridge.cli.opening import opened  # noqa: PLC0415 - as above

    with opened(config, database_url) as service:
        snapshot = evaluate_at(service, at)
        slos = [slo_item(report, snapshot.at) for report in snapshot.slos]
        key_results = [key_result_item(report, snapshot.at) for report in snapshot.key_results]
        if format is Format.JSON:
            print_json({"at": f"{snapshot.at:%Y-%m-%dT%H:%M:%SZ}", "slos": slos, "key_results": key_results})
        else:
            print_slos(slos)
            print_key_results(key_results)
        code = _tell_failures(service, snapshot)
    raise typer.Exit(code)


def evaluate_at(service: Service, at: datetime | None) -> Snapshot:
    """Fill the windows that end at an instant, and evaluate its slice boundary.

    Raises:
        typer.BadParameter: the instant is in the future.
    """
    from okrbridge.cli.progress import fill_with_progress  # noqa: PLC0415 - keeps `--help` fast

    newest = service.parts.boundary()
    if at is not None and at > service.parts.clock():
        raise typer.BadParameter(f"{at:%Y-%m-%dT%H:%M:%SZ} is in the future", param_hint="--at")
    boundary = newest if at is None else min(newest, service.parts.grid.floor(at))
    service.evaluator.tick(boundary)
    fill_with_progress(service, boundary)
    return service.evaluator.tick(boundary)


def _tell_failures(service: Service, snapshot: Snapshot) -> int:
    """Say which sources failed; returns the exit code they lead to."""
    for source in snapshot.sources:
        if source.failure:
            say(f"source {source.name}: {source.failure}")
    if any(source.is_up is False for source in snapshot.sources):
        return UNREACHABLE
    return FINDINGS if any(source.failure for source in snapshot.sources) else GOOD
