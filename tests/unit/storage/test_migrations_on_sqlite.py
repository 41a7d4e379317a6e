import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.unit.storage.schema_comparison import differences, schema_text

from okrbridge.errors import SchemaOutdatedError, StorageError
from okrbridge.storage.migrations import revisions, runner
from okrbridge.storage.migrations.upgrading import versions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "okr.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def _execute(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def test_migrations_give_the_schema_of_the_tables(url: str, tmp_path: Path):
    runner.upgrade(url)
    assert differences(url) == []
    assert schema_text(url) == schema_text(f"sqlite:///{tmp_path}/fresh.db", create=True)


def test_an_upgrade_tells_the_revision_and_repeats_without_harm(url: str):
    assert runner.current(url) is None
    assert runner.upgrade(url) == runner.upgrade(url) == runner.current(url) == revisions.head()
    runner.check(url)


def test_the_names_of_the_modules_tell_the_revisions_that_alembic_finds():
    newest_first = [script.revision for script in versions().walk_revisions()]
    assert list(revisions.known()) == newest_first[::-1]
    assert revisions.head() == versions().get_current_head()


def test_asking_for_the_revision_makes_no_file(url: str, file: Path):
    assert runner.current(url) is None
    with pytest.raises(SchemaOutdatedError, match="does not exist yet; run `okrbridge db upgrade`"):
        runner.check(url)
    assert not file.exists()


@pytest.mark.parametrize("prepare", [lambda file: None, lambda file: file.touch()], ids=["absent", "of no length"])
def test_an_empty_file_is_made_ready(url: str, file: Path, prepare):
    prepare(file)
    runner.ensure_ready(url)
    runner.check(url)
    runner.ensure_ready(url)


def test_an_older_database_is_never_migrated_unasked(url: str, file: Path):
    runner.upgrade(url)
    _execute(file, "DELETE FROM alembic_version")
    with pytest.raises(SchemaOutdatedError, match="okrbridge db upgrade"):
        runner.ensure_ready(url)
    assert runner.current(url) is None


def test_a_database_of_something_else_is_not_taken_over(url: str, file: Path):
    _execute(file, "CREATE TABLE shopping (item TEXT)")
    with pytest.raises(SchemaOutdatedError, match="holds no okrbridge tables"):
        runner.ensure_ready(url)


def test_a_newer_database_is_left_alone(url: str, file: Path):
    runner.upgrade(url)
    _execute(file, "UPDATE alembic_version SET version_num = '9999'")
    for step in (runner.check, runner.ensure_ready, runner.upgrade):
        with pytest.raises(SchemaOutdatedError, match="made by a newer okrbridge"):
            step(url)


def test_a_failed_migration_leaves_nothing_behind(url: str, file: Path):
    # The last table of the first version is in the way, so creating it fails after all others were created.
    _execute(file, "CREATE TABLE definition_revisions (x TEXT)")
    with pytest.raises(StorageError, match="definition_revisions"):
        runner.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    engine.dispose()
    assert tables == ["definition_revisions"]


def test_migrating_is_silent(url: str, capfd: pytest.CaptureFixture[str]):
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("alembic").level)
    runner.upgrade(url)
    assert (root.level, list(root.handlers), logging.getLogger("alembic").level) == before
    assert capfd.readouterr() == ("", "")
