"""Headers of every answer that tell browsers and caches what they must not do with it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from okrbridge.api.auth import admission_of

BROWSERS_MUST_NOT: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Take an answer for something else than it says, show it inside another page, hand it to a page of another origin."""


class SecurityHeaders:
    """Tells browsers how far an answer may go, and caches whom it is for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        admission = admission_of(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(BROWSERS_MUST_NOT)
                admission.mark(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)
