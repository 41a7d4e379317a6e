"""``/cycles/{cycle}/close`` and ``/cycles/{cycle}/scores``: closing a cycle, and what it scored."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2s

import orjson
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from okrbridge.api.auth import Editor, request_id_of
from okrbridge.api.conditional import IfMatch, require_match
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import STORED_ONE, CycleName, KeyResultName, ObjectiveName
from okrbridge.api.errors import (
    CONFLICT,
    CYCLE_CLOSED,
    NOT_FOUND,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
)
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.lookup import find_declared
from okrbridge.api.responses import JsonResponse, answer_with_tag, from_database
from okrbridge.api.schemas.cycles import ClosingBody, ClosingForm, ScoreChangeBody, ScoreItem, Scores
from okrbridge.api.view import declared_view
from okrbridge.api.writing import writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.cycles.closing import Closing, Computed, Judgement, UnfinishedClosingError
from okrbridge.application.cycles.score_changes import Changing, ScoreChange, find_score
from okrbridge.application.cycles.score_items import score_item, seen_score
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.ports import Storage, Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.scoring import Outcome
from okrbridge.errors import NotFoundError

router = APIRouter(tags=["cycles"], route_class=WritingRoute)
_CLOSES = writes(NOT_FOUND, CONFLICT, CYCLE_CLOSED)
_CHANGES = writes(NOT_FOUND, CONFLICT, CYCLE_CLOSED, PRECONDITION_REQUIRED, PRECONDITION_FAILED)


@router.get(
    "/{cycle}/close",
    operation_id="getClosingForm",
    summary="What closing asks",
    response_model=ClosingForm,
    responses=STORED_ONE,
)
def get_closing_form(request: Request, services: Services, _caller: Editor, cycle: CycleName) -> Response:
    """Each key result to score, what people must say about it, and the score that the rule gives now."""
    definitions = services.newest_definitions()
    with services.storage.reading() as database:
        form = Closing(database, definitions, _cycle(definitions, cycle), services.clock()).form()
    return from_database(request, form)


@router.post(
    "/{cycle}/close",
    operation_id="closeCycle",
    summary="Close a cycle",
    response_model=Scores,
    responses=_CLOSES,
)
def close_cycle(
    request: Request, services: Services, caller: Editor, once: Once, *, cycle: CycleName, body: ClosingBody
) -> Response:
    """Score every key result. Each needs one sentence on its outcome; nothing is stored until all is there."""
    judgements = _judgements(body)
    definitions, at = services.newest_definitions(), services.clock()
    computed = _computed(services.storage, definitions, cycle, at)

    def write(transaction: Transaction) -> StoredAnswer:
        closing = Closing(transaction, definitions, _cycle(definitions, cycle), at, computed)
        return json_answer(_scores(cycle, closing.close(judgements, caller, request_id_of(request), early=body.early)))

    try:
        return once.answer(services, caller, write)
    except UnfinishedClosingError as problem:
        raise _invalid(problem) from problem


@router.get(
    "/{cycle}/scores",
    operation_id="listScores",
    summary="Scores of a cycle",
    response_model=Scores,
    responses=STORED_ONE,
)
def list_scores(request: Request, services: Services, cycle: CycleName) -> Response:
    """What each key result scored at the close, and what became of it; none before the close."""
    _cycle(services.definitions(), cycle)
    view = declared_view(request, services)
    with services.storage.reading() as database:
        kept = database.scores.of_cycle(cycle)
    seen = (seen_score(one, view.sight) for one in kept)
    closed = rfc3339(kept[0].closed_at) if kept else None
    return view.answer({"cycle": cycle, "closed_at": closed, "items": [one for one in seen if one is not None]})


@router.get(
    "/{cycle}/scores/{objective}/{key_result}",
    operation_id="getScore",
    summary="One score",
    response_model=ScoreItem,
    responses=STORED_ONE,
)
def get_score(
    request: Request, services: Services, cycle: CycleName, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """The score of one key result."""
    with services.storage.reading() as database:
        record = find_score(database, cycle, f"{objective}/{key_result}")
    view = declared_view(request, services)
    item = seen_score(record, view.sight)
    if item is None:
        raise NotFoundError("score", f"{cycle}/{objective}/{key_result}")
    # Whoever may change it sees all of it; the tag of the others tells nothing of what they do not see.
    return (
        answer_with_tag(request, _tag(record), lambda: JsonResponse(item)) if view.sight.sees_all else view.answer(item)
    )


@router.patch(
    "/{cycle}/scores/{objective}/{key_result}",
    operation_id="changeScore",
    summary="Put a score right",
    response_model=ScoreItem,
    responses=_CHANGES,
)
def change_score(
    request: Request,
    services: Services,
    caller: Editor,
    once: Once,
    *,
    cycle: CycleName,
    objective: ObjectiveName,
    key_result: KeyResultName,
    body: ScoreChangeBody,
    if_match: IfMatch = None,
) -> Response:
    """Another score, result or review, with a reason: until 14 days after the close and the retrospective are over."""
    result = Outcome(body.result) if body.result else None
    change = ScoreChange(body.reason, body.score, result, body.review)
    definitions = services.newest_definitions()

    def write(transaction: Transaction) -> StoredAnswer:
        before = find_score(transaction, cycle, f"{objective}/{key_result}")
        require_match(if_match, _tag(before))
        changing = Changing(transaction, definitions, _cycle(definitions, cycle), services.clock())
        after = changing.change(before, change, caller, request_id_of(request))
        return json_answer(score_item(after), headers={"ETag": _tag(after)})

    try:
        return once.answer(services, caller, write)
    except UnfinishedClosingError as problem:
        raise _invalid(problem) from problem


def _cycle(definitions: DefinitionSet, name: str) -> Cycle:
    return find_declared("cycle", name, definitions.cycle_by_name)


def _computed(storage: Storage, definitions: DefinitionSet, cycle: str, at: datetime) -> Computed | None:
    """What closing needs to work out, read before it is the only writer; None where there is nothing to close."""
    declared = definitions.cycle_by_name.get(cycle)
    if declared is None:
        return None
    with storage.reading() as database:
        return Closing(database, definitions, declared, at).compute()


def _judgements(body: ClosingBody) -> dict[str, Judgement]:
    """By ``OBJECTIVE/NAME``. Raises RequestValidationError when one is there twice."""
    found: dict[str, Judgement] = {}
    for one in body.key_results:
        name = f"{one.objective}/{one.key_result}"
        if name in found:
            raise RequestValidationError([_place(f"key_results.{name}", "it is there twice")])
        result = Outcome(one.result) if one.result else None
        found[name] = Judgement(one.review, one.score, one.reason, result)
    return found


def _scores(cycle: str, records: list[ScoreRecord]) -> Item:
    closed = rfc3339(records[0].closed_at) if records else None
    return {"cycle": cycle, "closed_at": closed, "items": [score_item(record) for record in records]}


def _tag(record: ScoreRecord) -> str:
    """The strong tag of a score."""
    return f'"{blake2s(orjson.dumps(score_item(record)), digest_size=12).hexdigest()}"'


def _invalid(problem: UnfinishedClosingError) -> RequestValidationError:
    """The refusal that names each key result, and what it lacks."""
    lacks = problem.lacks
    return RequestValidationError([_place(f"key_results.{one.key_result}.{one.field}", one.message) for one in lacks])


def _place(name: str, message: str) -> dict[str, object]:
    return {"loc": ("body", name), "msg": message, "type": "value_error"}
