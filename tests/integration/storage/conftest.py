from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.postgresql import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/okr.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()
