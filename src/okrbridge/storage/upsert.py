"""Writing rows that may be there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a row whose primary key exists is replaced in all other columns."""
    if not rows:
        return
    new = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    keys = list(table.primary_key.columns)
    replaced = {column.name: new.excluded[column.name] for column in table.columns if column not in keys}
    statement = new.on_conflict_do_update(index_elements=keys, set_=replaced)
    connection.execute(statement, [dict(row) for row in rows])


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a row whose primary key exists stays as it is."""
    if not rows:
        return
    new = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    connection.execute(new.on_conflict_do_nothing(), [dict(row) for row in rows])
