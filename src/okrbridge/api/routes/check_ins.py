"""``/key-results/{objective}/{key_result}/check-ins`` and ``…/forecast``."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Editor, request_id_of
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import ONE, KeyResultName, ObjectiveName, problems
from okrbridge.api.errors import (
    DATABASE_UNAVAILABLE,
    NOT_EVALUATED,
    NOT_FOUND,
    REFUSED_INPUT,
)
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.schemas.check_ins import CheckInBody, CheckInItem, CheckInPage, DraftItem, ForecastItem
from okrbridge.api.view import View, view_of
from okrbridge.api.writing import writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.annotations import TOLD
from okrbridge.application.audit import Change, record_change
from okrbridge.application.check_ins import (
    RECENT_CHECK_INS,
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
    withdrawn,
)
from okrbridge.application.cycles.evidence import CycleEvidence
from okrbridge.application.forecast_items import forecast_item
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Event
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.application.visibility import Sight, sight_of
from okrbridge.domain.confidence import trend_of
from okrbridge.domain.windows import Interval

router = APIRouter(prefix="/key-results/{objective}/{key_result}", tags=["check-ins"], route_class=WritingRoute)
_MOST_EVENTS = 50
_READS = {**ONE, **problems(NOT_EVALUATED, DATABASE_UNAVAILABLE)}


@router.get(
    "/check-ins",
    operation_id="listCheckIns",
    summary="Check-ins of a key result",
    response_model=CheckInPage,
    responses=_READS,
    dependencies=[READS],
)
def list_check_ins(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """What people said of it in its cycle, ascending, and what that adds up to: trend, red spells, decisions."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    with services.storage.reading() as database:
        said = database.check_ins.of(report.key_result.id, _measured(report))
        content = {
            "objective": objective,
            "key_result": key_result,
            **_summary(database, view, report, said),
            "items": [check_in_item(one) for one in said],
            "next": None,
        }
    return view.answer_of_now(content)


@router.get(
    "/check-ins/draft",
    operation_id="draftCheckIn",
    summary="A check-in to fill in",
    response_model=DraftItem,
    responses=_READS,
    dependencies=[READS],
)
def draft_check_in(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """The evidence since the last check-in is filled in; what blocks it and what will change remain."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    with services.storage.reading() as database:
        evidence = _evidence(database, services, view, report)
    return view.answer_of_now(draft_item(report, evidence))


@router.post(
    "/check-ins",
    operation_id="checkIn",
    summary="Check in",
    status_code=201,
    response_model=CheckInItem,
    responses=writes(NOT_FOUND, NOT_EVALUATED, REFUSED_INPUT),
)
def check_in(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    objective: ObjectiveName,
    key_result: KeyResultName,
    body: CheckInBody,
) -> Response:
    """Stored with the evidence of this moment. A sharp drop of confidence opens the finding `discuss`.

    The audit log has an override that is withdrawn as `before`.
    """
    view = view_of(request, services)

    def write(transaction: Transaction) -> StoredAnswer:
        # A request that is sent again gets its first answer, whatever has changed since: nothing is looked at before.
        report, said = view.key_result(objective, key_result), _said(body)
        refuse_impossible(report, said, view.definitions.key_result_by_id, view.now)
        ended = _withdrawn(transaction, report, said, view.now)
        made = check_in_of(report, said, _evidence(transaction, services, view, report), caller, view.now)
        transaction.check_ins.add(made)
        event = trade_off_event(made)
        transaction.events.save([event] if event else [])
        recent = transaction.check_ins.recent([made.key_result], view.now, RECENT_CHECK_INS)[made.key_result]
        finding = to_discuss(report, recent, services.definitions())
        transaction.findings.save([finding] if finding else [])
        item = check_in_item(made)
        change = Change("check_in", "KeyResult", made.key_result, check_in_item(ended) if ended else None, item)
        record_change(transaction, caller, change, view.now, request_id_of(request))
        return json_answer(item, 201)

    return once.answer(services, caller, write)


@router.get(
    "/forecast",
    operation_id="getForecast",
    summary="What a key result comes to when it is due",
    response_model=ForecastItem,
    responses=_READS,
    dependencies=[READS],
)
def get_forecast(request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName) -> Response:
    """The interval and the probability to reach the goal, with what was forecast at each check-in."""
    view = view_of(request, services)
    report = view.key_result(objective, key_result)
    with services.storage.reading() as database:
        said = database.check_ins.of(report.key_result.id, report.key_result.period)
    return view.answer_of_now(forecast_item(report, said))


def _said(body: CheckInBody) -> Said:
    given = body.model_dump()
    return Said(**{**given, "output": CheckInOutput(body.output)})


def _withdrawn(transaction: Transaction, report: KeyResultReport, said: Said, now: datetime) -> CheckIn | None:
    """The override that the check-in withdraws, if it does; the database knows of one that no tick has seen yet."""
    identity = report.key_result.id
    return withdrawn(said, transaction.check_ins.latest_values([identity], now).get(identity), now)


def _evidence(database: Transaction, services: ApiServices, view: View, report: KeyResultReport) -> Item:
    identity = report.key_result.id
    last = database.check_ins.latest([identity], view.now).get(identity)
    since = last.at if last else report.key_result.period.start
    # Whoever sees the key result reads its evidence, also when others asked for it.
    readers = sight_of(services.definitions(), view.whole, sees_restricted=report.is_restricted)
    events = _told_events(database, Interval(since, view.now), readers) if since < view.now else []
    return evidence_of(report, last, events)


def _told_events(database: Transaction, interval: Interval, readers: Sight) -> list[Event]:
    """What may explain how numbers moved; sign-ups and answers are counted, not told."""
    found = database.events.between(interval, TOLD, 10_000)
    return [one for one in found if readers.shows_event(one)][-_MOST_EVENTS:]


def _summary(database: Transaction, view: View, report: KeyResultReport, said: list[CheckIn]) -> Item:
    evidence = CycleEvidence(database, report.cycle, [report.key_result], {}, view.now)
    items = evidence.items(report.key_result)
    confident = [one for one in said if one.confidence is not None]
    trend = trend_of([one.confidence for one in confident if one.confidence is not None])
    return {
        "confidence_direction": str(trend.direction) if trend.direction else None,
        "confidence_colours": [str(colour) for colour in trend.colours],
        "drops": [rfc3339(confident[place].at) for place in trend.drops],
        "without_decision_count": items["check_ins_without_decision"],
        **{key: items[key] for key in ("first_red_at", "first_red_week", "red_spells", "decision_latency_days")},
        "slowed_by": [slowed_item(one) for one in _slowing(database, report) if view.sight.shows_event(one)],
    }


def _slowing(database: Transaction, report: KeyResultReport) -> list[Event]:
    events = database.events.between(_measured(report), (TRADE_OFF,))
    return [one for one in events if one.subject == report.key_result.id]


def _measured(report: KeyResultReport) -> Interval:
    """The cycle, and the time after it in which measuring goes on."""
    cycle = report.cycle
    return Interval(cycle.interval.start, max(cycle.interval.end, cycle.measure_until))
