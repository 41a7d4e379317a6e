"""SLOs and key results as tables in the terminal. A number that is not known is a dash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from okrbridge.demo.feed import Item, View
from okrbridge.domain.units import format_quantity, parse_unit
from okrbridge.errors import UnitError

UNKNOWN = "-"
_BAR_WIDTH = 8
_COLOURS = {
    "ok": "green", "burning": "yellow", "exhausted": "red", "error": "red", "invalid": "red", "stale": "yellow",
    "on_track": "green", "achieved": "bold green", "at_risk": "yellow", "off_track": "red", "missed": "bold red",
}  # fmt: skip


def tables(view: View, note: str = "") -> RenderableType:
    """Both tables, with a line below them."""
    parts: list[RenderableType] = [slo_table(view.slos), key_result_table(view.key_results)]
    if view.problem or note:
        parts.append(Text(view.problem or note, style="dim"))
    return Group(*parts)


def slo_table(items: Iterable[Item]) -> Table:
    """One row an SLO."""
    table = _table(
        "Service level objectives", "SLO", ("target", "SLI", "budget left", "burn 1h"), ("state", "coverage")
    )
    for item in items:
        table.add_row(
            text(item.get("slo")),
            percent(item.get("target_ratio"), 4),
            percent(item.get("sli_ratio"), 3),
            bar(item.get("budget_remaining_ratio"), 1),
            times(item.get("burn_rate_1h")),
            coloured(item.get("state")),
            percent(item.get("coverage_ratio"), 2),
        )
    return table


def key_result_table(items: Iterable[Item]) -> Table:
    """One row a key result."""
    table = _table("Key results", "key result", ("from", "now", "to", "progress", "planned"), ("status",))
    for item in items:
        table.add_row(
            f"{text(item.get('objective'))}/{text(item.get('key_result'))}",
            *(quantity(item.get(name), item.get("unit")) for name in ("baseline", "value", "target")),
            bar(item.get("progress_ratio"), 0),
            percent(item.get("expected_ratio"), 0),
            coloured(item.get("status")),
        )
    return table


def _table(title: str, name: str, numbers: Sequence[str], others: Sequence[str]) -> Table:
    """On a narrow terminal the names are wrapped, never the numbers."""
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(name, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in others:
        table.add_column(heading, no_wrap=True)
    return table


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


def text(value: object) -> str:
    """A name, or a dash."""
    return UNKNOWN if value is None else str(value)


def percent(value: object, digits: int) -> str:
    """A ratio as a percentage with so many decimals at most."""
    if not isinstance(value, int | float):
        return UNKNOWN
    shown = f"{100 * value:.{digits}f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + "%"


def times(value: object) -> str:
    """A burn rate."""
    return f"{value:.2f}x" if isinstance(value, int | float) else UNKNOWN


def quantity(value: object, unit: object) -> str:
    """A value in its unit, to five significant digits."""
    if not isinstance(value, int | float):
        return UNKNOWN
    rounded = float(f"{value:.5g}")
    try:
        return format_quantity(rounded, parse_unit(str(unit or "")))
    except UnitError:
        return f"{rounded:g} {unit}"


def bar(ratio: object, digits: int) -> Text:
    """A share as a bar and a percentage; the bar is full at 1 and empty at 0 and below."""
    if not isinstance(ratio, int | float):
        return Text(UNKNOWN)
    filled = round(_BAR_WIDTH * min(1.0, max(0.0, ratio)))
    shown = f"{percent(ratio, digits):>8}"
    return Text("█" * filled + "░" * (_BAR_WIDTH - filled) + shown, style="red" if ratio <= 0 else "cyan")


def coloured(state: object) -> Text:
    """A state in its colour."""
    return Text(text(state), style=_COLOURS.get(str(state), "dim"))
