"""``/instrumentation``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import TREE
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.key_results import InstrumentationItem
from okrbridge.api.view import view_of
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
    view = view_of(request, services)
    items = [instrumentation_item(one) for one in uninstrumented(view.snapshot)]
    return view.answer({"items": items, "next": None})
