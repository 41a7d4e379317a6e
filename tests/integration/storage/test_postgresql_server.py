"""What people see when the PostgreSQL server is not as it should be, and what only a server can show."""

from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from tests.ports.ledger_examples import GRID, at, measured, minutes, new_sli, put, write
from tests.servers.postgresql import PostgresServer
from tests.servers.programs import free_port
from tests.unit.storage.schema_comparison import differences, schema_text

from okrbridge.application.okr_records import Event
from okrbridge.errors import SchemaOutdatedError, StorageError
from okrbridge.storage.database import SqlStorage, open_database
from okrbridge.storage.migrations import runner

pytestmark = pytest.mark.integration


def opened(url: str) -> SqlStorage:
    return open_database(url, grid=GRID, patience=timedelta(milliseconds=200))


def test_migrations_give_the_schema_of_the_tables(postgres: PostgresServer):
    migrated, fresh = postgres.create_database(), postgres.create_database()
    runner.upgrade(migrated)
    assert differences(migrated) == []
    assert schema_text(migrated) == schema_text(fresh, create=True)


def test_every_spelling_of_the_url_works(postgres: PostgresServer):
    url = postgres.create_database()
    for spelling in (url, url.replace("postgresql:", "postgres:"), url.replace("postgresql:", "postgresql+psycopg:")):
        runner.upgrade(spelling)
        with closing(opened(spelling)) as storage:
            storage.check()


def test_an_empty_server_database_is_not_migrated_unasked(postgres: PostgresServer):
    url = postgres.create_database()
    with pytest.raises(SchemaOutdatedError, match="holds no okrbridge tables; run `okrbridge db upgrade`"):
        runner.ensure_ready(url)
    with (
        closing(opened(url)) as storage,
        pytest.raises(SchemaOutdatedError, match=r"evaluations.*run `okrbridge db upgrade`"),
        storage.reading() as database,
    ):
        database.evaluations.latest()


def test_a_server_that_does_not_answer_is_named_without_the_password():
    url = f"postgresql://maria:geheim@127.0.0.1:{free_port()}/okr"
    with (
        closing(opened(url)) as storage,
        pytest.raises(StorageError, match="cannot reach PostgreSQL database okr at") as told,
    ):
        storage.check()
    assert "geheim" not in str(told.value)
    with pytest.raises(StorageError, match="check that the server runs"):
        runner.upgrade(url)


def test_a_database_that_is_not_there_is_named(postgres: PostgresServer):
    with (
        closing(opened(postgres.url("nowhere"))) as storage,
        pytest.raises(StorageError, match=r"nowhere.*does not exist"),
    ):
        storage.check()


def test_a_user_the_server_does_not_know_is_refused_with_a_remedy(postgres: PostgresServer):
    url = postgres.url().replace("postgres@", "stranger:geheim@")
    with closing(opened(url)) as storage, pytest.raises(StorageError, match=r"stranger.*database URL") as told:
        storage.check()
    assert "geheim" not in str(told.value)


def test_a_user_without_rights_on_the_tables_is_told_so(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    with closing(opened(url.replace("postgres@", "guest@"))) as storage, pytest.raises(StorageError, match="forbids"):
        storage.check()


def test_a_read_only_server_database_is_told_from_a_defect(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with (
        closing(opened(url)) as storage,
        pytest.raises(StorageError, match=r"is read-only .*give the URL of the primary"),
    ):
        storage.check()


def test_a_writer_that_does_not_end_is_waited_for_and_then_named(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    with closing(opened(url)) as storage, closing(opened(url)) as other:
        with storage.transaction(), pytest.raises(StorageError, match="locked by another transaction"):
            write(other, new_sli(), measured((0, 1, 1)))
        other.check()


def test_a_server_that_restarted_costs_no_evaluation(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    with closing(opened(url)) as storage:
        storage.check()
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'okrbridge'"
            )
        write(storage, new_sli(), measured((0, 1, 1)))


def test_a_connection_that_breaks_inside_a_transaction_keeps_nothing(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    sli = new_sli()

    def broken() -> None:
        with storage.transaction() as database:
            put(database, sli, measured((0, 1, 1)))
            with psycopg.connect(postgres.url(), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'okrbridge'"
                )
            put(database, sli, measured((1, 1, 1)))

    with closing(opened(url)) as storage:
        with pytest.raises(StorageError, match="cannot reach"):
            broken()
        with storage.reading() as database:
            assert database.ledger.window_counts(sli.key, [minutes(0, 60)])[0].total == 0


@pytest.mark.parametrize("number", ["'NaN'", "'Infinity'", "'-Infinity'"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE slis SET limit_value = {}",
        "INSERT INTO progress VALUES ('a/b', 1, NULL, NULL, NULL, {}, NULL, 'on_track', NULL, 0, 'ok', NULL, '')",
    ],
)
def test_the_tables_themselves_refuse_what_is_not_finite(postgres: PostgresServer, statement: str, number: str):
    url = postgres.url("finite")
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'finite'").fetchone():
            connection.execute("CREATE DATABASE finite")
    runner.upgrade(url)
    with closing(opened(url)) as storage:
        write(storage, new_sli(), measured((0, 1, 1)))
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(statement.format(number))


def test_a_number_of_an_event_that_no_integer_holds_comes_back_as_it_was(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    # JSONB keeps 1e30 as a whole number of 31 digits.
    attributes = {"bytes": 1e30, "debt": -1e300, "share": 0.5, "count": 3.0}
    event = Event("ci", "1", "deploy", at(0), at(1), attributes=attributes)
    with closing(opened(url)) as storage:
        with storage.transaction() as database:
            database.events.save([event])
        with storage.reading() as database:
            [kept] = database.events.between(minutes(0, 1))
    assert kept.attributes == attributes
    assert all(isinstance(one, float) for one in kept.attributes.values())


def test_a_document_is_not_found_under_a_name_that_no_text_of_the_server_can_be(postgres: PostgresServer):
    url = postgres.create_database()
    runner.upgrade(url)
    with closing(opened(url)) as storage, storage.reading() as database:
        assert database.documents.get("Team", "x\x00y") is None
