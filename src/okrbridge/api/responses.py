"""JSON answers, and answers that a client may keep until the next evaluation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2s
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from okrbridge.application.reports import Item
from okrbridge.application.snapshot import Snapshot


class JsonResponse(Response):
    """JSON by orjson; a float that is not finite becomes null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the framework's signature
        """The content as UTF-8 JSON."""
        return orjson.dumps(content)


def from_snapshot(request: Request, snapshot: Snapshot, now: datetime, content: Item) -> Response:
    """An answer made of a snapshot: 304 when the client already has it.

    The tag changes with every evaluation and, should evaluations stop, once a minute, because ages grow.
    """
    minutes = int((now - snapshot.published_at).total_seconds() // 60)
    tag = _weak_tag(f"{snapshot.evaluation_id}|{snapshot.published_at.timestamp()}|{minutes}".encode())
    return _tagged(request, tag, lambda: JsonResponse(content))


def from_database(request: Request, content: Item) -> Response:
    """An answer read from the database: 304 when the client already has the same bytes."""
    answer = JsonResponse(content)
    return _tagged(request, _weak_tag(bytes(answer.body)), lambda: answer)


def _weak_tag(content: bytes) -> str:
    return f'W/"{blake2s(content, digest_size=12).hexdigest()}"'


def _tagged(request: Request, tag: str, answer: Callable[[], Response]) -> Response:
    response = Response(status_code=304) if _has(request, tag) else answer()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "no-cache"
    return response


def _has(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag; the comparison is weak (RFC 9110, 13.1.2)."""
    asked = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in asked or tag.removeprefix("W/") in [part.removeprefix("W/") for part in asked]
