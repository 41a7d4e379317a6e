"""Which revisions a set of declared documents makes: the same answer for every kind of storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.records import DefinitionRevision
from okrbridge.domain.definition_set import DeclaredDocument

DocumentId = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class KnownRevisions:
    """What is recorded already.

    Attributes:
        contents: by document, what one origin declared last; None when that origin retired it.
        highest: by document, the highest number of any origin.
    """

    contents: Mapping[DocumentId, str | None]
    highest: Mapping[DocumentId, int]


def new_revisions(
    documents: Sequence[DeclaredDocument], known: KnownRevisions, origin: str, at: datetime
) -> list[DefinitionRevision]:
    """The revisions to record: new and changed documents as declared, then the retired ones by kind and name.

    Raises:
        ValueError: one kind and name is there twice.
    """
    declared = {(document.kind, document.name): document.content for document in documents}
    if len(declared) < len(documents):
        raise ValueError("two documents have one kind and name")
    retired = sorted(name for name, content in known.contents.items() if content is not None and name not in declared)
    states: dict[DocumentId, str | None] = {**declared, **dict.fromkeys(retired)}
    return [
        DefinitionRevision(kind, name, known.highest.get((kind, name), 0) + 1, content, origin, at)
        for (kind, name), content in states.items()
        if known.contents.get((kind, name)) != content
    ]
