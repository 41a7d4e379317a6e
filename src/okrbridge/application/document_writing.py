"""Writing documents over HTTP: the whole set is loaded and checked before anything is kept.

One transaction holds the document, its revision and the audit entry. Only then do the new definitions come into force.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Protocol

import orjson

from okrbridge.application.access_ports import Caller
from okrbridge.application.audit import Change, record_change
from okrbridge.application.cycles.rules import DocumentChange, refuse_outside_its_phase
from okrbridge.application.document_texts import unfit_texts
from okrbridge.application.documents import API_VERSION, OVER_HTTP, Json, declared_in_file
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.ports import Transaction
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.errors import ConfigurationError, ConflictError, DefinitionError, Fault, NotFoundError, OkrbridgeError

MOST_DOCUMENTS = 10_000
"""Made over HTTP; files have no such limit."""
MOST_FAULTS = 20
"""Told of the texts of one document."""


class DeclaredInFileError(OkrbridgeError):
    """The object is declared in a file, and files win.

    Attributes:
        place: ``file:line``.
    """

    def __init__(self, kind: str, name: str, place: str) -> None:
        self.place = place
        super().__init__(f"{kind} {name!r} is declared in {place}, and files win; change it there")


class RefusedDocumentError(OkrbridgeError):
    """The documents would not fit together any more; nothing was kept.

    Attributes:
        faults: what is wrong, each with its place.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{one.path}: {one.message}".removeprefix(": ") for one in self.faults[:3]))


class Prepared(Protocol):
    """Definitions that were loaded and checked, and are not in force yet."""

    @property
    def definitions(self) -> DefinitionSet:
        """What was loaded: files and stored documents together."""

    def put_in_force(self) -> None:
        """Let the next tick and every answer go by them."""


Prepare = Callable[[Sequence[StoredDocument]], Prepared]
"""Loads files and stored documents together. Raises ConfigurationError with every fault."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write left behind.

    Attributes:
        document: None when it was removed.
        prepared: to be put in force once the transaction is kept.
    """

    document: StoredDocument | None
    prepared: Prepared


@dataclass(frozen=True)
class DocumentWriter:
    """Writes documents in one transaction.

    Attributes:
        definitions: those in force.
        why: the reason that was given; empty when none was.
    """

    transaction: Transaction
    definitions: DefinitionSet
    prepare: Prepare
    caller: Caller
    at: datetime
    request_id: str = ""
    why: str = ""

    def create(self, kind: str, name: str, document: Json) -> Written:
        """Make a document.

        Raises:
            DeclaredInFileError: a file declares it.
            ConflictError: it was made already, or there are too many.
            RefusedDocumentError: it does not fit.
            CycleClosedError: its cycle is over.
        """
        self._require_not_in_file(kind, name)
        if self.transaction.documents.get(kind, name) is not None:
            raise ConflictError(f"another {kind} is named {name!r} already; change it with PUT or PATCH")
        if len(self.transaction.documents.all()) >= MOST_DOCUMENTS:
            raise ConflictError(f"there are {MOST_DOCUMENTS} documents already; declare more in files")
        content = _content(kind, name, document)
        stored = StoredDocument(kind, name, content, 1, self.at, self.caller.name, self.at, self.caller.name)
        return self._keep("create", None, stored)

    def current(self, kind: str, name: str) -> StoredDocument:
        """The stored document as it is now.

        Raises:
            DeclaredInFileError: a file declares it.
            NotFoundError: nobody made it.
        """
        self._require_not_in_file(kind, name)
        stored = self.transaction.documents.get(kind, name)
        if stored is None:
            raise NotFoundError(kind, name)
        return stored

    def replace(self, before: StoredDocument, document: Json) -> Written:
        """Put another content in the place of a document. Raises as ``create``."""
        content = _content(before.kind, before.name, document)
        if content == before.content:
            return Written(before, self._prepared(self.transaction.documents.all()))
        by = self.caller.name
        after = replace(before, content=content, version=before.version + 1, updated_at=self.at, updated_by=by)
        return self._keep("update", before, after)

    def delete(self, before: StoredDocument) -> Written:
        """Remove a document. Raises as ``create``."""
        return self._keep("delete", before, None)

    def _keep(self, action: str, before: StoredDocument | None, after: StoredDocument | None) -> Written:
        one = after or before
        assert one is not None, "a write has something before it or after it"  # noqa: S101 - narrows the type
        if after is not None:
            self.transaction.documents.put(after)
        else:
            self.transaction.documents.delete(one.kind, one.name, one.version)
        prepared = self._prepared(self.transaction.documents.all())
        written = DocumentChange(one.kind, _json(before), _json(after), self.why)
        closed = self.transaction.scores.cycles()
        refuse_outside_its_phase((self.definitions, prepared.definitions), written, self.at, closed)
        made = [document for document in prepared.definitions.documents if document.origin == OVER_HTTP]
        self.transaction.definitions.record(made, OVER_HTTP, self.at)
        change = Change(action, one.kind, one.name, _json(before), _json(after), self.why)
        record_change(self.transaction, self.caller, change, self.at, self.request_id)
        return Written(after, prepared)

    def _prepared(self, documents: Sequence[StoredDocument]) -> Prepared:
        try:
            return self.prepare(documents)
        except DefinitionError as error:
            raise RefusedDocumentError(error.faults) from error

    def _require_not_in_file(self, kind: str, name: str) -> None:
        declared = declared_in_file(self.definitions, kind, name)
        if declared is not None:
            raise DeclaredInFileError(kind, name, declared.place)


@dataclass(frozen=True)
class Rehearsal(DocumentWriter):
    """A write that keeps nothing: it loads what the write will load, while the database is held by nobody."""

    def _keep(self, action: str, before: StoredDocument | None, after: StoredDocument | None) -> Written:
        del action
        documents = {(one.kind, one.name): one for one in self.transaction.documents.all()}
        if before is not None:
            del documents[before.kind, before.name]
        if after is not None:
            documents[after.kind, after.name] = after
        return Written(after, self._prepared([documents[key] for key in sorted(documents)]))


@dataclass
class PreparedAhead:
    """Loads and checks, and remembers for the documents it was last asked about how that went.

    So the transaction of a write that was rehearsed loads again only if another process wrote in between.
    """

    prepare: Prepare
    _stored: Sequence[StoredDocument] | None = None
    _outcome: Prepared | ConfigurationError | None = None

    def __call__(self, stored: Sequence[StoredDocument]) -> Prepared:
        """As ``prepare`` does it. Raises the same errors, when asked again too."""
        if self._outcome is None or stored != self._stored:
            self._stored = stored
            try:
                self._outcome = self.prepare(stored)
            except ConfigurationError as problem:
                self._outcome = problem
        if isinstance(self._outcome, ConfigurationError):
            raise self._outcome
        return self._outcome


def canonical(document: Json) -> str:
    """A document as text, the same for the same content."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def merged(document: Json, patch: Json) -> Json:
    """A document after a JSON merge patch (RFC 7396): null removes, objects merge, all else replaces.

    Worked example: ``{"a": 1, "b": {"c": 2}}`` and ``{"a": null, "b": {"d": 3}}`` give ``{"b": {"c": 2, "d": 3}}``.
    """
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, dict) else {}, value)
        else:
            result[key] = value
    return result


def loadable(stored: Sequence[StoredDocument], prepare: Callable[[Sequence[StoredDocument]], object]) -> list[str]:
    """The stored documents, as ``http:KIND/NAME``, without which the rest loads: files may have left them behind.

    Raises:
        DefinitionError: files have faults themselves.
    """
    left_out: list[str] = []
    while True:
        try:
            prepare([one for one in stored if f"http:{one.kind}/{one.name}" not in left_out])
        except DefinitionError as error:
            faulty = {fault.file for fault in error.faults} & {f"http:{one.kind}/{one.name}" for one in stored}
            if not faulty:
                raise
            left_out += sorted(faulty)
        else:
            return left_out


def _content(kind: str, name: str, document: Json) -> str:
    """The whole document as it is kept. Raises RefusedDocumentError for texts that cannot be, and endless nesting."""
    whole, where = _whole(kind, name, document), f"http:{kind}/{name}"
    try:
        content = canonical(whole)
    except orjson.JSONEncodeError as error:
        raise RefusedDocumentError(
            [Fault(where, 0, 0, "", "nested deeper than any document is", "too_deep")]
        ) from error
    unfit = list(islice(unfit_texts(where, whole), MOST_FAULTS))
    if unfit:
        raise RefusedDocumentError(unfit)
    return content


def _whole(kind: str, name: str, document: Json) -> Json:
    """The document with what every document begins with."""
    metadata = document.get("metadata")
    named = {**(metadata if isinstance(metadata, dict) else {}), "name": name}
    return {**document, "apiVersion": API_VERSION, "kind": kind, "metadata": named}


def _json(stored: StoredDocument | None) -> Json | None:
    return None if stored is None else json.loads(stored.content)
