"""Keeping a record of what was declared, revision by revision."""

from __future__ import annotations

from okrbridge.application.parts import Parts
from okrbridge.application.records import DefinitionRevision
from okrbridge.domain.definition_set import DefinitionSet

ORIGINS = ("file", "http")


def sync_definitions(parts: Parts, definitions: DefinitionSet) -> list[DefinitionRevision]:
    """Record a revision of every document that is new, changed or gone; returns the revisions made.

    Counts are not touched: an SLI is known by its question, so a new target or window asks the old ledger.
    """
    at = parts.clock()
    with parts.storage.transaction() as transaction:
        return [
            revision
            for origin in ORIGINS
            for revision in transaction.definitions.record(
                [one for one in definitions.documents if one.origin == origin], origin, at
            )
        ]
