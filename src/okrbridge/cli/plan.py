"""``okrbridge plan``: what the sources are asked at every slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from okrbridge.cli.exit_codes import FINDINGS, GOOD, UNREACHABLE, exit_code_of_failure
from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.output import print_json, print_planned_queries, say

if TYPE_CHECKING:
    from okrbridge.application.ports import PlannedQuery
    from okrbridge.domain.definition_set import DefinitionSet
    from okrbridge.domain.sli import Sli

_ANY_QUERY = "1"
"""The shortest question that every source can read."""


def plan(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the questions that count a slice: what is asked together, how it is counted, and for which SLOs.

    Nothing is counted and no database is opened. Leaves with 4 when a source cannot be reached; what is known without
    it is printed all the same.
    """
    from okrbridge.application.counting import by_source
    from okrbridge.application.instrumentation import unmapped
    from okrbridge.cli.opening import opened_sources

    with opened_sources(config) as (definitions, sources):
        asked = by_source(definitions.slis)
        failures = {name: sources[name].check_query(_ANY_QUERY) for name in asked}
        planned = [(name, query) for name, slis in asked.items() for query in sources[name].plan(slis)]
        items = _items(planned, definitions)
        without_measure = [key_result.id for key_result in unmapped(definitions)]
    unreachable = [
        {"source": name, "message": failure.message}
        for name, failure in failures.items()
        if failure is not None and exit_code_of_failure(failure.reason) != FINDINGS
    ]
    if format is Format.JSON:
        print_json({"queries": items, "unmapped": without_measure, "unreachable": unreachable})
    else:
        print_planned_queries(items)
        if without_measure:
            typer.echo(f"\nKey results that nothing measures, the most important first: {', '.join(without_measure)}")
    for each in unreachable:
        say(f"source {each['source']}: {each['message']}")
    raise typer.Exit(UNREACHABLE if unreachable else GOOD)


def _items(planned: Sequence[tuple[str, PlannedQuery]], definitions: DefinitionSet) -> list[dict[str, Any]]:
    slis = {sli.key: sli for sli in definitions.slis}
    slos = _slos_by_sli(definitions)
    return [
        {
            "number": number,
            "source": source,
            "method": query.method,
            "slis": len(query.sli_keys),
            "series": query.series,
            "slos": list(dict.fromkeys(name for key in query.sli_keys for name in slos[key])),
            "note": query.note or _note([slis[key] for key in query.sli_keys]),
            "query": query.query,
        }
        for number, (source, query) in enumerate(planned, start=1)
    ]


def _slos_by_sli(definitions: DefinitionSet) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for slo in definitions.slos:
        for leaf in slo.sli.leaves:
            found[leaf.key].append(slo.name)
    return found


def _note(slis: Sequence[Sli]) -> str:
    """What is known of how the SLIs are counted, where that is the same for all."""
    notes = {sli.note for sli in slis}
    return notes.pop() if len(notes) == 1 else ""
