"""``/cycles``: where they stand, reports, and what stays of past ones."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from okrbridge.api.auth import sees_restricted
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import NOT_MODIFIED, CycleName, problems
from okrbridge.api.errors import BAD_REQUEST, DATABASE_UNAVAILABLE, INVALID_REQUEST, NOT_EVALUATED, NOT_FOUND
from okrbridge.api.formats import CSV, MARKDOWN, accepted, text_answer
from okrbridge.api.lookup import find_declared, find_evaluated
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.responses import JSON, from_database
from okrbridge.api.routes import cycle_scores
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.cycles import ActionItem, CycleItem, CycleReport, ReviewItem
from okrbridge.application.cycles.report import Reporting
from okrbridge.application.cycles.report_text import csv_of, markdown_of
from okrbridge.application.cycles.retrospective_items import preparation_items
from okrbridge.application.cycles.review import review_items
from okrbridge.application.cycles.summary import cycle_summary
from okrbridge.application.cycles.view import CycleView, cycle_view
from okrbridge.application.ports import Transaction
from okrbridge.application.snapshot import CycleReport as Evaluated

ReportFormat = Annotated[
    Literal["json", "markdown", "csv"] | None,
    Query(alias="format", description="Without it `Accept` decides; JSON unless it says so."),
]
_FORMATS = {JSON: "json", MARKDOWN: "markdown", CSV: "csv"}
_LIST = {**NOT_MODIFIED, **problems(BAD_REQUEST, INVALID_REQUEST, NOT_EVALUATED, DATABASE_UNAVAILABLE)}
_ONE = {**NOT_MODIFIED, **problems(NOT_FOUND, INVALID_REQUEST, NOT_EVALUATED, DATABASE_UNAVAILABLE)}
_REPORT = {**_ONE, 200: {"content": {MARKDOWN: {}, CSV: {}}}}

router = APIRouter(prefix="/cycles", tags=["cycles"])


@router.get("", operation_id="listCycles", summary="All cycles", response_model=Page[CycleItem], responses=_LIST)
def list_cycles(request: Request, services: Services, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """Every cycle, by name, with its phase and how its key results stand."""
    with services.storage.reading() as database:
        view = _view(request, services, database)
    reports, after = page(view.snapshot.cycles, lambda report: report.cycle.name, limit, cursor)
    return from_database(request, {"items": [cycle_summary(report, view) for report in reports], "next": after})


@router.get("/{cycle}", operation_id="getCycle", summary="One cycle", response_model=CycleItem, responses=_ONE)
def get_cycle(request: Request, services: Services, cycle: CycleName) -> Response:
    """One cycle at the last evaluation."""
    with services.storage.reading() as database:
        view = _view(request, services, database)
    return from_database(request, cycle_summary(_evaluated(view, cycle), view))


@router.get(
    "/{cycle}/report",
    operation_id="getCycleReport",
    summary="The report of a cycle",
    response_model=CycleReport,
    responses=_REPORT,
)
def get_cycle_report(request: Request, services: Services, cycle: CycleName, asked: ReportFormat = None) -> Response:
    """What was wanted, how it went, what was decided and learnt: JSON, Markdown, or CSV with a row a key result."""
    with services.storage.reading() as database:
        view = _view(request, services, database)
        report = Reporting(database, view, _evaluated(view, cycle)).item()
    wanted = asked or accepted(request, _FORMATS)
    if wanted == "markdown":
        response = text_answer(request, markdown_of(report), MARKDOWN)
    elif wanted == "csv":
        response = text_answer(request, csv_of(report), CSV)
        response.headers["Content-Disposition"] = f'attachment; filename="okr-{cycle}.csv"'
    else:
        response = from_database(request, report)
    response.headers["Vary"] = "Accept"
    return response


@router.get(
    "/{cycle}/review",
    operation_id="getCycleReview",
    summary="What became of past key results",
    response_model=Page[ReviewItem],
    responses=_ONE,
)
def get_cycle_review(request: Request, services: Services, cycle: CycleName) -> Response:
    """Every scored key result of the cycles before this one, with its value at the close and now; on one page."""
    with services.storage.reading() as database:
        view = _view(request, services, database)
    declared = find_declared("cycle", cycle, view.definitions.cycle_by_name)
    items = [view.sight.redacted(one) for one in review_items(view, declared)]
    return from_database(request, {"items": items, "next": None})


@router.get(
    "/{cycle}/preparation",
    operation_id="getCyclePreparation",
    summary="What earlier retrospectives left to do",
    response_model=Page[ActionItem],
    responses=_ONE,
)
def get_cycle_preparation(request: Request, services: Services, cycle: CycleName) -> Response:
    """Actions of earlier cycles that are not done yet; on one page."""
    with services.storage.reading() as database:
        view = _view(request, services, database)
    declared = find_declared("cycle", cycle, view.definitions.cycle_by_name)
    items = [view.sight.redacted(one) for one in preparation_items(view.definitions, declared, view.now)]
    return from_database(request, {"items": items, "next": None})


router.include_router(cycle_scores.router)


def _view(request: Request, services: ApiServices, database: Transaction) -> CycleView:
    snapshot, definitions = services.snapshot(), services.definitions()
    shown = sees_restricted(request)
    return cycle_view(database, definitions, snapshot, services.clock(), sees_restricted=shown)


def _evaluated(view: CycleView, cycle: str) -> Evaluated:
    reports = {one.cycle.name: one for one in view.snapshot.cycles}
    return find_evaluated("cycle", cycle, reports, view.definitions.cycle_by_name)
