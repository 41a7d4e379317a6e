"""``/key-results/{objective}/{key_result}/check-ins`` and ``…/forecast``."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Editor, request_id_of
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import HISTORY, ONE, KeyResultName, ObjectiveName, problems
from okrbridge.api.errors import DATABASE_UNAVAILABLE, NOT_EVALUATED, NOT_FOUND, REFUSED_CHECK_IN
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.schemas.check_ins import CheckInBody, CheckInItem, CheckInPage, DraftItem, ForecastItem
from okrbridge.api.view import View, view_of
from okrbridge.api.writing import SOUND_JSON, WRITES
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.audit import Change, record_change
from okrbridge.application.check_ins import (
    TRADE_OFF,
    Said,
    check_in_item,
    check_in_of,
    draft_item,
    evidence_of,
    refuse_impossible,
    slowed_item,
    to_discuss,
    trade_off_event,
)
from okrbridge.application.cycle_evidence import CycleEvidence
from okrbridge.application.forecast_items import forecast_item
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Event
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.confidence import trend_of
from okrbridge.domain.windows import Interval

router = APIRouter(prefix="/key-results/{objective}/{key_result}", tags=["check-ins"])
_MOST_EVENTS = 50
_WITH_DATABASE = {**ONE, **problems(NOT_FOUND, NOT_EVALUATED, DATABASE_UNAVAILABLE)}


@router.get(
    "/check-ins",
    operation_id="listCheckIns",
    summary="Check-ins of a key result",
    response_model=CheckInPage,
    responses={**HISTORY, **_WITH_DATABASE},
    dependencies=[READS],
)
def list_check_ins(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """What people said of it in its cycle, ascending, and what that adds up to: trend, red spells, decisions."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    with services.storage.reading() as database:
        said = [one for one in database.check_ins.of(report.key_result.id) if _is_of_cycle(report, one.at)]
        content = {
            "objective": objective,
            "key_result": key_result,
            **_summary(database, report, said, view.now),
            "items": [check_in_item(one) for one in said if view.sight.shows_key_result(one.key_result)],
            "next": None,
        }
    return view.answer_with_database(content) if False else _fresh(view, content)


@router.get(
    "/check-ins/draft",
    operation_id="draftCheckIn",
    summary="A check-in to fill in",
    response_model=DraftItem,
    responses=_WITH_DATABASE,
    dependencies=[READS],
)
def draft_check_in(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """The evidence since the last check-in is filled in; what blocks it and what will change remain."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    with services.storage.reading() as database:
        evidence = _evidence(database, report, view.now)
    return _fresh(view, draft_item(report, evidence))


@router.post(
    "/check-ins",
    operation_id="checkIn",
    summary="Check in",
    status_code=201,
    response_model=CheckInItem,
    responses={**WRITES, **_WITH_DATABASE, **problems(*REFUSED_CHECK_IN)},
)
def check_in(
    request: Request,
    services: Services,
    caller: Editor,
    once: Once,
    *,
    objective: ObjectiveName,
    key_result: KeyResultName,
    body: CheckInBody,
) -> Response:
    """Stored with the evidence of this moment. A sharp drop of confidence opens the finding `discuss`."""
    view = view_of(request, services)
    report, said = view.key_result(objective, key_result), _said(body)
    refuse_impossible(report, said, view.definitions.key_result_by_id, view.now)

    def write(transaction: Transaction) -> StoredAnswer:
        before = transaction.check_ins.latest([report.key_result.id], view.now).get(report.key_result.id)
        made = check_in_of(report, said, _evidence(transaction, report, view.now), caller, view.now)
        transaction.check_ins.add(made)
        event = trade_off_event(made)
        transaction.events.save([event] if event else [])
        finding = to_discuss(report, before, made, services.definitions())
        transaction.findings.save([finding] if finding else [])
        item = check_in_item(made)
        change = Change("check_in", "KeyResult", made.key_result, None, item)
        record_change(transaction, caller, change, view.now, request_id_of(request))
        return json_answer(item, 201)

    return once.answer(services, caller, write)
