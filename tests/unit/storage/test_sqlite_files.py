"""What people see when the SQLite file is not as it should be."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from tests.ports.ledger_examples import at, measured, minutes, put

from okrbridge.application.records import Evaluation
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid
from okrbridge.errors import SchemaOutdatedError, StorageError
from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.checkpoints import Checkpoints
from okrbridge.storage.database import SqlStorage, open_database
from okrbridge.storage.engine import make_engine
from okrbridge.storage.migrations import runner

GRID = Grid(timedelta(minutes=1))
SLI = Sli("api", "prometheus", total="t", good="g")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "okr.db"
    runner.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def storage(file: Path) -> Iterator[SqlStorage]:
    with closing(opened(file)) as storage:
        yield storage


def write_a_megabyte(storage: SqlStorage) -> None:
    with storage.transaction() as database:
        put(database, SLI, measured(*((minute, 1.0, 2.0) for minute in range(10))))
        database.evaluations.save(
            Evaluation("e1", at(0), at(0), at(0), slices_written=1, failures={"api": "x" * 2**20})
        )


def opened(file: Path) -> SqlStorage:
    return open_database(f"sqlite:///{file}", grid=GRID, patience=timedelta(milliseconds=50))


def test_readers_and_the_writer_work_beside_each_other(storage: SqlStorage, file: Path):
    storage.check()
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_checkpoint_beside_the_commits_brings_what_was_written_into_the_file(file: Path, tmp_path: Path):
    with closing(sqlite3.connect(file)) as other:
        # SQLite's own checkpoint, when the last connection is closed, does not come while this one is open.
        other.execute("SELECT count(*) FROM slis").fetchall()
        storage = opened(file)
        write_a_megabyte(storage)
        storage.close()
        assert Path(f"{file}-wal").stat().st_size > 2**20
        # A copy of the database file without its companions holds only what has reached it.
        copy = tmp_path / "copy.db"
        copy.write_bytes(file.read_bytes())
    with closing(opened(copy)) as seen, seen.reading() as database:
        assert len(database.ledger.slices(SLI.key, minutes(0, 10))) == 10


def test_a_short_wal_file_is_left_alone(file: Path, storage: SqlStorage):
    with storage.transaction() as database:
        put(database, SLI, measured((0, 1, 1)))
    engine = make_engine(DatabaseAddress.parse(f"sqlite:///{file}"))
    event.listen(engine, "connect", lambda *_: pytest.fail("it began a checkpoint"))
    for one in (file, file.with_name("nowhere.db")):
        checkpoints = Checkpoints(engine, one)
        checkpoints.after_commit()
        checkpoints.finish()


def test_a_missing_folder_is_named(tmp_path: Path):
    with closing(opened(tmp_path / "nowhere" / "okr.db")) as storage:
        with pytest.raises(StorageError, match=f"the folder {tmp_path}/nowhere of SQLite file .* does not exist"):
            storage.check()
        with pytest.raises(StorageError, match="create it"):
            runner.ensure_ready(f"sqlite:///{tmp_path}/nowhere/okr.db")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path):
    with closing(opened(tmp_path)) as storage, pytest.raises(StorageError, match="is a folder"):
        storage.check()


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path):
    file = tmp_path / "okr.db"
    text = "these are my notes, and they are longer than the header of a database " * 20
    file.write_text(text)
    with closing(opened(file)) as storage, pytest.raises(StorageError, match="not a readable SQLite database"):
        storage.check()
    for step in (runner.upgrade, runner.ensure_ready, runner.check, runner.current):
        with pytest.raises(StorageError, match="not a readable SQLite database"):
            step(f"sqlite:///{file}")
    assert file.read_text() == text


def test_a_file_nobody_may_write_is_read_but_not_written(storage: SqlStorage, file: Path):
    file.chmod(0o444)  # the superuser could write it all the same, and must not
    with pytest.raises(StorageError, match=r"okr\.db is read-only; give the user that runs okrbridge the right"):
        storage.check()
    with storage.reading() as database:
        assert database.ledger.window_counts(SLI.key, [minutes(0, 60)])[0].total == 0
    with pytest.raises(StorageError, match="is read-only"):
        runner.upgrade(f"sqlite:///{file}")


def test_a_database_that_sqlite_itself_holds_read_only_says_so(file: Path):
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    with closing(open_database(url, grid=GRID)) as storage, pytest.raises(StorageError, match="is read-only"):
        storage.check()


def test_a_database_locked_by_another_process_says_so(storage: SqlStorage, file: Path):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked by another process"):
            storage.check()
        with storage.reading() as database:
            assert database.evaluations.latest() is None
        other.execute("ROLLBACK")
    storage.check()


def test_a_full_disk_says_so_and_keeps_nothing(storage: SqlStorage):
    def fill() -> None:
        with storage.transaction() as database:
            pages = database.ledger.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            database.ledger.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            put(database, SLI, measured(*((minute, 1, 1) for minute in range(10_000))))

    with pytest.raises(StorageError, match="disk is full"):
        fill()
    with storage.reading() as database:
        assert database.ledger.window_counts(SLI.key, [minutes(0, 10_020)])[0].total == 0


def test_a_database_without_tables_asks_for_the_upgrade(tmp_path: Path):
    with closing(opened(tmp_path / "okr.db")) as storage:
        with pytest.raises(SchemaOutdatedError, match="okrbridge db upgrade"):
            storage.check()
        with pytest.raises(SchemaOutdatedError, match="okrbridge db upgrade"), storage.reading() as database:
            database.evaluations.latest()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_slices VALUES (0, 60, 'x', x'00')",
        "INSERT INTO ledger_hours VALUES (0, 60, 'x', 1, x'00')",
        "INSERT INTO ledger_state VALUES (2, 1, 1, 1, 1)",
        "UPDATE slis SET limit_value = 9e999",
        "UPDATE slis SET good = 'a', bad = 'b'",
    ],
)
def test_the_tables_themselves_refuse_what_cannot_be_true(storage: SqlStorage, statement: str):
    def insert() -> None:
        with storage.transaction() as database:
            put(database, SLI, measured((0, 1, 1)))
            database.ledger.connection.exec_driver_sql(statement)

    with pytest.raises(StorageError, match="constraint failed"):
        insert()


def test_progress_is_sampled_by_looks_into_the_primary_key(storage: SqlStorage):
    # Two looks for each key result and instant, however many records there are: never over all records of one.
    statements: list[str] = []
    with storage.reading() as database:
        event.listen(database.progress.connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        database.progress.sampled(["a/b"], [at(0)])
        (statement,) = statements
        rows = database.progress.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("[]", "[]"))
        plan = [row[3] for row in rows]
    assert [step for step in plan if "progress" in step or "older" in step] == [
        "SEARCH older USING PRIMARY KEY (key_result=? AND at_us<?)",
        "SEARCH progress USING PRIMARY KEY (key_result=? AND at_us=?)",
    ]
