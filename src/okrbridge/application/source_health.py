"""How the sources do: the last outcome of every question, and whether each source is up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.ports import Counted, Reading, SourceFailure
from okrbridge.application.slo_evaluation import CountingOutcome
from okrbridge.application.snapshot import SourceReport
from okrbridge.errors import SourceFailureReason

_ANSWERS = (SourceFailureReason.BAD_QUERY, SourceFailureReason.TOO_MANY_SERIES)
"""Failures that only a source which is up can give."""


@dataclass
class _Tally:
    """What one source did at the last boundary it was asked at."""

    at: datetime | None = None
    answered: bool = False
    failures: list[SourceFailure] = field(default_factory=list)
    last_success: datetime | None = None

    def note(self, failure: SourceFailure | None, at: datetime) -> None:
        if self.at != at:
            self.at, self.answered, self.failures = at, False, []
        if failure is None:
            self.last_success = at
        else:
            self.failures.append(failure)
        self.answered |= failure is None or failure.reason in _ANSWERS


@dataclass
class SourceHealth:
    """Remembers outcomes between ticks.

    Attributes:
        types: declared type of each source, by name.
    """

    types: Mapping[str, str]
    _counting: dict[str, CountingOutcome] = field(default_factory=dict)
    _tallies: dict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))

    def note_counts(self, answers: Iterable[Counted], at: datetime) -> None:
        """Remember how counting went at a boundary."""
        for answer in answers:
            sli = answer.request.sli
            self._counting[sli.key] = CountingOutcome.of(answer)
            self._tallies[sli.source].note(answer.failure, at)

    def note_values(self, readings: Iterable[tuple[str, Reading]], at: datetime) -> None:
        """Remember how (source name, reading) pairs went at a boundary."""
        for source, reading in readings:
            self._tallies[source].note(reading.failure, at)

    def outcome(self, sli_key: str) -> CountingOutcome:
        """How the last question about an SLI went; an empty outcome before the first."""
        return self._counting.get(sli_key, CountingOutcome())

    def failing_slis(self) -> frozenset[str]:
        """Keys of the SLIs whose last question failed."""
        return frozenset(key for key, outcome in self._counting.items() if outcome.failure)

    def report(self, source: str, at: datetime) -> SourceReport:
        """A source is up when it answered anything at this boundary, if only to refuse a query."""
        tally = self._tallies[source]
        asked = tally.at == at
        failure = next((f"{one.reason}: {one.message}" for one in tally.failures), "") if asked else ""
        kind = self.types.get(source, "Prometheus")
        return SourceReport(source, kind, tally.answered if asked else None, tally.last_success, failure)
