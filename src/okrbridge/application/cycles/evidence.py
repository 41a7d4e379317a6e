"""How a key result fared in its cycle: when it was red, what was decided, who was asked, which guards broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.cycles.guard_time import holds_now
from okrbridge.application.daily_progress import DAY, INSTANT, daily_progress
from okrbridge.application.okr_records import CheckIn, CheckInOutput
from okrbridge.application.ports import Transaction
from okrbridge.application.records import ProgressRecord
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.domain.confidence import trend_of
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.windows import Interval

RED = (KeyResultStatus.OFF_TRACK, KeyResultStatus.MISSED)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class RedSpell:
    """Time in which a key result was off track.

    Attributes:
        until: when it was not red any more; None while it is.
        decided_at: the first check-in in it that left an output; None for none.
    """

    since: datetime
    until: datetime | None
    decided_at: datetime | None

    @property
    def latency_days(self) -> float | None:
        """Days from red to decision; None without a decision."""
        return None if self.decided_at is None else (self.decided_at - self.since) / DAY


@dataclass(frozen=True, slots=True)
class _DaysOfRed:
    """Days in a row that ended red.

    Attributes:
        last_of_first_day: the last record of the first of them.
        first_day: the time in which it became red, moved on so that it holds its end and not its start.
        until: the record by which it was not red any more; None while it is.
    """

    key_result: str
    last_of_first_day: datetime
    first_day: Interval
    until: datetime | None = None


@dataclass(frozen=True)
class CycleEvidence:
    """What is stored of a cycle's key results, up to an instant.

    Attributes:
        guards: key results that guard others, by id, with their frozen baselines.
    """

    transaction: Transaction
    cycle: Cycle
    key_results: Sequence[KeyResult]
    guards: Mapping[str, KeyResult]
    now: datetime

    @property
    def interval(self) -> Interval:
        """The cycle up to now."""
        return Interval(self.cycle.interval.start, self.now).clipped(self.cycle.interval)

    def items(self, key_result: KeyResult) -> Item:
        """What a report says of one key result beside its numbers."""
        said, spells = self.check_ins(key_result), self.red_spells(key_result)
        confidences = [one.confidence for one in said if one.confidence is not None]
        trend = trend_of(confidences)
        latencies = [one.latency_days for one in spells if one.latency_days is not None]
        return {
            "confidences": confidences,
            "confidence_direction": None if trend.direction is None else str(trend.direction),
            "guards": [self._guard_item(name) for name in key_result.guards if name in self.guards],
            "first_red_at": rfc3339(spells[0].since) if spells else None,
            "first_red_week": week_of(self.cycle, spells[0].since) if spells else None,
            "red_spells": [_spell_item(one) for one in spells],
            "decision_latency_days": finite(sum(latencies) / len(latencies)) if latencies else None,
            **self._discipline(key_result, said),
        }

    def check_ins(self, key_result: KeyResult) -> Sequence[CheckIn]:
        """What people said in the cycle, ascending."""
        return self._said.get(key_result.id, ())

    def red_spells(self, key_result: KeyResult) -> list[RedSpell]:
        """When it was off track, by the status at the end of each day; the first of a day is found to the tick.

        A key result that was red and recovered between two day ends is not red here.
        """
        return [self._spell(key_result, one) for one in self._red[key_result.id]]

    def _spell(self, key_result: KeyResult, found: _DaysOfRed) -> RedSpell:
        # A day that ends red had a red record, its last at the latest; the first one is when it began.
        since, until = self._first_red[found], found.until
        decided = (
            one.at
            for one in self.check_ins(key_result)
            if one.output is not CheckInOutput.NONE and since <= one.at and (until is None or one.at < until)
        )
        return RedSpell(since, until, next(decided, None))

    @cached_property
    def _red(self) -> Mapping[str, Sequence[_DaysOfRed]]:
        start = self.interval.start
        return {one.id: list(_days_of_red(self._days[one.id], start)) for one in self.key_results}

    @cached_property
    def _first_red(self) -> Mapping[_DaysOfRed, datetime]:
        """When each spell began, looked up for all of them at once."""
        spells = [one for found in self._red.values() for one in found]
        asked = [(one.key_result, one.first_day) for one in spells]
        first = self.transaction.progress.first_shown(RED, asked)
        return {one: at or one.last_of_first_day for one, at in zip(spells, first, strict=True)}

    @cached_property
    def _said(self) -> Mapping[str, Sequence[CheckIn]]:
        return self.transaction.check_ins.within([one.id for one in self.key_results], self.interval)

    @cached_property
    def _days(self) -> Mapping[str, list[ProgressRecord]]:
        names = {one.id for one in self.key_results} | set(self.guards)
        return daily_progress(self.transaction, sorted(names), self.interval)

    def _guard_item(self, name: str) -> Item:
        held = [holds_now(self.guards[name], record) for record in self._days[name]]
        known = [one for one in held if one is not None]
        return {
            "guard": name,
            "is_breached": not known[-1] if known else None,
            "breached_days": known.count(False),
            "observed_days": len(known),
        }

    def _discipline(self, key_result: KeyResult, said: Sequence[CheckIn]) -> Item:
        """Check-ins by the cadence: periods that are over, those with one, and those of red that decided nothing."""
        cadence = self.cycle.cadence_period
        inside = self.interval.clipped(key_result.period)
        expected = inside.length // cadence
        periods = {(one.at - inside.start) // cadence for one in said if one.at >= inside.start}
        undecided = [one for one in said if one.status in RED and one.output is CheckInOutput.NONE]
        return {
            "check_ins_expected": expected,
            "check_ins_made": len([one for one in periods if one < expected]),
            "check_ins_count": len(said),
            "check_ins_without_decision": len(undecided),
        }


def _days_of_red(days: Sequence[ProgressRecord], start: datetime) -> Iterator[_DaysOfRed]:
    """The runs of days that ended red.

    Args:
        days: the last record of each day, ascending.
        start: of the first day.
    """
    began: _DaysOfRed | None = None
    before = start
    for record in days:
        if record.shown in RED:
            day = Interval(max(before, record.at - DAY) + INSTANT, record.at + INSTANT)
            began = began or _DaysOfRed(record.key_result, record.at, day)
        elif began is not None:
            yield replace(began, until=record.at)
            began = None
        before = record.at
    if began is not None:
        yield began


def week_of(cycle: Cycle, at: datetime) -> int:
    """The week of a cycle that an instant lies in; 1 is the first."""
    return (at - cycle.interval.start) // _WEEK + 1


def _spell_item(spell: RedSpell) -> Item:
    return {
        "since": rfc3339(spell.since),
        "until": rfc3339(spell.until),
        "decided_at": rfc3339(spell.decided_at),
        "latency_days": finite(spell.latency_days),
    }
