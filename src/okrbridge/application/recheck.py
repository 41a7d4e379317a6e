"""Late samples: slices are asked for again when their samples are surely there, and gaps once more for a day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from okrbridge.application import counting
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest
from okrbridge.application.rereading import read_again, repeated_requests
from okrbridge.application.settling import known_before
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval

REREAD_EVERY = timedelta(minutes=5)
"""How much time is read again at once."""

LONGEST_REREAD = timedelta(hours=1)
"""Slices older than this were filled after they were late, so reading them again tells nothing new."""

GAPS_EVERY = timedelta(hours=1)
GAPS_WITHIN = timedelta(days=1)
"""How often and how far back gaps are asked for again: agents that write remotely buffer for hours."""

LIVE_FOR = timedelta(minutes=5)
"""How long after its last sample a series is live: so long before a gap, slices may have been measured as empty while
their samples were missing too. They are asked for again with the gap, or their events would be lost between the two."""

BATCH_CELLS = 500_000
"""Slices of all SLIs in one step, so that a tick waits for a few seconds at most."""


@dataclass
class Recheck:
    """Reads slices again, in the time between ticks.

    What was read again is remembered by this process only. A restart reads again from a little before; slices that
    the former process had measured and not read again stay as they are when it was away for longer.
    """

    parts: Parts
    definitions: DefinitionSet
    _read_until: datetime | None = field(default=None, init=False)
    _gaps_until: datetime | None = field(default=None, init=False)

    def run(self, at: datetime, keep_going: Callable[[], bool] = lambda: True, *, skip: Collection[str] = ()) -> int:
        """Read again what is due at a tick; returns how many slices were written.

        Args:
            keep_going: asked before each step; False ends it early.
            skip: keys of SLIs to leave alone, such as those whose query fails.
        """
        if not self.parts.late:
            return 0
        slis = [sli for sli in self.definitions.slis if sli.key not in skip]
        end = self.parts.grid.floor(at - self.parts.late)
        written = self._read_late(slis, end, at) if slis and keep_going() else 0
        if slis and (self._gaps_until is None or at - self._gaps_until >= GAPS_EVERY):
            written += self._ask_gaps(slis, end, at, keep_going)
        return written

    def _read_late(self, slis: Sequence[Sli], end: datetime, at: datetime) -> int:
        """The slices between the last reading and ``end``, once they are enough."""
        start = end - 2 * REREAD_EVERY if self._read_until is None else max(self._read_until, end - LONGEST_REREAD)
        if end - start < REREAD_EVERY:
            return 0
        with self.parts.storage.reading() as database:
            requests = repeated_requests(database.ledger, slis, Interval(self.parts.grid.floor(start), end))
        answers, written = self._again(requests, at)
        if not _all_failed(answers):
            self._read_until = end
        return written

    def _ask_gaps(self, slis: Sequence[Sli], end: datetime, at: datetime, keep_going: Callable[[], bool]) -> int:
        """The gaps of the last day, the newest first."""
        written = 0
        for requests in _batches(self._gap_requests(slis, Interval(end - GAPS_WITHIN, end)), self.parts.grid.step):
            if not keep_going():
                return written
            answers, more = self._again(requests, at)
            written += more
            if _all_failed(answers):
                return written
        self._gaps_until = at
        return written

    def _gap_requests(self, slis: Sequence[Sli], interval: Interval) -> list[CountRequest]:
        with self.parts.storage.reading() as database:
            requests = [
                request
                for source, own in counting.by_source(slis).items()
                for run in database.ledger.gaps(counting.keys_of(own), source, interval)
                for request in known_before(
                    database.ledger,
                    counting.chosen(own, run.rows.tolist()),
                    Interval(self.parts.grid.floor(run.interval.start - LIVE_FOR), run.interval.end),
                )
            ]
        return sorted(requests, key=lambda request: request.interval.end, reverse=True)

    def _again(self, requests: Sequence[CountRequest], at: datetime) -> tuple[list[Counted], int]:
        with self.parts.telemetry.span("okrbridge.recheck", {"okrbridge.requests": len(requests)}):
            return read_again(self.parts, requests, at)


def _batches(requests: Sequence[CountRequest], step: timedelta) -> Iterator[list[CountRequest]]:
    """The requests in order, each batch of about as many slices as are read in a few seconds."""
    batch: list[CountRequest] = []
    cells = 0.0
    for request in requests:
        batch.append(request)
        cells += len(request.slis) * (request.interval.length / step)
        if cells >= BATCH_CELLS:
            yield batch
            batch, cells = [], 0.0
    if batch:
        yield batch


def _all_failed(answers: Sequence[Counted]) -> bool:
    slis = {sli.key for answer in answers for sli in answer.request.slis}
    return bool(answers) and counting.failed_keys(answers) == slis
