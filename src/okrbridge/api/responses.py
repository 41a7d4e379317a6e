"""JSON answers, and answers that a client may keep until the next evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2s
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from okrbridge.api.auth import sees_restricted
from okrbridge.application.reports import Item
from okrbridge.application.snapshot import Snapshot

JSON = "application/json"


class JsonResponse(Response):
    """JSON by orjson; a float that is not finite becomes null."""

    media_type = JSON

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the framework's signature
        """The content as UTF-8 JSON."""
        return orjson.dumps(content)


class BlocksResponse(Response):
    """A long body in blocks that are sent one after the other, as they are."""

    def __init__(self, blocks: Sequence[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers={**headers, "Content-Length": str(sum(map(len, blocks)))})
        self._blocks = blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for block in self._blocks:
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class SnapshotAnswer(JsonResponse):
    """JSON made of one snapshot and nothing else, so that it may be kept.

    Attributes:
        snapshot: what it was made of.
    """

    def __init__(self, snapshot: Snapshot, content: Item) -> None:
        super().__init__(content)
        self.snapshot = snapshot


def from_snapshot(request: Request, snapshot: Snapshot, now: datetime, content: Item) -> Response:
    """An answer made of a snapshot alone: 304 when the client already has it."""
    return answer_with_tag(request, _snapshot_tag(request, snapshot, now), lambda: SnapshotAnswer(snapshot, content))


def about_snapshot(request: Request, snapshot: Snapshot, now: datetime, content: Item) -> Response:
    """An answer made of a snapshot and of what the database adds to it: 304 when the client already has it."""
    return answer_with_tag(request, _snapshot_tag(request, snapshot, now), lambda: JsonResponse(content))


def age_in_minutes(snapshot: Snapshot, now: datetime) -> int:
    """Whole minutes since a snapshot was published."""
    return int((now - snapshot.published_at).total_seconds() // 60)


def _snapshot_tag(request: Request, snapshot: Snapshot, now: datetime) -> str:
    """Changes with every evaluation and, should evaluations stop, once a minute, because ages grow.

    It is another one for callers that see what is restricted: they get other answers.
    """
    audience = "|all" if sees_restricted(request) else ""
    minutes = age_in_minutes(snapshot, now)
    return _weak_tag(f"{snapshot.evaluation_id}|{snapshot.published_at.timestamp()}|{minutes}{audience}".encode())


def from_database(request: Request, content: Item) -> Response:
    """An answer read from the database: 304 when the client already has the same bytes."""
    answer = JsonResponse(content)
    return answer_with_tag(request, _weak_tag(bytes(answer.body)), lambda: answer)


def _weak_tag(content: bytes) -> str:
    return f'W/"{blake2s(content, digest_size=12).hexdigest()}"'


def answer_with_tag(request: Request, tag: str, answer: Callable[[], Response]) -> Response:
    """An answer under its tag; 304 without it when the client names the tag."""
    response = Response(status_code=304) if _has(request, tag) else answer()
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "no-cache"
    return response


def _has(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag; the comparison is weak (RFC 9110, 13.1.2)."""
    asked = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return "*" in asked or tag.removeprefix("W/") in [part.removeprefix("W/") for part in asked]
