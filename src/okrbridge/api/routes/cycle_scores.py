"""``/cycles/{cycle}/close`` and ``/cycles/{cycle}/scores``: closing a cycle, and what it scored."""

from __future__ import annotations

from hashlib import blake2s

import orjson
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from okrbridge.api.auth import Editor, request_id_of, sees_restricted
from okrbridge.api.conditional import IfMatch, require_match
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import STORED_ONE, CycleName, KeyResultName, ObjectiveName, problems
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
from okrbridge.api.writing import WRITES, takes_json
from okrbridge.application.access_ports import Role, StoredAnswer
from okrbridge.application.closing import Closing, Judgement, UnfinishedClosingError
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.score_changes import Changing, ScoreChange, find_score
from okrbridge.application.score_items import is_restricted, score_item
from okrbridge.application.visibility import sight_of
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.scoring import Outcome
from okrbridge.errors import NotFoundError

router = APIRouter(tags=["cycles"])
_CLOSES = {**WRITES, **problems(NOT_FOUND, CONFLICT, CYCLE_CLOSED)}
_CHANGES = {**_CLOSES, **problems(PRECONDITION_REQUIRED, PRECONDITION_FAILED)}


@router.get(
    "/{cycle}/close",
    operation_id="getClosingForm",
    summary="What closing asks",
    response_model=ClosingForm,
    responses=STORED_ONE,
)
def get_closing_form(request: Request, services: Services, _caller: Editor, cycle: CycleName) -> Response:
    """Each key result to score, what people must say about it, and the score that the rule gives now."""
    with services.storage.reading() as database:
        form = Closing(database, services.definitions(), _cycle(services, cycle), services.clock()).form()
    return from_database(request, form)


@router.post(
    "/{cycle}/close",
    operation_id="closeCycle",
    summary="Close a cycle",
    response_model=Scores,
    responses=_CLOSES,
    dependencies=takes_json(Role.EDITOR),
)
def close_cycle(
    request: Request, services: Services, caller: Editor, once: Once, *, cycle: CycleName, body: ClosingBody
) -> Response:
    """Score every key result. Each needs one sentence on its outcome; nothing is stored until all is there."""
    judgements = _judgements(body)

    def write(transaction: Transaction) -> StoredAnswer:
        closing = Closing(transaction, services.definitions(), _cycle(services, cycle), services.clock())
        return json_answer(_scores(cycle, closing.close(judgements, caller, request_id_of(request))))

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
    _cycle(services, cycle)
    with services.storage.reading() as database:
        kept = database.scores.of_cycle(cycle)
    content = _scores(cycle, [one for one in kept if _may_see(request, services, one)])
    content["closed_at"] = rfc3339(kept[0].closed_at) if kept else None
    return from_database(request, content)


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
    if not _may_see(request, services, record):
        raise NotFoundError("score", f"{cycle}/{objective}/{key_result}")
    return answer_with_tag(request, _tag(record), lambda: JsonResponse(score_item(record)))


@router.patch(
    "/{cycle}/scores/{objective}/{key_result}",
    operation_id="changeScore",
    summary="Put a score right",
    response_model=ScoreItem,
    responses=_CHANGES,
    dependencies=takes_json(Role.EDITOR),
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

    def write(transaction: Transaction) -> StoredAnswer:
        before = find_score(transaction, cycle, f"{objective}/{key_result}")
        require_match(if_match, _tag(before))
        changing = Changing(transaction, services.definitions(), _cycle(services, cycle), services.clock())
        after = changing.change(before, change, caller, request_id_of(request))
        return json_answer(score_item(after), headers={"ETag": _tag(after)})

    try:
        return once.answer(services, caller, write)
    except UnfinishedClosingError as problem:
        raise _invalid(problem) from problem


def _cycle(services: ApiServices, name: str) -> Cycle:
    return find_declared("cycle", name, services.definitions().cycle_by_name)


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


def _may_see(request: Request, services: ApiServices, record: ScoreRecord) -> bool:
    """Whether the caller may see a score: its key result is not hidden now, and was not restricted at the close."""
    shown = sees_restricted(request)
    sight = sight_of(services.definitions(), services.snapshots.current, sees_restricted=shown)
    return sight.shows_key_result(record.key_result) and (shown or not is_restricted(record))


def _tag(record: ScoreRecord) -> str:
    """The strong tag of a score."""
    return f'"{blake2s(orjson.dumps(score_item(record)), digest_size=12).hexdigest()}"'


def _invalid(problem: UnfinishedClosingError) -> RequestValidationError:
    """The refusal that names each key result, and what it lacks."""
    lacks = problem.lacks
    return RequestValidationError([_place(f"key_results.{one.key_result}.{one.field}", one.message) for one in lacks])


def _place(name: str, message: str) -> dict[str, object]:
    return {"loc": ("body", name), "msg": message, "type": "value_error"}
