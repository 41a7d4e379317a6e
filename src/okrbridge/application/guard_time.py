"""How much of the time the guards of a key result held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from okrbridge.application.daily_progress import DAY, days_of, records_of_day
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.compliance import Compliance, Verdict, compliance_of
from okrbridge.domain.composition import is_breached
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.windows import Interval

_KNOWN = (Quality.OK, Quality.PARTIAL)


def guard_compliance(transaction: Transaction, guard: KeyResult, interval: Interval) -> Compliance:
    """Share of the observed time of an interval in which a guard held (formulas A3, A11).

    A record speaks of the time since the one before, and of a day at most. Time in which nothing was measured is in
    neither.

    Args:
        guard: with its baseline, where that was frozen.
    """
    return compliance_of(_verdicts(transaction, guard, interval))


def with_frozen_baseline(key_result: KeyResult, baselines: Sequence[FrozenBaseline]) -> KeyResult:
    """The key result with the baseline frozen last, and what follows from it; as declared when there is none."""
    own = [one for one in baselines if one.key_result == key_result.id]
    if key_result.baseline is not None or not own:
        return key_result
    try:
        return resolve_baseline(key_result, own[-1].value)
    except ValueError:
        return replace(key_result, baseline=own[-1].value)


def holds_now(guard: KeyResult, record: ProgressRecord) -> bool | None:
    """Whether a guard held at a record; None when that is not known."""
    if record.value is None or record.quality not in _KNOWN:
        return None
    try:
        return not is_breached(guard, record.value)
    except ValueError:  # its limit is not known yet
        return None


def _verdicts(transaction: Transaction, guard: KeyResult, interval: Interval) -> Iterator[Verdict]:
    since = interval.start
    for day in days_of(interval):
        for record in records_of_day(transaction, guard.id, day):
            yield Verdict(Interval(max(since, record.at - DAY), record.at), holds_now(guard, record))
            since = record.at
