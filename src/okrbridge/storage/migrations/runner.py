"""Looking after a database's schema: is it this version's, and bringing it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, inspect

from okrbridge.errors import SchemaOutdatedError
from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.engine import begin_reading, begin_writing, make_engine
from okrbridge.storage.failures import refuse_read_only_file, translated
from okrbridge.storage.migrations.revisions import head, known, revision_of


def upgrade(url: str) -> str:
    """Bring a database to this version's schema, creating an SQLite file that is absent. Returns the revision.

    Everything happens in one transaction, and only one process does it at a time; a second one then finds
    nothing left to do.

    Raises:
        ConfigurationError: the URL cannot be used.
        SchemaOutdatedError: the database was made by a newer okrbridge.
        StorageError: the database failed; it is as it was before.
    """
    address = DatabaseAddress.parse(url)
    refuse_read_only_file(address)
    with _connected(address) as connection:
        begin_writing(connection)
        revision = revision_of(connection)
        _refuse_newer(revision, address)
        if revision != head():
            from okrbridge.storage.migrations.upgrading import migrate  # noqa: PLC0415 - the one use of Alembic

            migrate(connection)
        connection.commit()
    return head()


def current(url: str) -> str | None:
    """The schema revision a database is at; None when it has none, or when the SQLite file is absent.

    Raises:
        ConfigurationError: the URL cannot be used.
        StorageError: the database failed.
    """
    address = DatabaseAddress.parse(url)
    if _is_absent(address):
        return None
    with _connected(address) as connection:
        begin_reading(connection)
        return revision_of(connection)


def check(url: str) -> None:
    """Raise SchemaOutdatedError unless a database has exactly this version's schema.

    Raises:
        ConfigurationError: the URL cannot be used.
        SchemaOutdatedError: it is empty, older or newer; the message names the remedy.
        StorageError: the database failed.
    """
    address = DatabaseAddress.parse(url)
    if _is_absent(address):
        raise SchemaOutdatedError(f"{address} does not exist yet; run `okrbridge db upgrade` to make it")
    with _connected(address) as connection:
        begin_reading(connection)
        check_revision(connection, address)


def ensure_ready(url: str) -> None:
    """Make and migrate an SQLite file that is absent or empty; check any other database as ``check`` does.

    A database that holds something is never migrated unasked, because the way back would be a backup.

    Raises:
        ConfigurationError, SchemaOutdatedError, StorageError: as ``check`` and ``upgrade``.
    """
    address = DatabaseAddress.parse(url)
    refuse_read_only_file(address)
    if address.is_sqlite and (_is_absent(address) or _is_empty(address)):
        upgrade(url)
    else:
        check(url)


def check_revision(connection: Connection, address: DatabaseAddress) -> None:
    """Raise SchemaOutdatedError unless the connected database has this version's schema."""
    revision = revision_of(connection)
    _refuse_newer(revision, address)
    if revision is None:
        raise SchemaOutdatedError(f"{address} holds no okrbridge tables; run `okrbridge db upgrade`")
    if revision != head():
        raise SchemaOutdatedError(
            f"{address} was made by an older okrbridge (schema {revision}, this one needs {head()}); "
            "make a backup, then run `okrbridge db upgrade`"
        )


def _refuse_newer(revision: str | None, address: DatabaseAddress) -> None:
    if revision is not None and revision not in known():
        raise SchemaOutdatedError(
            f"{address} was made by a newer okrbridge (schema {revision} is unknown to this one); "
            "install that version, since `okrbridge db upgrade` only goes forward"
        )


def _is_absent(address: DatabaseAddress) -> bool:
    return address.file is not None and not address.file.exists()


def _is_empty(address: DatabaseAddress) -> bool:
    with _connected(address) as connection:
        begin_reading(connection)
        return not inspect(connection).get_table_names()


@contextmanager
def _connected(address: DatabaseAddress) -> Iterator[Connection]:
    engine = make_engine(address)
    try:
        with translated(address), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
