"""Revisions of declared documents in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from okrbridge.application.records import DefinitionRevision
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.storage.revisions import KnownRevisions, new_revisions
from okrbridge.storage.tables import definition_revisions
from okrbridge.storage.values import from_microseconds, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlDefinitionRecords:
    """The port ``DefinitionRecords`` inside one transaction."""

    connection: Connection

    def record(self, documents: Sequence[DeclaredDocument], origin: str, at: datetime) -> list[DefinitionRevision]:
        """Record what one origin declares now; documents of other origins are left alone.

        Raises:
            ValueError: one kind and name is there twice.
        """
        revisions = new_revisions(documents, self._known(origin), origin, at)
        rows = [
            {
                "kind": revision.kind,
                "name": revision.name,
                "number": revision.number,
                "content": revision.content,
                "origin": revision.origin,
                "at_us": to_microseconds(revision.at),
            }
            for revision in revisions
        ]
        if rows:
            self.connection.execute(insert(definition_revisions), rows)
        return revisions

    def revisions(self, kind: str, name: str) -> list[DefinitionRevision]:
        """All revisions of one document, oldest first."""
        own = definition_revisions.c
        rows = self.connection.execute(
            select(definition_revisions).where(own.kind == kind, own.name == name).order_by(own.number)
        )
        return [
            DefinitionRevision(row.kind, row.name, row.number, row.content, row.origin, from_microseconds(row.at_us))
            for row in rows
        ]

    def begun_at(self) -> datetime | None:
        """When the first revision of anything was stored; None before."""
        first = self.connection.execute(select(func.min(definition_revisions.c.at_us))).scalar()
        return None if first is None else from_microseconds(first)

    def _known(self, origin: str) -> KnownRevisions:
        own = definition_revisions.c
        highest = self.connection.execute(
            select(own.kind, own.name, func.max(own.number).label("number")).group_by(own.kind, own.name)
        )
        last = (
            select(own.kind, own.name, func.max(own.number).label("number"))
            .where(own.origin == origin)
            .group_by(own.kind, own.name)
            .subquery("last")
        )
        current = self.connection.execute(
            select(own.kind, own.name, own.content).join(
                last, (own.kind == last.c.kind) & (own.name == last.c.name) & (own.number == last.c.number)
            )
        )
        return KnownRevisions(
            contents={(row.kind, row.name): row.content for row in current},
            highest={(row.kind, row.name): row.number for row in highest},
        )
