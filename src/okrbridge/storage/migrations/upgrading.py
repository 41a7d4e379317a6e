"""Migrating a database with Alembic, run in the process.

Alembic needs no ``alembic.ini`` and no ``env.py`` here: the caller hands over a connection whose transaction is
already open, so that a migration is kept as a whole or not at all, and only one process migrates at a time.
A new version is a new module in ``versions/``, with ``down_revision`` naming the one before.
"""

from __future__ import annotations

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from okrbridge.storage.migrations.revisions import SCRIPTS
from okrbridge.storage.schema import metadata


def migrate(connection: Connection) -> None:
    """Take the connected database to the newest revision."""
    scripts = versions()
    with EnvironmentContext(Config(), scripts, fn=lambda at, _: scripts._upgrade_revs("head", at)) as environment:  # noqa: SLF001 - what alembic.command.upgrade itself calls; there is no public name for it
        environment.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        environment.run_migrations()


def versions() -> ScriptDirectory:
    """The modules in ``versions/``, as Alembic reads them."""
    return ScriptDirectory(str(SCRIPTS))
