"""The simulated fleet as a source of counts and values, for a demo without Prometheus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from okrbridge.application.ports import (
    Clock,
    Counted,
    CountRequest,
    PlannedQuery,
    Reading,
    SourceFailure,
    ValueRequest,
)
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.ledger import IntArray, SliceState, SliceTable
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Grid, epoch_seconds
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.promql.selectors import Selector
from okrbridge.promql.terms import parse_terms
from okrbridge.sources.simulated.evaluator import Value, evaluate
from okrbridge.sources.simulated.fleet import DEFAULT_SEED, Fleet
from okrbridge.sources.simulated.observation import Increases, UnknownToTheFleet, increases
from okrbridge.sources.simulated.schedule import DAY, MINUTE
from okrbridge.sources.simulated.story import Story

SIMULATED_SCHEME = "simulated:"
"""What a Prometheus URL begins with when it means the built-in fleet."""

MINUTES = Grid(timedelta(minutes=1))
"""The usual grid."""

HISTORY_SECONDS = 46 * DAY + 3600
"""How long before its anchor the fleet can be observed: a cycle in its seventh week, and an hour to spare."""


def fleet_around(anchor: int, seed: int = DEFAULT_SEED) -> Fleet:
    """The fleet whose story leads up to an anchor, in epoch seconds."""
    begins = (anchor - HISTORY_SECONDS) // MINUTE * MINUTE
    return Fleet(Story(seed, anchor), begins)


def fleet_of_url(url: str, now: datetime) -> Fleet:
    """The fleet that ``simulated:`` or ``simulated:ANCHOR`` means.

    Args:
        url: with the anchor in epoch seconds, or without one for the last midnight UTC.
        now: the current instant.

    Raises:
        ConfigurationError: the anchor is not a whole number.
    """
    anchor = url.removeprefix(SIMULATED_SCHEME)
    if not url.startswith(SIMULATED_SCHEME) or not (anchor.isascii() and (anchor.isdigit() or not anchor)):
        raise ConfigurationError(
            f"{url!r} is not an address of the simulated source; write simulated: or simulated:EPOCH_SECONDS"
        )
    return fleet_around(int(anchor) if anchor else epoch_seconds(now) // DAY * DAY)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedSource:
    """A fleet in place of a Prometheus; it answers at once and never fails, but for queries it does not know.

    Args:
        name: the declared name; it stands in for the default source.
        grid: the slices to count in.
        url: ``simulated:`` or ``simulated:ANCHOR``, as ``fleet_of_url`` reads it.
        clock: what has not happened yet cannot be read.

    Raises:
        ConfigurationError: the URL names no fleet.
    """

    def __init__(
        self, name: str = DEFAULT_SOURCE, grid: Grid = MINUTES, url: str = SIMULATED_SCHEME, clock: Clock = _utc_now
    ) -> None:
        self.name = name
        self.fleet = fleet_of_url(url, clock())
        self._step_seconds = grid.step_seconds
        self._clock = clock

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Count by summing exact increases; slices before the fleet's begin or after the clock are gaps."""
        return [self._counted(request) for request in requests]

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Evaluate what the evaluator knows of PromQL."""
        return [self._reading(request) for request in requests]

    def check_query(self, query: str) -> SourceFailure | None:
        """Whether the evaluator knows all of an expression: it is evaluated where there is nothing to sum."""
        try:
            evaluate(self.fleet, query, self.fleet.begins)
        except ValueError as error:
            return SourceFailure(SourceFailureReason.BAD_QUERY, str(error))
        return None

    def counting_query(self, sli: Sli) -> str:
        """What is summed, in words."""
        return f"increase of {sli.part} and of {sli.total} over each slice"

    def counting_method(self, sli: Sli) -> str:  # noqa: ARG002 - the protocol asks for it; every SLI is counted alike
        """The same for every SLI."""
        return "exact increase of the simulated fleet's counters in each slice"

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """One sum for each SLI; there is nothing to put together where nothing is asked."""
        return [PlannedQuery(self.counting_query(sli), "simulated", (sli.key,)) for sli in slis]

    def close(self) -> None:
        """There are no connections."""

    def _counted(self, request: CountRequest) -> Counted:
        start, end = epoch_seconds(request.interval.start), epoch_seconds(request.interval.end)
        edges = np.arange(start, end + 1, self._step_seconds, dtype=np.int64)
        table = SliceTable.unknown(edges[:-1], len(request.slis))
        reader = _Reader(self.fleet, edges)
        failures: dict[int, SourceFailure] = {}
        for row, sli in enumerate(request.slis):
            try:
                self._count_row(table, row, sli, reader)
            except ValueError as error:
                failures[row] = SourceFailure(SourceFailureReason.BAD_QUERY, str(error))
        return Counted(request, table, failures)

    def _count_row(self, table: SliceTable, row: int, sli: Sli, reader: _Reader) -> None:
        """Fill one SLI's row. Raises ValueError for what the fleet cannot count; the row is not touched then."""
        if sli.kind is not SliKind.COUNTERS:
            raise UnknownToTheFleet(f"SLIs of the kind {sli.kind}: it counts increases of its own counters")
        part, total = reader.increases(sli.part), reader.increases(sli.total)
        measured = total.was_live & (reader.edges[1:] <= epoch_seconds(self._clock()))
        good = sli.good_events(part.counts, total.counts)
        table.good[row] = np.where(measured, good, 0.0)
        table.total[row] = np.where(measured, total.counts, 0.0)
        table.states[row] = np.where(measured, SliceState.MEASURED, SliceState.GAP)

    def _reading(self, request: ValueRequest) -> Reading:
        try:
            value = evaluate(self.fleet, request.query, epoch_seconds(request.at))
        except ValueError as error:
            return Reading(request, None, SourceFailure(SourceFailureReason.BAD_QUERY, str(error)))
        return _one_number(request, value)


@dataclass
class _Reader:
    """Reads the fleet between edges; SLIs of one request often share their terms, which are read once."""

    fleet: Fleet
    edges: IntArray
    _read: dict[Selector, Increases] = field(default_factory=dict)

    def increases(self, text: str) -> Increases:
        """The increases of a sum of selectors; live where any of them is. Raises ValueError for anything else."""
        counts = np.zeros(len(self.edges) - 1)
        was_live = np.zeros(len(self.edges) - 1, dtype=np.bool_)
        for term in parse_terms(text):
            one = self._of_selector(term.selector)
            counts += term.sign * one.counts
            was_live |= one.was_live
        return Increases(counts, was_live)

    def _of_selector(self, selector: Selector) -> Increases:
        if selector not in self._read:
            self._read[selector] = increases(self.fleet, selector, self.edges)
        return self._read[selector]


def _one_number(request: ValueRequest, value: Value) -> Reading:
    if isinstance(value, dict):
        if len(value) > 1:
            message = f"the expression gives {len(value)} series where one number is wanted; aggregate it, with sum(…)"
            return Reading(request, None, SourceFailure(SourceFailureReason.TOO_MANY_SERIES, message))
        if not value:
            return Reading(request, None, note="the result is empty")
        value = next(iter(value.values()))
    if not math.isfinite(value):
        return Reading(request, None, note=f"the result is {value}, not a finite number")
    return Reading(request, value)
