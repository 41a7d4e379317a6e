"""Counting an SLI's events in the slices of an interval.

One cheap question surveys all slices. It counts the ordinary ones, and tells in which a series was born or restarted;
those are asked again in full, and so, with a longer reach, are the first slices after gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import Slices
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.client import PrometheusClient
from okrbridge.sources.prometheus.counters import counting_query, survey_query
from okrbridge.sources.prometheus.envelope import Answer
from okrbridge.sources.prometheus.slices import (
    Settlement,
    Tallies,
    Tally,
    as_slices,
    gap_settlements,
    odd_runs,
    return_settlements,
    tallies,
)

MOST_RETURNS = 100
"""Slices of one request in which series came back beside others that are asked again with a longer reach; others keep
their count, and a warning says so."""


@dataclass
class Count:
    """One request being answered.

    Attributes:
        query: the question about an ordinary slice, word for word.
        warnings: what the server said beside its answers, in order of appearance.
    """

    client: PrometheusClient
    grid: Grid
    request: CountRequest
    points_per_query: int
    query: str = ""
    warnings: list[str] = field(default_factory=list)

    def slices(self) -> Slices:
        """Ask, and ask again where needed.

        Raises:
            ValueError: a query of the SLI is no plain selector.
            SourceError: the source gave no usable answer.
        """
        self.query = survey_query(self._sli, self.grid.step)
        interval, step = self.request.interval, self.grid.step
        found = self._ask(self.query, interval)
        found |= self._settled(gap_settlements(interval, step, found, self.request.last_measured_end))
        odd: dict[int, Tally] = {}
        for run in odd_runs(interval, step, found):
            odd |= self._ask(counting_query(self._sli, step), run)
        settled = self._settled(self._bounded(return_settlements(odd)))
        return as_slices(self._sli, interval, step, found | odd | settled)

    @property
    def _sli(self) -> Sli:
        return self.request.sli

    def _bounded(self, returns: Sequence[Settlement]) -> Sequence[Settlement]:
        """As many as one request may ask; gaps have no bound, because each would lose the events of its gap."""
        if len(returns) > MOST_RETURNS:
            self._warn(f"{len(returns) - MOST_RETURNS} slices in which series came back were not asked again")
        return returns[:MOST_RETURNS]

    def _settled(self, settlements: Sequence[Settlement]) -> dict[int, Tally]:
        """The slices asked again, each alone and with its own reach."""
        found: dict[int, Tally] = {}
        for settlement in settlements:
            end = from_epoch(settlement.slice_end)
            query = counting_query(self._sli, self.grid.step, settlement.reach)
            found.update(self._ask(query, Interval(end - self.grid.step, end)))
        return found

    def _ask(self, query: str, interval: Interval) -> dict[int, Tally]:
        found: dict[int, Tally] = {}
        for chunk in self._chunks(interval):
            for answer in self._answers(query, chunk):
                found.update(self._read(answer, query))
        return found

    def _read(self, answer: Answer, query: str) -> Tallies:
        for warning in answer.warnings:
            self._warn(warning)
        try:
            return tallies(answer.rows)
        except ValueError as error:
            message = f"{self.client.url} gave counts that cannot be: {error}"
            raise SourceError(
                message, reason=SourceFailureReason.BAD_ANSWER, source=self._sli.source, query=query
            ) from error

    def _answers(self, query: str, interval: Interval) -> Iterator[Answer]:
        """The answer for an interval, in halves where the server finds the whole too much."""
        first, last = interval.start + self.grid.step, interval.end
        if first == last:
            yield self.client.query(query, last)
            return
        try:
            yield self.client.query_range(query, first, last, self.grid.step)
        except SourceError as error:
            if not _is_too_much(error):
                raise
            middle = self.grid.floor(interval.start + interval.length / 2)
            yield from self._answers(query, Interval(interval.start, middle))
            yield from self._answers(query, Interval(middle, interval.end))

    def _chunks(self, interval: Interval) -> Iterator[Interval]:
        start = interval.start
        while start < interval.end:
            end = min(start + self.points_per_query * self.grid.step, interval.end)
            yield Interval(start, end)
            start = end

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)


def _is_too_much(error: SourceError) -> bool:
    """Whether fewer points in one question would pass: the server's cap on samples held in memory."""
    return error.reason is SourceFailureReason.BAD_QUERY and "too many samples" in str(error)
