"""Opening the database of the settings."""

from __future__ import annotations

from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.ports import Storage
from okrbridge.settings import Settings
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations.runner import ensure_ready


def open_storage(settings: Settings) -> Storage:
    """The database, made and migrated when it is an empty SQLite file.

    Raises:
        StorageError: it cannot be reached or written, or needs ``okrbridge db upgrade``.
    """
    storage = open_records(settings)
    storage.check()
    return storage


def open_records(settings: Settings) -> Storage:
    """The same for what has nothing to do with slices, however long those in it are.

    Raises:
        StorageError: as ``open_storage``.
    """
    ensure_ready(settings.database_url)
    return open_database(settings.database_url, grid=settings.grid)


def stored_documents(storage: Storage) -> list[StoredDocument]:
    """What was made over HTTP."""
    with storage.reading() as database:
        return database.documents.all()
