"""Filling history: the slices a ledger lacks, from the sources, newest first."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from okrbridge.application import counting
from okrbridge.application.chunks import ChunkLength
from okrbridge.application.history_needs import HistoryNeeds, Need
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, Ledger, SourceFailure
from okrbridge.application.rereading import knowing_more, repeated_requests
from okrbridge.application.settling import settled
from okrbridge.application.vacant_history import VacantHistory, gaps
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, from_epoch


@dataclass
class Filled:
    """What a run of the backfill did.

    Attributes:
        slices: how many were written.
        back_to: the oldest instant looked at; None when there was nothing to do.
        is_complete: whether it was not ended early.
        failures: the last failure of each SLI that failed, by key.
        warnings: what sources said beside their answers, with the number of answers it was said of.
        no_data_before: by source, where data of any of its SLIs begins, when the source answered that there is
            nothing before: its retention is shorter than what is wanted, or nothing was there yet.
    """

    slices: int = 0
    back_to: datetime | None = None
    is_complete: bool = True
    failures: dict[str, SourceFailure] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    no_data_before: dict[str, datetime] = field(default_factory=dict)
    _oldest_data: dict[str, datetime] = field(default_factory=dict)

    def note(self, chunk: Interval, answers: Sequence[Counted], written: int, wanting: Mapping[str, int]) -> None:
        """Take in the answers for a chunk that is older than all before it.

        Args:
            wanting: how many SLIs of each source want something of the chunk.
        """
        self.slices += written
        self.back_to = min(chunk.start, self.back_to or chunk.start)
        for answer in answers:
            slis = answer.request.slis
            self.failures.update({slis[row].key: failure for row, failure in answer.failures.items()})
            self.warnings.update(text for texts in answer.warnings.values() for text in texts)
        for source, own in _by_source(answers).items():
            self._note_begin(source, own, chunk, wanting[source])

    def _note_begin(self, source: str, answers: Sequence[Counted], chunk: Interval, wanting: int) -> None:
        measured = [begin for answer in answers if (begin := _first_measured(answer)) is not None]
        answered = {sli.key for answer in answers for sli in answer.request.slis if not answer.failures}
        if measured:
            self._oldest_data[source] = min(measured)
            self.no_data_before.pop(source, None)
        elif len(answered) == wanting:
            # A part of the SLIs, or a failure, says nothing about where the source's data begins.
            self.no_data_before.setdefault(source, self._oldest_data.get(source, chunk.end))


@dataclass(frozen=True)
class Backfill:
    """Fills what the windows of these definitions need.

    Every chunk is one transaction, and what is filled is read from the ledger, so an interrupted run goes on
    where it stopped, and several processes may fill one ledger.

    Attributes:
        stopwatch: seconds that pass, for the length of chunks.
    """

    parts: Parts
    definitions: DefinitionSet
    stopwatch: Callable[[], float] = time.monotonic

    @cached_property
    def needs(self) -> HistoryNeeds:
        """What history the definitions need."""
        return HistoryNeeds(self.definitions, self.parts.grid)

    def run(
        self,
        at: datetime,
        keep_going: Callable[[], bool] = lambda: True,
        *,
        skip: Collection[str] = (),
        since: datetime | None = None,
        again: bool = False,
        on_chunk: Callable[[Interval, int], None] = lambda _interval, _slices: None,
    ) -> Filled:
        """Fill the slices that windows ending at ``at`` need, in chunks, the newest first.

        Args:
            keep_going: asked before each chunk; False ends the run early.
            skip: keys of SLIs to leave alone, such as those whose query fails. One that fails in every slice of a chunk
                is left alone for the rest of the run.
            since: fill back to here, and no further.
            again: ask for slices that were answered already, too.
            on_chunk: told each finished chunk and the slices written in it; chunks follow each other without a gap.
        """
        filled, failing = Filled(), set(skip)
        everything = self.needs.at(at, since)
        needs = everything if again else self._lacking(everything, failing)
        end, oldest = at, min((need.interval.start for need in needs), default=at)
        chunk_length = ChunkLength(sum(len(need.slis) for need in needs), self.parts.grid)
        vacant = VacantHistory(self.parts.sources, needs)
        while end > oldest:
            if not keep_going():
                filled.is_complete = False
                break
            chunk = Interval(max(oldest, chunk_length.start_before(end)), end)
            began = self.stopwatch()
            answers, written = self._fill(chunk, needs, failing, again=again)
            if answers:
                chunk_length.took(self.stopwatch() - began)
            filled.note(chunk, answers, written, _wanting(everything, chunk, vacant.keys))
            failing |= counting.failed_keys(answers)
            on_chunk(chunk, written)
            end = chunk.start
            if vacant.note(chunk, answers):
                silent, needs = _parted(needs, vacant.keys)
                told = (lambda _chunk, _slices: None) if needs else on_chunk  # what others want is still to come
                self._fill_gaps(end, silent, filled, keep_going, told, again=again)
                oldest = min((need.interval.start for need in needs), default=end)
        return filled

    def oldest_wanted(self, at: datetime, since: datetime | None = None, *, again: bool = False) -> datetime:
        """How far back a run would go; ``at`` when it has nothing to do."""
        everything = self.needs.at(at, since)
        needs = everything if again else self._lacking(everything, ())
        return min((need.interval.start for need in needs), default=at)

    def _lacking(self, needs: Sequence[Need], skip: Collection[str]) -> list[Need]:
        """Of each need the SLIs that were not asked for all of it."""
        with self.parts.storage.reading() as database:
            lacking = [_lacking(database.ledger, need, skip) for need in needs]
        return [need for need in lacking if need.slis]

    def _fill(
        self, chunk: Interval, needs: Sequence[Need], skip: Collection[str], *, again: bool
    ) -> tuple[list[Counted], int]:
        """Ask for what is wanted of a chunk; returns the answers and how many slices were written."""
        requests = self._requests(chunk, needs, skip, again=again)
        if not requests:
            return [], 0
        with self.parts.telemetry.span("okrbridge.backfill", {"okrbridge.from": chunk.start.isoformat()}):
            return self._write(chunk, counting.count(self.parts.sources, requests), again=again)

    def _fill_gaps(
        self,
        end: datetime,
        needs: Sequence[Need],
        filled: Filled,
        keep_going: Callable[[], bool],
        on_chunk: Callable[[Interval, int], None],
        *,
        again: bool,
    ) -> None:
        """Write gaps for all that is wanted before an instant, of SLIs of which there is nothing."""
        oldest = min(need.interval.start for need in needs)
        chunk_length = ChunkLength(sum(len(need.slis) for need in needs), self.parts.grid)
        while end > oldest:
            if not keep_going():
                filled.is_complete = False
                break
            chunk = Interval(max(oldest, chunk_length.start_before(end, is_asked=False)), end)
            requests = self._requests(chunk, needs, (), again=again)
            answers = [gaps(one, self.parts.grid.step) for one in requests]
            if self._knows_older(chunk, needs):
                _, written = self._write(chunk, answers, again=again)
            else:
                with self.parts.storage.transaction() as transaction:
                    written = counting.write(transaction.ledger, answers)
            filled.slices += written
            filled.back_to = min(chunk.start, filled.back_to or chunk.start)
            on_chunk(chunk, written)
            end = chunk.start

    def _knows_older(self, chunk: Interval, needs: Sequence[Need]) -> bool:
        """Whether the ledger has measured slices in a chunk or before it; else there is nothing to settle."""
        with self.parts.storage.reading() as database:
            keys = counting.keys_of(sli for need in needs for sli in need.slis)
            return bool((database.ledger.last_measured_ends(keys, chunk.end) >= 0).any())

    def _requests(
        self, chunk: Interval, needs: Sequence[Need], skip: Collection[str], *, again: bool
    ) -> list[CountRequest]:
        with self.parts.storage.reading() as database:
            return [
                request
                for interval, slis in _wanted_of(chunk, needs, skip).items()
                for request in _requests(database.ledger, slis, interval, again=again)
            ]

    def _write(self, chunk: Interval, answers: list[Counted], *, again: bool) -> tuple[list[Counted], int]:
        """Settle and write the answers for a chunk; returns them as written, and how many slices that were."""
        if again:
            answers = knowing_more(self.parts, answers)
        # Also beyond the end of what is filled: a gap may reach across it.
        settled_answers = settled(self.parts, answers, max(chunk.end, self.parts.boundary()))
        with self.parts.storage.transaction() as transaction:
            written = counting.write(transaction.ledger, settled_answers)
        return settled_answers[: len(answers)], written


def _lacking(ledger: Ledger, need: Need, skip: Collection[str]) -> Need:
    asked = ledger.window_sums(counting.keys_of(need.slis), [need.interval]).asked_seconds[:, 0]
    slis = counting.chosen(need.slis, np.flatnonzero(asked < need.interval.length.total_seconds()).tolist())
    return Need(need.interval, tuple(sli for sli in slis if sli.key not in skip))


def _wanting(needs: Sequence[Need], chunk: Interval, vacant: Collection[str]) -> Mapping[str, int]:
    """How many SLIs of each source want something of a chunk and may get it."""
    wanting = (need for need in needs if need.interval.start < chunk.end)
    return Counter(sli.source for need in wanting for sli in need.slis if sli.key not in vacant)


def _parted(needs: Sequence[Need], keys: Collection[str]) -> tuple[list[Need], list[Need]]:
    """The needs of some SLIs, and those of the others."""
    parts: tuple[list[Need], list[Need]] = ([], [])
    for need in needs:
        for part, is_chosen in zip(parts, (True, False), strict=True):
            if slis := tuple(sli for sli in need.slis if (sli.key in keys) == is_chosen):
                part.append(Need(need.interval, slis))
    return parts


def _wanted_of(chunk: Interval, needs: Sequence[Need], skip: Collection[str]) -> Mapping[Interval, list[Sli]]:
    """The SLIs that want something of a chunk, by what they want of it."""
    wanted: dict[Interval, list[Sli]] = defaultdict(list)
    for need in needs:
        part = chunk.clipped(need.interval)
        if part.length > timedelta(0):
            wanted[part] += [sli for sli in need.slis if sli.key not in skip]
    return wanted


def _requests(ledger: Ledger, slis: Sequence[Sli], interval: Interval, *, again: bool) -> list[CountRequest]:
    if again:
        return repeated_requests(ledger, slis, interval)
    return counting.missing_requests(ledger, slis, interval)


def _by_source(answers: Sequence[Counted]) -> Mapping[str, list[Counted]]:
    found: dict[str, list[Counted]] = defaultdict(list)
    for answer in answers:
        found[answer.request.slis[0].source].append(answer)
    return found


def _first_measured(answer: Counted) -> datetime | None:
    """Start of the first slice that was measured for any of the SLIs."""
    columns = np.equal(answer.table.states, SliceState.MEASURED).any(axis=0)
    return from_epoch(int(answer.table.starts[columns.argmax()])) if columns.any() else None
