"""Documents made over HTTP, in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from okrbridge.application.okr_records import Edition, StoredDocument
from okrbridge.errors import ConflictError
from okrbridge.storage.okr_tables import documents
from okrbridge.storage.values import from_microseconds, storable, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlDocumentRecords:
    """The port ``DocumentRecords`` inside one transaction."""

    connection: Connection

    def all(self) -> list[StoredDocument]:
        """Every document, by kind and name."""
        rows = self.connection.execute(select(documents)).all()
        return sorted(map(_document, rows), key=lambda one: (one.kind, one.name))

    def editions(self) -> frozenset[Edition]:
        """Which documents there are, without their contents."""
        own = documents.c
        rows = self.connection.execute(select(own.kind, own.name, own.version, own.updated_at_us))
        return frozenset((kind, name, version, from_microseconds(at_us)) for kind, name, version, at_us in rows)

    def get(self, kind: str, name: str) -> StoredDocument | None:
        """One document."""
        own = documents.c
        row = self.connection.execute(
            select(documents).where(own.kind == kind, own.name == storable(name))
        ).one_or_none()
        return None if row is None else _document(row)

    def put(self, document: StoredDocument) -> None:
        """Make it, or replace the version before. Raises ConflictError when that is not the stored one."""
        row = _row(document)
        if document.version == 1:
            if self.get(document.kind, document.name) is not None:
                raise ConflictError(f"{document.kind} {document.name} is already there")
            self.connection.execute(insert(documents), [row])
            return
        own = documents.c
        same = (own.kind == document.kind) & (own.name == document.name) & (own.version == document.version - 1)
        if self.connection.execute(update(documents).where(same).values(row)).rowcount != 1:
            raise ConflictError(f"{document.kind} {document.name} is not at version {document.version - 1} any more")

    def delete(self, kind: str, name: str, version: int) -> None:
        """Remove it. Raises ConflictError when the stored version is another one."""
        own = documents.c
        same = (own.kind == kind) & (own.name == name) & (own.version == version)
        if self.connection.execute(delete(documents).where(same)).rowcount != 1:
            raise ConflictError(f"{kind} {name} is not at version {version} any more")


def _row(document: StoredDocument) -> dict[str, Any]:
    return {
        "kind": document.kind,
        "name": storable(document.name),
        "content": storable(document.content),
        "version": document.version,
        "created_at_us": to_microseconds(document.created_at),
        "created_by": storable(document.created_by),
        "updated_at_us": to_microseconds(document.updated_at),
        "updated_by": storable(document.updated_by),
    }


def _document(row: Row[Any]) -> StoredDocument:
    return StoredDocument(
        kind=row.kind,
        name=row.name,
        content=row.content,
        version=row.version,
        created_at=from_microseconds(row.created_at_us),
        created_by=row.created_by,
        updated_at=from_microseconds(row.updated_at_us),
        updated_by=row.updated_by,
    )
