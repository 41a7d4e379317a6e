"""Runs of slices of many SLIs, and putting together the SLIs whose runs are the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.application.ports import MissingRun
from okrbridge.domain.ledger import IntArray
from okrbridge.domain.windows import from_epoch
from okrbridge.storage.spans import Span

NEVER = -1
"""In the place of an instant."""


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of slices, an entry a run, ordered by row and start.

    Attributes:
        rows: whose run it is.
        starts, ends: epoch seconds.
    """

    rows: IntArray
    starts: IntArray
    ends: IntArray

    @classmethod
    def of(cls, rows: IntArray, span: Span) -> Runs:
        """The same span for each row."""
        return cls(rows, np.full(len(rows), span.start), np.full(len(rows), span.end))

    @classmethod
    def joined(cls, parts: Sequence[Runs]) -> Runs:
        """Runs put in order; those that follow each other become one."""
        rows, starts, ends = (
            np.concatenate([np.zeros(0, dtype=np.int64), *(getattr(part, name) for part in parts)])
            for name in ("rows", "starts", "ends")
        )
        order = np.lexsort((starts, rows))
        rows, starts, ends = rows[order], starts[order], ends[order]
        if len(rows) == 0:
            return cls(rows, starts, ends)
        begins = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]) | (starts[1:] != ends[:-1])]))
        lasts = np.concatenate([begins[1:] - 1, [len(rows) - 1]])
        return cls(rows[begins], starts[begins], ends[lasts])


def grouped(runs: Runs, measured_until: IntArray) -> list[MissingRun]:
    """One run for all rows that share it and what was measured before it, the oldest first.

    Args:
        measured_until: epoch seconds for each run, or NEVER.
    """
    if len(runs.rows) == 0:
        return []
    columns = (runs.starts, runs.ends, measured_until)
    order = np.lexsort((runs.rows, *reversed(columns)))
    differs = np.zeros(len(order) - 1, dtype=np.bool_)
    for column in columns:
        differs |= np.diff(column[order]) != 0
    parts = np.split(order, np.flatnonzero(differs) + 1)
    return [
        MissingRun(
            interval=Span(int(runs.starts[part[0]]), int(runs.ends[part[0]])).interval,
            rows=runs.rows[part],
            measured_until=None if (end := int(measured_until[part[0]])) == NEVER else from_epoch(end),
        )
        for part in parts
    ]
