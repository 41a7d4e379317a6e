"""The history of one SLO as rows over equal steps, read from the ledger in few queries however many rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from okrbridge.application.ports import Buckets
from okrbridge.application.reports import finite, rfc3339
from okrbridge.application.slo_budgets import consumed_in_period
from okrbridge.application.slo_counts import SloCounts
from okrbridge.domain.count_budget import consumed_count
from okrbridge.domain.error_budget import NOISE, consumed_ratio, remaining_ratio, sli_ratio
from okrbridge.domain.ledger import FloatArray, WindowCounts
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Grid, Interval, RollingWindow, from_epoch

MAX_ROWS = 11_000
"""As many points as Prometheus gives for one series."""
USUAL_ROWS = 300

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_ROUND_STEPS = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 4, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 28)),
)


def usual_step(length: timedelta, grid: Grid) -> timedelta:
    """A round step, a multiple of the grid's, that cuts a length into about 300 rows.

    Worked example: 30 days / 300 is 2.4 h; of 2 h (360 rows) and 3 h (240 rows) the first is nearer.
    """
    wanted = max(length.total_seconds(), 1.0) / USUAL_ROWS
    fitting = [step for step in _ROUND_STEPS if step % grid.step_seconds == 0]
    if not fitting or wanted <= grid.step_seconds:
        return grid.step
    if wanted > fitting[-1] or wanted < fitting[0]:
        return on_grid(timedelta(seconds=wanted), grid)
    return timedelta(seconds=min(fitting, key=lambda step: abs(math.log(step / wanted))))


def on_grid(step: timedelta, grid: Grid) -> timedelta:
    """A step rounded up to a multiple of the grid's."""
    return grid.step * max(1, -(-step // grid.step))


def whole_rows(interval: Interval, step: timedelta, grid: Grid) -> Interval:
    """The whole steps of an interval moved back onto the grid, counted from its end, so that the newest is complete."""
    end = grid.floor(interval.end)
    rows = max(0, (end - grid.floor(interval.start)) // step)
    return Interval(end - rows * step, end)


@dataclass(frozen=True, slots=True)
class _WindowSums:
    """Sums over the SLO's window at the end of each row."""

    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray
    in_force_seconds: FloatArray


def history_rows(source: SloCounts, slo: Slo, rows: Interval, step: timedelta, grid: Grid) -> list[dict[str, Any]]:
    """One row a step, ascending: counts and SLI of the step, and the budget left over the SLO's window at its end.

    Args:
        rows: both ends on the grid, a whole number of steps, as ``whole_rows`` gives.
        step: a multiple of the grid's.

    Returns:
        Items of time (the row's start), good, total, sli_ratio, budget_remaining_ratio (signed), coverage_ratio (of
        the step). What was not measured is None.
    """
    count = rows.length // step
    if count == 0:
        return []
    steps = source.buckets(slo, rows, step)
    rolling = _window_sums(source, slo, rows, steps, grid)
    left = remaining_ratio(_consumed(slo, rolling, rows, step))
    sli = sli_ratio(steps.good, steps.total)
    return [
        {
            "time": rfc3339(from_epoch(int(steps.starts[row]))),
            "good": finite(steps.good[row]) if steps.measured_seconds[row] > 0 else None,
            "total": finite(steps.total[row]) if steps.measured_seconds[row] > 0 else None,
            "sli_ratio": finite(sli[row]),
            "budget_remaining_ratio": finite(left[row]) if rolling.measured_seconds[row] > 0 else None,
            "coverage_ratio": finite(steps.measured_seconds[row] / step.total_seconds()),
        }
        for row in range(count)
    ]


def _window_sums(source: SloCounts, slo: Slo, rows: Interval, steps: Buckets, grid: Grid) -> _WindowSums:
    if isinstance(slo.window, RollingWindow) and source.is_plain(slo):
        return _rolling(source, slo, RollingWindow(grid.step * (slo.window.length // grid.step)), rows, steps)
    step = rows.length // len(steps.starts)
    ends = [rows.start + step * (row + 1) for row in range(len(steps.starts))]
    found = source.along(slo, [grid.covering(slo.window.at(end)) for end in ends])
    return _WindowSums(found.good, found.total, found.measured, found.in_force)


def _rolling(source: SloCounts, slo: Slo, window: RollingWindow, rows: Interval, steps: Buckets) -> _WindowSums:
    """The first window is summed once; each next one gains the row it grew by and loses the step it left behind."""
    step = rows.length // len(steps.starts)
    first, last = window.at(rows.start + step), window.at(rows.end)
    [counts] = source.window_counts(slo, [first])
    if last.start == first.start:
        return _slide(counts, steps, None)
    return _slide(counts, steps, source.buckets(slo, Interval(first.start, last.start), step))


def _consumed(slo: Slo, sums: _WindowSums, rows: Interval, step: timedelta) -> FloatArray:
    """Share of the budget spent at the end of each row."""
    bad = sums.total - sums.good
    if slo.count_budget is not None:
        return consumed_count(bad, np.full_like(bad, slo.count_budget))
    if isinstance(slo.window, RollingWindow):
        return consumed_ratio(bad, sums.total, np.full_like(bad, slo.target_ratio))
    columns = zip(sums.good.tolist(), sums.total.tolist(), sums.in_force_seconds.tolist(), strict=True)
    return np.array(
        [
            consumed_in_period(slo, good, total, in_force, rows.start + step * (row + 1))
            for row, (good, total, in_force) in enumerate(columns)
        ]
    )


def _slide(first: WindowCounts, gained: Buckets, lost: Buckets | None) -> _WindowSums:
    def sums(start: float, plus: FloatArray, minus: FloatArray | None) -> FloatArray:
        changes = plus[1:] - minus if minus is not None else plus[1:]
        running = start + np.concatenate([[0.0], np.cumsum(changes)])
        # Adding and taking away fractions leaves float dust where the true sum is zero.
        dust = NOISE * max(1.0, float(np.abs(running).max()))
        return np.where(np.abs(running) < dust, 0.0, running)

    return _WindowSums(
        good=sums(first.good, gained.good, lost.good if lost else None),
        total=sums(first.total, gained.total, lost.total if lost else None),
        measured_seconds=sums(
            first.measured.total_seconds(), gained.measured_seconds, lost.measured_seconds if lost else None
        ),
        in_force_seconds=np.full(len(gained.starts), first.in_force.total_seconds()),
    )


def latest_boundary(evaluated_at: datetime | None, now: datetime, grid: Grid) -> datetime:
    """Where history ends: the boundary evaluated last, else the last one of the grid."""
    return evaluated_at if evaluated_at is not None else grid.floor(now)
