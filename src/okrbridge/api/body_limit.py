"""Requests that are too long, refused as everything else is."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from okrbridge.api.errors import PROBLEM_JSON, TOO_LARGE, problem_response

LONGEST_BODY = 2**20
"""Bytes of a request, where a route does not say otherwise by ``max_body_size``."""
_TOO_LARGE_STATUS = 413


class TooLargeProblems:
    """Puts a problem document in the place of the plain text with which the framework refuses a long request.

    The limit itself is set where routers are included: set on the application, it would be outside of this.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and _is_plain_refusal(message):
                is_replaced = True
                await problem_response(Request(scope), TOO_LARGE)(scope, receive, send)
            elif not is_replaced:
                await send(message)

        await self._app(scope, receive, send_problem)


def _is_plain_refusal(message: Message) -> bool:
    types = [value for name, value in message["headers"] if name.lower() == b"content-type"]
    return message["status"] == _TOO_LARGE_STATUS and types != [PROBLEM_JSON.encode()]
