"""Indicators from queries whose window another tool would fill in: exact counters where they are inside."""

from __future__ import annotations

from datetime import timedelta

from okrbridge.definitions.counted_queries import UncountableQueryError, sli_of_counts
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql.reduction import reduce_ratio
from okrbridge.promql.selectors import Selector

_NATIVE = (
    "a native histogram, evaluated as written: histogram_fraction() estimates, increase() needs two samples in each "
    "slice, and the source must know both kinds"
)


def sli_of_events(name: str, *, bad: str, total: str) -> Sli:
    """Bad events and all events, from queries over an open window.

    Where a query gives no number of events, only the ratio of both is taken, which is all that Sloth ever takes.
    """
    try:
        return sli_of_counts(name, DEFAULT_SOURCE, {"bad": bad, "total": total})
    except UncountableQueryError as error:
        return _ratio(name, f"({bad}) / ({total})", f"{error.part}: {error}")


def sli_of_ratio(name: str, query: str) -> Sli:
    """A ratio of errors from a query over an open window: of counters where it divides two, else a ratio per slice."""
    ratio = reduce_ratio(query)
    if ratio.part is None or ratio.total is None:
        return _ratio(name, query, ratio.reason)
    good, bad = (ratio.part, None) if ratio.is_complement else (None, ratio.part)
    return Sli(name, DEFAULT_SOURCE, ratio.total, good=good, bad=bad, written=(("raw", query),))


def _ratio(name: str, query: str, reason: str) -> Sli:
    note = f"a ratio for each slice, and every slice weighs the same, however many events it holds ({reason})"
    return Sli(name, DEFAULT_SOURCE, query, bad=query, kind=SliKind.RATIO, note=note)


def sli_of_native_histogram(name: str, selector: Selector, latency: timedelta, note: str) -> Sli:
    """Events of a native histogram that were no slower than a latency, out of all.

    A histogram without events gives no fraction; then none of none was fast enough.
    """
    increase = f"sum(increase({selector.over('{{.window}}')}))"
    total = f"histogram_count({increase})"
    good = f"histogram_fraction(0, {latency.total_seconds():g}, {increase}) * {total} >= 0 or {total}"
    note = "; ".join(filter(None, (_NATIVE, note)))
    return Sli(name, DEFAULT_SOURCE, total, good=good, kind=SliKind.EXPRESSIONS, note=note)
