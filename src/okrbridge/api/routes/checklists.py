"""``/checklists``."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Editor, request_id_of
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import NOT_MODIFIED, NameFilter, problems
from okrbridge.api.errors import (
    BAD_REQUEST,
    DATABASE_UNAVAILABLE,
    INVALID_REQUEST,
    NOT_EVALUATED,
    NOT_FOUND,
    REFUSED_INPUT,
)
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.lookup import find_declared
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.checklists import ChecklistItem, ChecklistOf, TickBody
from okrbridge.api.view import View, view_of
from okrbridge.api.writing import writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.audit import record_change
from okrbridge.application.checklist_ticks import Tick, list_name, tick_change, ticks_of
from okrbridge.application.checklists import Seen, checklist_item, checklists, item_of
from okrbridge.application.ports import Transaction
from okrbridge.application.refusals import RefusedInputError
from okrbridge.application.self_diagnosis_checklists import Item

router = APIRouter(prefix="/checklists", tags=["checklists"], route_class=WritingRoute)
_WRITES = writes(NOT_FOUND, NOT_EVALUATED, REFUSED_INPUT)
_ITEM = "/{checklist}/{subject:path}/{item}"

ChecklistName = Annotated[str, Path(min_length=1, max_length=64, examples=["before_production"])]
Subject = Annotated[str, Path(min_length=1, max_length=600, examples=["rock-solid-api/uptime"])]
ItemName = Annotated[str, Path(min_length=1, max_length=64, examples=["alerts_tested"])]


@router.get(
    "",
    operation_id="listChecklists",
    summary="What is done, and what is still to do",
    response_model=Page[ChecklistOf],
    responses={**NOT_MODIFIED, **problems(BAD_REQUEST, INVALID_REQUEST, NOT_EVALUATED, DATABASE_UNAVAILABLE)},
    dependencies=[READS],
)
def list_checklists(
    request: Request,
    services: Services,
    *,
    checklist: NameFilter = None,
    subject: Annotated[str | None, Query(max_length=600, description="Only those about exactly this.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Every checklist by name and subject; those about hidden objects are not there."""
    view = view_of(request, services)
    with services.storage.reading() as database:
        found = checklists(_seen(view, database))
    wanted = (one for one in found if checklist in (None, one.name) and subject in (None, one.subject))
    shown, after = page(wanted, lambda one: one.key, limit, cursor)
    return view.answer_of_now({"items": [checklist_item(one) for one in shown], "next": after})


@router.put(
    _ITEM,
    operation_id="tickChecklistItem",
    summary="Tick an item that only people can tell",
    response_model=ChecklistItem,
    responses=_WRITES,
)
def tick(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    checklist: ChecklistName,
    subject: Subject,
    item: ItemName,
    body: TickBody,
) -> Response:
    """Kept in the audit log with who and when; ticked again, it says who did so last."""
    view, name = view_of(request, services), f"{list_name(checklist, subject)}/{item}"

    def write(transaction: Transaction) -> StoredAnswer:
        open_item = _item(view, transaction, checklist, subject, item)
        made = Tick(caller.name, view.now, body.note)
        change = tick_change(name, open_item.tick, made)
        record_change(transaction, caller, change, view.now, request_id_of(request))
        return json_answer(item_of(replace(open_item, is_done=True, tick=made, evidence=f"ticked by {made.by}")))

    return once.answer(services, caller, write)


@router.delete(
    _ITEM,
    operation_id="untickChecklistItem",
    summary="Take a tick back",
    status_code=204,
    responses={**_WRITES, 204: {"description": "It is not ticked"}},
)
def untick(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    checklist: ChecklistName,
    subject: Subject,
    item: ItemName,
) -> Response:
    """Taken back with who and when; nothing happens to an item that is not ticked."""
    view, name = view_of(request, services), f"{list_name(checklist, subject)}/{item}"

    def write(transaction: Transaction) -> StoredAnswer:
        before = _item(view, transaction, checklist, subject, item).tick
        if before is not None:
            change = tick_change(name, before, None)
            record_change(transaction, caller, change, view.now, request_id_of(request))
        return json_answer(None, 204)

    return once.answer(services, caller, write)


def _seen(view: View, database: Transaction) -> Seen:
    names = [one.key_result.id for one in view.snapshot.key_results]
    return Seen(
        snapshot=view.snapshot,
        definitions=view.definitions,
        now=view.now,
        begun=database.definitions.begun_at() or view.now,
        findings=[one for one in database.findings.all() if view.sight.shows_finding(one)],
        check_ins=list(database.check_ins.latest(names, view.now).values()),
        ticks=ticks_of(database),
    )


def _item(view: View, database: Transaction, checklist: str, subject: str, name: str) -> Item:
    """An item that people tick. Raises NotFoundError, also for hidden subjects, and RefusedInputError for others."""
    lists = {list_name(one.name, one.subject): one for one in checklists(_seen(view, database))}
    own = find_declared("checklist", list_name(checklist, subject), lists)
    found = find_declared("checklist item", name, {one.name: one for one in own.items})
    if not found.is_for_people:
        raise RefusedInputError("checklist", [("item", f"okrbridge tells by itself whether {name} is done")])
    return found
