"""Answers kept for as long as the snapshot they were made from is the current one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from okrbridge.api.auth import admitted
from okrbridge.api.dependencies import ApiServices
from okrbridge.api.needs import declared_in, strongest
from okrbridge.api.responses import JSON, SnapshotAnswer, age_in_minutes, answer_with_tag
from okrbridge.application.access_ports import Role
from okrbridge.application.snapshot import Snapshot
from okrbridge.domain.definition_set import DefinitionSet

_MOST_BYTES = 8 * 2**20


class Asked(NamedTuple):
    """What an answer is kept under.

    Attributes:
        sees_restricted: of the caller; nobody is given what was made for those who see more.
    """

    path: str
    query: bytes
    sees_restricted: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A body and its tag."""

    body: bytes
    tag: str


@dataclass
class AnswerCache:
    """Bodies by what was asked, and for whom. Only the event loop's thread uses it.

    Attributes:
        most_bytes: of all bodies; what was asked for longest ago goes first.
        snapshot, minutes: what the answers were made of, and its age.
        definitions: in force when they were made; they decide what is hidden from whom.
        size: bytes of the bodies.
    """

    most_bytes: int = _MOST_BYTES
    snapshot: Snapshot | None = None
    definitions: DefinitionSet | None = None
    minutes: int = 0
    size: int = 0
    _kept: OrderedDict[Asked, Kept] = field(default_factory=OrderedDict)

    def turn_to(self, snapshot: Snapshot | None, now: datetime, definitions: DefinitionSet | None = None) -> None:
        """Forget everything that was made from another snapshot, or in another minute, because ages grow."""
        minutes = age_in_minutes(snapshot, now) if snapshot else 0
        if snapshot is not self.snapshot or minutes != self.minutes or definitions is not self.definitions:
            self.snapshot, self.minutes, self.definitions = snapshot, minutes, definitions
            self._kept.clear()
            self.size = 0

    def get(self, key: Asked) -> Kept | None:
        """What was kept under a key."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: Asked, kept: Kept) -> None:
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

    A kept answer is found before parameters are read and without a thread, so it costs as little as a constant. Who
    asks is known before that.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # Any there
        """The framework's handler, with the cache before it."""
        make = super().get_route_handler()
        # What the router's inclusion asks for is never more than reading.
        needed = strongest(declared_in(self.dependant)) or Role.VIEWER

        async def answer(request: Request) -> Response:
            if request.method != "GET":
                return await make(request)
            caller = await admitted(request, needed)
            services: ApiServices = request.app.state.services
            cache: AnswerCache = request.app.state.answers
            cache.turn_to(services.snapshots.current, services.clock(), services.definitions())
            key = Asked(request.scope["path"], request.scope["query_string"], caller.sees_restricted)
            kept = cache.get(key)
            if kept is not None:
                return answer_with_tag(request, kept.tag, lambda: Response(kept.body, media_type=JSON))
            made_from, declared = cache.snapshot, cache.definitions
            response = await make(request)
            is_current = cache.snapshot is made_from and cache.definitions is declared
            if isinstance(response, SnapshotAnswer) and is_current and response.snapshot is made_from:
                cache.put(key, Kept(bytes(response.body), response.headers["ETag"]))
            return response

        return answer
