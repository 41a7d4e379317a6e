"""Thinning: which records of a series may go so that nothing that is read from it changes.

A record may go when the ones beside it say the same and lie in the same step of time: then the first and the last of
each step stay, and so do both sides of each change. What holds between two records that stay held between all that
went.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from okrbridge.domain.windows import EPOCH, Interval


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of time that records are thinned in.

    Attributes:
        length: of a step, a day at most.
        offsets: where in a day steps are cut as well, from 0 to below a day; midnight when there is none.
        cuts: instants at which steps are cut besides.

    A record right at an offset or a cut is a step of its own: some read it as the last of what ends there, others as
    the first of what begins.
    """

    length: timedelta
    offsets: frozenset[timedelta] = frozenset()
    cuts: frozenset[datetime] = frozenset()

    def starts(self, interval: Interval) -> list[datetime]:
        """Where steps begin inside an interval, ascending.

        Worked example: hours, and days that begin at 18:30: 18:00, 18:30, right after it, 19:00, …
        """
        first = (interval.start - EPOCH) // _DAY
        days = [EPOCH + _DAY * day for day in range(first, (interval.end - EPOCH) // _DAY + 1)]
        is_whole = self.length >= _DAY
        places = {timedelta(0)} if is_whole else {self.length * place for place in range(_DAY // self.length)}
        own = self.cuts | {day + offset for day in days for offset in self.offsets}
        found = own | {one + _INSTANT for one in own}
        if not (is_whole and self.offsets):
            found |= {day + place for day in days for place in places}
        return sorted(one for one in found if one in interval)


_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def superfluous(instants: Sequence[datetime], says: Sequence[Hashable], starts: Sequence[datetime]) -> list[Interval]:
    """The runs of records that may go, each from its first to its last, both included.

    Worked example: six records at minutes 0 to 5 of one step, of which the last two say something else: those at the
    minutes 1 and 2 may go, as 0 is the first of the step, 3 and 4 are the sides of the change, and 5 is the last.

    Args:
        instants: of the records, ascending.
        says: what each tells its readers; equal ones are told apart by nobody.
        starts: where steps begin, ascending.
    """
    if not instants:
        return []
    steps = [bisect_right(starts, at) for at in instants]
    told = list(zip(steps, says, strict=True))
    alike = [False, *(one == other for one, other in pairwise(told)), False]
    may_go = [before and after for before, after in pairwise(alike)]
    return list(_runs(instants, may_go))


def _runs(instants: Sequence[datetime], chosen: Sequence[bool]) -> Iterator[Interval]:
    first: datetime | None = None
    last: datetime | None = None
    for at, is_chosen in zip(instants, chosen, strict=True):
        if is_chosen:
            first, last = first or at, at
        elif first is not None and last is not None:
            yield Interval(first, last)
            first = None
    if first is not None and last is not None:
        yield Interval(first, last)
