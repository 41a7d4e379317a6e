"""Exact counting by carrying: read the level of every series, keep it, and subtract in the process.

One question gives the levels of all series of a metric at a slice's end, whatever the number of SLIs over them; good
and total come from the same reading. What is kept is a memory of the process only: a fresh process reads the levels
before the slice from the server, so nothing needs to be stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np

from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.asking import Questions
from okrbridge.sources.prometheus.client import PrometheusClient
from okrbridge.sources.prometheus.counters import KNOWN_FOR, LOOK_BACK
from okrbridge.sources.prometheus.reads import Layout, Texts, layout
from okrbridge.sources.prometheus.settlements import LONGEST_LOOK_BACK
from okrbridge.sources.prometheus.settling import advanced, from_far
from okrbridge.sources.prometheus.tally import Tally
from okrbridge.sources.prometheus.tracking import Asked, Block, Known, Pairs, Tracker

POINTS_PER_ANSWER = 500_000
"""Levels in one answer: about 15 MB of text."""
_MOST_SLICES = 10_000
"""Prometheus refuses more than 11,000 points a series."""
_FIRST_SLICES = 60
"""Slices in the first question, while it is not known how many series there are."""
_TRACKERS, _LAYOUTS = 4, 8
_MOST_SERIES = 1_000_000


class Carry:
    """Counts SLIs of kind COUNTERS; one call at a time.

    Args:
        pool: runs questions side by side.
        replica_labels: labels that tell copies of one series apart.
    """

    def __init__(
        self,
        client: PrometheusClient,
        grid: Grid,
        pool: ThreadPoolExecutor,
        *,
        replica_labels: Sequence[str] = (),
        points_per_answer: int = POINTS_PER_ANSWER,
        most_slices: int = _MOST_SLICES,
    ) -> None:
        self._grid, self._pool, self._replicas = grid, pool, tuple(replica_labels)
        self._points, self._most_slices = points_per_answer, most_slices
        self.questions = Questions(client, grid.step)
        self._texts = Texts()
        self._layouts: list[Layout] = []
        self._trackers: list[Tracker] = []

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
        self._fill(wanted, tally, until)
        return [tally.counted(request, own) for request, own in zip(requests, rows, strict=True)]

    def _fill(self, wanted: Layout, tally: Tally, until: FloatArray) -> None:
        if wanted.reads and len(tally.ends):
            try:
                self._carried(wanted, tally, until)
            except SourceError as error:
                touched = np.unique(wanted.rows).tolist()
                tally.fail(touched, SourceFailure(error.reason, str(error)))
        for row, message in wanted.faults.items():
            tally.fail([row], SourceFailure(SourceFailureReason.BAD_QUERY, message))

    def _carried(self, wanted: Layout, tally: Tally, until: FloatArray) -> None:
        tracker = self._tracker(wanted)
        start = int(tally.ends[0]) - self._grid.step_seconds
        known = None if np.isnan(until).any() else tracker.known_at(start)
        known = known or self._primed(tracker, start, until, tally)
        for block in self._blocks(tracker, tally.ends, tally):
            known = advanced(tracker, known, block, tracker.pairs(wanted), tally)
        if not tally.failures:
            tracker.keep(known)

    def _tracker(self, wanted: Layout) -> Tracker:
        for tracker in self._trackers:
            if tracker.reads == wanted.reads and len(tracker.book) < _MOST_SERIES:
                found = tracker
                break
        else:
            found = Tracker(wanted.reads, self.questions, self._pool, self._replicas)
        others = [one for one in self._trackers if one.reads != wanted.reads]
        self._trackers = [found, *others[: _TRACKERS - 1]]
        return found

    def _primed(self, tracker: Tracker, start: int, until: FloatArray, tally: Tally) -> Known:
        """What is known at a boundary: read from the server, slice by slice over the ordinary look-back.

        Before it, of series that may be out of view since, the last levels of an hour are read; after unmeasured time,
        back to what was still in view when the last slice was measured.
        """
        step, is_usable = self._grid.step_seconds, not np.isnan(until).any()
        end = start - step * max(1, -(-int(LOOK_BACK.total_seconds()) // step))
        since_measured = timedelta(seconds=end - float(until.min())) if is_usable else timedelta(0)
        reach = min(max(KNOWN_FOR, since_measured + LOOK_BACK), LONGEST_LOOK_BACK)
        block = tracker.answered(tracker.ask_within(reach, end))
        tally.note(block)
        known = from_far(tracker, block, end - reach.total_seconds(), is_usable=is_usable)
        for near in self._blocks(tracker, np.arange(end + step, start + 1, step), tally):
            known = advanced(tracker, known, near, Pairs.none(), None)
        return known

    def _blocks(self, tracker: Tracker, ends: IntArray, tally: Tally) -> Iterator[Block]:
        """The answers for successive slices; while one is worked on, the next is under way."""
        waiting: Asked | None = None
        for chunk in self._chunks(tracker, ends):
            asked = tracker.ask(chunk)
            if waiting is not None:
                yield self._noted(tracker.answered(waiting), tally)
            waiting = asked
        if waiting is not None:
            yield self._noted(tracker.answered(waiting), tally)

    @staticmethod
    def _noted(block: Block, tally: Tally) -> Block:
        tally.note(block)
        return block

    def _chunks(self, tracker: Tracker, ends: IntArray) -> Iterator[IntArray]:
        first = 0
        while first < len(ends):
            copies = len(tracker.book.copy_rows)
            width = self._points // copies if copies else _FIRST_SLICES
            width = max(1, min(width, self._most_slices))
            yield ends[first : first + width]
            first += width


def _union(requests: Sequence[CountRequest]) -> tuple[Sli, ...]:
    """All SLIs, in an order that does not depend on how the requests are cut."""
    if len(requests) == 1:
        return requests[0].slis
    slis = {sli.key: sli for request in requests for sli in request.slis}
    return tuple(slis[key] for key in sorted(slis))
