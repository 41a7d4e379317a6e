"""Pages of a list, by the name the last page ended with."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

from fastapi import Query

from okrbridge.api.errors import BadRequestError

One = TypeVar("One")

Limit = Annotated[int, Query(ge=1, le=1000, description="Items on a page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=2000, description="The `next` of the page before; opaque.", examples=["djE6Y2hlY2tvdXQ"]),
]
DEFAULT_LIMIT = 100

_VERSION = "v1:"


def page(
    found: Iterable[One], key: Callable[[One], str], limit: int, cursor: str | None
) -> tuple[list[One], str | None]:
    """The items after the cursor, ascending by key, and the cursor of the page after; None on the last page.

    Names that come or go between two pages neither repeat nor skip others.

    Raises:
        BadRequestError: the cursor is none of ours.
    """
    ordered = sorted(found, key=key)
    start = bisect_right(ordered, decode_cursor(cursor), key=key) if cursor is not None else 0
    items = ordered[start : start + limit]
    is_last = start + limit >= len(ordered)
    return items, None if is_last or not items else encode_cursor(key(items[-1]))


def encode_cursor(position: str) -> str:
    """A position in a list as an opaque cursor."""
    return urlsafe_b64encode(f"{_VERSION}{position}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The position of a cursor. Raises BadRequestError when it is none of ours."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = urlsafe_b64decode(padded).decode()
    except (ValueError, binascii.Error) as error:
        raise _bad_cursor() from error
    if not text.startswith(_VERSION):
        raise _bad_cursor()
    return text.removeprefix(_VERSION)


def _bad_cursor() -> BadRequestError:
    return BadRequestError("that cursor is none of ours; leave it out to begin at the first page")
