"""Verdicts of measurements, put together where they follow each other and are the same: minutes become hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from okrbridge.domain.compliance import Verdict
from okrbridge.domain.windows import Interval

Judged = tuple[datetime, datetime, float | None]
"""Start and end of the time that a value stands for; None where nothing was measured."""


def verdict_runs(judged: Iterable[Judged], is_good: Callable[[float], bool | None]) -> Iterator[Verdict]:
    """The verdicts over a series of values, one for each run of equal ones without a break.

    A quarter has 130,000 minutes and some dozen runs, so what is made of them costs little.

    Args:
        judged: ascending, without overlaps.
        is_good: whether what must hold does at a value; None when that is not known.
    """
    known: dict[float | None, bool | None] = {None: None}
    run: tuple[datetime, datetime, bool | None] | None = None
    for start, end, value in judged:
        if value not in known:
            known[value] = None if value is None else is_good(value)
        verdict = known[value]
        if run is not None and run[1] == start and run[2] is verdict:
            run = (run[0], end, verdict)
            continue
        if run is not None:
            yield Verdict(Interval(run[0], run[1]), run[2])
        run = (start, end, verdict)
    if run is not None:
        yield Verdict(Interval(run[0], run[1]), run[2])
