"""What becomes of each SLI of a request: a row of the table, a failure, warnings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from okrbridge.application.ports import Counted, CountRequest, SourceFailure
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import Answer

_ABOUT_THE_QUERY = "PromQL "
"""How Prometheus 3 begins what it remarks on a query; the answer is complete."""


@dataclass
class Outcomes:
    """Failures and warnings by row, collected while a request is answered. The first failure of a row stays.

    Attributes:
        told: failures that cost some slices only.
    """

    failures: dict[int, SourceFailure] = field(default_factory=dict)
    warnings: dict[int, dict[str, None]] = field(default_factory=dict)
    told: dict[int, SourceFailure] = field(default_factory=dict)

    def fail(self, rows: Iterable[int], failure: SourceFailure) -> None:
        """Note why rows have no counts."""
        for row in rows:
            self.failures.setdefault(row, failure)

    def tell(self, rows: Iterable[int], failure: SourceFailure) -> None:
        """Note why rows have no counts in some slices."""
        for row in rows:
            self.told.setdefault(row, failure)

    def warn(self, rows: Iterable[int], warnings: Sequence[str]) -> None:
        """Note what was said beside the answers, each remark once."""
        for row in rows if warnings else ():
            self.warnings.setdefault(row, {}).update(dict.fromkeys(warnings))

    def usable(self, answer: Answer | SourceError, rows: Sequence[int]) -> Answer | None:
        """The answer for some rows; None, and the failure noted, when it cannot be counted on.

        A warning about anything but the query itself tells that data may be missing, as when one store of several
        did not answer. Such counts would be too low, and nobody would know.
        """
        if isinstance(answer, SourceError):
            self.fail(rows, SourceFailure(answer.reason, str(answer)))
            return None
        self.warn(rows, answer.warnings)
        if (message := lacking(answer.warnings)) is not None:
            self.fail(rows, SourceFailure(SourceFailureReason.BAD_ANSWER, message))
            return None
        return answer

    def counted(self, request: CountRequest, table: SliceTable) -> Counted:
        """The answer to a request; rows that failed altogether hold only UNKNOWN."""
        for row in self.failures:
            table.states[row], table.good[row], table.total[row] = SliceState.UNKNOWN, 0.0, 0.0
        warnings = {row: tuple(found) for row, found in self.warnings.items()}
        return Counted(request, table, failures=self.told | self.failures, warnings=warnings)


def lacking(warnings: Sequence[str]) -> str | None:
    """Why an answer with these warnings cannot be counted on; None when it can."""
    told = next((warning for warning in warnings if not warning.startswith(_ABOUT_THE_QUERY)), None)
    return None if told is None else f"the answer may lack data, so it is not counted: {told}"
