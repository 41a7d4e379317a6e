"""A metric source for unit tests: it counts what a script says, and fails when told to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import (
    Counted,
    CountRequest,
    PlannedQuery,
    Reading,
    SourceFailure,
    ValueRequest,
)
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds

Script = Callable[[Sli, int], tuple[float, float] | None]
"""Good and total of an SLI in the slice that starts at an epoch second; None where nothing is live."""


def steady(good: float, total: float) -> Script:
    """The same counts in every slice."""
    return lambda _sli, _start: (good, total)


@dataclass
class ScriptedSource:
    """Answers from a script.

    Attributes:
        failure: what every question gets; failing: what the questions about an SLI get, by its name.
        warnings: what stands beside every count.
        asked: all requests to count, in order.
    """

    script: Script
    step: timedelta = timedelta(minutes=1)
    name: str = "prometheus"
    failure: SourceFailure | None = None
    failing: dict[str, SourceFailure] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    readings: dict[str, float | None] = field(default_factory=dict)
    reading_failures: dict[str, SourceFailure] = field(default_factory=dict)
    asked: list[CountRequest] = field(default_factory=list)
    values_asked: list[ValueRequest] = field(default_factory=list)

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer from the script."""
        self.asked.extend(requests)
        return [self._count(request) for request in requests]

    def _count(self, request: CountRequest) -> Counted:
        step = int(self.step.total_seconds())
        starts = np.arange(epoch_seconds(request.interval.start), epoch_seconds(request.interval.end), step)
        table = SliceTable.unknown(starts, len(request.slis))
        failures = {row: failure for row, sli in enumerate(request.slis) if (failure := self._failure_of(sli))}
        for row, sli in enumerate(request.slis):
            if row not in failures:
                self._fill(table, row, sli, request.measured_until)
        warnings = dict.fromkeys(range(len(request.slis)), self.warnings) if self.warnings else {}
        return Counted(request, table, failures, warnings)

    def _failure_of(self, sli: Sli) -> SourceFailure | None:
        return self.failure or self.failing.get(sli.name)

    def _fill(self, table: SliceTable, row: int, sli: Sli, _measured_until: datetime | None) -> None:
        counts = [self.script(sli, start) for start in table.starts.tolist()]
        table.states[row] = [SliceState.GAP if one is None else SliceState.MEASURED for one in counts]
        table.good[row], table.total[row] = np.array([one or (0.0, 0.0) for one in counts]).reshape(-1, 2).T

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer from ``readings``; a query that is not there has no series."""
        self.values_asked.extend(requests)
        return [self._value(request) for request in requests]

    def _value(self, request: ValueRequest) -> Reading:
        failure = self.failure or self.reading_failures.get(request.query)
        if failure:
            return Reading(request, None, failure)
        if "_over_time(" in request.query and request.query not in self.readings:
            return Reading(request, self._series_in_view(request))
        value = self.readings.get(request.query)
        return Reading(request, value, note="" if value is not None else "the query returned no series")

    def _series_in_view(self, request: ValueRequest) -> float | None:
        """How many of the SLIs that were asked for, and whose total the query names, have a slice in its range."""
        [(number, unit), *_] = re.findall(r"\[(\d+)([smhd])\]", request.query)
        length = timedelta(seconds=int(number) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit])
        named = {sli.key: sli for asked in self.asked for sli in asked.slis if f"({sli.total}[" in request.query}
        interval = Interval(request.at - length, request.at)
        [counted] = [self._count(CountRequest(tuple(named.values()), interval))]
        return float(np.equal(counted.table.states, SliceState.MEASURED).any(axis=1).sum()) or None

    def check_query(self, query: str) -> SourceFailure | None:
        """Accept everything."""
        return self.reading_failures.get(query)

    def counting_query(self, sli: Sli) -> str:
        """The SLI's own selectors."""
        return f"{sli.part} of {sli.total}"

    def counting_method(self, sli: Sli) -> str:
        """Say that it is a script."""
        return f"scripted counts of {sli.name}"

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """One question for all."""
        keys = tuple(sli.key for sli in slis)
        return [PlannedQuery("scripted", "series", keys, series=len(keys))] if keys else []

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class TelescopingSource(ScriptedSource):
    """Counts as a source of counters does: the first live slice after hidden ones counts their events, too.

    Attributes:
        hidden: epoch seconds of the slices without samples. What happened in them is told by the script all the same,
            and is seen where the counter is seen next, unless nothing is known to have been measured before.
    """

    hidden: set[int] = field(default_factory=set)

    def hide(self, interval: Interval) -> None:
        """Take the samples of an interval away."""
        self.hidden |= self._starts(interval)

    def show(self, interval: Interval) -> None:
        """Let the samples of an interval be there, as if they came late."""
        self.hidden -= self._starts(interval)

    def _starts(self, interval: Interval) -> set[int]:
        step = int(self.step.total_seconds())
        return set(range(epoch_seconds(interval.start), epoch_seconds(interval.end), step))

    def _fill(self, table: SliceTable, row: int, sli: Sli, measured_until: datetime | None) -> None:
        step = int(self.step.total_seconds())
        since = None if measured_until is None else epoch_seconds(measured_until)
        table.states[row] = SliceState.GAP
        for column, start in enumerate(table.starts.tolist()):
            if start not in self.hidden:
                seen = range(start if since is None else since, start + step, step)
                counts = [self.script(sli, one) or (0.0, 0.0) for one in seen]
                table.good[row, column], table.total[row, column] = np.sum(counts, axis=0)
                table.states[row, column] = SliceState.MEASURED
                since = start + step


@dataclass
class SettableClock:
    """A clock that stands still until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now
