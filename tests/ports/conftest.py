"""One fixture, ``storage``, for every implementation of the storage ports."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.ports.ledger_examples import GRID
from tests.servers.postgresql import PostgresServer

from okrbridge.application.ports import Storage
from okrbridge.domain.windows import Grid
from okrbridge.storage.database import open_database
from okrbridge.storage.memory import MemoryStorage
from okrbridge.storage.migrations import runner
from okrbridge.storage.schema import metadata

StorageMaker = Callable[[Grid], Storage]

PERSISTENT_KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.integration))
KINDS = ("memory", *PERSISTENT_KINDS)


@pytest.fixture(scope="session")
def migrated_postgresql_url(postgres: PostgresServer) -> str:
    url = postgres.create_database()
    runner.upgrade(url)
    return url


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.db"
    runner.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=KINDS)
def new_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageMaker]:
    """Opens an empty storage for a grid; opened twice, it is the same database seen again."""
    kind = request.param
    with ExitStack() as opened:
        if kind == "memory":
            yield MemoryStorage
            return
        if kind == "sqlite":
            file = tmp_path / "okrbridge.db"
            shutil.copy(request.getfixturevalue("migrated_sqlite_file"), file)
            url = f"sqlite:///{file}"
        else:
            url = request.getfixturevalue("migrated_postgresql_url")
            _empty(url)
        yield lambda grid: opened.enter_context(closing(open_database(url, grid=grid)))


@pytest.fixture
def storage(new_storage: StorageMaker) -> Storage:
    return new_storage(GRID)


def _empty(url: str) -> None:
    """Delete every row: for a few rows a hundredth of what TRUNCATE takes, which makes all tables' files anew."""
    with psycopg.connect(url) as connection:
        for table in metadata.tables:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
