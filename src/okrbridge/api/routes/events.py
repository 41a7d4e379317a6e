"""``/events`` and ``/annotations``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Ingest, request_id_of
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import STORED_LIST, TimeText, problems
from okrbridge.api.errors import (
    NOT_FOUND,
    REFUSED_INPUT,
    BadRequestError,
)
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.events import KIND_PATTERN, AnnotationItem, EventBody, EventItem, Received, SentBody
from okrbridge.api.times import parse_interval
from okrbridge.api.view import declared_view
from okrbridge.api.writing import writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.annotations import AskedAnnotations, annotation_items
from okrbridge.application.audit import Change, record_change
from okrbridge.application.event_intake import SentEvent, event_item, received, replaced
from okrbridge.application.ports import Transaction
from okrbridge.application.refusals import RefusedInputError

router = APIRouter(tags=["events"], route_class=WritingRoute)
_PLACE = re.compile(r"-?\d{1,18} [!-~]+ [^\x00]+")
_USUAL = timedelta(days=1)
Kinds = Annotated[
    list[Annotated[str, Query(pattern=KIND_PATTERN)]] | None,
    Query(max_length=20, description="Only events of one of these kinds."),
]
Since = Annotated[TimeText, Query(alias="from")]


@router.post(
    "/events",
    operation_id="sendEvents",
    summary="Send one event, or up to 1,000",
    response_model=Received,
    responses=writes(REFUSED_INPUT),
)
def send_events(request: Request, services: Services, *, caller: Ingest, once: Once, body: SentBody) -> Response:
    """Deploys, incidents, sign-ups, survey answers. The same source and id again replaces; all are stored, or none."""
    sent = body if isinstance(body, list) else [body]
    now = services.clock()
    events = received([_sent(one, place) for place, one in enumerate(sent)], now)

    def write(transaction: Transaction) -> StoredAnswer:
        # What was sent is kept as an event; what it took the place of is in the audit log alone.
        before = [event_item(one) for one in replaced(transaction.events.known(events), events)]
        new = transaction.events.save(events)
        told = {"received": len(events), "new": new, "first": f"{events[0].source} {events[0].external_id}"}
        change = Change("receive", "Event", events[0].source, {"replaced": before} if before else None, told)
        record_change(transaction, caller, change, now, request_id_of(request))
        return json_answer({"received": len(events), "new": new})

    return once.answer(services, caller, write)


@router.get(
    "/events",
    operation_id="listEvents",
    summary="Events",
    response_model=Page[EventItem],
    responses=STORED_LIST,
    dependencies=[READS],
)
def list_events(
    request: Request,
    services: Services,
    *,
    since: Since = None,
    to: TimeText = None,
    kind: Kinds = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Events that started in an interval, ascending; of the last day unless `from` is given.

    Those about hidden objects are left out, so that a page may have fewer than its limit.
    """
    view = declared_view(request, services)
    interval = parse_interval(since, to, view.now, _USUAL)
    after = "" if cursor is None else event_place(cursor)
    with services.storage.reading() as database:
        found = database.events.between(interval, tuple(kind or ()), limit + 1, after)
    shown = found[:limit]
    following = encode_cursor(shown[-1].place) if len(found) > limit else None
    items = [event_item(one) for one in shown if view.sight.shows_event(one)]
    return view.answer({"items": items, "next": following})


@router.get(
    "/annotations",
    operation_id="listAnnotations",
    summary="What happened beside a graph",
    response_model=Page[AnnotationItem],
    responses={**STORED_LIST, **problems(NOT_FOUND)},
    dependencies=[READS],
)
def list_annotations(
    request: Request,
    services: Services,
    *,
    since: Since = None,
    to: TimeText = None,
    kind: Kinds = None,
    service: Annotated[str, Query(max_length=253, description="Events of this service alone.")] = "",
    key_result: Annotated[
        str | None,
        Query(max_length=600, description="`OBJECTIVE/NAME`: its status changes and definition changes are told, too."),
    ] = None,
) -> Response:
    """Deploys, incidents, maintenance, trade-offs and changes of definitions, ascending; the newest 1,000, one page."""
    view = declared_view(request, services)
    declared = view.key_result(*_parts(key_result)) if key_result is not None else None
    asked = AskedAnnotations(parse_interval(since, to, view.now, _USUAL), tuple(kind or ()), service, declared)
    with services.storage.reading() as database:
        items = annotation_items(database, view.definitions, view.sight, asked)
    return view.answer({"items": items, "next": None})


def _sent(body: EventBody, place: int) -> SentEvent:
    start = body.start or body.at
    if start is None or (body.start and body.at and body.start != body.at):
        raise RefusedInputError("events", [(f"[{place}].start", "give start, or at for a moment, and one of them")])
    given = body.model_dump(exclude={"id", "start", "at"})
    return SentEvent(external_id=body.id, start=start, **given)


def event_place(cursor: str) -> str:
    """The place in a list of events that a cursor holds. Raises BadRequestError when it holds none."""
    place = decode_cursor(cursor)
    if not _PLACE.fullmatch(place):
        raise BadRequestError("that cursor is none of this list; leave it out to begin at the first event")
    return place


def _parts(identity: str) -> tuple[str, str]:
    objective, _, name = identity.partition("/")
    return objective, name
