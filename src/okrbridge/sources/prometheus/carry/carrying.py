"""Exact counting by carrying: read the level of every series, keep it, and subtract in the process.

One question gives the levels of all series of a metric at a slice's end, whatever the number of SLIs over them; good
and total come from the same reading. What is kept is a memory of the process only: a fresh process reads the levels
before the slice from the server, so nothing needs to be stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.ledger import IntArray
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.carry.asking import Questions
from okrbridge.sources.prometheus.carry.facts import UpMemory
from okrbridge.sources.prometheus.carry.increase import Memory
from okrbridge.sources.prometheus.carry.reads import Layout, Texts, layout
from okrbridge.sources.prometheus.carry.settling import advanced
from okrbridge.sources.prometheus.carry.tally import Tally
from okrbridge.sources.prometheus.carry.trackers import Trackers
from okrbridge.sources.prometheus.carry.tracking import Asked, Block, Known, Pairs, Sizes, Tracker
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK

POINTS_PER_ANSWER = 500_000
"""Levels in one answer: about 15 MB of text."""
_MOST_SLICES = 10_000
"""Prometheus refuses more than 11,000 points a series."""
_FIRST_SLICES = 60
"""Slices in the first question, while it is not known how many series there are."""
_LAYOUTS = 8
_WITHOUT_RESETS = (
    "resets were not told, so a counter that fell and passed its old value within a slice may lack events: {error}"
)


class Carry:
    """Counts SLIs of kind COUNTERS; one call at a time.

    Args:
        pool: runs questions side by side.
        replica_labels: labels that tell copies of one series apart.
        sizes: about how many series a read has.
    """

    def __init__(
        self,
        client: PrometheusClient,
        grid: Grid,
        pool: ThreadPoolExecutor,
        *,
        replica_labels: Sequence[str] = (),
        sizes: Sizes = lambda _read: None,
        points_per_answer: int = POINTS_PER_ANSWER,
        most_slices: int = _MOST_SLICES,
    ) -> None:
        self._grid = grid
        self._points, self._most_slices = points_per_answer, most_slices
        self.questions = Questions(client, grid.step, pool)
        self._texts = Texts()
        self._layouts: list[Layout] = []
        self._trackers = Trackers(lambda reads: Tracker(reads, self.questions, tuple(replica_labels), sizes))

    def layout(self, slis: tuple[Sli, ...]) -> Layout:
        """The reads of some SLIs and their terms."""
        for known in self._layouts:
            if known.slis is slis or known.slis == slis:
                return known
        made = layout(slis, self._texts)
        self._layouts = [made, *self._layouts[: _LAYOUTS - 1]]
        return made

    def count(self, request: CountRequest) -> Counted:
        """Count the events of every SLI in every slice; failures are answers."""
        return self.count_all([request])[0]

    def count_all(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer every request, in order; those over the same time share their reads."""
        alike: dict[tuple[Interval, bool], list[int]] = defaultdict(list)
        for place, request in enumerate(requests):
            alike[request.interval, request.measured_until is None].append(place)
        answers: dict[int, Counted] = {}
        for places in alike.values():
            found = self._together([requests[place] for place in places])
            answers.update(zip(places, found, strict=True))
        return [answers[place] for place in range(len(requests))]

    def fill(self, wanted: Layout, tally: Tally) -> None:
        """Count what is laid out into a tally of it."""
        if wanted.reads and len(tally.ends):
            self._carried(wanted, tally)

    def _together(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer requests over the same time."""
        slis = _union(requests)
        wanted = self.layout(slis)
        if len(requests) == 1:
            rows = [np.arange(len(slis))]
        else:
            places = {sli.key: row for row, sli in enumerate(slis)}
            rows = [np.array([places[sli.key] for sli in one.slis], dtype=np.int64) for one in requests]
        until = np.full(len(slis), np.nan)
        for request, own in zip(requests, rows, strict=True):
            if request.measured_until is not None:
                until[own] = epoch_seconds(request.measured_until)
        tally = Tally(wanted, requests[0].interval, until, self._grid.step_seconds)
        self.fill(wanted, tally)
        for row, message in wanted.faults.items():
            tally.fail([row], SourceFailure(SourceFailureReason.BAD_QUERY, message))
        return [tally.counted(request, own) for request, own in zip(requests, rows, strict=True)]

    def _carried(self, wanted: Layout, tally: Tally) -> None:
        start = int(tally.ends[0]) - self._grid.step_seconds
        tracker, groups, known = self._trackers.fitting(wanted, start, int(tally.ends[-1]))
        known = known or self._primed(tracker, start, tally, groups)
        for block in self._blocks(tracker, tally.ends, tally, groups):
            known = tracker.without_the_gone(advanced(tracker, known, block, tracker.pairs(wanted), tally))
        tracker.keep(known)

    def _primed(self, tracker: Tracker, start: int, tally: Tally, groups: IntArray) -> Known:
        """What is known at a boundary: read from the server, slice by slice over the look-back.

        What was in view before that is asked for only when it comes back.
        """
        step = self._grid.step_seconds
        first = start - step * max(1, -(-int(LOOK_BACK.total_seconds()) // step))
        known = Known(Memory.empty(first), UpMemory.empty(first))
        for near in self._blocks(tracker, np.arange(first + step, start + 1, step), tally, groups):
            known = advanced(tracker, known, near, Pairs.none(), None)
        return tracker.without_the_gone(known)

    def _blocks(self, tracker: Tracker, ends: IntArray, tally: Tally, groups: IntArray) -> Iterator[Block]:
        """The answers for successive slices; while one is worked on, the next is under way."""
        waiting: Asked | None = None
        for chunk in self._chunks(tracker, ends):
            asked = tracker.ask(chunk)
            if waiting is not None:
                yield _noted(tracker.answered(waiting), tally, groups)
            waiting = asked
        if waiting is not None:
            yield _noted(tracker.answered(waiting), tally, groups)

    def _chunks(self, tracker: Tracker, ends: IntArray) -> Iterator[IntArray]:
        first = 0
        while first < len(ends):
            copies = len(tracker.book.copy_rows) or sum(tracker.sizes())
            width = self._points // copies if copies > len(tracker.reads) else _FIRST_SLICES
            width = max(1, min(width, self._most_slices))
            yield ends[first : first + width]
            first += width


def _noted(block: Block, tally: Tally, groups: IntArray) -> Block:
    """The block, when the tally has taken over what was not answered."""
    failures, warnings = {}, {}
    for group, own in enumerate(groups.tolist()):
        told = block.warnings.get(own, ())
        if (failure := block.failures.get(own)) is not None:
            failures[group] = failure
        elif (failure := block.without_resets.get(own)) is not None:
            told = (*told, _WITHOUT_RESETS.format(error=failure.message))
        if told:
            warnings[group] = told
    tally.note(int(block.ends[0]), failures, warnings)
    return block


def _union(requests: Sequence[CountRequest]) -> tuple[Sli, ...]:
    """All SLIs, in an order that does not depend on how the requests are cut."""
    if len(requests) == 1:
        return requests[0].slis
    slis = {sli.key: sli for request in requests for sli in request.slis}
    return tuple(slis[key] for key in sorted(slis))
