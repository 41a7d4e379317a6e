"""The one place where errors of the database and its drivers become StorageError, with a remedy each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from okrbridge.errors import SchemaOutdatedError, StorageError
from okrbridge.storage.address import DatabaseAddress

_ANY_WRITE_BIT = 0o222
_WRITE_INSIDE_READING = "a write was tried while only reading; this is a defect of okrbridge, please report it"
_UPGRADE = "run `okrbridge db upgrade`"

_SQLITE_LOCKED = (
    "{database} is locked by another process that is writing; wait for it to end or stop it, then try again"
)
_SQLITE_BROKEN = "{database} is not a readable SQLite database ({detail}); restore a backup, or give another file"
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_BUSY: _SQLITE_LOCKED,
    sqlite3.SQLITE_LOCKED: _SQLITE_LOCKED,
    sqlite3.SQLITE_FULL: "the disk is full, {database} cannot grow; make room, nothing of this transaction was kept",
    sqlite3.SQLITE_NOTADB: _SQLITE_BROKEN,
    sqlite3.SQLITE_CORRUPT: _SQLITE_BROKEN,
}
_POSTGRESQL_REMEDIES = {
    "25006": "{database} is read-only (a standby, or default_transaction_read_only); give the URL of the primary",
    "28000": "{database} does not let this user in: {detail}; check the user and the password in the database URL",
    "28P01": "{database} does not let this user in: {detail}; check the user and the password in the database URL",
    "3D000": "{database} does not exist; create it, or correct the database URL",
    "40P01": "{database} stopped this transaction to end a deadlock; nothing was kept, try again",
    "42501": "{database} forbids this user what okrbridge needs: {detail}; grant it, or use the tables' owner",
    "42P01": "{database} lacks a table of okrbridge: {detail}; " + _UPGRADE,
    "42703": "{database} lacks a column of okrbridge: {detail}; " + _UPGRADE,
    "53100": "the disk of {database} is full; make room on the server, nothing of this transaction was kept",
    "53300": "{database} has no connection left: {detail}; raise max_connections, or stop other clients",
    "55P03": "{database} is locked by another transaction: {detail}; wait for it to end, then try again",
}
_OUTDATED = frozenset({"42P01", "42703"})


@contextmanager
def translated(address: DatabaseAddress, *, reading: bool = False) -> Iterator[None]:
    """Turn what SQLAlchemy and the drivers raise into StorageError that names the database and the remedy.

    Args:
        reading: whether only reading was allowed, which makes a refused write a defect and no fault of the file.

    Raises:
        SchemaOutdatedError: a table or column is missing.
        StorageError: every other failure of the database. Errors of other kinds pass unchanged.
    """
    driver = address.driver
    try:
        yield
    except (SQLAlchemyError, driver.Error) as error:
        raise _storage_error(error, address, reading=reading) from error


def refuse_read_only_file(address: DatabaseAddress) -> None:
    """Raise StorageError when the SQLite file or its folder must not be written, before SQLite opens it.

    Once it had opened such a file, SQLite would leave companions behind that are read-only too, and stay so when
    the file itself has been put right. Where nobody has the right to write, the superuser could write all the
    same; okrbridge keeps to what the owner decided.
    """
    file = address.file
    if file is None:
        return
    for path in (file, file.parent):
        if path.exists() and not (path.stat().st_mode & _ANY_WRITE_BIT and os.access(path, os.W_OK)):
            raise StorageError(_read_only(address))


def _storage_error(error: Exception, address: DatabaseAddress, *, reading: bool) -> StorageError:
    if isinstance(error, PoolTimeoutError):
        return StorageError(f"{address} is busy: no connection came free in time; try again")
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite_error(cause, address, reading=reading)
    if isinstance(cause, address.driver.Error):
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return _postgresql_error(cause, address, reading=reading, lost=lost)
    return StorageError(f"{address} did not do what was asked: {_first_line(cause, address)}")


def _sqlite_error(error: sqlite3.Error, address: DatabaseAddress, *, reading: bool) -> StorageError:
    detail = _first_line(error, address)
    # The low byte is the kind of error, the rest its variant: https://www.sqlite.org/rescode.html
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind == sqlite3.SQLITE_READONLY:
        return StorageError(_WRITE_INSIDE_READING if reading else _read_only(address))
    if kind == sqlite3.SQLITE_CANTOPEN:
        return StorageError(_cannot_open(address))
    if kind in _SQLITE_REMEDIES:
        return StorageError(_SQLITE_REMEDIES[kind].format(database=address, detail=detail))
    if detail.startswith(("no such table", "no such column")):
        return SchemaOutdatedError(f"{address} lacks what okrbridge needs ({detail}); {_UPGRADE}")
    return StorageError(f"{address} did not do what was asked: {detail}")


def _postgresql_error(error: Exception, address: DatabaseAddress, *, reading: bool, lost: bool) -> StorageError:
    state: str | None = getattr(error, "sqlstate", None)  # psycopg's name for it
    detail = _first_line(error, address)
    if state == "25006" and reading:
        return StorageError(_WRITE_INSIDE_READING)
    if state in _POSTGRESQL_REMEDIES:
        message = _POSTGRESQL_REMEDIES[state].format(database=address, detail=detail)
        return SchemaOutdatedError(message) if state in _OUTDATED else StorageError(message)
    if isinstance(error, address.driver.OperationalError) and (state is None or lost):
        return StorageError(
            f"cannot reach {address}: {detail}; check that the server runs and that the database URL is right"
        )
    return StorageError(f"{address} did not do what was asked: {detail}")


def _read_only(address: DatabaseAddress) -> str:
    return (
        f"{address} is read-only; give the user that runs okrbridge the right to write the file, its "
        "companions -wal and -shm where they exist, and its folder, or give another file with --database-url"
    )


def _cannot_open(address: DatabaseAddress) -> str:
    file = address.file
    if file is None:
        return f"{address} cannot be opened; check the database URL"
    folder = file.parent
    if not folder.is_dir():
        return f"the folder {_shown(folder)} of {address} does not exist; create it, or correct the database URL"
    if file.is_dir():
        return f"{address} is a folder; give the name of a file in it"
    if not os.access(folder, os.W_OK):
        return _read_only(address)
    return f"{address} cannot be opened; check the rights on the file and on its folder {_shown(folder)}"


def _shown(folder: Path) -> str:
    return str(folder.absolute())


def _first_line(error: BaseException, address: DatabaseAddress) -> str:
    lines = str(error).strip().splitlines()
    return address.scrubbed(lines[0].strip()) if lines else type(error).__name__
