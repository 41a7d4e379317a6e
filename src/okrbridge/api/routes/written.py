"""The routes that write, and those beside them: each says by itself what it needs of its caller."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter

from okrbridge.api.routes import check_ins, checklists, events, key_result_writing, standing
from okrbridge.api.routes.documents import document_routers


@cache
def written_routers() -> tuple[APIRouter, ...]:
    """Routers to include without a need of their own; made once, as those of a module are."""
    own = (check_ins.router, checklists.router, events.router, key_result_writing.router, standing.router)
    return (*document_routers(), *own)
