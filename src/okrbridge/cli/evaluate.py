"""``okrbridge evaluate``: one evaluation, now or as of an instant."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE
from okrbridge.cli.options import AtOption, ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, print_key_results, print_slos, say

if TYPE_CHECKING:
    from okrbridge.application.backfill import Filled
    from okrbridge.application.snapshot import Snapshot
    from okrbridge.bootstrap import Service


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
        snapshot = evaluate_at(service, at)
        slos, key_results = slo_items(snapshot, snapshot.at), key_result_items(snapshot, snapshot.at)
        if format is Format.JSON:
            print_json({"at": rfc3339(snapshot.at), "slos": slos, "key_results": key_results})
        else:
            print_slos(slos)
            print_key_results(key_results)
        code = _tell_failures(snapshot)
    raise typer.Exit(code)


def evaluate_at(service: Service, at: datetime | None) -> Snapshot:
    """Fill the windows that end at an instant, and evaluate its slice boundary.

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
    return service.evaluator.tick(boundary)


def tell_history(filled: Filled) -> None:
    """Say what the sources said beside their answers, and where their data begins."""
    from okrbridge.application.reports import rfc3339

    for text, times in filled.warnings.items():
        say(f"history: {text} ({times:,} times)")
    for source, begin in filled.no_data_before.items():
        say(f"history: source {source} has no data before {rfc3339(begin)}: it keeps less than the windows need, or")
        say("         nothing was there yet; the coverage shows how much of each window is known")


def _tell_failures(snapshot: Snapshot) -> int:
    """Say which sources failed; returns the exit code they lead to."""
    for source in snapshot.sources:
        if source.failure:
            say(f"source {source.name}: {source.failure}")
    if any(source.is_up is False for source in snapshot.sources):
        return UNREACHABLE
    return FINDINGS if any(source.failure for source in snapshot.sources) else GOOD
