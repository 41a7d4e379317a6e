"""The routes that write, and those beside them: each says by itself what it needs of its caller."""

from __future__ import annotations

from fastapi import APIRouter

from okrbridge.api.routes.documents import document_routers


def written_routers() -> list[APIRouter]:
    """Routers to include without a need of their own."""
    return document_routers()
