"""What write routes are made of, on a route of the test's own: If-Match, idempotency keys, the audit log."""

import dataclasses
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.testclient import TestClient
from tests.fakes.scripted_source import SettableClock
from tests.unit.api.snapshots import NOW
from tests.unit.api.tokens import Tokens, every_token

from okrbridge.api.app import create_app
from okrbridge.api.auth import Editor, request_id_of
from okrbridge.api.body_limit import LONGEST_BODY
from okrbridge.api.conditional import IfMatch, document_tag, require_match
from okrbridge.api.dependencies import Services
from okrbridge.api.errors import BadRequestError, PreconditionFailedError, PreconditionRequiredError
from okrbridge.api.idempotent import Once, json_answer
from okrbridge.application.access_ports import StoredAnswer
from okrbridge.application.audit import Change, record_change
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.ports import Transaction

NOTES = "/notes"
router = APIRouter()


@router.post(NOTES)
def make_note(request: Request, services: Services, caller: Editor, once: Once, note: dict[str, Any]) -> Response:
    """A write as they all are; it is on record only in the audit log."""

    def write(transaction: Transaction) -> StoredAnswer:
        change = Change("create", "Note", str(note["name"]), None, note, why=str(note.get("why", "")))
        entry = record_change(transaction, caller, change, services.clock(), request_id_of(request))
        if note.get("fails"):
            raise BadRequestError("this note fails after it was written")
        return json_answer({"number": entry.number}, 201, {"ETag": f'"{entry.number}-1"'})

    return once.answer(services, caller, write)


@router.patch(NOTES)
def change_note(services: Services, _caller: Editor, once: Once, if_match: IfMatch = None) -> Response:
    """A write that wants to be sure."""

    def write(_transaction: Transaction) -> StoredAnswer:
        require_match(if_match, '"2-a"')
        return json_answer(None, 204)

    return once.answer(services, _caller, write)


@dataclasses.dataclass
class Notes:
    """A client of the test's routes."""

    tokens: Tokens
    clock: SettableClock
    app: FastAPI

    def post(self, note: dict[str, Any], key: str | None = None, kind: str = "editor", **headers: str) -> Any:
        keyed = {} if key is None else {"Idempotency-Key": key}
        client = TestClient(self.app, raise_server_exceptions=False)
        return client.post(NOTES, json=note, headers={**self.tokens.headers(kind), **keyed, **headers})

    def audited(self) -> list[str]:
        with self.tokens.storage.reading() as database:
            return [entry.name for entry in database.audit.newest(kind="Note")]


@pytest.fixture
def notes() -> Notes:
    tokens, clock = every_token(), SettableClock(NOW)
    app = create_app(tokens.services(clock=clock))
    app.include_router(router, max_body_size=LONGEST_BODY)
    return Notes(tokens, clock, app)


def test_a_request_sent_again_is_answered_again_and_written_once(notes: Notes):
    first, again = notes.post({"name": "a"}, "k1"), notes.post({"name": "a"}, "k1")

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert notes.audited() == ["a"]


def test_without_a_key_each_request_is_a_write(notes: Notes):
    assert [notes.post({"name": "a"}).status_code for _ in range(2)] == [201, 201]
    assert notes.audited() == ["a", "a"]


def test_a_key_belongs_to_one_request(notes: Notes):
    notes.post({"name": "a"}, "k1")
    other = notes.post({"name": "b"}, "k1")

    assert other.status_code == 422
    assert other.json()["type"] == "urn:okrbridge:problem:idempotency-key-reused"
    assert notes.audited() == ["a"]


def test_a_key_belongs_to_one_caller(notes: Notes):
    assert notes.post({"name": "a"}, "k1", "editor").json() != notes.post({"name": "a"}, "k1", "admin").json()
    assert notes.audited() == ["a", "a"]


def test_a_caller_that_may_not_write_is_not_given_the_answer_of_one_that_may(notes: Notes):
    notes.post({"name": "a"}, "k1", "editor")

    assert [notes.post({"name": "a"}, "k1", kind).status_code for kind in ("viewer", "anonymous")] == [403, 401]


def test_a_refused_request_keeps_nothing_and_may_try_again(notes: Notes):
    assert notes.post({"name": "a", "fails": True}, "k1").status_code == 400
    assert notes.audited() == []
    assert notes.post({"name": "a"}, "k1").status_code == 201


@pytest.mark.parametrize(("hours", "written"), [(23.99, ["a"]), (24.01, ["a", "a"])])
def test_a_key_is_known_for_a_day(notes: Notes, hours: float, written: list[str]):
    notes.post({"name": "a"}, "k1")
    notes.clock.now = NOW + timedelta(hours=hours)
    notes.post({"name": "a"}, "k1")

    assert notes.audited() == written


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "tab\tin it", "ü".encode().decode("latin-1")])
def test_a_key_that_cannot_be_one_is_refused(notes: Notes, key: str):
    sent = [(b"Authorization", notes.tokens.headers("editor")["Authorization"].encode())]
    keyed = [*sent, (b"Idempotency-Key", key.encode("latin-1"))]
    answer = TestClient(notes.app).post(NOTES, json={"name": "a"}, headers=keyed)

    assert answer.status_code == 422
    assert notes.audited() == []


def test_a_second_request_while_the_first_is_at_work_is_told_to_wait(notes: Notes):
    at_work = notes.app.state.requests_at_work
    with notes.tokens.storage.transaction():
        # The first request waits for this transaction, and holds its key meanwhile.
        first = threading.Thread(target=notes.post, args=({"name": "a"}, "k1"))
        first.start()
        while not at_work._keys:  # the only sign that the first one is there
            first.join(0.01)
        second = notes.post({"name": "a"}, "k1")
    first.join()

    assert second.status_code == 409
    assert second.json()["type"] == "urn:okrbridge:problem:idempotency-key-in-use"
    assert "retry-after" in second.headers
    assert notes.post({"name": "a"}, "k1").headers["idempotency-replayed"] == "true"
    assert notes.audited() == ["a"]


@pytest.mark.parametrize("sent", ["with its length", "in chunks"])
def test_a_body_that_is_too_long_is_refused(notes: Notes, sent: str):
    body = b'{"name": "' + b"x" * LONGEST_BODY + b'"}'
    headers = {**notes.tokens.headers("editor"), "Content-Type": "application/json"}
    content = body if sent == "with its length" else iter([body[:100], body[100:]])
    answer = TestClient(notes.app).post(NOTES, content=content, headers=headers)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:okrbridge:problem:too-large"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_route_of_ours_has_a_limit_to_what_it_reads():
    answer = every_token().client("admin", reload=lambda: None).post("/-/reload", content=b"x" * (LONGEST_BODY + 1))

    assert answer.status_code == 413


def test_the_audit_log_tells_who_when_what_and_why(notes: Notes):
    made = notes.post({"name": "a", "why": "typo"}, **{"X-Request-ID": "req-7"})
    answer = notes.tokens.client("admin").get("/api/v1/audit?kind=Note")

    assert made.headers["x-request-id"] == "req-7"
    assert answer.json() == {
        "items": [
            {
                # after the tokens' own entries: seven made, one revoked
                "number": 9,
                "at": "2026-02-15T00:00:10Z",
                "by": "editor",
                "role": "editor",
                "action": "create",
                "kind": "Note",
                "name": "a",
                "before": None,
                "after": {"name": "a", "why": "typo"},
                "why": "typo",
                "request_id": "req-7",
            }
        ],
        "next": None,
    }


@pytest.mark.parametrize("given_id", ["", "a b", "x" * 65, "<script>"])
def test_a_request_id_that_is_not_sound_is_replaced(notes: Notes, given_id: str):
    made = notes.post({"name": "a"}, **{"X-Request-ID": given_id})

    assert len(made.headers["x-request-id"]) == 32
    assert made.headers["x-request-id"] != notes.post({"name": "a"}).headers["x-request-id"]


def test_the_audit_log_has_pages_from_the_newest_on(notes: Notes):
    for name in "abc":
        notes.post({"name": name})
    client = notes.tokens.client("admin")
    first = client.get("/api/v1/audit?kind=Note&limit=2").json()
    notes.post({"name": "d"})
    second = client.get(f"/api/v1/audit?kind=Note&limit=2&cursor={first['next']}").json()

    assert [item["name"] for item in first["items"] + second["items"]] == ["c", "b", "a"]
    assert second["next"] is None
    assert [item["name"] for item in client.get("/api/v1/audit?name=b").json()["items"]] == ["b"]


@pytest.mark.parametrize("cursor", ["x", "djE6YWJj", "djE6MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"])
def test_a_cursor_of_another_list_is_refused(notes: Notes, cursor: str):
    assert notes.tokens.client("admin").get(f"/api/v1/audit?cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 428),
        ("", 428),
        ('"1-a"', 412),
        ('W/"2-a"', 412),
        ("2-a", 412),
        ('"2-a"', 204),
        ('"1-a", "2-a"', 204),
        ("*", 204),
    ],
)
def test_a_change_names_what_it_changes(notes: Notes, if_match: str | None, status: int):
    headers = notes.tokens.headers("editor") | ({} if if_match is None else {"If-Match": if_match})
    answer = TestClient(notes.app).patch(NOTES, headers=headers)

    assert answer.status_code == status
    if status == 412:
        assert (answer.json()["type"], answer.json()["etag"]) == ("urn:okrbridge:problem:precondition-failed", '"2-a"')


@given(version=st.integers(1, 10**9), other=st.integers(1, 10**9))
def test_only_the_own_tag_matches(version: int, other: int):
    tag = document_tag(_document(version))
    require_match(tag, tag)
    if version != other:
        with pytest.raises(PreconditionFailedError):
            require_match(document_tag(_document(other)), tag)
    with pytest.raises(PreconditionRequiredError):
        require_match(None, tag)


def test_a_document_made_again_has_another_tag():
    assert document_tag(_document(1)) != document_tag(_document(1, NOW + timedelta(microseconds=1)))


def _document(version: int, made: datetime = NOW) -> StoredDocument:
    return StoredDocument("Objective", "a", "{}", version, made, "maria", NOW, "maria")
