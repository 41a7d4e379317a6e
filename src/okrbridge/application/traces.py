"""Traces of the requests behind a key result, found by the exemplars that a source keeps beside its counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import PromqlMeasure, SloMeasure
from okrbridge.domain.windows import Interval

MOST_TRACES = 20

_BEFORE_AN_INSTANT = timedelta(hours=1)
"""How far back to look for a value that speaks of one instant."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One request that was traced.

    Attributes:
        value: what the exemplar measured, such as its latency.
        series: labels of the series it counts in.
        link: where the trace is shown; empty when the source declares no address.
    """

    trace_id: str
    at: datetime
    value: float
    series: Mapping[str, str]
    link: str = ""


class TraceSource(Protocol):
    """A source that keeps exemplars."""

    def traces(self, query: str, interval: Interval) -> Sequence[Trace]:
        """The traces of the series that a query selects. Raises SourceError."""


def traced_queries(key_result: KeyResult, definitions: DefinitionSet) -> list[tuple[str, str]]:
    """The queries behind a key result as (source, query), each once; none when nothing is asked for it."""
    match key_result.measure:
        case PromqlMeasure() as measure:
            return [(measure.source, measure.query)]
        case SloMeasure() as measure:
            leaves = definitions.slo_by_name[measure.slo].sli.leaves
            parts = ((leaf.source, query) for leaf in leaves for query in (leaf.bad, leaf.good, leaf.total) if query)
            return list(dict.fromkeys(parts))
        case _:
            return []


def time_of_traces(window: Interval) -> Interval:
    """The time to look for traces in: the window, or the hour before a value of one instant."""
    return window if window.end > window.start else Interval(window.end - _BEFORE_AN_INSTANT, window.end)


def newest(traces: Sequence[Trace]) -> list[Trace]:
    """The newest traces, each once: one request may count in several series."""
    found: dict[str, Trace] = {}
    for one in sorted(traces, key=lambda one: one.at, reverse=True):
        found.setdefault(one.trace_id, one)
    return list(found.values())[:MOST_TRACES]


def trace_item(trace: Trace) -> Item:
    """A trace for people and programs."""
    return {
        "trace_id": trace.trace_id,
        "at": rfc3339(trace.at),
        "value": finite(trace.value),
        "series": dict(trace.series),
        "link": trace.link or None,
    }
