"""Key results one by one, their revisions, and reviews of objectives."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Editor, request_id_of
from okrbridge.api.conditional import IfMatch, document_tag, require_match
from okrbridge.api.dependencies import Services
from okrbridge.api.documentation import STORED_ONE, KeyResultName, ObjectiveName
from okrbridge.api.errors import NOT_FOUND
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.api.lookup import find_declared
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.documents import DocumentItem, MergePatch, ReviewBody, ReviewItem, RevisionItem
from okrbridge.api.view import declared_view
from okrbridge.api.writing import UPDATED, Why, Writing, matched, refused, replaced, writes
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import AuditEntry, StoredAnswer
from okrbridge.application.audit import Change, record_change
from okrbridge.application.document_writing import DocumentWriter, Written, merged
from okrbridge.application.documents import Json
from okrbridge.application.key_result_revisions import revision_items
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339
from okrbridge.errors import ConflictError, NotFoundError

router = APIRouter(route_class=WritingRoute)
REVIEW = "review"
_MOST_REVIEWS = 1_000


@router.post(
    "/objectives/{objective}/key-results",
    operation_id="addKeyResult",
    summary="Add a key result to an objective",
    response_model=DocumentItem,
    responses=UPDATED,
    tags=["key results"],
)
def add_key_result(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    objective: ObjectiveName,
    body: MergePatch,
    if_match: IfMatch = None,
    why: Why = "",
) -> Response:
    """The key result as it would stand in the objective's `keyResults`; the answer is the objective's document."""

    def write(writer: DocumentWriter) -> Written:
        before = writer.current("Objective", objective)
        if if_match is not None:
            require_match(if_match, document_tag(before))
        return writer.replace(before, replaced(before, lambda document: _added(document, body)))

    return Writing(request, services, caller, why).answer(once, write)


@router.patch(
    "/key-results/{objective}/{key_result}",
    operation_id="updateKeyResult",
    summary="Change a key result",
    response_model=DocumentItem,
    responses=UPDATED,
    tags=["key results"],
)
def update_key_result(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    objective: ObjectiveName,
    key_result: KeyResultName,
    body: MergePatch,
    if_match: IfMatch = None,
    why: Why = "",
) -> Response:
    """A JSON merge patch of one key result; `If-Match` names the ETag of its objective's document.

    While the cycle runs, a change of what it promises needs `revision: {reason, note}`; the old state is kept.
    """

    def write(writer: DocumentWriter) -> Written:
        before = matched(writer, "Objective", objective, if_match)
        return writer.replace(before, replaced(before, lambda document: _changed(document, key_result, body)))

    return Writing(request, services, caller, why).answer(once, write)


@router.delete(
    "/key-results/{objective}/{key_result}",
    operation_id="removeKeyResult",
    summary="Remove a key result",
    response_model=DocumentItem,
    responses=UPDATED,
    tags=["key results"],
)
def remove_key_result(
    request: Request,
    services: Services,
    *,
    caller: Editor,
    once: Once,
    objective: ObjectiveName,
    key_result: KeyResultName,
    if_match: IfMatch = None,
    why: Why = "",
) -> Response:
    """While the cycle runs it needs `why`; to keep it in sight, set its state to dropped. Answers the objective."""

    def write(writer: DocumentWriter) -> Written:
        before = matched(writer, "Objective", objective, if_match)
        return writer.replace(before, replaced(before, lambda document: _removed(document, key_result)))

    return Writing(request, services, caller, why).answer(once, write)


@router.get(
    "/key-results/{objective}/{key_result}/revisions",
    operation_id="listRevisions",
    summary="What a key result promised before",
    response_model=Page[RevisionItem],
    responses=STORED_ONE,
    dependencies=[READS],
    tags=["key results"],
)
def list_revisions(
    request: Request, services: Services, objective: ObjectiveName, key_result: KeyResultName
) -> Response:
    """Each change of target, baseline, dates or measure, ascending, with its reason; always one page."""
    view = declared_view(request, services)
    view.key_result(objective, key_result)
    with services.storage.reading() as database:
        revisions = database.definitions.revisions("Objective", objective)
    items = [
        {**one, **{side: view.sight.of_references(one[side], objective) for side in ("before", "after")}}
        for one in revision_items(key_result, revisions)
    ]
    return view.answer({"items": items, "next": None})


@router.get(
    "/objectives/{objective}/reviews",
    operation_id="listReviews",
    summary="What others say of an objective",
    response_model=Page[ReviewItem],
    responses=STORED_ONE,
    dependencies=[READS],
    tags=["objectives"],
)
def list_reviews(request: Request, services: Services, objective: ObjectiveName) -> Response:
    """Approvals and comments, the newest first; one page of at most 1,000."""
    view = declared_view(request, services)
    find_declared("objective", objective, view.definitions.objective_by_name)
    with services.storage.reading() as database:
        entries = database.audit.newest(kind="Objective", name=objective, limit=_MOST_REVIEWS)
    return view.answer({"items": [_review_item(one) for one in entries if one.action == REVIEW], "next": None})


@router.post(
    "/objectives/{objective}/reviews",
    operation_id="reviewObjective",
    summary="Approve an objective, or comment on it",
    status_code=201,
    response_model=ReviewItem,
    responses=writes(NOT_FOUND),
    tags=["objectives"],
)
def review_objective(
    request: Request, services: Services, *, caller: Editor, once: Once, objective: ObjectiveName, body: ReviewBody
) -> Response:
    """The owner of a parent approves or comments; a review changes nothing of the objective, nor its targets."""
    view = declared_view(request, services)
    find_declared("objective", objective, view.definitions.objective_by_name)

    def write(transaction: Transaction) -> StoredAnswer:
        change = Change(REVIEW, "Objective", objective, None, body.model_dump(), body.note)
        entry = record_change(transaction, caller, change, view.now, request_id_of(request))
        return json_answer(_review_item(entry), 201)

    return once.answer(services, caller, write)


def _review_item(entry: AuditEntry) -> Item:
    said = entry.after or {}
    return {"at": rfc3339(entry.at), "by": entry.by, "decision": said.get("decision"), "note": said.get("note", "")}


def _added(document: Json, key_result: Json) -> Json:
    spec = document["spec"]
    name = key_result.get("name")
    if any(one.get("name") == name for one in spec["keyResults"]):
        raise ConflictError(f"the objective has a key result named {name!r} already; change it with PATCH")
    return {**document, "spec": {**spec, "keyResults": [*spec["keyResults"], key_result]}}


def _changed(document: Json, name: str, patch: dict[str, Any]) -> Json:
    if patch.get("name", name) != name:
        place = f"http:Objective/{document['metadata']['name']}"
        raise refused(place, "name", "a name never changes; add another key result", "wrong_value")
    spec = document["spec"]
    _require(document, name)
    listed = [merged(one, patch) if one.get("name") == name else one for one in spec["keyResults"]]
    return {**document, "spec": {**spec, "keyResults": listed}}


def _removed(document: Json, name: str) -> Json:
    spec = document["spec"]
    _require(document, name)
    return {**document, "spec": {**spec, "keyResults": [one for one in spec["keyResults"] if one.get("name") != name]}}


def _require(document: Json, name: str) -> None:
    if all(one.get("name") != name for one in document["spec"]["keyResults"]):
        raise NotFoundError("key result", f"{document['metadata']['name']}/{name}")
