"""Traces behind a key result, for ``explain --traces``: a question to the source, so the HTTP API does not ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from okrbridge.cli.output import say
from okrbridge.errors import SourceError

if TYPE_CHECKING:
    from okrbridge.application.snapshot import KeyResultReport
    from okrbridge.application.traces import Trace
    from okrbridge.bootstrap.service import Service

_NONE = "none: the source keeps no exemplars of these series in the window, or its storage of exemplars is off"


def found_traces(service: Service, report: KeyResultReport) -> list[dict[str, Any]]:
    """The newest traces of the series behind a key result; a source that fails is told on stderr and has none."""
    from okrbridge.application.traces import newest, time_of_traces, trace_item, traced_queries
    from okrbridge.bootstrap.sources import open_traces

    found: list[Trace] = []
    interval = time_of_traces(report.measurement.window)
    for name, query in traced_queries(report.key_result, service.definitions):
        with open_traces(service.definitions, service.settings, name) as source:
            try:
                found += source.traces(query, interval) if source else []
            except SourceError as problem:
                say(f"traces: {problem}")
    return [trace_item(one) for one in newest(found)]


def trace_lines(traces: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of traces for a terminal."""
    lines = [f"  {one['at']}  {one['link'] or one['trace_id']}" for one in traces]
    return ["", "traces, the newest first", *(lines or [f"  {_NONE}"])]
