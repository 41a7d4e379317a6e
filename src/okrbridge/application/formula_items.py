"""Formulas as items: in words, with the numbers put in, and the value."""

from __future__ import annotations

from okrbridge.application.reports import Item, finite


def number(value: float | None) -> str:
    """A number inside a formula: twelve significant digits, so that 1 - 0.999 reads 0.001."""
    return "unknown" if value is None else f"{value + 0.0:.12g}"


def formula(name: str, text: str, numbers: str, value: float | None) -> Item:
    """One formula: in words, with the numbers put in, and its value."""
    shown = finite(value)
    return {"name": name, "formula": text, "numbers": f"{numbers} = {number(shown)}", "value": shown}
