"""Counting: ask the sources for slices that the ledger lacks, and write what they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.ports import Counted, CountRequest, Ledger, MetricSource, Reading, ValueRequest
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


def unsettled_requests(ledger: Ledger, written: Sequence[Counted], grid: Grid, until: Interval) -> list[CountRequest]:
    """The slices that must be counted again now that older slices are known.

    History is filled newest first. Where a filled stretch begins after a gap, its first measured slice was counted
    without knowing what was measured before the gap; events of the gap are missing in it until it is asked again
    with the end of the last measured slice.
    """
    requests = []
    for answer in written:
        if answer.slices is None:
            continue
        sli, end = answer.request.sli, answer.request.interval.end
        first = _first_measured(ledger, sli, Interval(end, max(end, until.end)), grid)
        last = None if first is None else _measured_before(ledger, sli, first)
        if first is not None and last is not None and first > last:
            requests.append(CountRequest(sli, Interval(first, first + grid.step), last))
    return requests


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
