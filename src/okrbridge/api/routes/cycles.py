"""``/cycles``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import LIST, ONE, CycleName
from okrbridge.api.errors import NotEvaluatedError
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.responses import from_snapshot
from okrbridge.api.schemas import CycleItem, Page
from okrbridge.application.explain import close_names
from okrbridge.application.reports import cycle_item
from okrbridge.errors import NotFoundError

router = APIRouter(prefix="/cycles", tags=["cycles"])


@router.get("", operation_id="listCycles", summary="All cycles", response_model=Page[CycleItem], responses=LIST)
def list_cycles(request: Request, services: Services, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """Every cycle, by name."""
    snapshot, now = services.snapshot(), services.clock()
    reports, after = page(snapshot.cycles, lambda report: report.cycle.name, limit, cursor)
    content = {"items": [cycle_item(report) for report in reports], "next": after}
    return from_snapshot(request, snapshot, now, content)


@router.get("/{cycle}", operation_id="getCycle", summary="One cycle", response_model=CycleItem, responses=ONE)
def get_cycle(request: Request, services: Services, cycle: CycleName) -> Response:
    """One cycle at the last evaluation."""
    snapshot, now = services.snapshot(), services.clock()
    report = next((one for one in snapshot.cycles if one.cycle.name == cycle), None)
    if report is None:
        declared = services.definitions().cycle_by_name
        if cycle in declared:
            raise NotEvaluatedError(f"cycle {cycle!r} is declared and will be evaluated at the next tick")
        raise NotFoundError("cycle", cycle, close=close_names(cycle, declared))
    return from_snapshot(request, snapshot, now, cycle_item(report))
