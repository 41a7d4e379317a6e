"""The table of SLOs in the terminal, and how numbers are shown there. What is not known is a dash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from okrbridge.demo.feed import Item
from okrbridge.domain.units import format_quantity, parse_unit
from okrbridge.errors import UnitError

UNKNOWN = "-"
_BAR_WIDTH = 8
_COLOURS = {
    "ok": "green", "burning": "yellow", "exhausted": "red", "error": "red", "invalid": "red", "stale": "yellow",
    "on_track": "green", "achieved": "bold green", "at_risk": "yellow", "off_track": "red", "missed": "bold red",
    "too_early": "blue", "no_data": "magenta",
}  # fmt: skip


def slo_table(items: Iterable[Item]) -> Table:
    """One row an SLO."""
    table = plain_table(
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


def plain_table(title: str, name: str, numbers: Sequence[str], others: Sequence[str]) -> Table:
    """On a narrow terminal the names are wrapped, never the numbers."""
    padding = (0, 1, 0, 0)
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False, padding=padding
    )
    table.add_column(name, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in others:
        table.add_column(heading, no_wrap=True)
    return table


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


def quantity(value: object, unit: object, digits: int = 5) -> str:
    """A value in its unit, to so many significant digits."""
    if not isinstance(value, int | float):
        return UNKNOWN
    rounded = float(f"{value:.{digits}g}")
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
