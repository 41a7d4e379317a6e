"""The schema revisions that this version knows, and the one a database is at.

Alembic is not needed for either. It takes a tenth of a second to load, so only ``upgrading`` imports it, and most
commands of okrbridge never migrate anything.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

SCRIPTS = Path(__file__).parent
"""Where Alembic looks for ``versions/``."""

_MODULE = re.compile(r"r(\d{4})_\w+\.py")
_TABLE = "alembic_version"


def known() -> tuple[str, ...]:
    """All revisions, the oldest first: each is the number in the name of its module in ``versions/``."""
    found = (_MODULE.fullmatch(path.name) for path in (SCRIPTS / "versions").iterdir())
    return tuple(sorted(name[1] for name in found if name))


def head() -> str:
    """The schema revision of this version of okrbridge."""
    return known()[-1]


def revision_of(connection: Connection) -> str | None:
    """The revision that Alembic wrote down in a database; None when it holds none of our tables."""
    if not inspect(connection).has_table(_TABLE):
        return None
    return connection.execute(select(column("version_num")).select_from(table(_TABLE))).scalar()
