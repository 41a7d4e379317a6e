"""``okrbridge evaluate``: one evaluation, now or as of an instant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE
from okrbridge.cli.history import exit_code_of_history, tell_failures, tell_history
from okrbridge.cli.options import AtOption, ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, print_key_results, print_slos, say

if TYPE_CHECKING:
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap.service import Service


def evaluate(
    at: AtOption = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Fill what the ledger lacks, evaluate, and print SLOs and key results.

    Leaves with 1 when a source refuses a query, and with 4 when a source cannot be reached.
    """
    from okrbridge.application.reports import key_result_items, rfc3339, slo_items
    from okrbridge.cli.opening import opened

    with opened(config, database_url) as service:
        snapshot, history_code = filled_and_evaluated(service, at)
        slos, key_results = slo_items(snapshot, snapshot.at), key_result_items(snapshot, snapshot.at)
        if format is Format.JSON:
            print_json({"at": rfc3339(snapshot.at), "slos": slos, "key_results": key_results})
        else:
            print_slos(slos)
            print_key_results(key_results)
        code = max(_tell_failures(snapshot), history_code)
    raise typer.Exit(code)


def filled_and_evaluated(service: Service, at: datetime | None) -> tuple[Snapshot, int]:
    """Fill the windows that end at an instant, and evaluate its slice boundary.

    Returns:
        The snapshot, and the exit code that filling leads to.

    Raises:
        typer.BadParameter: the instant is in the future.
    """
    from okrbridge.cli.progress import Wanted, fill_with_progress

    newest = service.parts.boundary()
    if at is not None and at > service.parts.clock():
        raise typer.BadParameter(f"{at:%Y-%m-%dT%H:%M:%SZ} is in the future", param_hint="--at")
    boundary = newest if at is None else min(newest, service.parts.grid.floor(at))
    service.evaluator.tick(boundary)
    wanted = Wanted(boundary, skip=service.evaluator.health.failing_slis())
    filled = fill_with_progress(service.evaluator.backfill, wanted)
    if filled.slices:
        say(f"history: {filled.slices:,} slices filled")
    tell_history(filled)
    tell_failures(filled, {sli.key: sli.name for sli in service.definitions.slis})
    service.evaluator.fill_past(boundary, lambda: True)
    return service.evaluator.tick(boundary), exit_code_of_history(filled)


def _tell_failures(snapshot: Snapshot) -> int:
    """Say which sources failed; returns the exit code they lead to."""
    for source in snapshot.sources:
        if source.failure:
            say(f"source {source.name}: {source.failure}")
    if any(source.is_up is False for source in snapshot.sources):
        return UNREACHABLE
    return FINDINGS if any(source.failure for source in snapshot.sources) else GOOD
