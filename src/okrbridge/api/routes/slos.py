"""``/slos``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from okrbridge.api.answer_cache import SnapshotRoute
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import HISTORY, LIST, ONE, NameFilter, SloName, StepText, TimeText
from okrbridge.api.errors import BadRequestError
from okrbridge.api.lookup import find_declared, find_evaluated
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.responses import about_snapshot, from_database, from_snapshot
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.explanations import SloExplanation
from okrbridge.api.schemas.slos import SloHistory, SloItem
from okrbridge.api.times import parse_interval, parse_step
from okrbridge.application.reports import rfc3339, slo_item
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_history import (
    MAX_ROWS,
    history_rows,
    latest_boundary,
    on_grid,
    usual_step,
    whole_rows,
)
from okrbridge.application.slo_reports import SloReport
from okrbridge.application.snapshot import Snapshot
from okrbridge.domain.slo import SloState
from okrbridge.domain.windows import Interval

router = APIRouter(prefix="/slos", tags=["slos"], route_class=SnapshotRoute)


@router.get("", operation_id="listSlos", summary="All SLOs", response_model=Page[SloItem], responses=LIST)
def list_slos(
    request: Request,
    services: Services,
    *,
    service: NameFilter = None,
    state: Annotated[list[SloState] | None, Query(max_length=8, description="Only those in one of these.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every SLO as evaluated last, by name."""
    snapshot, now = services.snapshot(), services.clock()
    slos = snapshot.slos.directory.slos
    rows, after = page(snapshot.slos.select(service, state or ()), lambda row: slos[row].name, limit, cursor)
    items = [slo_item(snapshot.slos[row], now, snapshot.evaluation_id) for row in rows]
    return from_snapshot(request, snapshot, now, {"items": items, "next": after})


@router.get("/{slo}", operation_id="getSlo", summary="One SLO", response_model=SloItem, responses=ONE)
def get_slo(request: Request, services: Services, slo: SloName) -> Response:
    """One SLO as evaluated last."""
    snapshot, now = services.snapshot(), services.clock()
    report = _evaluated(services, snapshot, slo)
    return from_snapshot(request, snapshot, now, slo_item(report, now, snapshot.evaluation_id))


@router.get(
    "/{slo}/history",
    operation_id="getSloHistory",
    summary="History of an SLO",
    response_model=SloHistory,
    responses=HISTORY,
)
def get_slo_history(
    request: Request,
    services: Services,
    *,
    slo: SloName,
    since: Annotated[TimeText, Query(alias="from")] = None,
    to: TimeText = None,
    step: StepText = None,
) -> Response:
    """Counts, SLI, coverage and the budget left over time, from the ledger.

    Without `from` and `to` it covers the SLO's own window; without `step` it has about 300 rows. Rows are whole
    steps counted back from the end, which is the last boundary evaluated at the latest. At most 11,000 rows.
    """
    declared = find_declared("slo", slo, services.definitions().slo_by_name)
    now = services.clock()
    asked = parse_interval(since, to, now, declared.window.length)
    length = on_grid(parse_step(step), services.grid) if step else usual_step(asked.length, services.grid)
    if asked.length // length > MAX_ROWS:
        raise BadRequestError(f"that is more than {MAX_ROWS} rows; ask for a shorter time or a longer step")
    rows = whole_rows(_known(services, asked), length, services.grid)
    maintenance = services.definitions().maintenance
    with services.storage.reading() as database:
        counts = SloCounts(database.ledger, services.grid, maintenance)
        items = history_rows(counts, declared, rows, length, services.grid)
    content = {
        "slo": slo,
        "from": rfc3339(rows.start),
        "to": rfc3339(rows.end),
        "step_seconds": length.total_seconds(),
        "items": items,
        "next": None,
    }
    return from_database(request, content)


@router.get(
    "/{slo}/explain",
    operation_id="explainSlo",
    summary="Why an SLO's numbers are what they are",
    response_model=SloExplanation,
    responses=ONE,
)
def explain_slo(request: Request, services: Services, slo: SloName) -> Response:
    """Query, method, window, counts, coverage, and every formula with the numbers put in."""
    snapshot = services.snapshot()
    _evaluated(services, snapshot, slo)
    explaining = services.explaining(snapshot)
    return about_snapshot(request, snapshot, explaining.now, explaining.slo(slo))


def _known(services: ApiServices, asked: Interval) -> Interval:
    """What was asked for, ended where evaluation ended."""
    snapshot = services.snapshots.current
    latest = latest_boundary(snapshot.at if snapshot else None, services.clock(), services.grid)
    end = max(asked.start, min(asked.end, latest))
    return Interval(asked.start, end)


def _evaluated(services: ApiServices, snapshot: Snapshot, name: str) -> SloReport:
    return find_evaluated("slo", name, snapshot.slo_by_name, services.definitions().slo_by_name)
