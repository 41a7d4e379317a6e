import sqlite3
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.storage.migrations import revisions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def test_upgrade_makes_the_database_and_may_run_again(okrbridge: Okrbridge, url: str):
    for _ in range(2):
        outcome = okrbridge("db", "upgrade", "--database-url", url)
        assert (outcome.code, outcome.stdout) == (0, f"the schema is at revision {revisions.head()}\n")


def test_current_is_the_revision_or_none(okrbridge: Okrbridge, url: str, file: Path):
    assert okrbridge("db", "current", "--database-url", url).stdout == "none\n"
    assert not file.exists()
    assert okrbridge("db", "current", "--database-url", url, "--format", "json").json == {"revision": None}
    okrbridge("db", "upgrade", "--database-url", url)
    assert okrbridge("db", "current", "--database-url", url).stdout == f"{revisions.head()}\n"
    assert okrbridge("db", "current", "--database-url", url, "--format", "json").json == {"revision": revisions.head()}


def test_a_current_database_passes_the_check(okrbridge: Okrbridge, url: str):
    okrbridge("db", "upgrade", "--database-url", url)
    outcome = okrbridge("db", "check", "--database-url", url)
    assert outcome.code == 0
    assert f"schema is at revision {revisions.head()}" in outcome.stdout


def test_a_missing_database_does_not_pass_and_is_not_made(okrbridge: Okrbridge, url: str, file: Path):
    outcome = okrbridge("db", "check", "--database-url", url)
    assert (outcome.code, outcome.stdout) == (4, "")
    assert "does not exist yet; run `okrbridge db upgrade`" in outcome.stderr
    assert not file.exists()


@pytest.mark.parametrize(
    ("revision", "words"),
    [("r0000", "newer okrbridge"), (None, "holds no okrbridge tables; run `okrbridge db upgrade`")],
)
def test_a_database_of_another_version_does_not_pass(
    okrbridge: Okrbridge, url: str, file: Path, revision: str | None, words: str
):
    okrbridge("db", "upgrade", "--database-url", url)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM alembic_version")
        if revision:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    connection.close()
    outcome = okrbridge("db", "check", "--database-url", url)
    assert outcome.code == 4
    assert words in outcome.stderr


def test_a_file_that_is_no_database_does_not_pass(okrbridge: Okrbridge, url: str, file: Path):
    file.write_text("notes about the database\n" * 100)
    for command in ("check", "upgrade", "current"):
        outcome = okrbridge("db", command, "--database-url", url)
        assert (outcome.code, outcome.stdout) == (4, "")
        assert outcome.stderr.startswith("okrbridge: ")


@pytest.mark.parametrize("url", ["mysql://db/okr", "nonsense", "sqlite://"])
def test_an_address_that_cannot_work_is_wrong_configuration(okrbridge: Okrbridge, url: str):
    outcome = okrbridge("db", "check", "--database-url", url)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("okrbridge: ")


def test_a_password_is_never_printed(okrbridge: Okrbridge):
    outcome = okrbridge("db", "check", "--database-url", "postgresql://okr:s3cret@127.0.0.1:1/okr")
    assert outcome.code == 4
    assert "s3cret" not in outcome.stderr
