"""Counting: ask the sources for slices that the ledger lacks, and write what they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from okrbridge.application.ports import Counted, CountRequest, Ledger, MetricSource, Reading, ValueRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch


def missing_requests(ledger: Ledger, slis: Iterable[Sli], interval: Interval) -> list[CountRequest]:
    """One request for each run of slices in the interval that an SLI's source never answered for."""
    return [
        CountRequest(sli, run, ledger.last_measured_end(sli.key, run.start, sli.source))
        for sli in slis
        for run in ledger.missing(sli.key, sli.source, interval)
    ]


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
        end = answer.request.interval.end
        last = ledger.last_measured_end(answer.request.sli.key, end, answer.request.sli.source)
        later = ledger.slices(answer.request.sli.key, Interval(end, max(end, until.end)))
        first = _first_measured(later.starts.tolist(), later.states.tolist())
        if last is not None and first is not None and from_epoch(first) > last and first >= epoch_seconds(end):
            start = from_epoch(first)
            requests.append(CountRequest(answer.request.sli, Interval(start, start + grid.step), last))
    return requests


def _first_measured(starts: Sequence[int], states: Sequence[int]) -> int | None:
    return next((start for start, state in zip(starts, states, strict=True) if state == SliceState.MEASURED), None)


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
