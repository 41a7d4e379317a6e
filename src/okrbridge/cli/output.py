"""Printing: JSON and tables to stdout, everything said about them to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

Item = Mapping[str, Any]

UNKNOWN = "-"
"""What stands where a number is unknown."""

_ANY_WIDTH = 1_000_000
"""Columns that no table needs."""


def print_json(document: object) -> None:
    """Print one JSON document, in UTF-8 whatever the terminal's encoding is."""
    _print_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def print_text(text: str) -> None:
    """Print a text that ends its lines by itself, in UTF-8 whatever the terminal's encoding is."""
    _print_bytes(text.encode())


def _print_bytes(written: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(written)
    # A reader that went away is noticed here and not when the interpreter ends, where it is a failure.
    sys.stdout.flush()


def say(message: str) -> None:
    """Tell the user something that is not the result."""
    print(message, file=sys.stderr)  # noqa: T201 - the command line prints


def print_slos(items: Sequence[Item]) -> None:
    """SLOs as a table."""
    _print_table(
        "SLOs",
        (
            ("slo", lambda item: str(item["slo"])),
            ("state", lambda item: str(item["state"])),
            ("target", lambda item: percent(item["target_ratio"])),
            ("sli", lambda item: percent(item["sli_ratio"])),
            ("good", lambda item: count(item["good"])),
            ("total", lambda item: count(item["total"])),
            ("budget left", lambda item: percent(item["budget_remaining_ratio"], digits=1)),
            ("burn 1h", lambda item: number(item["burn_rate_1h"])),
            ("coverage", lambda item: percent(item["coverage_ratio"], digits=2)),
            ("age", lambda item: age(item["data_age_seconds"])),
        ),
        items,
    )


def print_key_results(items: Sequence[Item]) -> None:
    """Key results as a table."""
    _print_table(
        "Key results",
        (
            ("key result", lambda item: f"{item['objective']}/{item['key_result']}"),
            ("status", lambda item: str(item["status"])),
            ("from", lambda item: quantity(item["baseline"], item["unit"])),
            ("now", lambda item: quantity(item["value"], item["unit"])),
            ("to", _wanted),
            ("progress", lambda item: percent(item["progress_ratio"], digits=1)),
            ("expected", lambda item: percent(item["expected_ratio"], digits=1)),
            ("quality", lambda item: str(item["quality"])),
        ),
        items,
    )


def _wanted(item: Item) -> str:
    """The target; of a hypothesis, the smallest change that validates it."""
    from okrbridge.domain.units import format_change, parse_unit

    target, unit = item["target"], item["unit"]
    if item.get("kind") != "hypothesis" or target is None:
        return quantity(target, unit)
    return f"{'' if target < 0 else '+'}{format_change(target, parse_unit(unit or ''))}"


def print_planned_queries(items: Sequence[Item]) -> None:
    """What sources are asked at every slice: a table, and below it the questions by their numbers."""
    _print_table(
        "Questions at every slice",
        (
            ("no", lambda item: str(item["number"])),
            ("source", lambda item: str(item["source"])),
            ("method", lambda item: str(item["method"])),
            ("SLIs", lambda item: count(item["slis"])),
            ("series", lambda item: count(item["series"])),
            ("SLOs", lambda item: some(item["slos"])),
            ("note", lambda item: str(item["note"])),
        ),
        items,
        numbers=("no", "SLIs", "series"),
    )
    for item in items:
        print(f"\n{item['number']}: {item['query']}")  # noqa: T201 - the command line prints


def print_tokens(items: Sequence[Item]) -> None:
    """Tokens as a table."""
    _print_table(
        "Tokens",
        (
            ("name", lambda item: str(item["name"])),
            ("id", lambda item: str(item["id"])),
            ("role", lambda item: str(item["role"])),
            ("restricted", lambda item: "sees" if item["restricted"] else UNKNOWN),
            ("created", lambda item: _day(item["created_at"])),
            ("by", lambda item: str(item["created_by"])),
            ("expires", lambda item: _day(item["expires_at"])),
            ("revoked", lambda item: _day(item["revoked_at"])),
            ("in force", lambda item: "yes" if item["in_force"] else "no"),
        ),
        items,
        numbers=(),
    )


def _day(instant: str | None) -> str:
    return UNKNOWN if instant is None else instant[:10]


def some(names: Sequence[str], shown: int = 3) -> str:
    """The first names, and how many more there are."""
    rest = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest


def _print_table(
    title: str,
    columns: Sequence[tuple[str, Callable[[Item], str]]],
    items: Sequence[Item],
    numbers: Collection[str] | None = None,
) -> None:
    """Print a table; the columns of ``numbers``, by default all after the second, stand to the right."""
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    at_the_right = [name for name, _ in columns[2:]] if numbers is None else numbers
    for name, _ in columns:
        table.add_column(name, justify="right" if name in at_the_right else "left", no_wrap=True)
    for item in items:
        table.add_row(*(text(item) for _, text in columns))
    console = Console()
    needed = Measurement.get(console, console.options.update(width=_ANY_WIDTH), table).maximum
    # A table squeezed into a narrow terminal, or into the 80 columns a pipe is taken for, would cut its numbers.
    Console(width=max(console.width, needed)).print(table)


def percent(ratio: float | None, *, digits: int = 3) -> str:
    """A ratio as percent, a dash when unknown."""
    return UNKNOWN if ratio is None else f"{ratio * 100:.{digits}f}%"


def count(events: float | None) -> str:
    """A count of events, a dash when unknown."""
    return UNKNOWN if events is None else f"{events:,.0f}"


def number(value: float | None) -> str:
    """A plain number, a dash when unknown."""
    return UNKNOWN if value is None else f"{value:.2f}"


def quantity(value: float | None, unit: str | None) -> str:
    """A value with its unit, a dash when unknown."""
    from okrbridge.domain.units import format_quantity, parse_unit

    return UNKNOWN if value is None else format_quantity(value, parse_unit(unit or ""))


def age(seconds: float | None) -> str:
    """An age in whole seconds, minutes or hours, a dash when unknown."""
    if seconds is None:
        return UNKNOWN
    length = timedelta(seconds=seconds)
    if length < timedelta(minutes=2):
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if length < timedelta(hours=2) else f"{seconds / 3600:.0f}h"
