"""From exceptions to ``application/problem+json`` (RFC 9457): the one table, and the handlers that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from okrbridge.api.allowed_methods import allowed_methods
from okrbridge.api.known_keys import unknown_key
from okrbridge.api.responses import JsonResponse
from okrbridge.api.security_headers import BROWSERS_MUST_NOT
from okrbridge.application.access import ForbiddenError, UnauthenticatedError
from okrbridge.application.cycles.rules import CycleClosedError, ReasonRequiredError
from okrbridge.application.document_writing import DeclaredInFileError, RefusedDocumentError
from okrbridge.application.idempotency import KeyInUseError, KeyReusedError
from okrbridge.application.refusals import RefusedInputError
from okrbridge.errors import (
    ConfigurationError,
    ConflictError,
    DefinitionError,
    Fault,
    NotFoundError,
    OkrbridgeError,
    StorageError,
)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class BadRequestError(OkrbridgeError):
    """A request that is well formed and still cannot be answered; the message says what to write instead."""


class NotEvaluatedError(OkrbridgeError):
    """What was asked for is declared, and no tick has evaluated it yet."""


class ReloadDisabledError(OkrbridgeError):
    """Reloading over HTTP is turned off."""


class WritingDisabledError(OkrbridgeError):
    """Nothing here takes definitions over HTTP."""


class PreconditionRequiredError(OkrbridgeError):
    """A write without If-Match, which could undo a change that the client has not seen."""


class PreconditionFailedError(OkrbridgeError):
    """If-Match names another state than the object's.

    Attributes:
        current: the object's entity tag.
    """

    def __init__(self, message: str, current: str) -> None:
        self.current = current
        super().__init__(message)


class NotReadyError(OkrbridgeError):
    """A readiness check failed.

    Attributes:
        checks: every check as name, ok, detail.
    """

    def __init__(self, checks: Sequence[Mapping[str, Any]]) -> None:
        self.checks = checks
        failed = ", ".join(str(check["name"]) for check in checks if not check["ok"])
        super().__init__(f"not ready: {failed}")


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem.

    Attributes:
        slug: the end of its ``type``; never changes once published.
        detail: fixed text where the exception's own message is for the log only.
        is_temporary: whether asking again helps; adds Retry-After.
        challenge: what WWW-Authenticate says; empty for none.
    """

    slug: str
    status: HTTPStatus
    title: str
    detail: str = ""
    is_temporary: bool = False
    challenge: str = ""

    @property
    def type(self) -> str:
        """The stable URI of this kind."""
        return f"urn:okrbridge:problem:{self.slug}"


NOT_FOUND = Problem("not-found", HTTPStatus.NOT_FOUND, "There is nothing of that name")
BAD_REQUEST = Problem("bad-request", HTTPStatus.BAD_REQUEST, "The request cannot be answered as it is")
INVALID_REQUEST = Problem(
    "invalid-request",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The request does not fit its description",
    detail="see errors; the parameters are described under /docs",
)
NOT_EVALUATED = Problem("not-evaluated", HTTPStatus.SERVICE_UNAVAILABLE, "Not evaluated yet", is_temporary=True)
NOT_READY = Problem("not-ready", HTTPStatus.SERVICE_UNAVAILABLE, "Not ready", is_temporary=True)
DATABASE_UNAVAILABLE = Problem(
    "database-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database does not answer",
    detail="the database did not do what was asked; the reason is in okrbridge's log",
    is_temporary=True,
)
DOCUMENT_REFUSED = Problem(
    "document-refused", HTTPStatus.UNPROCESSABLE_ENTITY, "The documents would not fit together; nothing was changed"
)
REFUSED_INPUT = Problem(
    "refused-input", HTTPStatus.UNPROCESSABLE_ENTITY, "What was sent cannot be; nothing was changed"
)
REASON_REQUIRED = Problem(
    "reason-required", HTTPStatus.UNPROCESSABLE_ENTITY, "A promise changes while its cycle runs: say why"
)
DECLARED_IN_FILE = Problem("declared-in-file", HTTPStatus.CONFLICT, "A file declares it, and files win")
CYCLE_CLOSED = Problem("cycle-closed", HTTPStatus.CONFLICT, "The cycle is over")
WRITING_DISABLED = Problem(
    "writing-disabled",
    HTTPStatus.FORBIDDEN,
    "Definitions are not written over HTTP here",
    detail="declare it in a file",
)
RELOAD_DISABLED = Problem("reload-disabled", HTTPStatus.FORBIDDEN, "Reloading over HTTP is turned off")
DEFINITIONS_REFUSED = Problem("definitions-refused", HTTPStatus.CONFLICT, "The definitions were refused")
UNAUTHORIZED = Problem(
    "unauthorized",
    HTTPStatus.UNAUTHORIZED,
    "A token is needed",
    challenge='Bearer realm="okrbridge"',
)
FORBIDDEN = Problem("forbidden", HTTPStatus.FORBIDDEN, "The role of this token does not suffice")
FOREIGN_ORIGIN = Problem("foreign-origin", HTTPStatus.FORBIDDEN, "A web page elsewhere must not write")
WRONG_HOST = Problem("wrong-host", HTTPStatus.MISDIRECTED_REQUEST, "Only this machine is answered")
CONFLICT = Problem("conflict", HTTPStatus.CONFLICT, "It is in the way of what is there already")
KEY_IN_USE = Problem(
    "idempotency-key-in-use", HTTPStatus.CONFLICT, "The first request is still at work", is_temporary=True
)
KEY_REUSED = Problem(
    "idempotency-key-reused", HTTPStatus.UNPROCESSABLE_ENTITY, "The Idempotency-Key belongs to another request"
)
PRECONDITION_REQUIRED = Problem("precondition-required", HTTPStatus.PRECONDITION_REQUIRED, "If-Match is missing")
PRECONDITION_FAILED = Problem("precondition-failed", HTTPStatus.PRECONDITION_FAILED, "It has changed since")
TOO_LARGE = Problem("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too long")
METHOD_NOT_ALLOWED = Problem("method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "That method is not offered here")
INTERNAL = Problem(
    "internal",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "okrbridge failed",
    detail="this is a fault in okrbridge; the reason is in its log",
)

# The first class that fits decides, so subclasses stand before their bases.
_TABLE: tuple[tuple[type[OkrbridgeError], Problem], ...] = (
    (NotFoundError, NOT_FOUND),
    (BadRequestError, BAD_REQUEST),
    (UnauthenticatedError, UNAUTHORIZED),
    (ForbiddenError, FORBIDDEN),
    (PreconditionRequiredError, PRECONDITION_REQUIRED),
    (PreconditionFailedError, PRECONDITION_FAILED),
    (KeyInUseError, KEY_IN_USE),
    (KeyReusedError, KEY_REUSED),
    (DeclaredInFileError, DECLARED_IN_FILE),
    (CycleClosedError, CYCLE_CLOSED),
    (ReasonRequiredError, REASON_REQUIRED),
    (RefusedDocumentError, DOCUMENT_REFUSED),
    (RefusedInputError, REFUSED_INPUT),
    (WritingDisabledError, WRITING_DISABLED),
    (ConflictError, CONFLICT),
    (NotEvaluatedError, NOT_EVALUATED),
    (NotReadyError, NOT_READY),
    (ReloadDisabledError, RELOAD_DISABLED),
    (StorageError, DATABASE_UNAVAILABLE),
    (ConfigurationError, DEFINITIONS_REFUSED),
)
_WITHOUT_EXCEPTION = (INVALID_REQUEST, METHOD_NOT_ALLOWED, FOREIGN_ORIGIN, WRONG_HOST, TOO_LARGE, INTERNAL)
PROBLEMS = (*(problem for _, problem in _TABLE), *_WITHOUT_EXCEPTION)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of an application a problem document, the framework's own included."""
    app.add_exception_handler(OkrbridgeError, _known)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_exception_handler(Exception, _unexpected)


def problem_response(
    request: Request,
    problem: Problem,
    detail: str = "",
    *,
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document.

    Args:
        more: further members of the document.
    """
    content = {
        "type": problem.type,
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail or detail or problem.title,
        "instance": request.url.path,
        **(more or {}),
    }
    every = {**BROWSERS_MUST_NOT, "Cache-Control": "no-store", **(headers or {})}
    if problem.is_temporary:
        every["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if problem.challenge:
        every["WWW-Authenticate"] = problem.challenge
    return JsonResponse(content, status_code=problem.status, headers=every, media_type=PROBLEM_JSON)


def _known(request: Request, error: Exception) -> Response:
    problem = next((problem for kind, problem in _TABLE if isinstance(error, kind)), INTERNAL)
    return problem_response(request, problem, str(error), more=_members(error))


def _members(error: Exception) -> dict[str, Any]:
    """What some errors tell beside their message."""
    if isinstance(error, NotReadyError):
        return {"checks": list(error.checks)}
    if isinstance(error, ForbiddenError):
        return {"required_role": error.required_role}
    if isinstance(error, PreconditionFailedError):
        return {"etag": error.current}
    return _members_of_documents(error)


def _members_of_documents(error: Exception) -> dict[str, Any]:
    if isinstance(error, DeclaredInFileError):
        return {"code": "declared_in_file", "place": error.place}
    if isinstance(error, CycleClosedError):
        return {"code": "cycle_closed"}
    if isinstance(error, RefusedDocumentError | ReasonRequiredError | RefusedInputError):
        return {"errors": [_error(fault) for fault in error.faults]}
    if isinstance(error, DefinitionError):
        keys = ("file", "line", "column", "path", "message", "code")
        return {"faults": [{key: getattr(fault, key) for key in keys} for fault in error.faults]}
    return {}


def _error(fault: Fault) -> dict[str, str]:
    document = f"{fault.file}:{fault.line}" if fault.line else fault.file
    return {"path": fault.path, "message": fault.message, "code": fault.code, "document": document}


def _framework(request: Request, error: Exception) -> Response:
    """404 for an unknown path, 405, and whatever else the framework refuses by itself."""
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    headers = error.headers if isinstance(error, HTTPException) else None
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is no path {request.url.path}; /docs lists them all"
        return problem_response(request, NOT_FOUND, detail, headers=headers)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not offered for {request.url.path}"
        allow = ", ".join(allowed_methods(request.app, request.scope["path"]))
        return problem_response(request, METHOD_NOT_ALLOWED, detail, headers={"Allow": allow})
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return problem_response(request, TOO_LARGE, headers=headers)
    return problem_response(request, Problem(f"http-{int(status)}", status, status.phrase), headers=headers)


def _malformed(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return problem_response(request, INVALID_REQUEST, more={"errors": [_misfit(request, one) for one in found]})


def _misfit(request: Request, found: Mapping[str, Any]) -> dict[str, str]:
    where, *place = found["loc"]
    message = unknown_key(request, place) if found["type"] == "extra_forbidden" else str(found["msg"])
    return {"in": str(where), "name": ".".join(map(str, place)), "message": message}


def _broken_off(request: Request, _error: Exception) -> Response:
    """A client that went away before its request was whole. Nobody reads the answer, and it is no fault of ours."""
    return problem_response(request, BAD_REQUEST, "the request ended before it was whole")


def _unexpected(request: Request, _error: Exception) -> Response:
    """A fault of ours. The server logs the traceback; the client learns nothing of it."""
    return problem_response(request, INTERNAL)
