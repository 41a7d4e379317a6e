"""What people said of each key result, read again only when somebody said more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.okr_ports import CheckInRecords
from okrbridge.application.okr_records import CheckIn
from okrbridge.domain.confidence import ConfidenceTrend, trend_of

RECENT = 8
"""So many check-ins of each key result are looked at for its trend."""


@dataclass(frozen=True, slots=True)
class Said:
    """The newest check-ins of a key result.

    Attributes:
        check_ins: ascending.
        value: the newest that says a value or withdraws one, however many came after it.
        confidence: of the newest one that tells it.
        trend: of those that tell a confidence; None when none does.
    """

    check_ins: Sequence[CheckIn] = ()
    confidence: int | None = None
    trend: ConfidenceTrend | None = None
    value: CheckIn | None = None

    @classmethod
    def of(cls, check_ins: Sequence[CheckIn], value: CheckIn | None) -> Said:
        """From check-ins, ascending, and the newest that says a value or withdraws one."""
        confidences = [one.confidence for one in check_ins if one.confidence is not None]
        if not confidences:
            return cls(check_ins, value=value)
        return cls(check_ins, confidences[-1], trend_of(confidences), value)

    @property
    def latest(self) -> CheckIn | None:
        """The newest check-in."""
        return self.check_ins[-1] if self.check_ins else None


NOTHING_SAID = Said()


@dataclass
class SaidMemory:
    """Keeps what was said while nothing is added; check-ins are never changed."""

    said: Mapping[str, Said] = field(default_factory=dict)
    _count: int = -1
    _until: datetime | None = None

    def at(self, records: CheckInRecords, key_results: Sequence[str], until: datetime) -> Mapping[str, Said]:
        """By key result, as of an instant; one about which nothing was said is absent."""
        count = records.count(until)
        is_later = self._until is not None and until >= self._until
        if count != self._count or not is_later:
            found = records.recent(key_results, until, RECENT) if count else {}
            values = records.latest_values(key_results, until) if count else {}
            self.said = {name: Said.of(check_ins, values.get(name)) for name, check_ins in found.items()}
        self._count, self._until = count, until
        return self.said
