"""Routes for documents: the same six for each kind that may be made over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from okrbridge.api.auth import READS, Requires, sees_restricted
from okrbridge.api.conditional import IfMatch, document_tag
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import STORED_LIST, STORED_ONE
from okrbridge.api.idempotent import Once
from okrbridge.api.lookup import find_declared
from okrbridge.api.paging import DEFAULT_LIMIT, Cursor, Limit, page
from okrbridge.api.responses import JsonResponse, answer_with_tag
from okrbridge.api.schemas.base import Page
from okrbridge.api.schemas.documents import DocumentBody, DocumentItem, MergePatch
from okrbridge.api.view import declared_view
from okrbridge.api.writing import CREATED, REMOVED, UPDATED, Why, Writing, matched, name_in, replaced
from okrbridge.api.writing_route import WritingRoute
from okrbridge.application.access_ports import Caller, Role
from okrbridge.application.document_writing import DocumentWriter, Written, merged
from okrbridge.application.documents import ShownDocument, document_item, shown_document, shown_documents
from okrbridge.application.visibility import Sight


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of documents, and where it stands in the API.

    Attributes:
        path: of the list, such as ``teams``.
        parameter: name of the path's parameter.
        tag: under which OpenAPI lists it.
        writer: the role that writes it.
    """

    kind: str
    path: str
    parameter: str
    tag: str
    writer: Role = Role.EDITOR

    @property
    def with_article(self) -> str:
        """Such as ``an Objective``."""
        return f"{'an' if self.kind.startswith(('A', 'E', 'I', 'O', 'U')) else 'a'} {self.kind}"


TEAM = DocumentKind("Team", "teams", "team", "teams")
INDICATOR = DocumentKind("Indicator", "indicators", "indicator", "indicators")
INITIATIVE = DocumentKind("Initiative", "initiatives", "initiative", "initiatives")
RETROSPECTIVE = DocumentKind("Retrospective", "retrospectives", "retrospective", "cycles")
MAINTENANCE = DocumentKind("MaintenanceWindow", "maintenance-windows", "window", "maintenance")
POLICY = DocumentKind("StatusPolicy", "status-policies", "policy", "definitions", Role.ADMIN)
OBJECTIVE = DocumentKind("Objective", "objectives", "objective", "objectives")
CYCLE = DocumentKind("Cycle", "cycles", "cycle", "cycles")

STANDING_KINDS = (TEAM, INDICATOR, INITIATIVE, RETROSPECTIVE, MAINTENANCE, POLICY)
"""Kinds whose lists and items are the documents themselves."""
EVALUATED_KINDS = (OBJECTIVE, CYCLE)
"""Kinds whose lists and items are evaluated; their documents stand at ``…/document``."""


def document_routers() -> list[APIRouter]:
    """The routes of every kind. Reading is declared by each route, because writing needs more."""
    routers = []
    for kind in (*STANDING_KINDS, *EVALUATED_KINDS):
        router = APIRouter(prefix=f"/{kind.path}", tags=[kind.tag], route_class=WritingRoute)
        if kind in STANDING_KINDS:
            _add_list(router, kind)
            _add_item(router, kind, "")
        else:
            _add_item(router, kind, "/document")
        _add_writing(router, kind)
        _add_removal(router, kind)
        routers.append(router)
    return routers


def _name(kind: DocumentKind) -> Any:  # noqa: ANN401 - what the framework gives for a default
    return Path(alias=kind.parameter, min_length=1, max_length=253)


def _needed(kind: DocumentKind) -> Any:  # noqa: ANN401 - what the framework gives for a default
    return Depends(Requires(kind.writer))


def _add_list(router: APIRouter, kind: DocumentKind) -> None:
    @router.get(
        "",
        operation_id=f"list{kind.kind}Documents",
        summary=f"All {kind.kind} documents",
        response_model=Page[DocumentItem],
        responses=STORED_LIST,
        dependencies=[READS],
    )
    def list_documents(
        request: Request, services: Services, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Response:
        """Documents from files and those made over HTTP, by name."""
        view = declared_view(request, services)
        found, after = page(_Documents(request, services, kind, view.sight).all(), lambda one: one.name, limit, cursor)
        return view.answer({"items": [item_of(one) for one in found], "next": after})


def _add_item(router: APIRouter, kind: DocumentKind, below: str) -> None:
    @router.get(
        f"/{{{kind.parameter}}}{below}",
        operation_id=f"get{kind.kind}Document",
        summary=f"One {kind.kind} document",
        response_model=DocumentItem,
        responses=STORED_ONE,
        dependencies=[READS],
    )
    def get_document(request: Request, services: Services, name: str = _name(kind)) -> Response:
        """The document with where it is from; its ETag is what `If-Match` must name to change it."""
        view = declared_view(request, services)
        shown = _Documents(request, services, kind, view.sight).one(name)
        if shown.stored is None or view.sight.texts:
            return view.answer(item_of(shown))
        item = item_of(shown)
        return answer_with_tag(request, document_tag(shown.stored), lambda: JsonResponse(item))


def _add_writing(router: APIRouter, kind: DocumentKind) -> None:
    needed = _needed(kind)

    @router.post(
        "",
        operation_id=f"create{kind.kind}",
        summary=f"Make {kind.with_article}",
        status_code=201,
        response_model=DocumentItem,
        responses=CREATED,
    )
    def create(
        request: Request,
        services: Services,
        *,
        once: Once,
        body: DocumentBody,
        caller: Caller = needed,
        why: Why = "",
    ) -> Response:
        """Files and everything made over HTTP are checked together first; refused, nothing changes."""
        name = name_in(body, kind.kind)

        def write(writer: DocumentWriter) -> Written:
            return writer.create(kind.kind, name, body.model_dump(include={"metadata", "spec"}))

        writing = Writing(request, services, caller, why, f"/api/v1/{kind.path}")
        return writing.answer(once, write, status=201)

    @router.put(
        f"/{{{kind.parameter}}}",
        operation_id=f"replace{kind.kind}",
        summary=f"Replace {kind.with_article}",
        response_model=DocumentItem,
        responses=UPDATED,
    )
    def put(
        request: Request,
        services: Services,
        *,
        once: Once,
        body: DocumentBody,
        name: str = _name(kind),
        caller: Caller = needed,
        if_match: IfMatch = None,
        why: Why = "",
    ) -> Response:
        """The document as a whole. Only what was made over HTTP; a file's is changed in the file."""
        name_in(body, kind.kind, name)

        def write(writer: DocumentWriter) -> Written:
            before = matched(writer, kind.kind, name, if_match)
            return writer.replace(before, body.model_dump(include={"metadata", "spec"}))

        return Writing(request, services, caller, why).answer(once, write)

    @router.patch(
        f"/{{{kind.parameter}}}",
        operation_id=f"update{kind.kind}",
        summary=f"Change {kind.with_article}",
        response_model=DocumentItem,
        responses=UPDATED,
    )
    def patch(
        request: Request,
        services: Services,
        *,
        once: Once,
        body: MergePatch,
        name: str = _name(kind),
        caller: Caller = needed,
        if_match: IfMatch = None,
        why: Why = "",
    ) -> Response:
        """A JSON merge patch (RFC 7396) of the document: null removes a key, lists are replaced as a whole."""

        def write(writer: DocumentWriter) -> Written:
            before = matched(writer, kind.kind, name, if_match)
            return writer.replace(before, replaced(before, lambda document: merged(document, body)))

        return Writing(request, services, caller, why).answer(once, write)


def _add_removal(router: APIRouter, kind: DocumentKind) -> None:
    needed = _needed(kind)

    @router.delete(
        f"/{{{kind.parameter}}}",
        operation_id=f"delete{kind.kind}",
        summary=f"Remove {kind.with_article}",
        status_code=204,
        response_class=Response,
        responses=REMOVED,
    )
    def delete(
        request: Request,
        services: Services,
        *,
        once: Once,
        name: str = _name(kind),
        caller: Caller = needed,
        if_match: IfMatch = None,
        why: Why = "",
    ) -> Response:
        """What was measured of it stays in the database. Refused while something else refers to it."""

        def write(writer: DocumentWriter) -> Written:
            before = matched(writer, kind.kind, name, if_match)
            return writer.delete(before)

        return Writing(request, services, caller, why).answer(once, write, status=204)


def item_of(shown: ShownDocument) -> dict[str, Any]:
    """A document as the API answers it."""
    return document_item(shown, document_tag(shown.stored) if shown.stored else None)


@dataclass(frozen=True, slots=True)
class _Documents:
    """The documents of a kind as a request's caller sees them."""

    request: Request
    services: ApiServices
    kind: DocumentKind
    sight: Sight

    def all(self) -> list[ShownDocument]:
        """By name."""
        with self.services.storage.reading() as database:
            stored = database.documents.all()
        shown = shown_documents(self.kind.kind, self.services.definitions(), stored, self.sight)
        return [one for one in shown if self._is_known(one)]

    def one(self, name: str) -> ShownDocument:
        """The one of a name; no other is read unless it is not there. Raises NotFoundError with the closest name."""
        with self.services.storage.reading() as database:
            stored = database.documents.get(self.kind.kind, name)
        shown = shown_document(self.kind.kind, name, self.services.definitions(), stored, self.sight)
        if shown is not None and self._is_known(shown):
            return shown
        return find_declared(self.kind.kind, name, {one.name: one for one in self.all()})

    def _is_known(self, shown: ShownDocument) -> bool:
        """Of an objective that does not fit the files any more nobody knows whether its team restricts it."""
        if self.kind is not OBJECTIVE or sees_restricted(self.request):
            return True
        return shown.name in self.services.definitions().objective_by_name
