"""Routes that write: who asks is known before anything that was sent is looked at, and what was sent is sound JSON.

The framework by itself reads the body first, and lets pass what nothing could answer with.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from email.message import Message
from typing import Any

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from okrbridge.api.auth import admitted
from okrbridge.api.needs import declared_in, strongest


class WritingRoute(APIRoute):
    """A route whose caller is asked for first; where it takes a body, that is JSON and says everything once."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # Any there
        """The framework's handler, with the checks before it."""
        make = super().get_route_handler()
        needed = strongest(declared_in(self.dependant))

        async def answer(request: Request) -> Response:
            if needed is not None:
                await admitted(request, needed)
            if self.body_field is not None:
                _require_json_type(request)
                _require_sound(await request.body())
            return await make(request)

        return answer


def _require_json_type(request: Request) -> None:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    subtype = header.get_content_subtype()
    if header.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise _refused("header", "Content-Type", "must be application/json")


def _require_sound(body: bytes) -> None:
    """Refuse what is no JSON in UTF-8, NaN, half characters, numbers beyond 64 bits, and keys that are there twice."""
    try:
        orjson.loads(body)
        orjson.dumps(json.loads(body, object_pairs_hook=_once_each))
    except (ValueError, orjson.JSONEncodeError, RecursionError) as error:
        raise _refused("body", "", f"not valid JSON: {error}") from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Raises ValueError for a key that is there twice: which one counts would be the reader's guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _refused(where: str, name: str, message: str) -> RequestValidationError:
    place = (where, name) if name else (where,)
    return RequestValidationError([{"loc": place, "msg": message, "type": "value_error"}])
