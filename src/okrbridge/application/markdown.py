"""Markdown of reports: text without markup of its own, numbers with units, sections, tables whose source reads well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from okrbridge.application.reports import Item
from okrbridge.domain.units import format_quantity, parse_unit

UNKNOWN = "-"
_ADDRESS = re.compile(r"https?://[^\s<>]+")
_MARKUP = re.compile(r"([\\`*\[\]<>|#])")

Column = tuple[str, Callable[[Item], str]]
"""A heading, and what a row has under it."""


def table(columns: Sequence[Column], rows: Sequence[Item]) -> list[str]:
    """A table whose source reads well, too: every cell is padded to its column."""
    cells = [[name for name, _ in columns], *([text(row) for _, text in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    rule = ["-" * max(3, width) for width in widths]
    lines = [cells[0], rule, *cells[1:]]
    return [
        "| " + " | ".join(cell.ljust(max(3, width)) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]


def section(title: str, lines: Iterable[str]) -> list[str]:
    """Lines under a heading; none without lines."""
    found = list(lines)
    return ["", f"## {title}", "", *found] if found else []


def plain(value: str | None) -> str:
    """Text as it was written: one line, and no markup of its own."""
    return _MARKUP.sub(r"\\\1", " ".join((value or "").split()))


def link(url: str) -> str:
    """An address of the web that can be followed; any other text as it was written."""
    return f"<{url}>" if _ADDRESS.fullmatch(url) else plain(url)


def words(name: str) -> str:
    """A name such as ``off_track`` as words."""
    return name.replace("_", " ")


def quantity(row: Item, key: str) -> str:
    """A value of a row in the row's ``unit``."""
    value = row[key]
    return UNKNOWN if value is None else format_quantity(value, parse_unit(row["unit"] or ""))


def rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}") + 0.0


def percent(ratio: float | None) -> str:
    """A ratio in whole percent."""
    return UNKNOWN if ratio is None else f"{ratio * 100:.0f}%"
