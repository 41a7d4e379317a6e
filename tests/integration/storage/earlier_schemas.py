"""Databases with the schema of an earlier release."""

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection

from okrbridge.storage.migrations.upgrading import versions


def make_schema(connection: Connection, revision: str) -> None:
    """Make the tables of a revision in an empty database; the caller commits."""
    scripts = versions()
    with EnvironmentContext(Config(), scripts, fn=lambda at_, _: scripts._upgrade_revs(revision, at_)) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
