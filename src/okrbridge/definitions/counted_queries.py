"""From queries that count events to indicators: exact counters where they are inside, else as written."""

from __future__ import annotations

from collections.abc import Mapping

from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql import as_written
from okrbridge.promql.reduction import Reduction, reduce_to_counters
from okrbridge.promql.terms import parse_terms


class UncountableQueryError(ValueError):
    """A query gives no number of events.

    Attributes:
        part: good, bad or total.
    """

    def __init__(self, part: str, message: str) -> None:
        super().__init__(message)
        self.part = part


def sli_of_counts(name: str, source: str, queries: Mapping[str, str]) -> Sli:
    """An indicator of events, from queries of counters or of what is calculated from counters.

    Args:
        name: as declared.
        source: the data source's name.
        queries: total, and good or bad; windows may be open.

    Returns:
        Of kind COUNTERS when all queries are sums of counters, else EXPRESSIONS with a note.

    Raises:
        UncountableQueryError: a query can be counted neither way.
    """
    reductions = {part: reduce_to_counters(query) for part, query in queries.items()}
    texts = {part: one.terms_text for part, one in reductions.items() if one.terms_text is not None}
    kind, note = SliKind.COUNTERS, ""
    if len(texts) < len(queries):
        kind, note = SliKind.EXPRESSIONS, as_written_note(reductions)
        texts = {part: _per_slice(part, query, reductions[part]) for part, query in queries.items()}
    return Sli(
        name,
        source,
        texts["total"],
        good=texts.get("good"),
        bad=texts.get("bad"),
        kind=kind,
        written=written(queries, texts),
        note=note,
    )


def written(queries: Mapping[str, str], asked: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The queries that are asked in other words than the user's, as the user wrote them, by part."""
    return tuple((part, query) for part, query in queries.items() if query != asked[part])


def as_written_note(reductions: Mapping[str, Reduction]) -> str:
    """What the user should know of counts that are not exact, with the reason of each query."""
    reasons = [f"{part}: {one.reason}" for part, one in reductions.items() if one.reason]
    return f"{as_written.NOTE} ({'; '.join(reasons)})"


def _per_slice(part: str, query: str, reduction: Reduction) -> str:
    if reduction.terms_text is not None:
        return as_written.terms_per_slice(parse_terms(reduction.terms_text))
    try:
        return as_written.events_per_slice(query)
    except ValueError as error:
        raise UncountableQueryError(part, _explained(str(error), reduction.reason)) from error


def _explained(fault: str, reason: str) -> str:
    """Why a query cannot be counted: that it cannot be reduced is what the user can change most easily."""
    return reason if "write" in reason else fault
