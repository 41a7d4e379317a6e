"""What every write of a document does: one transaction, one writer at a time, then the new definitions in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from okrbridge.api.auth import request_id_of
from okrbridge.api.conditional import document_tag, require_match
from okrbridge.api.dependencies import ApiServices
from okrbridge.api.documentation import Responses, problems
from okrbridge.api.errors import (
    BAD_REQUEST,
    CONFLICT,
    CYCLE_CLOSED,
    DATABASE_UNAVAILABLE,
    DECLARED_IN_FILE,
    DEFINITIONS_REFUSED,
    DOCUMENT_REFUSED,
    INVALID_REQUEST,
    KEY_IN_USE,
    KEY_REUSED,
    NOT_FOUND,
    PRECONDITION_FAILED,
    PRECONDITION_REQUIRED,
    REASON_REQUIRED,
    TOO_LARGE,
    WRITING_DISABLED,
    Problem,
    WritingDisabledError,
)
from okrbridge.api.idempotent import OnceOnly, json_answer
from okrbridge.api.schemas.documents import DocumentBody
from okrbridge.application.access_ports import Caller, StoredAnswer
from okrbridge.application.audit import LONGEST_REASON
from okrbridge.application.document_writing import (
    DocumentWriter,
    Prepare,
    PreparedAhead,
    RefusedDocumentError,
    Rehearsal,
    Written,
)
from okrbridge.application.documents import Json, document_item, from_store
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.ports import Transaction
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.errors import Fault, OkrbridgeError

Why = Annotated[
    str,
    Query(max_length=LONGEST_REASON, description="The reason, for the audit log; needed to remove while a cycle runs."),
]

_CREATING = (
    *(WRITING_DISABLED, CONFLICT, DECLARED_IN_FILE, CYCLE_CLOSED, DEFINITIONS_REFUSED),
    *(DOCUMENT_REFUSED, REASON_REQUIRED),
)


def writes(*more: Problem) -> Responses:
    """The problem answers of a route that writes: those that every write may have, and more."""
    everywhere = (BAD_REQUEST, TOO_LARGE, INVALID_REQUEST, KEY_REUSED, KEY_IN_USE, DATABASE_UNAVAILABLE)
    return problems(*everywhere, *more)


CREATED = writes(*_CREATING)
UPDATED = writes(*_CREATING, NOT_FOUND, PRECONDITION_REQUIRED, PRECONDITION_FAILED)
REMOVED: Responses = {**UPDATED, 204: {"description": "It is gone"}}


@dataclass
class WritingLock:
    """One writer of definitions at a time in this process, so that newer ones never come into force before older."""

    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Writing:
    """A write of one document by one caller.

    Attributes:
        below: path under which a new document stands, for ``Location``; empty for others.
    """

    request: Request
    services: ApiServices
    caller: Caller
    why: str = ""
    below: str = ""

    def answer(self, once: OnceOnly, write: Callable[[DocumentWriter], Written], status: int = 200) -> Response:
        """Write, put the new definitions in force, and answer with the document as it is stored.

        Raises:
            WritingDisabledError: nothing here takes definitions over HTTP.
            OkrbridgeError: why it was refused; nothing was kept.
        """
        if self.services.prepare is None:
            raise WritingDisabledError("this okrbridge takes no definitions over HTTP; declare it in a file")
        ahead, at = PreparedAhead(self.services.prepare), self.services.clock()
        written: list[Written] = []

        def within(transaction: Transaction) -> StoredAnswer:
            written.append(write(DocumentWriter(transaction, *self._writer(ahead, at))))
            return self._answer(written[-1].document, status)

        guard: WritingLock = self.request.app.state.writing
        with guard.lock:
            # The phase of a cycle decides what may be written, and another process may have changed it just now.
            self.services.newest_definitions()
            # Loading takes seconds where there is much; nobody else could write for so long. What the rehearsal meets,
            # the write meets again.
            with suppress(OkrbridgeError), self.services.storage.reading() as database:
                write(Rehearsal(database, *self._writer(ahead, at)))
            response = once.answer(self.services, self.caller, within)
            for one in written:
                one.prepared.put_in_force()
        return response

    def _writer(self, ahead: PreparedAhead, at: datetime) -> tuple[DefinitionSet, Prepare, Caller, datetime, str, str]:
        """What a writer is made of beside its transaction."""
        return self.services.definitions(), ahead, self.caller, at, request_id_of(self.request), self.why

    def _answer(self, stored: StoredDocument | None, status: int) -> StoredAnswer:
        if stored is None:
            return json_answer(None, status)
        tag = document_tag(stored)
        headers = {"ETag": tag}
        if self.below:
            headers["Location"] = f"{self.below}/{stored.name}"
        return json_answer(document_item(from_store(stored), tag), status, headers)


def name_in(body: DocumentBody, kind: str, name: str | None = None) -> str:
    """The name that a document says.

    Args:
        name: the one it must say, when it is known; it may leave it out then.

    Raises:
        RefusedDocumentError: it says none, another one, or another kind.
    """
    given = body.metadata.get("name", name)
    if body.kind not in (None, kind):
        raise refused(f"http:{kind}", "kind", f"is {kind} here", "wrong_value")
    if not isinstance(given, str):
        raise refused(f"http:{kind}", "metadata.name", "is missing, or is no text", "missing_key")
    if name is not None and given != name:
        raise refused(f"http:{kind}/{name}", "metadata.name", "a name never changes; make another one", "wrong_value")
    return given


def matched(writer: DocumentWriter, kind: str, name: str, if_match: str | None) -> StoredDocument:
    """The stored document that is to be changed, which is the one that ``If-Match`` names. Raises when it is not."""
    before = writer.current(kind, name)
    require_match(if_match, document_tag(before))
    return before


def replaced(before: StoredDocument, change: Callable[[Json], Json]) -> Json:
    """The document after a change that keeps its name and kind. Raises RefusedDocumentError when it does not."""
    old: Json = json.loads(before.content)
    new = change(old)
    metadata: Any = new.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kept = {"apiVersion": old["apiVersion"], "kind": old["kind"], "metadata.name": before.name}
    now = {"apiVersion": new.get("apiVersion"), "kind": new.get("kind"), "metadata.name": name}
    changed = [path for path, value in kept.items() if now[path] != value]
    if changed:
        document = f"http:{before.kind}/{before.name}"
        raise refused(document, changed[0], "name, kind and apiVersion never change; make another one", "wrong_value")
    return new


def refused(document: str, path: str, message: str, code: str) -> RefusedDocumentError:
    """The refusal of a document for one fault."""
    return RefusedDocumentError([Fault(document, 0, 0, path, message, code)])
