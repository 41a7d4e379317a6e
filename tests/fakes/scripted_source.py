"""A metric source for unit tests: it counts what a script says, and fails when told to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from okrbridge.application.ports import Counted, CountRequest, Reading, SourceFailure, ValueRequest
from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import epoch_seconds

Script = Callable[[Sli, int], tuple[float, float] | None]
"""Good and total of an SLI in the slice that starts at an epoch second; None where nothing is live."""


def steady(good: float, total: float) -> Script:
    """The same counts in every slice."""
    return lambda _sli, _start: (good, total)


@dataclass
class ScriptedSource:
    """Answers from a script."""

    script: Script
    step: timedelta = timedelta(minutes=1)
    name: str = "prometheus"
    failure: SourceFailure | None = None
    readings: dict[str, float | None] = field(default_factory=dict)
    reading_failures: dict[str, SourceFailure] = field(default_factory=dict)
    asked: list[CountRequest] = field(default_factory=list)
    values_asked: list[ValueRequest] = field(default_factory=list)

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        """Answer from the script."""
        self.asked.extend(requests)
        return [self._count(request) for request in requests]

    def _count(self, request: CountRequest) -> Counted:
        if self.failure:
            return Counted(request, None, self.failure, query=request.sli.total)
        first, last = epoch_seconds(request.interval.start), epoch_seconds(request.interval.end)
        rows = [self._row(request.sli, start) for start in range(first, last, int(self.step.total_seconds()))]
        return Counted(request, Slices.of(rows), query=request.sli.total)

    def _row(self, sli: Sli, start: int) -> tuple[int, float, float, SliceState]:
        counts = self.script(sli, start)
        return (start, *counts, SliceState.MEASURED) if counts else (start, 0.0, 0.0, SliceState.GAP)

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer from ``readings``; a query that is not there has no series."""
        self.values_asked.extend(requests)
        return [self._value(request) for request in requests]

    def _value(self, request: ValueRequest) -> Reading:
        failure = self.failure or self.reading_failures.get(request.query)
        if failure:
            return Reading(request, None, failure)
        value = self.readings.get(request.query)
        return Reading(request, value, note="" if value is not None else "the query returned no series")

    def check_query(self, query: str) -> SourceFailure | None:
        """Accept everything."""
        return self.reading_failures.get(query)

    def counting_query(self, sli: Sli) -> str:
        """The SLI's own selectors."""
        return f"{sli.part} of {sli.total}"

    def counting_method(self, sli: Sli) -> str:
        """Say that it is a script."""
        return f"scripted counts of {sli.name}"

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class SettableClock:
    """A clock that stands still until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now
