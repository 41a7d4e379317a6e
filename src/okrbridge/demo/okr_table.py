"""The table of objectives and key results: where each stands, where it should be, and what is to be expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from okrbridge.demo.feed import Item, View
from okrbridge.demo.table import UNKNOWN, coloured, percent, plain_table, quantity, slo_table, text

_TITLE = "Objectives and key results"
_WEEK = timedelta(weeks=1)
_DIGITS = 4
_LONG = 600
"""Seconds from which a time is shown in minutes."""
_TRENDS = {"rising": "↑", "falling": "↓"}


def tables(view: View, note: str = "") -> RenderableType:
    """Both tables, with a line below them."""
    title = ", ".join((_TITLE, *map(_week, view.cycles)))
    parts: list[RenderableType] = [slo_table(view.slos), okr_table(view.key_results, view.objectives, title)]
    if view.problem or note:
        parts.append(Text(view.problem or note, style="dim"))
    return Group(*parts)


def _week(cycle: Item) -> str:
    """Which week of a cycle it is."""
    try:
        start, end = (datetime.fromisoformat(str(cycle[name])) for name in ("starts_at", "ends_at"))
        weeks = (end - start) / _WEEK
        return f"{text(cycle.get('cycle'))} in week {int(weeks * float(cycle['elapsed_ratio'])) + 1} of {weeks:.0f}"
    except (KeyError, TypeError, ValueError):
        return text(cycle.get("cycle"))


def okr_table(key_results: Iterable[Item], objectives: Iterable[Item] = (), title: str = _TITLE) -> Table:
    """One row an objective, and below it one row for each of its key results."""
    table = plain_table(title, "objective / key result", ("from", "now", "to"), ())
    for heading in ("done", "plan", "status", "p10..p90", "P(hit)", "said"):
        table.add_column(heading, justify="left" if heading == "status" else "right", no_wrap=True)
    of_objective = _by_objective(key_results)
    known = {text(item.get("objective")): item for item in objectives}
    for name in sorted(of_objective, key=lambda one: bool(known.get(one, {}).get("parent"))):
        table.add_row(*_objective_row(name, known.get(name, {})))
        for item in of_objective[name]:
            table.add_row(*_key_result_row(item))
    return table


def _by_objective(key_results: Iterable[Item]) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in key_results:
        found.setdefault(text(item.get("objective")), []).append(item)
    return found


def _objective_row(name: str, item: Item) -> list[str | Text]:
    progress, expected = percent(item.get("progress_ratio"), 0), percent(item.get("expected_ratio"), 0)
    return [Text(name, style="bold"), "", "", "", progress, expected, coloured(item.get("status"))]


def _key_result_row(item: Item) -> list[str | Text]:
    unit = item.get("unit")
    return [
        f"  {text(item.get('key_result'))}",
        *(_amount(item.get(name), unit) for name in ("baseline", "value", "target")),
        percent(item.get("progress_ratio"), 0),
        percent(item.get("expected_ratio"), 0),
        coloured(item.get("status")),
        interval(item.get("forecast_p10"), item.get("forecast_p90")),
        percent(item.get("hit_probability_ratio"), 0),
        confidence(item),
    ]


def _amount(value: object, unit: object) -> str:
    """A value to four digits; long times in minutes."""
    if unit == "s" and isinstance(value, int | float) and value >= _LONG:
        return quantity(value / 60, "min", _DIGITS - 1)
    return quantity(value, unit, _DIGITS)


def interval(low: object, high: object) -> str:
    """Where progress will be when the key result is due, with a probability of 80 %."""
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return UNKNOWN
    return f"{100 * low:.0f}..{100 * high:.0f}%"


def confidence(item: Item) -> str:
    """What people last said, 0 to 10, with the direction it goes in."""
    said = item.get("confidence")
    if not isinstance(said, int | float):
        return UNKNOWN
    return f"{said:g}{_TRENDS.get(str(item.get('confidence_direction')), '')}"


def summary(view: View) -> str:
    """Everything in one line, for a log."""
    if view.problem:
        return view.problem
    slos = [
        f"{text(item.get('slo'))} {text(item.get('state'))}, {percent(item.get('budget_remaining_ratio'), 1)} left"
        for item in view.slos
    ]
    statuses = [f"{text(item.get('key_result'))} {text(item.get('status'))}" for item in view.key_results]
    return "; ".join(slos) + " | " + ", ".join(statuses)
