"""How a benchmark tells its figures, a table for people and one line of JSON for machines, or why it has none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Literal

import pytest
from rich.console import Console
from rich.table import Table

Goals = Mapping[str, Mapping[Literal["max", "min"], float]]


def exit_code(benchmark: Callable[[], int]) -> int:
    """Run a benchmark; 2, with the reason on stderr, when a server or program that it needs is missing or fails.

    Its servers are those of the tests, which end by skipping or failing a test.
    """
    try:
        return benchmark()
    except (pytest.skip.Exception, pytest.fail.Exception) as ended:
        print(f"the benchmark cannot run: {ended.msg}", file=sys.stderr)  # noqa: T201 - a benchmark prints
        return 2


def is_met(value: float, goal: Mapping[Literal["max", "min"], float]) -> bool:
    """Whether a figure reaches its goal."""
    return value <= goal.get("max", float("inf")) and value >= goal.get("min", float("-inf"))


def report(bench: str, title: str, figures: Mapping[str, float], goals: Goals, *, more: Mapping[str, str] = {}) -> int:
    """Print the table and, last, the line; returns the exit code: 1 when a goal is missed.

    Args:
        more: what was measured beside the figures, such as the seconds that a ratio is made of; shown, not judged.
    """
    table = Table(title=title, title_justify="left")
    for column in ("figure", "measured", "goal", ""):
        table.add_column(column)
    for name, goal in goals.items():
        wanted = ", ".join(f"{'at most' if kind == 'max' else 'at least'} {limit:g}" for kind, limit in goal.items())
        table.add_row(name, f"{figures[name]:g}", wanted, "met" if is_met(figures[name], goal) else "MISSED")
    for name, value in more.items():
        table.add_row(name, value, "", "", style="dim")
    Console().print(table)
    met = all(is_met(figures[name], goal) for name, goal in goals.items())
    line = {"bench": bench, "figures": {name: figures[name] for name in goals}, "goals": goals, "met": met}
    print(json.dumps(line))  # noqa: T201 - a benchmark prints
    return 0 if met else 1
