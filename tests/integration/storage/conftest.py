from pathlib import Path

import pytest
from tests.servers.postgresql import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/okr.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()
