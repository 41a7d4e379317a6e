"""``/incidents``: what was sent in as incidents, what each cost, and the form of its postmortem."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import HISTORY, STORED_LIST, TimeText
from okrbridge.api.errors import BadRequestError
from okrbridge.api.formats import MARKDOWN, accepted, text_answer
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, encode_cursor
from okrbridge.api.responses import JSON
from okrbridge.api.routes.events import Since, event_place
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.incidents import IncidentImpact, IncidentItem, IncidentReview
from okrbridge.api.times import LATEST, parse_interval
from okrbridge.api.view import DeclaredView, declared_view
from okrbridge.application.incidents.impact import Impact
from okrbridge.application.incidents.incident import AskedIncidents, Incidents, SeveralIncidentsError, incident_item
from okrbridge.application.incidents.review import Review
from okrbridge.application.incidents.review_text import review_markdown
from okrbridge.application.ports import Transaction
from okrbridge.domain.windows import EARLIEST

IncidentId = Annotated[
    str, Path(min_length=1, max_length=200, description="The id that its source gave it.", examples=["P1"])
]
OfSource = Annotated[
    str, Query(alias="source", max_length=100, description="Which is meant where several sources gave the same id.")
]
ReviewFormat = Annotated[
    Literal["json", "markdown"] | None,
    Query(alias="format", description="Without it `Accept` decides; JSON unless it says so."),
]
_FORMATS = {JSON: "json", MARKDOWN: "markdown"}
_REVIEW = {**HISTORY, 200: {"content": {MARKDOWN: {}}}}

router = APIRouter(prefix="/incidents", tags=["events"])


@router.get(
    "",
    operation_id="listIncidents",
    summary="Incidents, the newest first",
    response_model=Page[IncidentItem],
    responses=STORED_LIST,
)
def list_all_incidents(
    request: Request,
    services: Services,
    *,
    since: Since = None,
    to: TimeText = None,
    service: Annotated[str, Query(max_length=253, description="Only those that name this service.")] = "",
    is_open: Annotated[bool | None, Query(alias="open", description="Only those that still last, or do not.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Those that started in an interval; all unless `from` is given. A page may be short and still have a `next`."""
    view = declared_view(request, services)
    asked = AskedIncidents(parse_interval(since, to, view.now, LATEST - EARLIEST), service, is_open)
    before = "" if cursor is None else event_place(cursor)
    with services.storage.reading() as database:
        found = Incidents(database.events, view.sight, view.now).listed(asked, limit, before)
    items = [incident_item(one, view.now) for one in found.incidents]
    return view.answer({"items": items, "next": encode_cursor(found.after) if found.after else None})


@router.get(
    "/{incident:path}/review",
    operation_id="getIncidentReview",
    summary="The form of a postmortem, filled in",
    response_model=IncidentReview,
    responses=_REVIEW,
)
def get_incident_review(
    request: Request, services: Services, *, incident: IncidentId, source: OfSource = "", asked: ReviewFormat = None
) -> Response:
    """Key results impacted and by how much, whether SLOs contributed, action items and key results to improve it."""
    view = declared_view(request, services)
    with services.storage.reading() as database:
        form = Review(_impact(database, services, view, incident, source)).item()
    if (asked or accepted(request, _FORMATS)) == "markdown":
        response = text_answer(request, review_markdown(form), MARKDOWN)
    else:
        response = view.answer(form)
    response.headers["Vary"] = "Accept"
    return response


@router.get(
    "/{incident:path}",
    operation_id="getIncident",
    summary="What an incident cost",
    response_model=IncidentImpact,
    responses=HISTORY,
)
def get_incident(request: Request, services: Services, *, incident: IncidentId, source: OfSource = "") -> Response:
    """What it spent of error budgets, and what became of the key results meanwhile; from the database alone."""
    view = declared_view(request, services)
    with services.storage.reading() as database:
        item = _impact(database, services, view, incident, source).item()
    return view.answer(item)


def _impact(database: Transaction, services: ApiServices, view: DeclaredView, incident: str, source: str) -> Impact:
    try:
        found = Incidents(database.events, view.sight, view.now).find(incident, source)
    except SeveralIncidentsError as error:
        raise BadRequestError(str(error)) from error
    return Impact(database, view.definitions, view.sight, services.grid, found, view.now)
