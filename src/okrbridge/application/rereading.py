"""Asking again for slices that were answered: late samples and lost ones, and never a second count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from okrbridge.application import counting
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest, Ledger
from okrbridge.application.settling import known_before, settled
from okrbridge.domain.ledger import IntArray, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds


def repeated_requests(ledger: Ledger, slis: Sequence[Sli], interval: Interval) -> list[CountRequest]:
    """Requests for all slices of an interval, answered before or not; SLIs of one source stand together."""
    return [request for own in counting.by_source(slis).values() for request in known_before(ledger, own, interval)]


def read_again(parts: Parts, requests: Sequence[CountRequest], until: datetime) -> tuple[list[Counted], int]:
    """Count slices again and replace what the ledger holds; returns the answers and how many slices were written.

    Args:
        until: how far slices may lie that are settled when a gap before them is gone.
    """
    answers = knowing_more(parts, counting.count(parts.sources, requests))
    all_answers = settled(parts, answers, until)
    with parts.storage.transaction() as transaction:
        return all_answers[: len(answers)], counting.write(transaction.ledger, all_answers)


def knowing_more(parts: Parts, answers: Sequence[Counted]) -> list[Counted]:
    """The answers without the SLIs of which the source has lost slices that the ledger holds as measured.

    A gap never replaces a measured slice. The first slice that the source still has after the loss would count the
    lost events, which the ledger has counted already; so nothing of such an SLI is taken.
    """
    with parts.storage.reading() as database:
        return [
            counting.without_rows(answer, _rows_with_losses(database.ledger, answer).tolist()) for answer in answers
        ]


def _rows_with_losses(ledger: Ledger, answer: Counted) -> IntArray:
    is_gap = np.equal(answer.table.states, SliceState.GAP)
    rows = np.flatnonzero(is_gap.any(axis=1))
    if not len(rows):
        return rows
    measured = _measured(ledger, counting.chosen(answer.request.slis, rows.tolist()), answer)
    return rows[(measured & is_gap[rows]).any(axis=1)]


def _measured(ledger: Ledger, slis: Sequence[Sli], answer: Counted) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Which slices of an answer's interval the ledger holds as measured; shape (SLIs, slices)."""
    keys, source, interval = counting.keys_of(slis), slis[0].source, answer.request.interval
    measured = np.ones((len(keys), len(answer.table.starts)), dtype=np.bool_)
    for run in (*ledger.gaps(keys, source, interval), *ledger.missing(keys, source, interval)):
        ends = [epoch_seconds(run.interval.start), epoch_seconds(run.interval.end)]
        first, last = np.searchsorted(answer.table.starts, ends)
        measured[run.rows, first:last] = False
    return measured
