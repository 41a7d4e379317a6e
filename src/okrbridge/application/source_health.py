"""How the sources do: the last outcome of every question, and whether each source is up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application import counting
from okrbridge.application.ports import Counted, Reading, SourceFailure
from okrbridge.application.slo_details import CountingOutcome
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

    def note(self, failures: Sequence[SourceFailure], at: datetime, *, succeeded: bool) -> None:
        """Remember what was answered at a boundary: failures, and whether anything else was an answer."""
        if self.at != at:
            self.at, self.answered, self.failures = at, False, []
        if succeeded:
            self.last_success = at
        self.failures += failures
        self.answered |= succeeded or any(failure.reason in _ANSWERS for failure in failures)


@dataclass
class SourceHealth:
    """Remembers outcomes between ticks.

    Attributes:
        types: declared type of each source, by name.
        data_begins: by source, where its data begins when history before it is wanted and is not there.
        outcomes: how the last question about an SLI went, by key, when it failed or was answered with a warning.
    """

    types: Mapping[str, str]
    data_begins: dict[str, datetime] = field(default_factory=dict)
    outcomes: dict[str, CountingOutcome] = field(default_factory=dict)
    _failing: frozenset[str] = frozenset()
    _tallies: dict[str, _Tally] = field(default_factory=lambda: defaultdict(_Tally))

    def note_counts(self, answers: Iterable[Counted], at: datetime) -> None:
        """Remember how counting went at a boundary."""
        answers = tuple(answers)
        if self._failing:
            self._failing -= {sli.key for answer in answers for sli in answer.request.slis}
        self._failing |= counting.failed_keys(answers)
        for answer in answers:
            slis = answer.request.slis
            # Thousands of SLIs that went well, and went well before, are not looked at one by one.
            if self.outcomes:
                self.outcomes = {key: self.outcomes[key] for key in self.outcomes.keys() - {sli.key for sli in slis}}
            for row in answer.failures.keys() | answer.warnings.keys():
                self.outcomes[slis[row].key] = _outcome(answer.failures.get(row), answer.warnings.get(row, ()))
            succeeded = len(answer.failures) < len(slis)
            self._tallies[slis[0].source].note(list(answer.failures.values()), at, succeeded=succeeded)

    def note_history(self, no_data_before: Mapping[str, datetime]) -> list[str]:
        """Remember where the sources' data begins, as filling history found; returns the sources it is news of."""
        news = [source for source, begin in no_data_before.items() if self.data_begins.get(source) != begin]
        self.data_begins.update(no_data_before)
        return news

    def note_values(self, readings: Iterable[tuple[str, Reading]], at: datetime) -> None:
        """Remember how (source name, reading) pairs went at a boundary."""
        for source, reading in readings:
            failures = [reading.failure] if reading.failure else []
            self._tallies[source].note(failures, at, succeeded=not failures)

    def failing_slis(self) -> frozenset[str]:
        """Keys of the SLIs whose last question failed altogether."""
        return self._failing

    def report(self, source: str, at: datetime) -> SourceReport:
        """A source is up when it answered anything at this boundary, if only to refuse a query."""
        tally = self._tallies[source]
        asked = tally.at == at
        failure = next((f"{one.reason}: {one.message}" for one in tally.failures), "") if asked else ""
        kind = self.types.get(source, "Prometheus")
        is_up = tally.answered if asked else None
        return SourceReport(source, kind, is_up, tally.last_success, failure, self.data_begins.get(source))


def _outcome(failure: SourceFailure | None, warnings: tuple[str, ...]) -> CountingOutcome:
    return CountingOutcome(f"{failure.reason}: {failure.message}" if failure else "", warnings)
