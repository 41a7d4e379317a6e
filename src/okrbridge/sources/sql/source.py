"""Values from a database that SQLAlchemy knows, by read-only queries."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from okrbridge.application.ports import Reading, ValueRequest
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.measures import SqlMeasure
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.sources.answers import MOST_MEMBERS, failed, one_for_each, one_number
from okrbridge.sources.connection_details import password_of, resolved

DETAIL_KEYS = frozenset({"url", "password", "password_file"})
"""What ``connectionDetails`` of a database may hold."""

_DEFAULT_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_READING = ("select", "with", "values", "table")
_PAIR = 2

_Row = tuple[Any, ...]


class SqlSource:
    """A database that is asked for single numbers, or for a number for each member; it never raises.

    Each question has a connection and a transaction of its own, which is rolled back. PostgreSQL and SQLite are told to
    refuse writing; other databases should be given a user that cannot write.
    """

    def __init__(self, name: str, engine: Engine, secrets: Sequence[str] = ()) -> None:
        self._name = name
        self._engine = engine
        self._secrets = [secret for secret in secrets if secret]

    @property
    def name(self) -> str:
        """The declared name."""
        return self._name

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        """Answer every request, in order."""
        return [self._value(request) for request in requests]

    def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()

    def _value(self, request: ValueRequest) -> Reading:
        measure = request.measure
        if not isinstance(measure, SqlMeasure):
            return failed(request, SourceFailureReason.BAD_QUERY, f"{self._name} is a database; ask it in SQL")
        if not measure.query.lstrip(" \t\r\n(").lower().startswith(_READING):
            message = "only queries that read are asked; begin with SELECT or WITH"
            return failed(request, SourceFailureReason.BAD_QUERY, message)
        try:
            with self._reading() as connection:
                rows = self._rows(connection, measure, request)
        except SQLAlchemyError as error:
            return failed(request, _reason(error), self._told(error))
        return _members(request, rows) if measure.has_members else _one(request, rows)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET TRANSACTION READ ONLY"))
            try:
                yield connection
            finally:
                connection.rollback()

    def _rows(self, connection: Connection, measure: SqlMeasure, request: ValueRequest) -> Sequence[_Row]:
        statement = text(measure.query)
        found = connection.execute(statement, _bound(statement, request)).fetchmany(MOST_MEMBERS + 1)
        return [tuple(row) for row in found]

    def _told(self, error: SQLAlchemyError) -> str:
        """The driver's own words, in one line, without the password."""
        cause = getattr(error, "orig", None) or error
        told = " ".join(str(cause).split())
        for secret in self._secrets:
            told = told.replace(secret, "***")
        return told


def _reason(error: SQLAlchemyError) -> SourceFailureReason:
    """Without a connection, or with a broken one, the database is unreachable; else the query is at fault."""
    if not isinstance(error, DBAPIError):
        return SourceFailureReason.BAD_QUERY
    if error.statement is None or error.connection_invalidated:
        return SourceFailureReason.UNREACHABLE
    gave_up = type(error.orig).__name__ == "QueryCanceled" or "locked" in str(error.orig)
    return SourceFailureReason.TIMEOUT if gave_up else SourceFailureReason.BAD_QUERY


def _bound(statement: TextClause, request: ValueRequest) -> dict[str, datetime]:
    """The instants that the query names; without a time zone, in UTC, as most columns hold them."""
    window = request.window
    instants = {"at": request.at}
    if window is not None:
        instants |= {"start": window.start, "end": window.end}
    named = set(statement.compile().params)
    return {name: at.astimezone(UTC).replace(tzinfo=None) for name, at in instants.items() if name in named}


def _one(request: ValueRequest, rows: Sequence[_Row]) -> Reading:
    if len(rows) > 1:
        message = "gives several rows where one is expected; aggregate, or declare members: true"
        return failed(request, SourceFailureReason.TOO_MANY_SERIES, message)
    if not rows:
        return one_number(request, None)
    value, samples, deviation = (*rows[0], None, None)[:3]
    return one_number(request, value, samples, deviation)


def _members(request: ValueRequest, rows: Sequence[_Row]) -> Reading:
    if rows and len(rows[0]) != _PAIR:
        message = f"gives rows of {len(rows[0])} columns; members need two, name and value"
        return failed(request, SourceFailureReason.BAD_ANSWER, message)
    return one_for_each(request, [(row[0], row[1]) for row in rows])


def sql_from_declaration(
    source: DataSource, *, seconds: float = 30, environment: Mapping[str, str] | None = None
) -> SqlSource:
    """Build the source; nothing is connected yet.

    Args:
        seconds: how long a question may take, where the database can be told.

    Raises:
        ConfigurationError: an unknown key, a URL that cannot be used, a driver that is not installed, or a password
            file that cannot be read.
    """
    variables = os.environ if environment is None else environment
    details = resolved(source, DETAIL_KEYS, variables, needed="url", example="postgresql://reader@db:5432/billing")
    url = _url(source.name, details["url"], password_of(source.name, details))
    try:
        engine = create_engine(url, **_options(url, seconds))
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError) as error:
        message = f"data source {source.name!r}: no driver for {url.drivername!r} is installed ({error})"
        raise ConfigurationError(message) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _refuse_writing)
    return SqlSource(source.name, engine, [str(url.password or "")])


def _url(name: str, written: str, password: str | None) -> URL:
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        # Not chained, and the text is not repeated: it may hold a password.
        raise ConfigurationError(f"data source {name!r}: its url is no SQLAlchemy URL") from None
    url = url.set(drivername=_DEFAULT_DRIVERS.get(url.drivername, url.drivername))
    return url if password is None else url.set(password=password)


def _options(url: URL, seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_size": 1, "max_overflow": 1, "pool_pre_ping": True}
    if url.get_backend_name() == "postgresql":
        milliseconds = int(seconds * 1000)
        options["connect_args"] = {"connect_timeout": 5, "options": f"-c statement_timeout={milliseconds}"}
    elif url.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": seconds}}
    return options


def _refuse_writing(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
    connection.execute("PRAGMA query_only = ON")
