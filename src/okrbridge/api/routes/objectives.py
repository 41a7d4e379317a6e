"""``/objectives``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import LIST, ONE, TREE, NameFilter, ObjectiveName
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.routes.key_results import Statuses
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.objectives import ObjectiveDetail, ObjectiveItem, ObjectiveNode
from okrbridge.api.view import view_of
from okrbridge.application.reports import objective_detail, objective_item, objective_tree

router = APIRouter(prefix="/objectives", tags=["objectives"], route_class=SnapshotRoute)


@router.get(
    "", operation_id="listObjectives", summary="All objectives", response_model=Page[ObjectiveItem], responses=LIST
)
def list_objectives(
    request: Request,
    services: Services,
    *,
    cycle: NameFilter = None,
    team: NameFilter = None,
    status: Statuses = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every objective as evaluated last, by name."""
    view = view_of(request, services)
    found = (
        report
        for report in view.snapshot.objectives
        if cycle in (None, report.objective.cycle)
        and team in (None, report.objective.team)
        and (not status or report.status in status)
    )
    reports, after = page(found, lambda report: report.objective.name, limit, cursor)
    items = [objective_item(report, view.origins.get(report.objective.name)) for report in reports]
    return view.answer({"items": items, "next": after})


@router.get(
    "/tree",
    operation_id="getObjectiveTree",
    summary="Objectives under their parents",
    response_model=Page[ObjectiveNode],
    responses=TREE,
)
def get_objective_tree(request: Request, services: Services) -> Response:
    """Every objective with its key results, each under its parent; all on one page."""
    view = view_of(request, services)
    return view.answer({"items": objective_tree(view.snapshot, view.now, view.origins), "next": None})


@router.get(
    "/{objective}",
    operation_id="getObjective",
    summary="One objective",
    response_model=ObjectiveDetail,
    responses=ONE,
)
def get_objective(request: Request, services: Services, objective: ObjectiveName) -> Response:
    """One objective with its key results."""
    view = view_of(request, services)
    return view.answer(objective_detail(view.objective(objective), view.now, view.origins.get(objective)))
