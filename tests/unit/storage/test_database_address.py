import pytest

from okrbridge.errors import ConfigurationError
from okrbridge.storage.address import DatabaseAddress


@pytest.mark.parametrize(
    ("text", "driver", "shown"),
    [
        ("sqlite:///okr.db", "sqlite+pysqlite", "SQLite file okr.db"),
        ("sqlite:////var/lib/okr.db", "sqlite+pysqlite", "SQLite file /var/lib/okr.db"),
        ("postgresql://db/okr", "postgresql+psycopg", "PostgreSQL database okr at db"),
        ("postgres://u:geheim@db:6432/okr", "postgresql+psycopg", "PostgreSQL database okr at db:6432"),
        ("postgresql+psycopg:///okr", "postgresql+psycopg", "PostgreSQL database okr at the local socket"),
        ("postgresql:///okr?host=/run/pg&password=geheim", "postgresql+psycopg", "PostgreSQL database okr at /run/pg"),
    ],
)
def test_urls_are_read_and_shown_without_user_and_password(text: str, driver: str, shown: str):
    address = DatabaseAddress.parse(text)
    assert (address.url.drivername, str(address)) == (driver, shown)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("okr.db:geheim", "cannot be read"),
        ("", "cannot be read"),
        ("postgresql://u:geheim@db:port/okr", "cannot be read"),
        ("mysql://u:geheim@db/okr", "does not work with 'mysql'"),
        ("postgresql+asyncpg://u:geheim@db/okr", "does not work with 'postgresql\\+asyncpg'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://u:geheim@db", "names no database"),
    ],
)
def test_urls_that_cannot_work_are_refused_without_repeating_them(text: str, message: str):
    with pytest.raises(ConfigurationError, match=message) as refused:
        DatabaseAddress.parse(text)
    assert "geheim" not in str(refused.value)
    assert "sqlite:///okrbridge.db" in str(refused.value)


def test_a_password_in_a_message_of_the_driver_is_taken_out():
    address = DatabaseAddress.parse("postgresql://u:geheim@db/okr")
    assert address.scrubbed("no pg_hba entry for u geheim") == "no pg_hba entry for u ***"


@pytest.mark.parametrize("text", ["postgresql://u:ge@heim@db/okr", "postgresql://u:ge@heim@db:5432/okr"])
def test_an_at_sign_in_a_password_is_told_with_how_to_write_it(text: str):
    with pytest.raises(ConfigurationError) as refused:
        DatabaseAddress.parse(text)
    assert str(refused.value) == "the database URL has an @ too many; write an @ in a password as %40"
    followed = DatabaseAddress.parse("postgresql://u:ge%40heim@db/okr")
    assert (followed.url.password, followed.url.host) == ("ge@heim", "db")
