"""How much of the time the guards of a key result held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from okrbridge.application.daily_progress import DAY, INSTANT
from okrbridge.application.measuring.baselines import resolved
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.application.verdict_runs import Judged, verdict_runs
from okrbridge.domain.compliance import Compliance, compliance_of
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
    points = transaction.progress.measured(guard.id, Interval(interval.start + INSTANT, interval.end + INSTANT))
    return compliance_of(verdict_runs(_judged(points, interval.start), partial(holds_at, guard)))


FrozenByQuestion = Mapping[tuple[str, str], FrozenBaseline]
"""Frozen baselines by key result and question."""


def frozen_by_question(baselines: Iterable[FrozenBaseline]) -> FrozenByQuestion:
    """Baselines as ``with_frozen_baseline`` looks them up."""
    return {(one.key_result, one.question): one for one in baselines}


def with_frozen_baseline(key_result: KeyResult, frozen: FrozenByQuestion) -> KeyResult:
    """The key result with its frozen baseline and what follows from it; as declared when there is none."""
    return resolved(key_result, frozen)[0]


def holds_now(guard: KeyResult, record: ProgressRecord) -> bool | None:
    """Whether a guard held at a record; None when that is not known."""
    return holds_at(guard, record.value) if record.quality in _KNOWN else None


def holds_at(guard: KeyResult, value: float | None) -> bool | None:
    """Whether a guard holds at a value; None when the value, or its limit, is not known yet."""
    if value is None:
        return None
    try:
        return not is_breached(guard, value)
    except ValueError:  # its limit is not known yet
        return None


def _judged(points: Iterable[tuple[datetime, float | None]], since: datetime) -> Iterator[Judged]:
    for at, value in points:
        yield max(since, at - DAY), at, value
        since = at
