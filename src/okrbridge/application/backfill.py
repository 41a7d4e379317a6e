"""Filling history: the slices a ledger lacks, from the sources, newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application import counting
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, Ledger
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval

CHUNK = timedelta(days=1)
"""One request's span: far below Prometheus' cap of 11,000 points, and little is lost when interrupted."""

_LONGEST_BURN = max(BURN_WINDOWS.values())


@dataclass(frozen=True)
class Backfill:
    """Fills what the windows of these definitions need.

    Every chunk is one transaction, and what is filled is read from the ledger, so an interrupted run goes on
    where it stopped.
    """

    parts: Parts
    definitions: DefinitionSet
    chunk: timedelta = CHUNK

    def run(
        self,
        at: datetime,
        keep_going: Callable[[], bool] = lambda: True,
        *,
        skip: Collection[str] = (),
        since: datetime | None = None,
        on_chunk: Callable[[Interval, int], None] = lambda _interval, _slices: None,
    ) -> int:
        """Fill the slices that windows ending at ``at`` need; returns how many slices were written.

        Args:
            keep_going: asked before each chunk; False ends the run early.
            skip: keys of SLIs to leave alone, such as those whose query fails.
            since: fill at least back to here.
            on_chunk: told each finished chunk and the slices written in it.
        """
        failing = set(skip)
        filled = 0
        for interval in self.chunks(at, since):
            if not keep_going():
                break
            answers = self._fill(interval, at, since, failing)
            failing |= {answer.request.sli.key for answer in answers if answer.failure}
            written = sum(len(answer.slices) for answer in answers if answer.slices is not None)
            filled += written
            on_chunk(interval, written)
        return filled

    def chunks(self, at: datetime, since: datetime | None = None) -> Iterator[Interval]:
        """The chunks to look at, newest first."""
        oldest = min((self._start(sli, at, since) for sli in self.definitions.slis), default=at)
        end = at
        while end > oldest:
            start = max(oldest, end - self.chunk)
            yield Interval(start, end)
            end = start

    def filled_ratio(self, ledger: Ledger, at: datetime) -> float:
        """Share of the wanted slices that were asked for, 0..1; 1 when nothing is wanted."""
        wanted = missing = timedelta(0)
        for sli in self.definitions.slis:
            interval = Interval(self._start(sli, at, None), at)
            wanted += interval.length
            missing += sum((run.length for run in ledger.missing(sli.key, sli.source, interval)), timedelta(0))
        return 1.0 - missing / wanted if wanted else 1.0

    def _start(self, sli: Sli, at: datetime, since: datetime | None) -> datetime:
        needed = self.definitions.history_needed(sli, at, _LONGEST_BURN)
        return self.parts.grid.floor(min(needed, since) if since else needed)

    def _fill(self, interval: Interval, at: datetime, since: datetime | None, skip: Collection[str]) -> list[Counted]:
        requests = self._requests(interval, at, since, skip)
        if not requests:
            return []
        with self.parts.telemetry.span("okrbridge.backfill", {"okrbridge.from": interval.start.isoformat()}):
            answers = counting.settled(self.parts, counting.count(self.parts.sources, requests), at)
            with self.parts.storage.transaction() as transaction:
                counting.write(transaction.ledger, answers)
        return answers

    def _requests(
        self, interval: Interval, at: datetime, since: datetime | None, skip: Collection[str]
    ) -> list[CountRequest]:
        with self.parts.storage.reading() as database:
            return [
                request
                for sli in self.definitions.slis
                if sli.key not in skip
                for request in counting.missing_requests(
                    database.ledger, [sli], interval.clipped(Interval(self._start(sli, at, since), at))
                )
            ]
