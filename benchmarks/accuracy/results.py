"""The table of results: errors of every engine, what stayed unseen, and the coverage that okrbridge tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.accuracy.peers import Answer
from benchmarks.accuracy.product import Measured
from benchmarks.accuracy.scenarios import Scenario
from benchmarks.reporting import Goals

GOALS: Goals = {
    "worst_bad_error_percent": {"max": 0.1},
    "worst_total_error_percent": {"max": 0.1},
    "worst_budget_error_percent": {"max": 0.1},
    "incomplete_without_a_word": {"max": 0.0},
}
_NO_ANSWER = 100.0
"""The error of an answer that is missing, percent."""
_WIDTH = 250


@dataclass(frozen=True, slots=True)
class Errors:
    """How far an answer is from the truth, percent of the truth; NaN where there is no answer."""

    bad: float
    total: float
    budget: float

    @classmethod
    def of(cls, answer: Answer, scenario: Scenario) -> Errors:
        """The errors of an answer."""
        truth = scenario.truth
        budget = truth.budget_consumed(scenario.target_ratio)
        return cls(
            100 * (answer.bad / truth.bad - 1),
            100 * (answer.total / truth.total - 1),
            100 * (answer.budget_consumed / budget - 1),
        )

    def __str__(self) -> str:
        return " / ".join(_percent(error) for error in (self.bad, self.total, self.budget))


@dataclass(frozen=True, eq=False)
class Row:
    """One scenario and what everybody says of it.

    Attributes:
        pushed_down: okrbridge when the server subtracts and sums; None where that was not measured.
    """

    scenario: Scenario
    okrbridge: Measured
    pushed_down: Measured | None
    peers: Mapping[str, Answer]

    @property
    def own(self) -> list[Measured]:
        """What okrbridge says, both ways."""
        return [one for one in (self.okrbridge, self.pushed_down) if one is not None]

    @property
    def errors(self) -> list[Errors]:
        """Those of okrbridge, both ways."""
        return [Errors.of(one.answer, self.scenario) for one in self.own]

    @property
    def cells(self) -> list[str]:
        """The texts of the table."""
        scenario, truth = self.scenario, self.scenario.truth
        consumed = truth.budget_consumed(scenario.target_ratio)
        coverage = f"{100 * self.okrbridge.coverage:.1f} %"
        return [
            scenario.title,
            f"{truth.bad:,} / {truth.total:,} / {100 * consumed:,.4g} %",
            str(self.errors[0]),
            "" if self.pushed_down is None else str(self.errors[1]),
            *(str(Errors.of(answer, scenario)) for answer in self.peers.values()),
            f"{truth.unseen:,}",
            coverage if scenario.is_complete else f"incomplete, {coverage}",
        ]


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """The worst errors of okrbridge, both ways, and how many incomplete answers it gives as if they were complete."""
    complete = [errors for row in rows if row.scenario.is_complete for errors in row.errors]
    incomplete = [one for row in rows if not row.scenario.is_complete for one in row.own]
    return {
        "worst_bad_error_percent": _worst(errors.bad for errors in complete),
        "worst_total_error_percent": _worst(errors.total for errors in complete),
        "worst_budget_error_percent": _worst(errors.budget for errors in complete),
        "incomplete_without_a_word": float(sum(not one.coverage < 1 for one in incomplete)),
    }


def _worst(errors: Iterator[float]) -> float:
    return round(max((_NO_ANSWER if math.isnan(error) else abs(error) for error in errors), default=0.0), 4)


def headings(rows: Sequence[Row]) -> list[str]:
    """Of the columns."""
    return [
        "scenario",
        "truth: bad / total / budget",
        "okrbridge",
        "okrbridge, pushed down",
        *rows[0].peers,
        "unseen",
        "coverage",
    ]


def print_table(rows: Sequence[Row]) -> None:
    """For people at a terminal."""
    table = Table(title="Errors of bad / total / budget consumed, percent of the truth", title_justify="left")
    for heading in headings(rows):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row.cells)
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH)).print(table)


def markdown(rows: Sequence[Row]) -> str:
    """For the README."""
    first = headings(rows)
    lines = [first, ["---"] * len(first), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _percent(error: float) -> str:
    if math.isnan(error):
        return "NaN"
    if abs(error) < 0.0005:
        return "0"
    return f"{error:+,.3f}" if abs(error) < 1 else f"{error:+,.1f}" if abs(error) < 1000 else f"{error:+,.0f}"
