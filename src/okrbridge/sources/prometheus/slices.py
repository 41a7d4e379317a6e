"""From the rows of a counting query to slices, and which slices must be asked again with a longer reach. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds, from_epoch
from okrbridge.sources.prometheus.counters import (
    ARRIVED,
    BEFORE,
    KIND,
    LIVE,
    LOOK_BACK,
    PART,
    RESETS,
    RESTARTED,
    SERIES,
    TOTAL,
    Reach,
)
from okrbridge.sources.prometheus.envelope import Row

RETURN_LOOK_BACK = timedelta(days=1)
"""How far back a series that came into view is looked for, while others of its counter were measured all along."""
LONGEST_LOOK_BACK = timedelta(days=30)
_MARGIN = timedelta(seconds=1)
"""Prometheus 3 leaves out the sample at the very start of a range."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What an answer holds for one slice.

    Attributes:
        part, total: the increases; 0 when no series counted.
        live: how many series of the total were live.
        arrived: how many of them came into view in the slice and were not counted.
        is_odd: whether a series was born or restarted in the slice, as far as a survey tells.
    """

    part: float = 0.0
    total: float = 0.0
    live: float = 0.0
    arrived: float = 0.0
    is_odd: bool = False


Tallies = Mapping[int, Tally]
"""By the slice's end in epoch seconds; a slice without any row is absent."""

NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Settlement:
    """A slice to ask again, with how far the time before it must be taken into account."""

    slice_end: int
    reach: Reach


def tallies(rows: Iterable[Row]) -> Tallies:
    """Sort the rows of a counting query by slice.

    Raises:
        ValueError: a count that no counter can have.
    """
    by_end: dict[int, dict[str, float]] = defaultdict(dict)
    for row in rows:
        kind = row.labels.get(KIND, "")
        for at, value in row.points:
            by_end[round(at)][kind] = value
    return {end: _tally(values) for end, values in by_end.items()}


def as_slices(sli: Sli, interval: Interval, step: timedelta, found: Tallies) -> Slices:
    """One slice for each step of the interval; a gap where no series was live."""
    seconds = int(step.total_seconds())
    return Slices.of([_row(sli, end - seconds, found.get(end, NOTHING)) for end in slice_ends(interval, step)])


def gap_settlements(
    interval: Interval, step: timedelta, found: Tallies, last_measured_end: datetime | None
) -> list[Settlement]:
    """The first live slices after unmeasured time, with a reach to the last live sample before it.

    So what happened meanwhile is counted. Where nothing is known to have been measured before, the slice stays as it
    is: what it would add happened before the time asked for.
    """
    seconds = int(step.total_seconds())
    measured_end = None if last_measured_end is None else epoch_seconds(last_measured_end)
    after_gaps = []
    for end in slice_ends(interval, step):
        if not found.get(end, NOTHING).live:
            continue
        if measured_end is not None and end - seconds > measured_end:
            after_gaps.append(Settlement(end, _beyond_gap(timedelta(seconds=end - seconds - measured_end))))
        measured_end = end
    return after_gaps


def return_settlements(found: Tallies) -> list[Settlement]:
    """The slices in which series came into view beside others, newest first: they may have been known earlier."""
    returns = [end for end, tally in found.items() if 0 < tally.arrived < tally.live]
    return [Settlement(end, Reach(RETURN_LOOK_BACK, LOOK_BACK)) for end in sorted(returns, reverse=True)]


def odd_runs(interval: Interval, step: timedelta, found: Tallies) -> list[Interval]:
    """The runs of slices that a survey cannot count."""
    runs: list[Interval] = []
    for end in slice_ends(interval, step):
        if not found.get(end, NOTHING).is_odd:
            continue
        start = from_epoch(end) - step
        if runs and runs[-1].end == start:
            start = runs.pop().start
        runs.append(Interval(start, from_epoch(end)))
    return runs


def slice_ends(interval: Interval, step: timedelta) -> Iterator[int]:
    """Epoch seconds of the end of each slice."""
    seconds = int(step.total_seconds())
    return iter(range(epoch_seconds(interval.start) + seconds, epoch_seconds(interval.end) + 1, seconds))


def _beyond_gap(unmeasured: timedelta) -> Reach:
    # The last measured slice may have been live by a sample as old as the look-back, so a process that started since
    # that sample is new.
    return Reach(min(unmeasured + LOOK_BACK + _MARGIN, LONGEST_LOOK_BACK), unmeasured + LOOK_BACK)


def _row(sli: Sli, start: int, tally: Tally) -> tuple[int, float, float, SliceState]:
    if not tally.live:
        return (start, 0.0, 0.0, SliceState.GAP)
    return (start, sli.good_events(tally.part, tally.total), tally.total, SliceState.MEASURED)


def _tally(values: Mapping[str, float]) -> Tally:
    grew = any(_grew(values, kind, what) for kind in (PART, TOTAL) for what in (SERIES, RESETS))
    is_odd = grew or values.get(RESTARTED, 0.0) > 0
    part, total = (0.0 if is_odd else _count(values, kind) for kind in (PART, TOTAL))
    return Tally(part, total, live=values.get(LIVE, 0.0), arrived=values.get(ARRIVED, 0.0), is_odd=is_odd)


def _grew(values: Mapping[str, float], kind: str, what: str) -> bool:
    return values.get(f"{kind}_{what}", 0.0) > values.get(f"{kind}_{what}_{BEFORE}", 0.0)


def _count(values: Mapping[str, float], kind: str) -> float:
    value = values.get(kind, 0.0)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"a counter cannot grow by {value}; is this a gauge?")
    return value
