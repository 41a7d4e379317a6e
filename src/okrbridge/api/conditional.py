"""Writing only what one has seen: strong entity tags, and ``If-Match`` (RFC 9110, 13.1.1; RFC 6585, 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Header

from okrbridge.api.errors import PreconditionFailedError, PreconditionRequiredError
from okrbridge.application.okr_records import StoredDocument
from okrbridge.domain.windows import EPOCH

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="The ETag of the object as you saw it; without it nothing is changed. `*` means as it is now.",
        examples=['"3-18a2b3c4d5e6f"'],
    ),
]


def document_tag(document: StoredDocument) -> str:
    """The strong entity tag of a document: its version and when it was made.

    A document that was deleted and made again begins with version 1 again, and its tag is another one all the same.
    """
    made = (document.created_at - EPOCH) // timedelta(microseconds=1)
    return f'"{document.version}-{made:x}"'


def require_match(if_match: str | None, current: str) -> None:
    """Let a write pass whose ``If-Match`` names the object's tag as it is now; call it inside the transaction.

    Args:
        if_match: the header as it came: tags separated by commas, or ``*``.
        current: the strong tag of the object now.

    Raises:
        PreconditionRequiredError: the header is missing.
        PreconditionFailedError: it names other tags; weak ones never match.
    """
    if if_match is None or not if_match.strip():
        raise PreconditionRequiredError("send If-Match with the ETag that GET gave, so that nobody's change is lost")
    named = [part.strip() for part in if_match.split(",")]
    if "*" not in named and current not in named:
        raise PreconditionFailedError(
            f"it has changed since: its ETag is {current} now; get it again, and decide again", current
        )
