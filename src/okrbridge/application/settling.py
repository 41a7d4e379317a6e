"""Settling: the first measured slice after a gap holds the gap's events, once what came before the gap is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application import counting
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, Ledger, SourceFailure
from okrbridge.domain.ledger import IntArray, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch

_FIRST_LOOK = timedelta(hours=1)
"""How far the end of a gap is looked for at first; each further look reaches eight times as far."""


class _OnlyLookedError(Exception):
    """Ends a transaction that must leave nothing behind."""


def settled(parts: Parts, answers: Sequence[Counted], until: datetime) -> list[Counted]:
    """The answers, followed by later slices counted again, to be written in one transaction.

    History is filled newest first, and gaps are asked for again. Where an answer ends in a gap, fills the end of a
    known one, or is followed by one, the first measured slice after the gap was counted without knowing what was
    measured before it; events of the gap are missing in it, or stand in it a second time, until it is asked again with
    the end of the last measured slice. When that question fails, the SLI's answers are given up with it, so that they
    stay as they were and are asked for again: half of the step would hide the loss.

    Args:
        until: how far slices may lie that are counted again.
    """
    requests = _unsettled_requests(parts, answers, until)
    if not requests:
        return list(answers)
    again = counting.count(parts.sources, requests)
    failures = {one.request.slis[row].key: failure for one in again for row, failure in one.failures.items()}
    return [*(_given_up(answer, failures) for answer in answers), *again] if failures else [*answers, *again]


def _given_up(answer: Counted, failures: dict[str, SourceFailure]) -> Counted:
    rows = {row: failures[sli.key] for row, sli in enumerate(answer.request.slis) if sli.key in failures}
    return counting.without_rows(answer, list(rows), rows)


def _unsettled_requests(parts: Parts, answers: Sequence[Counted], until: datetime) -> list[CountRequest]:
    with parts.storage.reading() as database:
        touching = [
            (Interval(answer.request.interval.end, until), slis)
            for answer in answers
            if (slis := _before_a_gap(database.ledger, answer, parts.grid.step, until))
        ]
    requests: list[CountRequest] = []
    if touching:
        with suppress(_OnlyLookedError), parts.storage.transaction() as transaction:
            counting.write(transaction.ledger, _only({sli.key for _, slis in touching for sli in slis}, answers))
            for after, slis in touching:
                requests += _unsettled(transaction.ledger, slis, after, parts.grid.step)
            raise _OnlyLookedError
    return requests


def _only(keys: Collection[str], answers: Sequence[Counted]) -> Iterator[Counted]:
    """The answers about some SLIs."""
    for answer in answers:
        others = [row for row, sli in enumerate(answer.request.slis) if sli.key not in keys]
        yield counting.without_rows(answer, others)


def _before_a_gap(ledger: Ledger, answer: Counted, step: timedelta, until: datetime) -> Sequence[Sli]:
    """The SLIs of an answer that touch a gap which ends, as far as is known."""
    rows = _touching_a_gap(ledger, answer, step, until)
    if not len(rows):
        return ()
    slis = counting.chosen(answer.request.slis, rows.tolist())
    # Of a series that is gone for good every answer ends in a gap, and there is nothing to settle.
    ends = _ends_of_gaps(ledger, slis, Interval(answer.request.interval.end, until))
    return counting.chosen(slis, np.flatnonzero(ends < epoch_seconds(until)).tolist())


def _touching_a_gap(ledger: Ledger, answer: Counted, step: timedelta, until: datetime) -> IntArray:
    """The answered rows that end in a gap or change the end of a known one, or after which a gap is known to begin."""
    end, states = answer.request.interval.end, answer.table.states
    if end >= until or not states.size:
        return np.zeros(0, dtype=np.int64)
    touching = np.equal(states[:, -1], SliceState.GAP)
    slis = answer.request.slis
    for run in ledger.gaps(counting.keys_of(slis), slis[0].source, Interval(end - step, end + step)):
        touching[run.rows] = True
    return np.flatnonzero(touching & (states[:, -1] != SliceState.UNKNOWN))


def _unsettled(ledger: Ledger, slis: Sequence[Sli], after: Interval, step: timedelta) -> Iterator[CountRequest]:
    firsts = _ends_of_gaps(ledger, slis, after)
    for first in np.unique(firsts).tolist():
        if first < epoch_seconds(after.end):
            start = from_epoch(first)
            waiting = counting.chosen(slis, np.flatnonzero(firsts == first).tolist())
            yield from known_before(ledger, waiting, Interval(start, start + step), only_measured=True)


def _ends_of_gaps(ledger: Ledger, slis: Sequence[Sli], after: Interval) -> IntArray:
    """Where the gap ends that begins at the interval's start, for each SLI: the start itself when none does there."""
    keys, source = counting.keys_of(slis), slis[0].source
    ends = np.full(len(keys), epoch_seconds(after.start))
    pending, start, reach = np.arange(len(keys)), after.start, _FIRST_LOOK
    while len(pending) and start < after.end:
        stop = min(start + reach, after.end)
        for run in ledger.gaps([keys[row] for row in pending.tolist()], source, Interval(start, stop)):
            if run.interval.start == start:
                ends[pending[run.rows]] = epoch_seconds(run.interval.end)
        pending = pending[ends[pending] == epoch_seconds(stop)]
        start, reach = stop, reach * 8
    return ends


def known_before(
    ledger: Ledger, slis: Sequence[Sli], interval: Interval, *, only_measured: bool = False
) -> Iterator[CountRequest]:
    """Requests for an interval, the SLIs put together by the end of the last measured slice before it.

    Slices in between that are still to be asked for will count their own events; a look-back across them would count
    those events twice, so nothing is told to be known then.

    Args:
        only_measured: leave out SLIs of which nothing is known before, and those whose slices in the interval were
            never answered for.
    """
    keys, source = counting.keys_of(slis), slis[0].source
    last = ledger.last_measured_ends(keys, interval.start, source).copy()
    known = last[last >= 0]
    if len(known):
        looked_at = Interval(from_epoch(int(known.min())), interval.end if only_measured else interval.start)
        for run in ledger.missing(keys, source, looked_at):
            unanswered = run.rows[last[run.rows] < epoch_seconds(run.interval.end)]
            last[unanswered] = -1
    for end in np.unique(last).tolist():
        if end >= 0 or not only_measured:
            rows = np.flatnonzero(last == end).tolist()
            yield CountRequest(counting.chosen(slis, rows), interval, from_epoch(end) if end >= 0 else None)
