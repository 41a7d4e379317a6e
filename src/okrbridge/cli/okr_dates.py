"""Days and quarters as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

_Read = Callable[[re.Match[str]], date | None]

_MONTHS_OF_A_YEAR = 12
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8,
    "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
"""By the first letters of their English and German names."""
_QUARTER = re.compile(r"(?P<year>20\d\d)[ -]?q(?P<quarter>[1-4])|q(?P<first>[1-4])[ -]?(?P<of>20\d\d)")
_SERIAL = re.compile(r"[45]\d{4}")
"""Days from 2009 to 2064 as spreadsheets count them."""


def named_cycle(text: str) -> str:
    """The name of a cycle as it was given; a quarter as documents name it, so that Q4 2026 is 2026-q4."""
    said = _QUARTER.fullmatch(text.strip().casefold())
    return f"{said['year'] or said['of']}-q{said['quarter'] or said['first']}" if said else text


def day(text: str) -> date:
    """Read a date: 2026-12-31, 31.12.2026, 31-Dec-26, Dec 31, 2026, 12/31/2026, or Q4 2026, which is its last day.

    Raises:
        ValueError: anything else; in 3/4/2026 nobody knows which number is the month.
    """
    try:
        found = next((read(match) for pattern, read in _WRITTEN if (match := pattern.fullmatch(text))), None)
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar; write one such as 2026-12-31") from None
    if found is None:
        is_serial = _SERIAL.fullmatch(text) is not None
        hint = (
            "a spreadsheet keeps days as such numbers: format the column as a date" if is_serial else "write 2026-12-31"
        )
        raise ValueError(f"{text!r} is no date that everybody reads alike; {hint}")
    return found


def _of_numbers(found: re.Match[str]) -> date:
    return date(int(found["year"]), int(found["month"]), int(found["day"]))


def _with_slashes(found: re.Match[str]) -> date | None:
    """The day comes first or last: where one of the two numbers is no month, it is the day."""
    first, second, year = int(found["first"]), int(found["second"]), _year(found["year"])
    if first > _MONTHS_OF_A_YEAR:
        return date(year, second, first)
    return date(year, first, second) if second > _MONTHS_OF_A_YEAR else None


def _with_points(found: re.Match[str]) -> date:
    return date(_year(found["year"]), int(found["month"]), int(found["day"]))


def _with_name(found: re.Match[str]) -> date | None:
    month = _MONTHS.get(found["name"].casefold()[:3])
    return date(_year(found["year"]), month, int(found["day"])) if month else None


def _last_of_quarter(found: re.Match[str]) -> date:
    year, quarter = int(found["year"]), int(found["quarter"])
    return date(year + quarter // 4, quarter * 3 % _MONTHS_OF_A_YEAR + 1, 1) - timedelta(days=1)


def _year(text: str) -> int:
    return int(text) if len(text) == len("2026") else 2000 + int(text)


_TIME = r"(?:[T ]\d\d:\d\d.*)?"
_YEAR = r"(?P<year>\d{4}|\d\d)"
_NAMED = r"(?P<name>[^\W\d]{3,})\.?"
_WRITTEN: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (re.compile(rf"(?P<year>\d{{4}})([-/])(?P<month>\d\d?)\2(?P<day>\d\d?){_TIME}"), _of_numbers),
    (re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"), _of_numbers),
    (re.compile(rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.{_YEAR}"), _with_points),
    (re.compile(rf"(?P<first>\d\d?)([/-])(?P<second>\d\d?)\2{_YEAR}"), _with_slashes),
    (re.compile(rf"(?P<day>\d\d?)[. -]+{_NAMED}[ -]+{_YEAR}"), _with_name),
    (re.compile(rf"{_NAMED}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}})"), _with_name),
    (re.compile(r"[Qq](?P<quarter>[1-4])[ /-]*(?P<year>20\d\d)"), _last_of_quarter),
    (re.compile(r"(?P<year>20\d\d)[ /-]*[Qq](?P<quarter>[1-4])"), _last_of_quarter),
)
"""How days are written, and how each is read."""
