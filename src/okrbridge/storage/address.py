"""Where a database is: the URL as the user gives it, checked, and named without its password."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIModule
from sqlalchemy.exc import ArgumentError

from okrbridge.errors import ConfigurationError

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_EXAMPLES = "write sqlite:///okrbridge.db, or postgresql://USER@HOST:5432/DATABASE"


@dataclass(frozen=True)
class DatabaseAddress:
    """A database URL with its driver settled; its text form is safe to show."""

    url: URL

    @classmethod
    def parse(cls, text: str) -> DatabaseAddress:
        """Read a database URL.

        ``postgresql://`` and ``postgres://`` mean psycopg; a path after ``sqlite:///`` is relative to the
        working directory, after ``sqlite:////`` absolute.

        Raises:
            ConfigurationError: not a URL, another kind of database, or no file or database named in it. The
                text itself is never repeated, because it may hold a password.
        """
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):  # ValueError: a port that is no number
            raise ConfigurationError(f"the database URL cannot be read; {_EXAMPLES}") from None
        if "@" in (url.host or ""):
            raise ConfigurationError("the database URL has an @ too many; write an @ in a password as %40")
        driver = _DRIVERS.get(url.drivername)
        if driver is None:
            raise ConfigurationError(
                f"okrbridge does not work with {url.drivername!r} databases; {_EXAMPLES} (SQLite or PostgreSQL)"
            )
        if url.database in (None, "", ":memory:"):
            missing = "file" if driver.startswith("sqlite") else "database"
            raise ConfigurationError(f"the database URL names no {missing}; {_EXAMPLES}")
        return cls(url.set(drivername=driver))

    @property
    def is_sqlite(self) -> bool:
        """Whether this is an SQLite file."""
        return self.url.drivername.startswith("sqlite")

    @cached_property
    def file(self) -> Path | None:
        """The SQLite file; None for a server, and for an SQLite ``file:`` URI, which names no plain path."""
        name = self.url.database or ""
        return None if not self.is_sqlite or name.startswith("file:") else Path(name)

    @cached_property
    def driver(self) -> DBAPIModule:
        """The driver's module, ``sqlite3`` or ``psycopg``; loaded here, so that nobody waits for one not in use."""
        return self.url.get_dialect().import_dbapi()

    def scrubbed(self, text: str) -> str:
        """A text of the driver with the password, should it be in there, taken out."""
        secrets = (self.url.password, self.url.query.get("password"))
        for secret in secrets:
            if secret:
                text = text.replace(str(secret), "***")
        return text

    def __str__(self) -> str:
        if self.is_sqlite:
            return f"SQLite file {self.url.database}"
        port = f":{self.url.port}" if self.url.port else ""
        host = self.url.host or self.url.query.get("host") or "the local socket"
        return f"PostgreSQL database {self.url.database} at {host}{port}"
