"""``/audit``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from okrbridge.api.auth import Admin
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import NOT_MODIFIED, NameFilter, problems
from okrbridge.api.errors import BAD_REQUEST, DATABASE_UNAVAILABLE, INVALID_REQUEST, BadRequestError
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from okrbridge.api.responses import from_database
from okrbridge.api.schemas.base import Page, Schema
from okrbridge.application.audit import audit_item

router = APIRouter(prefix="/audit", tags=["operations"])


class AuditItem(Schema):
    """One write."""

    number: int = Field(description="Ascending.")
    at: datetime
    by: str = Field(description="The name of the token, or `cli:USER` for a command.", examples=["ci-deploys"])
    role: str = Field(description="The role of the token.")
    action: str = Field(examples=["update"])
    kind: str = Field(examples=["Objective"])
    name: str
    before: dict[str, Any] | None = Field(description="The object as it was; null when it is new.")
    after: dict[str, Any] | None = Field(description="The object as it is; null when it is gone.")
    why: str = Field(description="The reason that was given.")
    request_id: str = Field(description="The request's `X-Request-ID`; empty for a command.")


@router.get(
    "",
    operation_id="listAudit",
    summary="Who wrote what",
    response_model=Page[AuditItem],
    responses={**NOT_MODIFIED, **problems(BAD_REQUEST, INVALID_REQUEST, DATABASE_UNAVAILABLE)},
)
def list_audit(
    request: Request,
    services: Services,
    _caller: Admin,
    *,
    kind: NameFilter = None,
    name: Annotated[str | None, Query(max_length=600, description="Only those of exactly this name.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every write, the newest first: who, when, what it was before and after, and why."""
    before = None if cursor is None else _number(cursor)
    with services.storage.reading() as database:
        found = database.audit.newest(kind=kind, name=name, limit=limit + 1, before=before)
    shown = found[:limit]
    after = encode_cursor(str(shown[-1].number)) if len(found) > limit else None
    return from_database(request, {"items": [audit_item(entry) for entry in shown], "next": after})


def _number(cursor: str) -> int:
    position = decode_cursor(cursor)
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise BadRequestError("that cursor is none of this list; leave it out to begin at the newest entry")
    return int(position)
