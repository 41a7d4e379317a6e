"""How forecasts are judged: by how often the interval holds the outcome, and by how far the median is off."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.forecast.series import FAMILIES, WEEKS, FloatArray, Series
from benchmarks.reporting import Goals
from okrbridge.domain.forecast import Forecast, forecast

GOALS: Goals = {
    "coverage_percent": {"min": 75.0, "max": 85.0},
    **{f"coverage_{family}_percent": {"min": 65.0, "max": 95.0} for family in FAMILIES},
    "error_over_last_value": {"max": 0.99},
    "error_over_first_to_last_line": {"max": 0.99},
}
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Judged:
    """One series with its forecast, and what the two naive rules say of it."""

    series: Series
    forecast: Forecast
    seconds: float

    @property
    def is_covered(self) -> bool:
        """Whether the outcome lies in the 80 % interval."""
        return self.forecast.p10 <= self.series.outcome <= self.forecast.p90

    @property
    def errors(self) -> tuple[float, float, float]:
        """Absolute errors of okrbridge, of the last value, and of the line from the first point to the last."""
        progress, weeks = self.series.progress, self.series.weeks
        slope = (progress[-1] - progress[0]) / (weeks[-1] - weeks[0])
        answers = (self.forecast.p50, progress[-1], progress[0] + slope * (WEEKS - weeks[0]))
        first, second, third = (abs(float(answer) - self.series.outcome) for answer in answers)
        return first, second, third


def judged(series: Series) -> Judged:
    """The forecast of a series, and how long it took."""
    started = time.perf_counter()
    made = forecast(series.weeks, series.progress, WEEKS)
    seconds = time.perf_counter() - started
    assert made is not None, "every series has points enough and time left"  # noqa: S101 - narrows the type
    return Judged(series, made, seconds)


def figures(all_judged: Sequence[Judged]) -> dict[str, float]:
    """The figures that have goals."""
    by_family = {name: [one for one in all_judged if one.series.family == name] for name in FAMILIES}
    ours, last, line = _errors(all_judged)
    return {
        "coverage_percent": _coverage(all_judged),
        **{f"coverage_{name}_percent": _coverage(some) for name, some in by_family.items()},
        "error_over_last_value": round(ours / last, 4),
        "error_over_first_to_last_line": round(ours / line, 4),
    }


def print_table(all_judged: Sequence[Judged]) -> None:
    """Coverage, width and errors by family; steps once more by whether the series shows them."""
    table = Table(title=f"{len(all_judged):,} series, progress when due", title_justify="left")
    for column in ("family", "series", "covered", "median width", "error", "last value", "first-to-last line"):
        table.add_column(column, justify="left" if column == "family" else "right")
    for name in FAMILIES:
        some = [one for one in all_judged if one.series.family == name]
        table.add_row(*_cells(name, some))
        for is_unseen in (False, True) if name == "step" else ():
            part = [one for one in some if one.series.is_unseen is is_unseen]
            table.add_row(*_cells("  after the last point" if is_unseen else "  before it", part), style="dim")
    table.add_section()
    table.add_row(*_cells("all", all_judged))
    Console(width=_WIDTH).print(table)


def reliability(all_judged: Sequence[Judged], goal: float) -> str:
    """How often a goal was promised and reached, in thirds of the promise."""
    promised = np.array([_promise(one, goal) for one in all_judged])
    reached = np.array([one.series.outcome >= goal for one in all_judged])
    parts = []
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        chosen = (promised >= low) & ((promised < high) | (high == 1.0))
        if chosen.any():
            parts.append(f"{promised[chosen].mean():.2f} -> {reached[chosen].mean():.2f} ({chosen.sum()})")
    return "; ".join(parts)


def spans(runs: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """The lowest and the highest of each figure over several runs."""
    return {name: f"{min(run[name] for run in runs):g} to {max(run[name] for run in runs):g}" for name in GOALS}


def _promise(one: Judged, goal: float) -> float:
    made = forecast(one.series.weeks, one.series.progress, WEEKS, goal=goal)
    return 0.0 if made is None else made.hit_probability


def _cells(name: str, some: Sequence[Judged]) -> list[str]:
    width = np.median([one.forecast.p90 - one.forecast.p10 for one in some])
    return [
        name,
        str(len(some)),
        f"{_coverage(some):.1f} %",
        f"{width:.2f}",
        *(f"{error:.4f}" for error in _errors(some)),
    ]


def _coverage(some: Sequence[Judged]) -> float:
    return round(100 * float(np.mean([one.is_covered for one in some])), 2)


def _errors(some: Sequence[Judged]) -> FloatArray:
    """Mean absolute errors, as ``Judged.errors`` orders them."""
    return np.asarray(np.mean([one.errors for one in some], axis=0))
