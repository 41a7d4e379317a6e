"""``/key-results``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import HISTORY, LIST, ONE, KeyResultName, NameFilter, ObjectiveName, TimeText
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor, page
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.explanations import KeyResultExplanation
from okrbridge.api.schemas.key_results import KeyResultHistory, KeyResultItem
from okrbridge.api.times import parse_instant, parse_interval
from okrbridge.api.view import declared_view, view_of
from okrbridge.application.reports import key_result_item, progress_row, rfc3339
from okrbridge.application.slo_history import MAX_ROWS
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.windows import Interval

router = APIRouter(prefix="/key-results", tags=["key results"], route_class=SnapshotRoute)
Statuses = Annotated[list[KeyResultStatus] | None, Query(max_length=9, description="Only those in one of these.")]
RowLimit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="Rows on a page; the newest when there are more.")]


@router.get(
    "", operation_id="listKeyResults", summary="All key results", response_model=Page[KeyResultItem], responses=LIST
)
def list_key_results(
    request: Request,
    services: Services,
    *,
    objective: NameFilter = None,
    cycle: NameFilter = None,
    team: NameFilter = None,
    status: Statuses = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every key result as evaluated last, by objective and name."""
    view = view_of(request, services)
    found = (
        report
        for report in view.snapshot.key_results
        if objective in (None, report.key_result.objective)
        and cycle in (None, report.cycle.name)
        and team in (None, report.team)
        and (not status or report.status in status)
    )
    reports, after = page(found, lambda report: report.key_result.id, limit, cursor)
    origins = view.origins
    items = [key_result_item(report, view.now, origins.get(report.key_result.objective)) for report in reports]
    return view.answer({"items": items, "next": after})


@router.get(
    "/{objective}/{key_result}",
    operation_id="getKeyResult",
    summary="One key result",
    response_model=KeyResultItem,
    responses=ONE,
)
def get_key_result(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """One key result as evaluated last."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    return view.answer(key_result_item(report, view.now, view.origins.get(objective)))


@router.get(
    "/{objective}/{key_result}/history",
    operation_id="getKeyResultHistory",
    summary="History of a key result",
    response_model=KeyResultHistory,
    responses=HISTORY,
)
def get_key_result_history(
    request: Request,
    services: Services,
    *,
    objective: ObjectiveName,
    key_result: KeyResultName,
    since: Annotated[TimeText, Query(alias="from")] = None,
    to: TimeText = None,
    limit: RowLimit = 1000,
    cursor: Cursor = None,
) -> Response:
    """Progress at each evaluation, ascending; `next` leads to older rows. Without `from`: since its period began."""
    view = declared_view(request, services)
    declared, now = view.key_result(objective, key_result), view.now
    written = parse_interval(since, to, now, max(now - declared.period.start, services.grid.step))
    # Evaluations stand on the grid. On it the range holds the same rows, and does not move with every second.
    asked = Interval(services.grid.ceil(written.start), services.grid.ceil(written.end))
    if cursor is not None:
        asked = asked.clipped(Interval(asked.start, parse_instant(decode_cursor(cursor), now)))
    with services.storage.reading() as database:
        records = database.progress.history(declared.id, asked, limit + 1)
    rows = records[-limit:]
    content = {
        "objective": objective,
        "key_result": key_result,
        "from": rfc3339(asked.start),
        "to": rfc3339(asked.end),
        "items": [progress_row(record) for record in rows],
        "next": encode_cursor(str(rfc3339(rows[0].at))) if len(records) > limit else None,
    }
    return view.answer(content)


@router.get(
    "/{objective}/{key_result}/explain",
    operation_id="explainKeyResult",
    summary="Why a key result's numbers are what they are",
    response_model=KeyResultExplanation,
    responses=ONE,
)
def explain_key_result(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """Measure, query, window, unit, every formula with the numbers put in, and the rule that gave the status."""
    view = view_of(request, services)
    view.key_result(objective, key_result)
    return view.answer_with_database(services.explaining(view.whole).key_result(objective, key_result))
