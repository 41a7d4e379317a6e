"""The table of objectives and key results: where each stands, where it should be, and what is to be expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from okrbridge.demo.feed import Item, View
from okrbridge.demo.table import UNKNOWN, coloured, percent, plain_table, quantity, slo_table, text

_TITLE = "Objectives and key results"
_WEEK = timedelta(weeks=1)
_DIGITS = 4
_LONG = 600
"""Seconds from which a time is shown in minutes."""
_AMOUNTS = {"from": "baseline", "now": "value", "to": "target"}
_HEADINGS = (*_AMOUNTS, "done", "plan", "status", "p10..p90", "P(hit)", "said")
_SPARED = ("from", "plan")
"""What a narrow terminal does without, so that names stay whole."""
_WIDE = 96
_TRENDS = {"rising": "↑", "falling": "↓"}


def tables(view: View, note: str = "") -> RenderableType:
    """Both tables, with a line below them."""
    title = ", ".join((_TITLE, *map(_week, view.cycles)))
    parts: list[RenderableType] = [slo_table(view.slos), _OkrTable(view.key_results, view.objectives, title)]
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


@dataclass(frozen=True)
class _OkrTable:
    """One row an objective, and below it one row for each of its key results."""

    key_results: Iterable[Item]
    objectives: Iterable[Item]
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table as wide as the terminal lets it be."""
        left_out = _SPARED if options.max_width < _WIDE else ()
        table = plain_table(self.title, "objective / key result", (), ())
        for heading in _HEADINGS:
            if heading not in left_out:
                table.add_column(heading, justify="left" if heading == "status" else "right", no_wrap=True)
        for name, cells in self._rows():
            table.add_row(name, *(cells.get(heading, "") for heading in _HEADINGS if heading not in left_out))
        yield table

    def _rows(self) -> Iterator[tuple[str | Text, Mapping[str, str | Text]]]:
        of_objective = _by_objective(self.key_results)
        known = {text(item.get("objective")): item for item in self.objectives}
        for name in sorted(of_objective, key=lambda one: bool(known.get(one, {}).get("parent"))):
            yield Text(name, style="bold"), _standing(known.get(name, {}))
            for item in of_objective[name]:
                yield f"  {text(item.get('key_result'))}", _key_result_cells(item)


def _by_objective(key_results: Iterable[Item]) -> Mapping[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in key_results:
        found.setdefault(text(item.get("objective")), []).append(item)
    return found


def _standing(item: Item) -> dict[str, str | Text]:
    """What objectives and key results have alike."""
    return {
        "done": percent(item.get("progress_ratio"), 0),
        "plan": percent(item.get("expected_ratio"), 0),
        "status": coloured(item.get("status")),
    }


def _key_result_cells(item: Item) -> dict[str, str | Text]:
    unit = item.get("unit")
    return {
        **{heading: _amount(item.get(name), unit) for heading, name in _AMOUNTS.items()},
        **_standing(item),
        "p10..p90": interval(item.get("forecast_p10"), item.get("forecast_p90")),
        "P(hit)": percent(item.get("hit_probability_ratio"), 0),
        "said": confidence(item),
    }


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
