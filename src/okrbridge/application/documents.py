"""Documents as the API shows them: from files and made over HTTP, each with its origin."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.visibility import Sight
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.key_results import Visibility

API_VERSION = "okrbridge.dev/v1"
FROM_FILES, OVER_HTTP = "file", "http"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document with where it is from.

    Attributes:
        place: ``file:line``; empty when it was made over HTTP.
        stored: what is kept of one that was made over HTTP; None for one from a file.
    """

    kind: str
    name: str
    document: Json
    place: str = ""
    stored: StoredDocument | None = None


def shown_documents(
    kind: str, definitions: DefinitionSet, stored: Iterable[StoredDocument], sight: Sight
) -> list[ShownDocument]:
    """The documents of a kind that a caller sees, by name; files win over what was made over HTTP."""
    found = {one.name: from_store(one) for one in stored if one.kind == kind}
    declared = (one for one in definitions.documents if one.kind == kind and one.origin == FROM_FILES)
    found |= {one.name: from_file(one) for one in declared}
    seen = (seen_document(found[name], sight) for name in sorted(found))
    return [one for one in seen if one is not None]


def shown_document(
    kind: str, name: str, definitions: DefinitionSet, stored: StoredDocument | None, sight: Sight
) -> ShownDocument | None:
    """One document as a caller sees it; None when nobody made it, and when it is not there for them.

    Args:
        stored: what was made over HTTP under that name, if anything was.
    """
    declared = declared_in_file(definitions, kind, name)
    if declared is not None:
        return seen_document(from_file(declared), sight)
    return seen_document(from_store(stored), sight) if stored is not None else None


def from_store(stored: StoredDocument) -> ShownDocument:
    """A document that was made over HTTP."""
    return ShownDocument(stored.kind, stored.name, json.loads(stored.content), stored=stored)


def from_file(declared: DeclaredDocument) -> ShownDocument:
    """A document that stands in a file."""
    return ShownDocument(declared.kind, declared.name, json.loads(declared.content), declared.place)


def declared_in_file(definitions: DefinitionSet, kind: str, name: str) -> DeclaredDocument | None:
    """The document of that kind and name that a file declares; None when none does."""
    found = (one for one in definitions.documents if (one.kind, one.name) == (kind, name))
    return next((one for one in found if one.origin == FROM_FILES), None)


def document_item(shown: ShownDocument, etag: str | None) -> Item:
    """A document in the form in which the API answers it; who wrote it is known of those made over HTTP.

    Args:
        etag: what ``If-Match`` must name to change it; None for one from a file.
    """
    stored = shown.stored
    return {
        "kind": shown.kind,
        "name": shown.name,
        "origin": OVER_HTTP if stored else FROM_FILES,
        "place": shown.place or None,
        "version": stored.version if stored else None,
        "etag": etag,
        "created_at": rfc3339(stored.created_at) if stored else None,
        "created_by": stored.created_by if stored else None,
        "updated_at": rfc3339(stored.updated_at) if stored else None,
        "updated_by": stored.updated_by if stored else None,
        "document": shown.document,
    }


def seen_document(shown: ShownDocument, sight: Sight) -> ShownDocument | None:
    """The document as the caller sees it; None when it is not there for them."""
    if shown.kind == "Objective" and not sight.shows_objective(shown.name):
        return None
    spec = shown.document.get("spec")
    if sight.sees_all or not isinstance(spec, dict):
        return shown
    if spec.get("visibility") == Visibility.RESTRICTED:
        return None
    if shown.kind == "Initiative" and not sight.shows_initiative(_texts(spec.get("keyResults"))):
        return None
    document = {**shown.document, "spec": _seen_spec(shown, spec, sight)}
    return ShownDocument(shown.kind, shown.name, sight.redacted(document), shown.place, shown.stored)


def _seen_spec(shown: ShownDocument, spec: Json, sight: Sight) -> Json:
    key_results = spec.get("keyResults")
    if not isinstance(key_results, list):
        return spec
    if shown.kind == "Initiative":
        return {**spec, "keyResults": [one for one in _texts(key_results) if sight.shows_key_result(one)]}
    named = [one for one in key_results if isinstance(one, dict)]
    seen = [one for one in named if _is_seen(one, shown.name, sight)]
    return {**spec, "keyResults": [sight.of_references(one, shown.name) for one in seen]}


def _is_seen(key_result: Json, objective: str, sight: Sight) -> bool:
    """What is written in another process is not in force here at once; until then the document alone says it."""
    is_restricted = key_result.get("visibility") == Visibility.RESTRICTED
    return not is_restricted and sight.tells_of(f"{objective}/{key_result.get('name')}")


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
