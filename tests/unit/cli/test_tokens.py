from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.application.access import digest_of
from okrbridge.application.access_ports import Role
from okrbridge.domain.windows import Grid
from okrbridge.settings import Settings
from okrbridge.storage.database import open_database


@pytest.fixture(autouse=True)
def _user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


def test_the_text_of_a_token_is_the_only_thing_on_stdout(okrbridge: Okrbridge):
    outcome = okrbridge("token", "create", "--role", "editor", "--name", "maria", "--expires", "90d")
    text = outcome.stdout.strip()

    assert outcome.code == 0
    assert outcome.stdout == f"{text}\n"
    assert digest_of(text) is not None
    assert "editor token maria (t_" in outcome.stderr
    assert "it is not shown again" in outcome.stderr
    assert text not in outcome.stderr


def test_a_token_works_for_who_opens_the_same_database(okrbridge: Okrbridge, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/other.db"
    made = okrbridge(
        "token",
        "create",
        "--role",
        "viewer",
        "--name",
        "bob",
        "--restricted",
        "--format",
        "json",
        "--database-url",
        url,
    ).json
    digest = digest_of(made["token"])
    assert digest is not None
    storage = open_database(url, grid=Grid(Settings().grid.step))
    with storage.reading() as database:
        token = database.tokens.by_digest(digest)
    storage.close()

    assert token is not None
    assert (token.name, token.role, token.sees_restricted, token.created_by) == ("bob", Role.VIEWER, True, "cli:ada")
    assert (made["id"], made["restricted"]) == (token.id, True)
    assert made["token"].encode() not in (tmp_path / "other.db").read_bytes()


def test_tokens_are_listed_without_their_text_and_revoked_by_name_or_id(okrbridge: Okrbridge):
    for name in ("maria", "ci"):
        okrbridge("token", "create", "--role", "ingest", "--name", name, "--expires", "never")
    listed = {item["name"]: item for item in okrbridge("token", "list", "--format", "json").json["items"]}
    assert {name: item["in_force"] for name, item in listed.items()} == {"ci": True, "maria": True}
    assert "token" not in listed["ci"]

    assert "maria (t_" in okrbridge("token", "revoke", "maria").stdout
    revoked = okrbridge("token", "revoke", listed["ci"]["id"], "--format", "json").json
    assert revoked["revoked_at"] is not None
    table = okrbridge("token", "list").stdout
    assert [line.split()[-1] for line in table.splitlines()[2:]] == ["no", "no"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "--name", "x"], "Missing option '--role'"),
        (["create", "--role", "viewer"], "Missing option '--name'"),
        (["create", "--role", "boss", "--name", "x"], "'boss' is not one of 'viewer', 'ingest', 'editor', 'admin'"),
        (["create", "--role", "viewer", "--name", "No Good"], "cannot be a token's name"),
        (["create", "--role", "ingest", "--name", "x", "--restricted"], "an ingest token reads nothing"),
        (["create", "--role", "viewer", "--name", "x", "--expires", "soon"], "is not a duration"),
        (["create", "--role", "viewer", "--name", "x", "--expires", "0s"], "must be longer than zero"),
        (["create", "--role", "viewer", "--name", "x", "--expires", "3661d"], "longer than ten years; write never"),
        (["create", "--role", "viewer", "--name", "x", "--expires", "9999999999d"], "--expires"),
        (["create", "--role", "viewer", "--name", "x", "--expires", "-1d"], "is not a duration"),
        (["revoke", "nobody"], "there is no token named 'nobody'"),
    ],
)
def test_wrong_wishes_leave_with_2_and_make_nothing(okrbridge: Okrbridge, arguments: list[str], words: str):
    outcome = okrbridge("token", *arguments)

    assert (outcome.code, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert okrbridge("token", "list", "--format", "json").json == {"items": []}


def test_a_name_is_taken_once(okrbridge: Okrbridge):
    okrbridge("token", "create", "--role", "viewer", "--name", "maria")
    outcome = okrbridge("token", "create", "--role", "viewer", "--name", "maria")

    assert outcome.code == 2
    assert "names are never given again" in outcome.stderr


def test_a_container_user_without_a_name_can_make_tokens(okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr("getpass.getuser", nobody)
    made = okrbridge("token", "create", "--role", "viewer", "--name", "maria", "--format", "json").json

    assert made["created_by"] == "cli:unknown"


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - what must be refused
def test_serve_refuses_to_let_everybody_write_where_others_can_reach_it(
    okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch, host: str
):
    monkeypatch.setenv("OKRBRIDGE_AUTH", "off")
    outcome = okrbridge("serve", "--host", host, "--port", "0")

    assert (outcome.code, outcome.stdout) == (2, "")
    assert f"works on a loopback address only, and {host} is none" in outcome.stderr
    assert "okrbridge token create" in outcome.stderr
