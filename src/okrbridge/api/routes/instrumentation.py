"""``/instrumentation``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import TREE
from okrbridge.api.responses import from_snapshot
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.key_results import InstrumentationItem
from okrbridge.application.instrumentation import instrumentation_item, uninstrumented

router = APIRouter(prefix="/instrumentation", tags=["key results"], route_class=SnapshotRoute)


@router.get(
    "",
    operation_id="listInstrumentation",
    summary="Key results without numbers",
    response_model=Page[InstrumentationItem],
    responses=TREE,
)
def list_instrumentation(request: Request, services: Services) -> Response:
    """Key results that nothing measures, or whose measure never gave a value: what to instrument next.

    Committed ones come before aspirational ones, then the higher priority first. Always one page.
    """
    snapshot, now = services.snapshot(), services.clock()
    items = [instrumentation_item(one) for one in uninstrumented(snapshot)]
    return from_snapshot(request, snapshot, now, {"items": items, "next": None})
