"""Quantities with units: ``99.95%``, ``800ms``, ``2.1MB``, ``3/day``, ``12/month``.

Ratios are 0..1 inside: ``99.95%`` is 0.9995 of the unit ``ratio``. Months and quarters have no
fixed length, so a rate per month does not convert to a rate per day or week (formula A6).
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from okrbridge.errors import UnitError


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure.

    Attributes:
        symbol: how it is written, ``ms``, ``KB``, ``/week``; empty for a plain number.
        dimension: units of one dimension convert into each other, no others do.
        factor: how many base units of the dimension one of this is.
    """

    symbol: str
    dimension: str
    factor: float

    def __str__(self) -> str:
        return self.symbol


PLAIN = Unit("", "number", 1.0)
RATIO = Unit("ratio", "ratio", 1.0)
PERCENT = Unit("%", "ratio", 0.01)
SECONDS = Unit("s", "time", 1.0)

_TIME = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0,
    "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": 86400.0,
    "day": 86400.0, "days": 86400.0, "w": 604800.0, "week": 604800.0, "weeks": 604800.0,
}  # fmt: skip
# Decimal prefixes are powers of 1000 and the i-prefixes powers of 1024 (IEC 80000-13): 2.1MB is 2100KB.
_SIZE = {
    "B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15,
    "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4,
}  # fmt: skip
_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY")
_FIXED_PERIODS = {
    "s": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0,
    "d": 86400.0, "day": 86400.0, "week": 604800.0,
}  # fmt: skip
_CALENDAR_PERIODS = {"month": 1.0, "quarter": 3.0, "year": 12.0}

_SIMPLE: dict[str, Unit] = {
    "": PLAIN,
    "1": PLAIN,
    "ratio": RATIO,
    "%": PERCENT,
    "percent": PERCENT,
    "ppm": Unit("ppm", "ratio", 1e-6),
    "x": Unit("x", "multiple", 1.0),
    "points": Unit("points", "points", 1.0),
    **{symbol: Unit(symbol, "time", factor) for symbol, factor in _TIME.items()},
    "second": SECONDS,
    "seconds": SECONDS,
    **{symbol: Unit(symbol, "size", factor) for symbol, factor in _SIZE.items()},
    "bytes": Unit("B", "size", 1.0),
    **{symbol: Unit(symbol, symbol, 1.0) for symbol in _CURRENCIES},
}
_MAGNITUDES = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}

_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"^(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s].*)?$")
_OUT_OF = re.compile(r"^(?P<part>\d+(?:\.\d+)?)\s+out\s+of\s+(?P<whole>\d+(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, and the text it was read from.

    A percentage is held as it will be used: ``Quantity(0.9995, RATIO, "99.95%")``.
    """

    value: float
    unit: Unit
    text: str = ""

    def to(self, unit: Unit) -> float:
        """The value in another unit. Raises UnitError when the dimensions differ."""
        return convert(self.value, self.unit, unit)


def parse_unit(text: str) -> Unit:
    """Read a unit such as ``ms``, ``%``, ``KB`` or ``/week``.

    Raises:
        UnitError: no such unit; the message offers the nearest one.
    """
    text = text.strip()
    if text in _SIMPLE:
        return _SIMPLE[text]
    if "/" in text:
        return _parse_rate(text)
    raise UnitError(f"unknown unit {text!r}{_did_you_mean(text, _SIMPLE)}")


def _parse_rate(text: str) -> Unit:
    numerator_text, _, period = text.partition("/")
    numerator = parse_unit(numerator_text)
    period = period.strip()
    if period in _FIXED_PERIODS:
        return Unit(text, f"{numerator.dimension}/time", numerator.factor / _FIXED_PERIODS[period])
    if period in _CALENDAR_PERIODS:
        return Unit(text, f"{numerator.dimension}/months", numerator.factor / _CALENDAR_PERIODS[period])
    periods = {**_FIXED_PERIODS, **_CALENDAR_PERIODS}
    raise UnitError(f"unknown period {period!r} in {text!r}{_did_you_mean(period, periods)}")


def _did_you_mean(text: str, known: Iterable[str]) -> str:
    names = [name for name in known if name]
    # Another case is the likeliest slip, and by letters alone ``mb`` is nearer to ``m`` than to ``MB``.
    close = [name for name in names if name.casefold() == text.casefold()]
    close += difflib.get_close_matches(text, names, n=1, cutoff=0.5 if len(text) <= 3 else 0.7)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f" (known: {', '.join(names)}); a count of things is a number alone"


def parse_quantity(text: str | float) -> Quantity:
    """Read a quantity; percentages become ratios.

    >>> parse_quantity("99.95%").value
    0.9995
    >>> parse_quantity("8k").value
    8000.0
    >>> parse_quantity("7 out of 10").value
    0.7

    Raises:
        UnitError: no number, a number that is not finite, or an unknown unit.
    """
    if isinstance(text, bool):
        raise UnitError(f"{str(text).lower()!r} is not a quantity")
    if isinstance(text, int | float):
        return _plain(text)
    stripped = text.strip()
    if share := _OUT_OF.match(stripped):
        if float(share["whole"]) == 0:
            raise UnitError(f"{text!r}: a share of nothing")
        return _quantity(float(share["part"]) / float(share["whole"]), RATIO, stripped)
    match = _QUANTITY.match(stripped)
    if match is None or not re.search(r"\d", match["number"]):
        raise UnitError(f"{text!r} is not a quantity; write a number with a unit, such as 99.95%, 800ms or 12/month")
    number = float(match["number"].replace(",", ""))
    unit_text = (match["unit"] or "").strip()
    if unit_text.startswith((",", ".", "-")):
        # A decimal comma, or a span of numbers.
        raise UnitError(f"{text!r} is not a quantity; write one number with a decimal point and a unit, such as 99.95%")
    if unit_text[:1] in _MAGNITUDES and unit_text[1:2] in ("", " ", "/") and unit_text not in _SIMPLE:
        number = _product(number, _MAGNITUDES[unit_text[0]])
        unit_text = unit_text[1:].strip()
    unit = parse_unit(unit_text)
    if unit.dimension == RATIO.dimension:
        return _quantity(_product(number, unit.factor), RATIO, stripped)
    return _quantity(number, unit, stripped)


def _plain(number: float) -> Quantity:
    try:
        return _quantity(float(number), PLAIN, str(number))
    except OverflowError:
        raise UnitError("a number of more than 300 digits is not a quantity") from None


def _product(value: float, factor: float) -> float:
    """The product of two numbers as written, rounded once: in floats 99.9 * 0.01 is 0.9990000000000001."""
    return float(Decimal(repr(float(value))) * Decimal(repr(factor)))


def _quantity(value: float, unit: Unit, text: str) -> Quantity:
    if not math.isfinite(value):
        raise UnitError(f"{text!r} is not a finite number")
    return Quantity(value, unit, text)


def convert(value: float, source: Unit, target: Unit) -> float:
    """A value in ``source`` units, expressed in ``target`` units.

    >>> convert(3.0, parse_unit("/day"), parse_unit("/week"))
    21.0

    Raises:
        UnitError: the units measure different things, months and days were mixed, or the number is then too large.
    """
    if source.dimension != target.dimension:
        names = f"{source.symbol or 'a plain number'} does not convert to {target.symbol or 'a plain number'}"
        raise UnitError(f"{names}{_why(source, target)}")
    if source.factor == target.factor:
        return value
    converted = _times(value, source.factor, target.factor)
    if not math.isfinite(converted):
        raise UnitError(f"{value:g}{source.symbol} is too large a number in {target.symbol}")
    return converted


def _times(value: float, factor: float, divisor: float) -> float:
    """A value times the ratio of two factors.

    Whole ratios where there are any, rounded once at the end: 99.99% is 0.9999, and 2.1MB is 2100KB.
    """
    ratio, inverse = _whole(factor / divisor), _whole(divisor / factor)
    if inverse.is_integer():
        return float(Decimal(repr(float(value))) / Decimal(inverse))
    return _product(value, ratio)


def _whole(ratio: float) -> float:
    """The whole number a conversion factor means, where float division missed it by an ulp."""
    nearest = round(ratio)
    return float(nearest) if nearest and math.isclose(ratio, nearest, rel_tol=1e-12) else ratio


def _why(source: Unit, target: Unit) -> str:
    kinds = {source.dimension.partition("/")[2], target.dimension.partition("/")[2]}
    if kinds == {"time", "months"}:
        return ": months and quarters have no fixed number of days"
    return ""


def finer(one: Unit, other: Unit) -> Unit:
    """The smaller of two units of one dimension, in which both numbers read as whole as written.

    A key result from 2/week to 3/day is kept per week (2 and 21), one from 2.1MB to 500KB in KB.

    Raises:
        UnitError: the units measure different things.
    """
    convert(1.0, one, other)
    return one if one.factor <= other.factor else other


def format_quantity(value: float, unit: Unit) -> str:
    """A quantity for people: ratios as percent, six significant digits, no trailing zeros."""
    if unit.dimension == "ratio":
        return f"{_digits(value * unit.factor * 100)}%"
    separator = "" if unit.symbol.startswith("/") or len(unit.symbol) <= 1 else " "
    return f"{_digits(value)}{separator}{unit.symbol}"


def format_change(value: float, unit: Unit, points: str = "pp") -> str:
    """A difference of two quantities for people: that of ratios in percentage points, else as a quantity.

    Worked example: from 99.8 % to 99.75 % are -0.05 pp.
    """
    if unit.dimension == "ratio":
        return f"{_digits(value * unit.factor * 100)} {points}"
    return format_quantity(value, unit)


def _digits(value: float) -> str:
    text = f"{value + 0.0:,.6g}" if abs(value) < 999_999.5 else f"{value:,.0f}"
    return "0" if text == "-0" else text
