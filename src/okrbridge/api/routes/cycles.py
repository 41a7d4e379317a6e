"""``/cycles``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import LIST, ONE, CycleName
from okrbridge.api.lookup import find_evaluated
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.responses import from_snapshot
from okrbridge.api.schemas import CycleItem, Page
from okrbridge.application.reports import cycle_item

router = APIRouter(prefix="/cycles", tags=["cycles"], route_class=SnapshotRoute)


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
    reports = {one.cycle.name: one for one in snapshot.cycles}
    report = find_evaluated("cycle", cycle, reports, services.definitions().cycle_by_name)
    return from_snapshot(request, snapshot, now, cycle_item(report))
