"""History that a source evidently does not have: found with a few questions in place of chunk after chunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.counting import by_source
from okrbridge.application.history_needs import Need
from okrbridge.application.ports import Counted, CountRequest, MetricSource, Reading, ValueRequest
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Interval, epoch_seconds, format_duration
from okrbridge.promql.terms import parse_terms

EMPTY_CHUNKS = 2
"""How many chunks in a row an SLI has nothing in before its source is asked for all that is older."""
_LOOK_BACK = timedelta(minutes=10)
"""Samples from a little before the oldest slice are in view in it."""
_GLANCES = 8
_GLANCE = timedelta(hours=1)
"""A few short looks find most of what there is; a question about all of the time is cheap where there is nothing."""
_TOGETHER = 50
"""SLIs in one question."""
_MOST_HALVES = 30
"""Further questions about halves in one go."""


class VacantHistory:
    """Learns during a run, newest chunk first, of which SLIs there is nothing older.

    Only counters are asked about: without a sample of its total an SLI of counters has no slice. What an expression
    gives where its series have no samples is not known.

    Args:
        needs: what is wanted of each SLI.
    """

    def __init__(self, sources: Mapping[str, MetricSource], needs: Sequence[Need]) -> None:
        self._sources = sources
        self._starts = {sli.key: need.interval.start for need in needs for sli in need.slis}
        self._empty: dict[str, int] = defaultdict(int)
        self._due: dict[str, int] = {}
        self.keys: set[str] = set()
        """The SLIs of which their sources have nothing older than the last chunk noted."""

    def note(self, chunk: Interval, answers: Sequence[Counted]) -> bool:
        """Take in the answers for a chunk; ask for what is older of SLIs that had nothing in several chunks.

        Returns whether there is nothing older of some SLIs of which that was not known.
        """
        known = len(self.keys)
        silent = {sli.key: sli for answer in answers for sli in _silent(answer) if sli.key not in self.keys}
        for key in {sli.key for answer in answers for sli in answer.request.slis}:
            self._empty[key] = self._empty[key] + 1 if key in silent else 0
        due = [
            sli
            for key, sli in silent.items()
            if sli.kind is SliKind.COUNTERS and self._empty[key] >= self._due.get(key, EMPTY_CHUNKS)
        ]
        for source, slis in by_source(due).items():
            self._ask(self._sources[source], slis, chunk.start)
        # A question that found something, or failed, is not asked again at each chunk.
        self._due |= {sli.key: 2 * self._empty[sli.key] for sli in due}
        return len(self.keys) > known

    def _ask(self, source: MetricSource, slis: Sequence[Sli], end: datetime) -> None:
        """Ask about the SLIs together, and of those together with one that has something about the halves."""
        waiting = [slis[first : first + _TOGETHER] for first in range(0, len(slis), _TOGETHER)]
        asked = 0
        while waiting and asked < len(slis) // _TOGETHER + _MOST_HALVES:
            some = waiting.pop(0)
            asked += 1
            start = min(self._starts.get(sli.key, end) for sli in some)
            if start < end and _is_vacant(source, some, Interval(start, end)):
                self.keys |= {sli.key for sli in some}
            elif len(some) > 1:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]


def gaps(request: CountRequest, step: timedelta) -> Counted:
    """The answer that nothing is live in any slice."""
    start, end = epoch_seconds(request.interval.start), epoch_seconds(request.interval.end)
    starts = np.arange(start, end, int(step.total_seconds()), dtype=np.int64)
    table = SliceTable.unknown(starts, len(request.slis))
    table.states[:] = SliceState.GAP
    return Counted(request, table)


def _silent(answer: Counted) -> list[Sli]:
    """The SLIs that have nothing in any slice of an answer."""
    rows = np.flatnonzero(np.equal(answer.table.states, SliceState.GAP).all(axis=1)).tolist()
    return [answer.request.slis[row] for row in rows if row not in answer.failures]


def _is_vacant(source: MetricSource, slis: Sequence[Sli], interval: Interval) -> bool:
    """Whether a source says that no counter of the SLIs' totals has a sample in an interval; False in doubt."""
    selectors = sorted({term.selector.text for sli in slis for term in parse_terms(sli.total)})
    apart = interval.length / _GLANCES
    glances = [_count("last_over_time", selectors, _GLANCE, interval.end - place * apart) for place in range(_GLANCES)]
    if not all(map(_says_nothing, source.values(glances))):
        return False
    whole = _count("present_over_time", selectors, interval.length + _LOOK_BACK, interval.end)
    return all(map(_says_nothing, source.values([whole])))


def _count(function: str, selectors: Sequence[str], over: timedelta, at: datetime) -> ValueRequest:
    """How many series have a sample within some time that ends at an instant; nothing when none has."""
    length = format_duration(over)
    return ValueRequest(f"count({' or '.join(f'{function}({one}[{length}])' for one in selectors)})", at)


def _says_nothing(reading: Reading) -> bool:
    return reading.value is None and reading.failure is None and not reading.warnings
