"""Who asks, and whether they may: what routes declare, and how it is checked.

A route declares what it needs by a parameter, which also tells it who asks::

    def make_objective(request: Request, services: Services, caller: Editor, ...) -> Response: ...

Each route declares a need; one that nobody is asked a token for declares ``OPEN``. Tokens come in the header
``Authorization: Bearer`` alone. There are no cookies, so no web page can act for somebody who is logged in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from okrbridge.application.access import (
    ANONYMOUS,
    LOCAL,
    AccessRules,
    UnauthenticatedError,
    admit,
    digest_of,
)
from okrbridge.application.access_ports import Caller, Role
from okrbridge.application.known_tokens import KnownTokens

LONGEST_HEADER = 512
"""Characters of an Authorization header; a token with its scheme has 55."""

_ADMISSION = "okrbridge.admission"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """What callers are checked by."""

    rules: AccessRules
    tokens: KnownTokens


@dataclass(slots=True)
class Admission:
    """What became known of one request's caller.

    Attributes:
        is_asked: whether a route asked who it is, so that the answer depends on it, also the one that refuses.
        caller: None until it is known.
        request_id: empty until a route asked.
    """

    is_asked: bool = False
    caller: Caller | None = None
    request_id: str = ""

    def mark(self, headers: MutableHeaders) -> None:
        """Tell caches on the way whom the answer is for, and the client the request's id."""
        if self.request_id:
            headers["X-Request-ID"] = self.request_id
        if not self.is_asked:
            return
        headers.add_vary_header("Authorization")
        is_theirs = self.caller is not None and self.caller.role is not None
        if is_theirs and "no-store" not in headers.get("cache-control", ""):
            headers["Cache-Control"] = "private, no-cache"


def admission_of(scope: Scope) -> Admission:
    """What became known of a request; made when it is first asked for."""
    admission: Admission = scope.setdefault(_ADMISSION, Admission())
    return admission


async def admitted(request: Request, needed: Role) -> Caller:
    """Who asks, when they may do what needs a role.

    Raises:
        UnauthenticatedError: a token was shown that is not in force, or one is needed and none was shown.
        ForbiddenError: the caller's role does not suffice.
        StorageError: the token cannot be looked up.
    """
    access: Access = request.app.state.access
    admission = admission_of(request.scope)
    if admission.caller is None:
        admission.is_asked = True
        admission.caller = await _caller(request, access)
    admit(admission.caller, needed, access.rules)
    return admission.caller


async def _caller(request: Request, access: Access) -> Caller:
    if not access.rules.is_on:
        return LOCAL
    text = _token_text(request)
    if text is None:
        return ANONYMOUS
    digest = digest_of(text)
    if digest is None:
        raise UnauthenticatedError
    token = access.tokens.remembered(digest) or await run_in_threadpool(access.tokens.look_up, digest)
    if token is None:
        raise UnauthenticatedError
    return token.caller


def _token_text(request: Request) -> str | None:
    """What was sent as a token; None without one. Other schemes are for proxies in between, and not looked at."""
    found = [header.partition(" ") for header in request.headers.getlist("authorization")]
    ours = [text for scheme, _, text in found if scheme.lower() == "bearer"]
    if not ours:
        return None
    return ours[0].strip() if len(ours) == 1 and len(ours[0]) <= LONGEST_HEADER else ""


class Requires:
    """A dependency that lets callers pass who may do what needs a role, and gives the caller.

    Attributes:
        role: the least role; None when nobody is asked.
    """

    def __init__(self, role: Role | None) -> None:
        self.role = role

    async def __call__(self, request: Request) -> Caller:
        """The caller. Raises as ``admitted``."""
        return ANONYMOUS if self.role is None else await admitted(request, self.role)


Reader = Annotated[Caller, Depends(Requires(Role.VIEWER))]
"""Anybody while reading needs no token, then viewer, editor or admin."""
Ingest = Annotated[Caller, Depends(Requires(Role.INGEST))]
"""Ingest, editor or admin."""
Editor = Annotated[Caller, Depends(Requires(Role.EDITOR))]
"""Editor or admin."""
Admin = Annotated[Caller, Depends(Requires(Role.ADMIN))]
"""Admin alone."""
OPEN = Depends(Requires(None))
"""For ``dependencies=[OPEN]``: nobody is asked for a token, and a token that was sent is not looked at."""
READS = Depends(Requires(Role.VIEWER))
"""For ``dependencies=[READS]`` of routers whose routes all read."""


def sees_restricted(request: Request) -> bool:
    """Whether a request's caller is shown restricted objects; never before a route asked who it is."""
    caller = admission_of(request.scope).caller
    return caller is not None and caller.sees_restricted


def request_id_of(request: Request) -> str:
    """The request's ``X-Request-ID`` where it has a sound one, else a new one; the answer carries it, too."""
    admission = admission_of(request.scope)
    if not admission.request_id:
        given = request.headers.get("x-request-id", "")
        admission.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    return admission.request_id
