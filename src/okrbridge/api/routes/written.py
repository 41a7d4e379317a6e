"""The routes that write, and those beside them: each says by itself what it needs of its caller."""

from __future__ import annotations

from fastapi import APIRouter

from okrbridge.api.routes import check_ins, events, key_result_writing, standing
from okrbridge.api.routes.documents import document_routers


def written_routers() -> list[APIRouter]:
    """Routers to include without a need of their own."""
    return [*document_routers(), check_ins.router, events.router, key_result_writing.router, standing.router]
