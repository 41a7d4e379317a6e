"""``/definitions``, ``/indicators/{indicator}/history``, ``/findings``, ``/signals``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Editor, request_id_of
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import HISTORY, NOT_MODIFIED, STORED_LIST, NameFilter, TimeText, problems
from okrbridge.api.errors import (
    NOT_EVALUATED,
    NOT_FOUND,
    REFUSED_INPUT,
)
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.lookup import find_declared
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor, page
from okrbridge.api.routes.key_results import RowLimit
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.standing import FindingBody, FindingItem, IndicatorHistory, PublishedDefinitions, Signals
from okrbridge.api.times import parse_instant, parse_interval
from okrbridge.api.view import declared_view, view_of
from okrbridge.api.writing import writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.audit import Change, record_change
from okrbridge.application.okr_records import FindingState
from okrbridge.application.ports import Transaction
from okrbridge.application.published_definitions import published_definitions
from okrbridge.application.refusals import RefusedInputError
from okrbridge.application.reports import finite, rfc3339
from okrbridge.application.standing_items import finding_item, indicator_row, signals, target_segments
from okrbridge.domain.windows import Interval
from okrbridge.errors import NotFoundError

router = APIRouter(route_class=WritingRoute)
_MOST_SAID = 1_000
_USUAL = timedelta(days=100)


@router.get(
    "/definitions",
    operation_id="getDefinitions",
    summary="What words and numbers mean",
    response_model=PublishedDefinitions,
    responses=NOT_MODIFIED,
    dependencies=[READS],
    tags=["definitions"],
)
def get_definitions(request: Request, services: Services) -> Response:
    """Statuses with their meaning, status policies with their revision, formulas, limits of confidence."""
    view = declared_view(request, services)
    return view.answer(published_definitions(view.definitions))


@router.get(
    "/indicators/{indicator}/history",
    operation_id="getIndicatorHistory",
    summary="History of an indicator, with the targets over it",
    response_model=IndicatorHistory,
    responses=HISTORY,
    dependencies=[READS],
    tags=["indicators"],
)
def get_indicator_history(
    request: Request,
    services: Services,
    *,
    indicator: Annotated[str, Path(min_length=1, max_length=253)],
    since: Annotated[TimeText, Query(alias="from")] = None,
    to: TimeText = None,
    limit: RowLimit = 1000,
    cursor: Cursor = None,
) -> Response:
    """One continuous series over every cycle, ascending; of the last 100 days unless `from` is given."""
    view = declared_view(request, services)
    declared = find_declared("indicator", indicator, {one.name: one for one in view.definitions.indicators})
    written = parse_interval(since, to, view.now, _USUAL)
    asked = Interval(services.grid.ceil(written.start), services.grid.ceil(written.end))
    if cursor is not None:
        asked = asked.clipped(Interval(asked.start, parse_instant(decode_cursor(cursor), view.now)))
    with services.storage.reading() as database:
        records = database.progress.history(declared.id, asked, limit + 1)
    rows = records[-limit:]
    content = {
        "indicator": declared.name,
        "title": declared.title,
        "unit": declared.unit.symbol,
        "low": finite(declared.low),
        "high": finite(declared.high),
        "from": rfc3339(asked.start),
        "to": rfc3339(asked.end),
        "targets": target_segments(declared, view.definitions),
        "items": [indicator_row(record) for record in rows],
        "next": encode_cursor(str(rfc3339(rows[0].at))) if len(records) > limit else None,
    }
    return view.answer(content)


@router.get(
    "/findings",
    operation_id="listFindings",
    summary="What okrbridge noticed",
    response_model=Page[FindingItem],
    responses=STORED_LIST,
    dependencies=[READS],
    tags=["findings"],
)
def list_findings(
    request: Request,
    services: Services,
    *,
    code: NameFilter = None,
    subject: Annotated[str | None, Query(max_length=600, description="Only those about exactly this.")] = None,
    state: FindingState | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Lints and self-diagnosis, by code and subject; those about hidden objects are not there."""
    view = declared_view(request, services)
    with services.storage.reading() as database:
        found = database.findings.all()
    wanted = (
        one
        for one in found
        if code in (None, one.code)
        and subject in (None, one.subject)
        and state in (None, one.state)
        and view.sight.shows_finding(one)
    )
    shown, after = page(wanted, lambda one: f"{one.code} {one.subject}", limit, cursor)
    return view.answer({"items": [finding_item(one) for one in shown], "next": after})


@router.patch(
    "/findings/{code}/{subject:path}",
    operation_id="judgeFinding",
    summary="Accept a finding, or open it again",
    response_model=FindingItem,
    responses=writes(NOT_FOUND, REFUSED_INPUT),
    tags=["findings"],
)
def judge_finding(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    code: Annotated[str, Path(min_length=1, max_length=64)],
    subject: Annotated[str, Path(min_length=1, max_length=600)],
    body: FindingBody,
) -> Response:
    """An accepted finding stays known and asks for nothing; the note says why."""
    if body.state == "accepted" and not body.note.strip():
        raise RefusedInputError("finding", [("note", "say why it is accepted")])
    now = services.clock()

    def write(transaction: Transaction) -> StoredAnswer:
        known = {(one.code, one.subject): one for one in transaction.findings.all()}
        before = known.get((code, subject))
        if before is None:
            raise NotFoundError("finding", f"{code} {subject}")
        after = replace(before, state=FindingState(body.state), note=body.note, by=caller.name)
        transaction.findings.save([after])
        items = finding_item(before), finding_item(after)
        change = Change("judge", "Finding", f"{code} {subject}", *items, body.note)
        record_change(transaction, caller, change, now, request_id_of(request))
        return json_answer(items[1])

    return once.answer(services, caller, write)


@router.get(
    "/signals",
    operation_id="getSignals",
    summary="Whether a cycle is steered",
    response_model=Signals,
    responses={**STORED_LIST, **problems(NOT_FOUND, NOT_EVALUATED)},
    dependencies=[READS],
    tags=["cycles"],
)
def get_signals(
    request: Request,
    services: Services,
    cycle: Annotated[str, Query(min_length=1, max_length=253, examples=["2026-q1"])],
) -> Response:
    """Work stopped on evidence, decisions made and not made, check-ins that are missing."""
    view = view_of(request, services)
    find_declared("cycle", cycle, view.definitions.cycle_by_name)
    names = [one.key_result.id for one in view.snapshot.key_results if one.cycle.name == cycle]
    with services.storage.reading() as database:
        said = database.check_ins.recent(names, view.now, _MOST_SAID)
    return view.answer_of_now(signals(view.snapshot, view.definitions, said, cycle))
