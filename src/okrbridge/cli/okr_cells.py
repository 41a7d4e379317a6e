"""Cells of a spreadsheet as people fill them in: quantities, limits and dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from okrbridge.domain.units import Quantity, parse_quantity
from okrbridge.errors import UnitError

_SIGNS = {
    ">=": "ge", "≥": "ge", "=>": "ge", "at least": "ge", "min": "ge",
    ">": "gt", "above": "gt", "more than": "gt", "over": "gt",
    "<=": "le", "≤": "le", "=<": "le", "at most": "le", "max": "le", "up to": "le", "within": "le",
    "<": "lt", "below": "lt", "under": "lt", "less than": "lt",
}  # fmt: skip
_LIMIT = re.compile(
    rf"^(?P<sign>{'|'.join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))})\.?\s*(?P<rest>.+)$", re.IGNORECASE
)
_DECIMAL_COMMA = re.compile(r"\d,(?:\d{1,2}|\d{4,})(?!\d)")
_ANY_COMMA = re.compile(r"\d,\d")
_POINT_OF_THOUSANDS = re.compile(r"(?<![\d.])[1-9]\d{0,2}\.\d{3}(?![\d.])")
_MONEY = re.compile(r"^(?P<sign>[€$£])\s*(?P<number>.+)$|^(?P<before>[^€$£]+?)\s*(?P<after>[€$£])$")
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}
_NOUN = re.compile(r"^(?P<quantity>[+-]?[\d.,]+\s*[kKM]?)\s+(?P<noun>[A-Za-z][A-Za-z -]*)$")


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity as it is to be written in a document.

    Attributes:
        operator: of a limit, such as ge for "at least"; empty for none.
        noun: what is counted, where that was written behind the number; documents have numbers alone.
    """

    quantity: Quantity
    operator: str = ""
    noun: str = ""


def amount(text: str, unit: str, *, semicolons: bool) -> Amount:
    """Read a cell such as ``99.2%``, ``8k users``, ``under 15 min`` or ``€ 20,000``.

    Args:
        text: the cell.
        unit: of the unit column, for a cell that is a number alone; empty for none.
        semicolons: whether the file has semicolons between cells, as where a comma is the decimal sign.

    Raises:
        UnitError: no quantity, or one that can be read in two ways; the message says what to write.
    """
    limit = _LIMIT.match(text)
    operator = _SIGNS[limit["sign"].casefold()] if limit else ""
    bare = (limit["rest"] if limit else text).strip()
    _refuse_two_ways(bare, semicolons=semicolons)
    bare = _with_currency(bare.removesuffix("+").strip())
    if unit and re.fullmatch(r"[+-]?[\d.,]+[kKM]?", bare):
        bare = f"{bare} {unit}"
    quantity, noun = _counted(bare)
    return Amount(quantity, operator, noun)


def _refuse_two_ways(text: str, *, semicolons: bool) -> None:
    number = re.search(r"[\d.,]+", text)
    shown = number[0].strip(",.") if number else text
    if _DECIMAL_COMMA.search(text) or (semicolons and _ANY_COMMA.search(text)):
        point, none = shown.replace(",", "."), shown.replace(",", "")
        raise UnitError(f"{text!r} can be read in two ways; write {point} or {none}")
    if semicolons and _POINT_OF_THOUSANDS.search(text):
        raise UnitError(f"{text!r} can be read in two ways; write {shown.replace('.', '')} or {shown.rstrip('0')}")


def _with_currency(text: str) -> str:
    money = _MONEY.match(text)
    if money is None:
        return text
    return f"{money['number'] or money['before']} {_CURRENCIES[money['sign'] or money['after']]}"


def _counted(text: str) -> tuple[Quantity, str]:
    """The quantity; of a count of things the number alone, and the things."""
    try:
        return parse_quantity(text), ""
    except UnitError as error:
        counted = _NOUN.match(text)
        if counted is None or "did you mean" in str(error):
            raise
        return parse_quantity(counted["quantity"].strip()), counted["noun"]


def day(text: str) -> date:
    """Read a date: 2026-12-31, 31.12.2026 or 31 Dec 2026.

    Raises:
        ValueError: anything else; with slashes nobody knows which number is the month.
    """
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return date(int(found[3]), int(found[2]), int(found[1]))
    if found := re.fullmatch(r"(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?\s+(\d{4})", text):
        months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
        return date(int(found[3]), months.index(found[2].casefold()) + 1, int(found[1]))
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text!r} is no date that everybody reads alike; write 2026-12-31") from None
