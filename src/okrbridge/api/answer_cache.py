"""Answers kept for as long as the snapshot they were made from is the current one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from okrbridge.api.dependencies import ApiServices
from okrbridge.api.responses import JSON, SnapshotAnswer, age_in_minutes, answer_with_tag
from okrbridge.application.snapshot import Snapshot

_MOST_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Kept:
    """A body and its tag."""

    body: bytes
    tag: str


@dataclass
class AnswerCache:
    """Bodies by path and query. Only the event loop's thread uses it.

    Attributes:
        most_bytes: of all bodies; what was asked for longest ago goes first.
        snapshot, minutes: what the answers were made of, and its age.
        size: bytes of the bodies.
    """

    most_bytes: int = _MOST_BYTES
    snapshot: Snapshot | None = None
    minutes: int = 0
    size: int = 0
    _kept: OrderedDict[tuple[str, bytes], Kept] = field(default_factory=OrderedDict)

    def turn_to(self, snapshot: Snapshot | None, now: datetime) -> None:
        """Forget everything that was made from another snapshot, or in another minute, because ages grow."""
        minutes = age_in_minutes(snapshot, now) if snapshot else 0
        if snapshot is not self.snapshot or minutes != self.minutes:
            self.snapshot, self.minutes = snapshot, minutes
            self._kept.clear()
            self.size = 0

    def get(self, key: tuple[str, bytes]) -> Kept | None:
        """What was kept under a key."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: tuple[str, bytes], kept: Kept) -> None:
        """Keep an answer, unless it alone would fill the cache."""
        if len(kept.body) > self.most_bytes // 4 or key in self._kept:
            return
        self._kept[key] = kept
        self.size += len(kept.body)
        while self.size > self.most_bytes:
            _, gone = self._kept.popitem(last=False)
            self.size -= len(gone.body)


class SnapshotRoute(APIRoute):
    """A route whose answers are kept when they are made of the snapshot alone.

    A kept answer is found before parameters are read and without a thread, so it costs as little as a constant.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # Any there
        """The framework's handler, with the cache before it."""
        make = super().get_route_handler()

        async def answer(request: Request) -> Response:
            services: ApiServices = request.app.state.services
            cache: AnswerCache = request.app.state.answers
            cache.turn_to(services.snapshots.current, services.clock())
            key = request.scope["path"], request.scope["query_string"]
            kept = cache.get(key)
            if kept is not None:
                return answer_with_tag(request, kept.tag, lambda: Response(kept.body, media_type=JSON))
            made_from = cache.snapshot
            response = await make(request)
            if isinstance(response, SnapshotAnswer) and cache.snapshot is made_from is response.snapshot:
                cache.put(key, Kept(bytes(response.body), response.headers["ETag"]))
            return response

        return answer
