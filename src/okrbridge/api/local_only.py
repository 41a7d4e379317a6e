"""While nobody is asked for a token, only this machine may ask, and no web page in its name."""

from __future__ import annotations

import re
from ipaddress import ip_address

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from okrbridge.api.errors import FOREIGN_ORIGIN, WRONG_HOST, problem_response

_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::\d{1,5})?", re.ASCII)
"""``Host`` (RFC 9110, 7.2) as browsers write it; whatever reads otherwise is nobody's name for this machine."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether a name or an address can only mean this machine (RFC 6761, 6.3)."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class LocalOnly:
    """Refuses requests that a web page may have sent, for use where everybody is an admin.

    A page elsewhere can make its own name mean 127.0.0.1 (DNS rebinding); its requests still carry that name as Host.
    And a page may send a plain POST anywhere; browsers say where it is from in Origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        host = request.headers.get("host", "")
        if not is_loopback(_name_in(host)):
            detail = "tokens are switched off, so only http://127.0.0.1 and http://localhost are answered"
            await problem_response(request, WRONG_HOST, detail)(scope, receive, send)
        elif request.method not in _READING and not _is_own(request, host):
            detail = "tokens are switched off, so no web page of another origin may write"
            await problem_response(request, FOREIGN_ORIGIN, detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _name_in(host: str) -> str:
    """The name or address in a ``Host`` header; empty when it is none."""
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]) if found else ""


def _is_own(request: Request, host: str) -> bool:
    origin = request.headers.get("origin")
    return origin is None or origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
