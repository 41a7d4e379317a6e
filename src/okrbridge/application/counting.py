"""Counting: ask the sources for slices that the ledger lacks, and write what they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from okrbridge.application.ports import (
    Counted,
    CountRequest,
    Ledger,
    MetricSource,
    MissingRun,
    Reading,
    SourceFailure,
    ValueRequest,
    ValueSource,
)
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval


def by_source(slis: Iterable[Sli]) -> dict[str, tuple[Sli, ...]]:
    """The SLIs of each source, by its name, in order."""
    found: dict[str, list[Sli]] = defaultdict(list)
    for sli in slis:
        found[sli.source].append(sli)
    return {source: tuple(own) for source, own in found.items()}


def keys_of(slis: Iterable[Sli]) -> list[str]:
    """The ledger's keys of SLIs, in order."""
    return [sli.key for sli in slis]


def missing_requests(ledger: Ledger, slis: Iterable[Sli], interval: Interval) -> list[CountRequest]:
    """Requests for the slices of an interval that the SLIs' sources never answered for.

    One for each source and run of slices; SLIs that lack the same stand in it together.
    """
    return [
        request_of(run, own)
        for source, own in by_source(slis).items()
        for run in ledger.missing(keys_of(own), source, interval)
    ]


def request_of(run: MissingRun, slis: tuple[Sli, ...]) -> CountRequest:
    """The request for a run of slices; its rows are indexes into the SLIs."""
    whole = len(run.rows) == len(slis)
    return CountRequest(slis if whole else chosen(slis, run.rows.tolist()), run.interval, run.measured_until)


def chosen(slis: Sequence[Sli], rows: Iterable[int]) -> tuple[Sli, ...]:
    """The SLIs in some rows."""
    return tuple(slis[row] for row in rows)


def count(sources: Mapping[str, MetricSource], requests: Sequence[CountRequest]) -> list[Counted]:
    """Answer requests, in order, every source asked once. All SLIs of a request have one source."""
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, request in enumerate(requests):
        indexes[request.slis[0].source].append(index)
    answers: dict[int, Counted] = {}
    for source, own in indexes.items():
        answers.update(zip(own, sources[source].count([requests[index] for index in own]), strict=True))
    return [answers[index] for index in range(len(requests))]


def read_values(sources: Mapping[str, ValueSource], requests: Sequence[tuple[str, ValueRequest]]) -> list[Reading]:
    """Answer (source name, request) pairs, in order, every source asked once."""
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, (name, _) in enumerate(requests):
        indexes[name].append(index)
    answers: dict[int, Reading] = {}
    for name, own in indexes.items():
        readings = sources[name].values([requests[index][1] for index in own])
        answers.update(zip(own, readings, strict=True))
    return [answers[index] for index in range(len(requests))]


def write(ledger: Ledger, answers: Iterable[Counted]) -> int:
    """Write the slices that answers know; returns how many were written."""
    return sum(
        ledger.write(answer.request.slis, answer.request.slis[0].source, answer.table)
        for answer in answers
        if answer.table.states.any()
    )


def failed_keys(answers: Sequence[Counted]) -> frozenset[str]:
    """Keys of the SLIs that failed and of which no answer knows a slice; a failure may cost single slices only."""
    failed = {answer.request.slis[row].key for answer in answers for row in answer.failures}
    if not failed:
        return frozenset()
    known = {
        sli.key
        for answer in answers
        for row, sli in enumerate(answer.request.slis)
        if sli.key in failed and answer.table.states[row].any()
    }
    return frozenset(failed - known)


def without_rows(answer: Counted, rows: Sequence[int], failures: Mapping[int, SourceFailure] | None = None) -> Counted:
    """An answer in which some rows are not known, so that they are not written.

    Args:
        failures: why, where that is a failure; they join the answer's own.
    """
    if not len(rows):
        return answer
    known = np.ones(len(answer.table), dtype=np.bool_)
    known[list(rows)] = False
    table = SliceTable(
        answer.table.starts,
        np.where(known[:, None], answer.table.good, 0.0),
        np.where(known[:, None], answer.table.total, 0.0),
        np.where(known[:, None], answer.table.states, SliceState.UNKNOWN).astype(np.int8),
    )
    return replace(answer, table=table, failures={**answer.failures, **(failures or {})})
