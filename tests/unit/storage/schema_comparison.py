"""A migrated database compared with the tables as they are declared."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.engine import make_engine
from okrbridge.storage.schema import metadata


def differences(url: str) -> list[Any]:
    """What Alembic would still change to reach the declared tables."""
    engine = make_engine(DatabaseAddress.parse(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        found: list[Any] = compare_metadata(context, metadata)
    engine.dispose()
    return found


def schema_text(url: str, *, create: bool = False) -> dict[str, Any]:
    """Columns, keys and constraints by table; Alembic's comparison passes over CHECK constraints."""
    engine = make_engine(DatabaseAddress.parse(url))
    with engine.begin() as connection:
        if create:
            metadata.create_all(connection)
        seen: Any = inspect(connection)
        tables = {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"]) for column in seen.get_columns(table)
                },
                "key": seen.get_pk_constraint(table),
                "foreign": seen.get_foreign_keys(table),
                "unique": seen.get_unique_constraints(table),
                "checks": sorted(seen.get_check_constraints(table), key=lambda check: str(check["name"])),
                "indexes": seen.get_indexes(table),
                "options": seen.get_table_options(table),
            }
            for table in sorted(metadata.tables)
        }
    engine.dispose()
    return tables
