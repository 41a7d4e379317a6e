"""Engines set up the way okrbridge uses SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import timedelta

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.checkpoints import WAL_PAGES_AT_MOST

DEFAULT_PATIENCE = timedelta(seconds=15)
"""How long a transaction waits for another writer before it gives up."""

READING = "okrbridge_reading"
"""Execution option of a connection that may only read."""

_WRITER_LOCK = 0x6F6B72627269646765 & 0x7FFFFFFFFFFFFFFF  # "okrbridge" in ASCII, cut to PostgreSQL's bigint


def make_engine(address: DatabaseAddress, *, patience: timedelta = DEFAULT_PATIENCE) -> Engine:
    """An engine; nothing is connected yet.

    Args:
        patience: how long to wait for a lock or for a free connection.
    """
    return _sqlite_engine(address, patience) if address.is_sqlite else _postgresql_engine(address, patience)


def begin_writing(connection: Connection, *, patience: timedelta = DEFAULT_PATIENCE) -> None:
    """Begin a transaction that may write, as the only writer of the database until it ends.

    One writer at a time, on both databases: sums over an hour are made from slices that several processes may
    write, and two writers that wait for each other would be a deadlock. Readers are never held up.
    """
    connection.begin()
    if connection.dialect.name == "postgresql":
        milliseconds = int(patience.total_seconds() * 1000)
        connection.execute(text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{milliseconds}ms"})
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})


def begin_reading(connection: Connection) -> None:
    """Begin a transaction that sees one state of the database and is refused every write."""
    connection.execution_options(**{READING: True})
    connection.begin()
    if connection.dialect.name == "postgresql":
        # Said to this transaction only: the driver's own switch stays with the connection, and switched back it
        # overrules a server that is set to read-only.
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def _sqlite_engine(address: DatabaseAddress, patience: timedelta) -> Engine:
    engine = create_engine(
        address.url,
        hide_parameters=True,  # a statement may carry 43,200 slices; no message gets readable by them
        connect_args={"timeout": patience.total_seconds()},
        pool_size=8,
        max_overflow=56,  # a connection to a file is cheap; API threads must not queue for one
        pool_timeout=patience.total_seconds(),
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transaction control begins late and never IMMEDIATE; _begin_sqlite does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    # WAL lets readers work beside the writer. Where it cannot be set (a read-only file, or another process is
    # just setting it) the statement that follows tells what is wrong, if anything is.
    with suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES_AT_MOST}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reading else 'OFF'}")
    # IMMEDIATE takes the write lock at once: a reader that turns writer could only fail when another was faster.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql_engine(address: DatabaseAddress, patience: timedelta) -> Engine:
    defaults = {"connect_timeout": "10", "application_name": "okrbridge"}
    url = address.url.update_query_dict({key: value for key, value in defaults.items() if key not in address.url.query})
    engine = create_engine(
        url,
        hide_parameters=True,  # as for SQLite
        isolation_level="READ COMMITTED",
        pool_size=5,
        max_overflow=15,
        pool_timeout=patience.total_seconds(),
        pool_pre_ping=True,  # a restarted server must cost no evaluation
        # JSONB gives 1e30 back as a whole number of 31 digits, which no answer can hold; this reader makes it a float.
        json_deserializer=orjson.loads,
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # Every statement here takes a millisecond or so; compiling it, or starting helpers for it, would take fifty.
    cursor.execute("SET jit = off")
    cursor.execute("SET max_parallel_workers_per_gather = 0")
    # Before its first ANALYZE a big table looks small, and the planner would rather copy all slices of an SLI than
    # look into the primary key: 150 ms against 1.4 ms for the windows of an SLI with 30 days of history.
    cursor.execute("SET enable_material = off")
    cursor.close()
    connection.commit()
