"""Thinning of old measurements and progress: all of them for a while, then two an hour, then two a day for ever.

What is read of the past stays the same: a record goes only when its neighbours in the same step say the same, see
``domain.thinning``. They tell the status and when it changed, whether a guard and what is to be maintained held,
whether there was a value, and what stood at the end of each day that somebody looks at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.cycles.guard_time import FrozenByQuestion, frozen_by_question, holds_at, with_frozen_baseline
from okrbridge.application.daily_progress import DAY, INSTANT
from okrbridge.application.measuring.subjects import cycle_of
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.application.records import TracePoint
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.thinning import Steps, superfluous
from okrbridge.domain.windows import EPOCH, Grid, Interval

HOUR = timedelta(hours=1)

MOST_RECORDS = 5_000
"""Records looked at in one transaction, about a tenth of a second: so long another writer may have to wait."""

A_LOOK = 20
"""To look whether a name has records at all takes as long as so many of them; most names are of cycles long over."""

MOST_TRANSACTIONS = 20
"""In one run: the next tick comes first, and goes on with the rest."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A stretch of time that is thinned.

    Attributes:
        step: two records of each are left.
        names: whose records are still to be looked at.
    """

    step: timedelta
    interval: Interval
    names: tuple[str, ...]


@dataclass
class Thinning:
    """Thins what has become old, a stretch of at most a day at a time, the oldest first."""

    parts: Parts
    definitions: DefinitionSet
    _work: _Work | None = field(default=None, init=False)
    _nothing_until: Sequence[datetime] = field(default=(), init=False)

    def run(self, at: datetime, keep_going: Callable[[], bool] = lambda: True) -> int:
        """Do a part of what is due at a tick; returns how many records were removed.

        Args:
            keep_going: asked before each transaction; False ends the run early.
        """
        removed = 0
        for _ in range(MOST_TRANSACTIONS):
            self._work = self._work or self._next(at)
            if self._work is None or not keep_going():
                break
            work, self._work = self._work, None  # what fails is begun again, by what the database says
            gone, self._work = self._thin(work)
            removed += gone
        return removed

    def due(self, at: datetime) -> Sequence[tuple[timedelta, datetime]]:
        """The steps, and up to when records are due to be thinned to them."""
        ages = ((HOUR, self.parts.keep_records), (DAY, self.parts.keep_record_hours))
        return [(step, Grid(step).floor(at - age)) for step, age in ages]

    def _next(self, at: datetime) -> _Work | None:
        """The next stretch; None when nothing is due."""
        due = self.due(at)
        ends = [until for _, until in due]
        if ends == self._nothing_until:
            return None
        with self.parts.storage.reading() as database:
            oldest = database.progress.oldest()
            for step, until in due if oldest is not None else ():
                since = database.progress.thinned_until(step) or oldest
                if since is not None and since < until:
                    end = min(until, Grid(DAY).floor(since) + DAY)
                    return _Work(step, Interval(since, end), tuple(database.progress.names()))
        self._nothing_until = ends
        return None

    def _thin(self, work: _Work) -> tuple[int, _Work | None]:
        """One transaction's part of the work; returns how many records went, and what is left of it."""
        looked_at, removed, names = 0, 0, list(work.names)
        with self.parts.storage.transaction() as transaction:
            frozen = frozen_by_question(transaction.baselines.all())
            while names and looked_at < MOST_RECORDS:
                count, gone = self._thin_one(transaction, names.pop(), work, frozen)
                looked_at, removed = looked_at + A_LOOK + count, removed + gone
            if not names:
                transaction.progress.note_thinned(work.step, work.interval.end)
        return removed, _Work(work.step, work.interval, tuple(names)) if names else None

    def _thin_one(self, transaction: Transaction, name: str, work: _Work, frozen: FrozenByQuestion) -> tuple[int, int]:
        """How many records of one name were looked at, and how many went."""
        # Stretches begin and end at midnight or at a whole hour. Days that begin elsewhere are seen with their
        # neighbours, or something would be kept at midnight, too.
        beside = DAY if work.step == DAY else timedelta(0)
        around = Interval(work.interval.start - beside, work.interval.end + beside)
        points = transaction.progress.trace(name, around)
        declared = self.definitions.key_result_by_id.get(name)
        is_judged = declared is not None and (name in self._guards or declared.kind is KeyResultKind.MAINTAIN)
        limits = with_frozen_baseline(declared, frozen) if declared is not None and is_judged else None
        says = [_said(point, limits) for point in points]
        starts = self._cuts.get(name, Cuts()).steps(work.step).starts(around)
        runs = superfluous([point.at for point in points], says, starts)
        return len(points), transaction.progress.forget(name, list(_inside(runs, work.interval)))

    @cached_property
    def _guards(self) -> frozenset[str]:
        return frozenset(name for one in self.definitions.key_results for name in one.guards)

    @cached_property
    def _cuts(self) -> Mapping[str, Cuts]:
        return cuts_by_name(self.definitions, self.parts.grid)


def _said(point: TracePoint, limits: KeyResult | None) -> Hashable:
    """What readers can tell of a record.

    Args:
        limits: by which it is judged whether it held; None for a key result of which nobody asks.
    """
    held = None if limits is None else holds_at(limits, point.value)
    return point.status, point.quality, point.value is None, held


def _inside(runs: Iterable[Interval], interval: Interval) -> Iterator[Interval]:
    """The parts of runs inside an interval; like the runs, they hold both their ends."""
    last = interval.end - INSTANT
    for run in runs:
        if run.start <= last and run.end >= interval.start:
            yield Interval(max(run.start, interval.start), min(run.end, last))


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the time of one key result or indicator is cut, so that each day that somebody reads is whole.

    Attributes:
        offsets: where its days begin, from 0 to below a day after midnight UTC; it has several when it guards
            key results of other cycles.
        ends: instants as of which it is asked.
    """

    offsets: frozenset[timedelta] = frozenset()
    ends: frozenset[datetime] = frozenset()

    def steps(self, length: timedelta) -> Steps:
        """Steps of a length, cut here too."""
        return Steps(length, self.offsets, self.ends)

    def with_others(self, other: Cuts) -> Cuts:
        """The cuts of both."""
        return Cuts(self.offsets | other.offsets, self.ends | other.ends)


def cuts_by_name(definitions: DefinitionSet, grid: Grid) -> Mapping[str, Cuts]:
    """The cuts of every key result and indicator, by id.

    Those of a key result are also those of its guards, and of the indicator that it should move: their days are
    compared with its own.
    """
    indicators = {one.name: one.id for one in definitions.indicators}
    midnight = Cuts(frozenset({timedelta(0)}))
    found: dict[str, Cuts] = defaultdict(Cuts, dict.fromkeys(indicators.values(), midnight))
    for key_result in definitions.key_results:
        own = _own_cuts(key_result, cycle_of(key_result, definitions), grid)
        for name in (key_result.id, *key_result.guards, indicators.get(key_result.outcome, key_result.id)):
            found[name] = found[name].with_others(own)
    return dict(found)


def _own_cuts(key_result: KeyResult, cycle: Cycle, grid: Grid) -> Cuts:
    """Days are counted from the cycle's start, from the key result's, and from where its hour and its slice begin."""
    start = key_result.period.start
    begins = (cycle.interval.start, start, Grid(HOUR).floor(start), grid.ceil(start))
    ends = (cycle.interval.end, cycle.measure_until, key_result.period.end)
    return Cuts(frozenset((one - EPOCH) % DAY for one in begins), frozenset(ends))
