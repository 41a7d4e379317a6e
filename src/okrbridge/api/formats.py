"""Answers in several formats: which one a client wants, and texts under their tag."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2s

from fastapi import Request
from starlette.responses import Response

from okrbridge.api.responses import answer_with_tag

MARKDOWN, CSV = "text/markdown", "text/csv"


def text_answer(request: Request, text: str, media_type: str) -> Response:
    """A text under its tag; 304 when the client has the same."""
    body = text.encode()
    tag = f'W/"{blake2s(body, digest_size=12).hexdigest()}"'
    return answer_with_tag(request, tag, lambda: Response(body, media_type=f"{media_type}; charset=utf-8"))


def accepted(request: Request, offered: Mapping[str, str]) -> str:
    """The format that Accept wants most (RFC 9110, 12.5.1); JSON when it names none that is offered.

    Args:
        request: with the header.
        offered: names of formats, by media type.
    """
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("accept", "").split(","):
        name, *parameters = (one.strip().lower() for one in part.split(";"))
        if name in offered:
            wanted.append((_weight(parameters), offered[name]))
    best = max(wanted, key=lambda one: one[0], default=(0.0, "json"))
    return best[1] if best[0] > 0 else "json"


def _weight(parameters: list[str]) -> float:
    given = [one.removeprefix("q=") for one in parameters if one.startswith("q=")]
    try:
        return float(given[0]) if given else 1.0
    except ValueError:
        return 0.0
