"""Counting: ask the sources for slices that the ledger lacks, and write what they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from okrbridge.application.parts import Parts
from okrbridge.application.ports import (
    Counted,
    CountRequest,
    Ledger,
    MetricSource,
    Reading,
    SourceFailure,
    ValueRequest,
)
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch


def missing_requests(ledger: Ledger, slis: Iterable[Sli], interval: Interval) -> list[CountRequest]:
    """One request for each run of slices in the interval that an SLI's source never answered for."""
    return [
        CountRequest(sli, run, _measured_before(ledger, sli, run.start))
        for sli in slis
        for run in ledger.missing(sli.key, sli.source, interval)
    ]


def _measured_before(ledger: Ledger, sli: Sli, start: datetime) -> datetime | None:
    """End of the last measured slice, when all slices between it and ``start`` were answered for.

    Slices in between that are still to be asked for will count their own events; a look-back across them would count
    those events twice.
    """
    last = ledger.last_measured_end(sli.key, start, sli.source)
    if last is None or ledger.missing(sli.key, sli.source, Interval(last, start)):
        return None
    return last


def count(sources: Mapping[str, MetricSource], requests: Sequence[CountRequest]) -> list[Counted]:
    """Answer requests, each by its SLI's source, every source asked once."""
    by_source: dict[str, list[CountRequest]] = defaultdict(list)
    for request in requests:
        by_source[request.sli.source].append(request)
    return [answer for name, own in by_source.items() for answer in sources[name].count(own)]


def read_values(sources: Mapping[str, MetricSource], requests: Sequence[tuple[str, ValueRequest]]) -> list[Reading]:
    """Answer (source name, request) pairs, in order, every source asked once."""
    by_source: dict[str, list[int]] = defaultdict(list)
    for index, (name, _) in enumerate(requests):
        by_source[name].append(index)
    answers: dict[int, Reading] = {}
    for name, indexes in by_source.items():
        readings = sources[name].values([requests[index][1] for index in indexes])
        answers.update(zip(indexes, readings, strict=True))
    return [answers[index] for index in range(len(requests))]


def write(ledger: Ledger, answers: Iterable[Counted]) -> int:
    """Write the answers that hold slices; returns how many slices were written."""
    written = 0
    for answer in answers:
        if answer.slices is not None and len(answer.slices):
            ledger.write(answer.request.sli, answer.request.sli.source, answer.slices)
            written += len(answer.slices)
    return written


class _OnlyLookedError(Exception):
    """Ends a transaction that must leave nothing behind."""


def settled(parts: Parts, answers: Sequence[Counted], until: datetime) -> list[Counted]:
    """The answers, followed by later slices counted again, to be written in one transaction.

    History is filled newest first. Where an answer or what is known after it holds a gap, the first measured slice
    after the gap was counted without knowing what was measured before it; events of the gap are missing in it until it
    is asked again with the end of the last measured slice. When that question fails, the SLI's answers are given up
    with it, so that they stay missing and are asked for again: half of the step would hide the loss.

    Args:
        until: how far slices may lie that are counted again.
    """
    requests = _unsettled_requests(parts, answers, until)
    again = count(parts.sources, requests)
    failures = {one.request.sli.key: one.failure for one in again if one.failure is not None}
    kept = [_given_up(answer, failures.get(answer.request.sli.key)) for answer in answers]
    return [*kept, *(one for one in again if one.request.sli.key not in failures)]


def _given_up(answer: Counted, failure: SourceFailure | None) -> Counted:
    return answer if failure is None else replace(answer, slices=None, failure=failure)


def _unsettled_requests(parts: Parts, answers: Sequence[Counted], until: datetime) -> list[CountRequest]:
    with parts.storage.reading() as database:
        touching = [answer for answer in answers if _touches_a_gap(database.ledger, answer, parts.grid)]
    requests: list[CountRequest] = []
    if touching:
        with suppress(_OnlyLookedError), parts.storage.transaction() as transaction:
            write(transaction.ledger, answers)
            requests = [one for answer in touching for one in _unsettled(transaction.ledger, answer, parts.grid, until)]
            raise _OnlyLookedError
    return requests


def _touches_a_gap(ledger: Ledger, answer: Counted, grid: Grid) -> bool:
    """Whether an answer ends in a gap, or one is known to begin at its end."""
    if answer.slices is None or not len(answer.slices):
        return False
    end = answer.request.interval.end
    after = ledger.slices(answer.request.sli.key, Interval(end, end + grid.step))
    return not answer.slices.measured[-1] or not after.measured.all()


def _unsettled(ledger: Ledger, answer: Counted, grid: Grid, until: datetime) -> list[CountRequest]:
    sli, end = answer.request.sli, answer.request.interval.end
    first = _first_measured(ledger, sli, Interval(end, max(end, until)), grid)
    last = None if first is None else _measured_before(ledger, sli, first)
    if first is None or last is None or first <= last:
        return []
    return [CountRequest(sli, Interval(first, first + grid.step), last)]


def _first_measured(ledger: Ledger, sli: Sli, interval: Interval, grid: Grid) -> datetime | None:
    """Start of the first measured slice; looked for in growing stretches, as it is the very first one as a rule."""
    start, stretch = interval.start, grid.step
    while start < interval.end:
        slices = ledger.slices(sli.key, Interval(start, min(start + stretch, interval.end)))
        if slices.measured.any():
            return from_epoch(int(slices.starts[slices.measured][0]))
        start, stretch = start + stretch, stretch * 8
    return None


@dataclass(frozen=True)
class EventCounters:
    """Good and bad events counted live since the process started, by SLI key; they only grow."""

    totals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def of(self, sli_key: str) -> tuple[float, float]:
        """Good and bad events of an SLI."""
        return self.totals.get(sli_key, (0.0, 0.0))

    def plus(self, answers: Iterable[Counted]) -> EventCounters:
        """With the slices of fresh answers; contradicting counts (good above total) add nothing bad."""
        totals = dict(self.totals)
        for answer in answers:
            if answer.slices is not None:
                good, bad = totals.get(answer.request.sli.key, (0.0, 0.0))
                more_good, more = float(answer.slices.good.sum()), float(answer.slices.total.sum())
                totals[answer.request.sli.key] = (good + max(0.0, more_good), bad + max(0.0, more - more_good))
        return EventCounters(totals)
