"""How much of the time the guards of a key result held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from okrbridge.application.daily_progress import DAY, INSTANT
from okrbridge.application.measuring.baselines import resolved
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.domain.compliance import Compliance, Verdict, compliance_of
from okrbridge.domain.composition import is_breached
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.windows import Interval

_KNOWN = (Quality.OK, Quality.PARTIAL)


def guard_compliance(transaction: Transaction, guard: KeyResult, interval: Interval) -> Compliance:
    """Share of the observed time of an interval in which a guard held (formulas A3, A11).

    A measurement speaks of the time since the one before, of a day at most. Time in which nothing was measured is in
    neither.

    Args:
        guard: with its baseline, where that was frozen.
    """
    return compliance_of(_verdicts(transaction, guard, interval))


def with_frozen_baseline(key_result: KeyResult, baselines: Sequence[FrozenBaseline]) -> KeyResult:
    """The key result with its frozen baseline and what follows from it; as declared when there is none."""
    return resolved(key_result, {(one.key_result, one.question): one for one in baselines})[0]


def holds_now(guard: KeyResult, record: ProgressRecord) -> bool | None:
    """Whether a guard held at a record; None when that is not known."""
    return _holds(guard, record.value) if record.quality in _KNOWN else None


def _verdicts(transaction: Transaction, guard: KeyResult, interval: Interval) -> Iterator[Verdict]:
    since = interval.start
    for at, value in transaction.progress.measured(guard.id, Interval(since + INSTANT, interval.end + INSTANT)):
        yield Verdict(Interval(max(since, at - DAY), at), _holds(guard, value))
        since = at


def _holds(guard: KeyResult, value: float | None) -> bool | None:
    if value is None:
        return None
    try:
        return not is_breached(guard, value)
    except ValueError:  # its limit is not known yet
        return None
