"""Cells of a spreadsheet as people fill them in: quantities and limits."""

from __future__ import annotations

import re
from dataclasses import dataclass

from okrbridge.domain.units import Quantity, parse_quantity
from okrbridge.errors import UnitError

_SIGNS = {
    ">=": "ge", "≥": "ge", "=>": "ge", "at least": "ge", "min": "ge", "minimum": "ge", "no less than": "ge",
    "mindestens": "ge",
    ">": "gt", "above": "gt", "more than": "gt", "over": "gt", "über": "gt", "mehr als": "gt",
    "<=": "le", "≤": "le", "=<": "le", "at most": "le", "max": "le", "maximum": "le", "no more than": "le",
    "up to": "le", "within": "le", "höchstens": "le", "maximal": "le",
    "<": "lt", "below": "lt", "under": "lt", "less than": "lt", "unter": "lt", "weniger als": "lt",
}  # fmt: skip
_LIMIT = re.compile(
    rf"^(?P<sign>{'|'.join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))})\.?\s*(?P<rest>.+)$", re.IGNORECASE
)
_LIMIT_BEHIND = re.compile(r"^(?P<rest>.+?),?\s+or\s+(?P<way>more|less|fewer)$", re.IGNORECASE)
_LONGEST = 100
"""Characters of a cell that may be a quantity."""
_SHOWN = 40
_NUMBER = re.compile(r"\d[\d.,]*")
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[ '\u2019](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"\d{1,3}(?:(?P<sign>[.,])\d{3})(?:(?P=sign)\d{3})*")
_RANGE = re.compile(r"\d[\d.,]*(?![eE]-\d)\s*[%a-zA-Z]*\s*[-\u2013]\s*\d")
_PER = re.compile(r"\s+per\s+", re.IGNORECASE)
_MONEY = re.compile(r"^(?P<sign>[€$£])\s*(?P<number>.+)$|^(?P<before>[^€$£]+?)\s*(?P<after>[€$£])$")
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}
_OF_MONEY = re.compile("[€$£]|EUR|USD|GBP|CHF|JPY")
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
    """Read a cell such as ``99.2%``, ``99,2 %``, ``8k users``, ``under 15 min`` or ``€ 20,000``.

    Args:
        text: the cell.
        unit: of the unit column, for a cell that is a number alone; empty for none.
        semicolons: whether the file has semicolons between cells, as where a comma is the decimal sign.

    Raises:
        UnitError: no quantity, or one that can be read in two ways; the message says what to write.
    """
    if len(text) > _LONGEST:
        raise UnitError(f"{text[:_SHOWN]!r} … is a text and no quantity; write a number with a unit, such as 99.95%")
    operator, bare = _limited(text)
    if _RANGE.search(bare):
        raise UnitError(f"{text!r} is a range; write one number")
    bare = _with_currency(_with_point(_PER.sub("/", bare), semicolons=semicolons).removesuffix("+").strip())
    if unit and re.fullmatch(r"[+-]?[\d.,]+[kKM]?", bare):
        bare = f"{bare} {unit}"
    quantity, noun = _counted(bare)
    return Amount(quantity, operator, noun)


def _limited(text: str) -> tuple[str, str]:
    """The operator of a limit, empty for none, and the text without its words."""
    if limit := _LIMIT.match(text):
        return _SIGNS[limit["sign"].casefold()], limit["rest"].strip()
    if limit := _LIMIT_BEHIND.match(text):
        return "ge" if limit["way"].casefold() == "more" else "le", limit["rest"].strip()
    return "", text.strip()


def _with_point(text: str, *, semicolons: bool) -> str:
    """The text with its number as documents have it: a point before decimals, commas or nothing between thousands."""
    closed = _SPACED_THOUSANDS.sub("", text)
    number = _NUMBER.search(closed)
    if number is None:
        return closed
    digits = number[0].rstrip(".,")
    # Prices have three decimals at times, but nobody writes them with a comma where commas stand between cells.
    doubtful = ",." if semicolons else "." if _OF_MONEY.search(text) else ""
    written = _plain_number(digits, text, doubtful)
    return closed[: number.start()] + written + closed[number.start() + len(digits) :]


def _plain_number(digits: str, text: str, doubtful: str) -> str:
    """A number with a decimal point.

    Thousands are three digits long, so ``99,95`` and ``1.234,50`` can be read in one way only. ``1,500`` and ``1.500``
    are thousands in one country and decimals in another.

    Args:
        text: the cell, for messages.
        doubtful: signs that may stand before thousands as well as before three decimals.

    Raises:
        UnitError: it can be read in two ways, or in none.
    """
    signs = [each for each in digits if each in ".,"]
    thousands = _THOUSANDS.fullmatch(digits)
    if len(signs) == 1 and thousands is not None and not digits.startswith("0"):
        if signs[0] in doubtful:
            whole, _, rest = digits.partition(signs[0])
            raise UnitError(f"{text!r} can be read in two ways; write {whole}{rest} or {whole}.{rest.rstrip('0') or 0}")
        return digits
    if len(signs) > 1 and thousands is not None:
        return re.sub("[.,]", "", digits)
    whole, _, decimals = digits.rpartition(signs[-1]) if signs else (digits, "", "")
    if not signs or whole.isdigit():
        return f"{whole}.{decimals}" if signs else digits
    grouped = _THOUSANDS.fullmatch(whole)
    if grouped is None or grouped["sign"] == signs[-1]:
        raise UnitError(f"{text!r} is not a number; write it without signs between its thousands, such as 1234.5")
    return f"{re.sub('[.,]', '', whole)}.{decimals}"


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
