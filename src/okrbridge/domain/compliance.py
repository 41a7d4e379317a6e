"""Compliance: how much of the time that counts was good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from okrbridge.domain.exclusions import merged
from okrbridge.domain.windows import Interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether what must hold did, over an interval; None where nothing was measured."""

    interval: Interval
    is_good: bool | None


@dataclass(frozen=True, slots=True)
class Compliance:
    """Good time of observed time, in seconds.

    Attributes:
        ratio: None while nothing was observed.
    """

    good_seconds: float
    observed_seconds: float
    ratio: float | None


def compliance_ratio(good_seconds: float, observed_seconds: float) -> float | None:
    """Good time over observed time (formula A3), 0..1; time without data is in neither; None without any.

    Worked example: 12 good weeks of 13 give 0.9231.
    """
    return good_seconds / observed_seconds + 0.0 if observed_seconds > 0 else None


def compliance_of(verdicts: Iterable[Verdict], qualifying: Sequence[Interval] = ()) -> Compliance:
    """Compliance over qualified time (formula A3).

    Worked example: 13 weeks of which 3 and 7 qualify, week 7 bad: one good week of two, 0.5.

    Args:
        verdicts: over intervals that do not overlap.
        qualifying: only this time counts; named twice it counts once; empty for all time.
    """
    qualified = merged(qualifying)
    seconds = {True: 0.0, False: 0.0}
    for verdict in verdicts:
        if verdict.is_good is not None:
            seconds[verdict.is_good] += _seconds_inside(verdict.interval, qualified)
    observed = seconds[True] + seconds[False]
    return Compliance(seconds[True], observed, compliance_ratio(seconds[True], observed))


def _seconds_inside(interval: Interval, qualified: Sequence[Interval]) -> float:
    if not qualified:
        return interval.length.total_seconds()
    return sum(interval.clipped(each).length.total_seconds() for each in qualified)
