"""Whether a key result moved more than by chance: a statement that names its method.

Before are the 28 days before it started, where there is history of them, else its first days; after are the newest 28.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.daily_progress import DAY, daily_progress, days_of, is_fresh
from okrbridge.application.okr_records import JsonValue
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord
from okrbridge.application.reports import finite, rfc3339
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.significance import MIN_VALUES, Significance, compare_values
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.units import RATIO, Unit, convert
from okrbridge.domain.windows import Interval

Statement = dict[str, JsonValue]

SPAN = timedelta(days=28)
"""Length of what is compared: whole weeks, so that each weekday is in as often as the others."""

EARLY_PARTS = 3
"""Without history before the start, the first third of the period, and 28 days at most, are before."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is compared, and in which words it is told."""

    before: Interval
    after: Interval
    words: str


@dataclass(frozen=True)
class Statements:
    """Compares before with after by what is stored."""

    transaction: Transaction
    definitions: DefinitionSet

    def of(self, key_results: Sequence[KeyResult], until: datetime) -> Mapping[str, Statement]:
        """A statement for each key result that has five days on both sides, by id."""
        days = self._days(key_results, until)
        found: dict[str, Statement] = {}
        for key_result in key_results:
            statement = self._statement(key_result, until, days.get(key_result.id, ()))
            if statement is not None:
                found[key_result.id] = statement
        return found

    def _days(self, key_results: Sequence[KeyResult], until: datetime) -> Mapping[str, Sequence[ProgressRecord]]:
        """The last record of each day that is compared; read once for the key results that start together."""
        by_start: dict[datetime, list[str]] = defaultdict(list)
        for key_result in key_results:
            if self._sli(key_result) is None:
                by_start[_hour(key_result.period.start)].append(key_result.id)
        found: dict[str, Sequence[ProgressRecord]] = {}
        for start, names in by_start.items():
            found |= daily_progress(self.transaction, names, Interval(start - SPAN, _last_day(start, until)))
        return found

    def _statement(self, key_result: KeyResult, until: datetime, days: Sequence[ProgressRecord]) -> Statement | None:
        start = _hour(key_result.period.start)
        end = _last_day(start, until)
        history = Interval(start - SPAN, start)
        before = self._values(key_result, history, days)
        words = "the 28 days before it started"
        if len(before) < MIN_VALUES:
            history = Interval(start, start + min(SPAN, key_result.period.length / EARLY_PARTS // DAY * DAY))
            before, words = self._values(key_result, history, days), f"its first {history.length.days} days"
        after = Interval(max(history.end, end - SPAN), max(history.end, end))
        result = compare_values(before, self._values(key_result, after, days))
        return None if result is None else self._told(key_result, _Sides(history, after, words), result)

    def _values(self, key_result: KeyResult, interval: Interval, days: Sequence[ProgressRecord]) -> FloatArray:
        """One value a day, in the key result's unit; days without one are left out."""
        sli = self._sli(key_result)
        if sli is not None:
            return self._shares(sli, key_result.unit, interval)
        inside = (one for one in days if interval.start < one.at <= interval.end)
        values = [record.value for record in inside if is_fresh(record) and record.value is not None]
        return np.array(values, dtype=np.float64)

    def _sli(self, key_result: KeyResult) -> Sli | None:
        """The indicator whose days are compared: what a period to date says today, it mostly said yesterday."""
        if not isinstance(key_result.measure, SloMeasure) or key_result.unit.dimension != RATIO.dimension:
            return None
        sli = self.definitions.slo_by_name[key_result.measure.slo].sli
        return None if sli.kind is SliKind.COMPOSITE else sli

    def _shares(self, sli: Sli, unit: Unit, interval: Interval) -> FloatArray:
        counts = self.transaction.ledger.window_counts(sli.key, days_of(interval))
        shares = [one.good / one.total for one in counts if one.total > 0 and one.consistent]
        return np.array([convert(share, RATIO, unit) for share in shares], dtype=np.float64)

    def _told(self, key_result: KeyResult, sides: _Sides, result: Significance) -> Statement:
        what = "daily shares of good events" if self._sli(key_result) else "daily values"
        return {
            "test": result.test,
            "method": f"{what}: {sides.words} against the {sides.after.length.days} days to "
            f"{sides.after.end:%Y-%m-%d}; two-sided; effect is the Hodges-Lehmann shift with its 95 % interval",
            "before": {"from": rfc3339(sides.before.start), "to": rfc3339(sides.before.end)},
            "after": {"from": rfc3339(sides.after.start), "to": rfc3339(sides.after.end)},
            "n_before": result.n_before,
            "n_after": result.n_after,
            "effect": finite(result.effect),
            "effect_low": finite(result.effect_low),
            "effect_high": finite(result.effect_high),
            "unit": key_result.unit.symbol,
            "p_value": finite(result.p_value),
            "correlation_factor": finite(result.correlation_factor),
            "is_significant": result.is_significant,
        }


def is_settled(statement: Mapping[str, JsonValue] | None, closed: datetime) -> bool:
    """Whether a change is significant by days that all lie after the close: there is no more to wait for."""
    if statement is None or statement.get("is_significant") is not True:
        return False
    after = statement.get("after")
    since, until = (after.get("from"), after.get("to")) if isinstance(after, dict) else (None, None)
    if not isinstance(since, str) or not isinstance(until, str):
        return False
    is_whole = datetime.fromisoformat(until) - datetime.fromisoformat(since) >= SPAN
    return is_whole and datetime.fromisoformat(since) >= _hour(closed)


def _last_day(start: datetime, until: datetime) -> datetime:
    """End of the last whole day, counted from a start; the start itself when there is none."""
    return start + DAY * max(0, (until - start) // DAY)


def _hour(at: datetime) -> datetime:
    """The whole hour an instant lies in; days that begin with it lie on every grid."""
    return at.replace(minute=0, second=0, microsecond=0)
