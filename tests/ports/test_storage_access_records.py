"""Tokens, the audit log and answers by idempotency key, on every storage."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.ports.ledger_examples import at

from okrbridge.application.access_ports import AuditEntry, KeyedRequest, Role, StoredAnswer, Token
from okrbridge.application.ports import Storage
from okrbridge.errors import StorageError

DIGEST = b"\x00\xff" * 16


def token(name: str = "maria", **other: Any) -> Token:
    fields: dict[str, Any] = {
        "role": Role.EDITOR,
        "sees_restricted": True,
        "created_at": at(0) + timedelta(microseconds=1),
        "created_by": "cli:root",
        "expires_at": at(60),
        **other,
    }
    return Token(id=f"t_{name}", name=name, **fields)


def entry(name: str = "a", minute: float = 0, **other: Any) -> AuditEntry:
    fields: dict[str, Any] = {"action": "update", "kind": "Objective", "before": {"n": 1.5}, "after": None, **other}
    return AuditEntry(at=at(minute), by="maria", role="editor", name=name, **fields)


def keyed(key: str = "k", caller: str = "maria") -> KeyedRequest:
    return KeyedRequest(caller, key, DIGEST)


ANSWER = StoredAnswer(201, b'{"a": "\xc3\xbc"}', {"ETag": '"1-a"'})


def test_a_token_is_found_by_digest_name_and_id(storage: Storage):
    with storage.transaction() as database:
        database.tokens.add(token(), DIGEST)
    with storage.reading() as database:
        assert database.tokens.by_digest(DIGEST) == token()
        assert database.tokens.find("maria") == database.tokens.find("t_maria") == token()
        assert database.tokens.by_digest(DIGEST[:-1] + b"x") is None
        assert database.tokens.find("mari") is None
        assert database.tokens.find("\x00\ud800") is None


def test_tokens_are_listed_by_name(storage: Storage):
    forever = token("ada", expires_at=None, role=Role.INGEST, sees_restricted=False)
    with storage.transaction() as database:
        database.tokens.add(token(), DIGEST)
        database.tokens.add(forever, DIGEST[::-1])
    with storage.reading() as database:
        assert database.tokens.all() == [forever, token()]


def test_a_token_is_revoked_once_and_stays_known(storage: Storage):
    with storage.transaction() as database:
        database.tokens.add(token(), DIGEST)
        database.tokens.add(token("ada"), DIGEST[::-1])
        database.tokens.revoke("t_maria", at(5))
        database.tokens.revoke("t_maria", at(9))
        database.tokens.revoke("t_nobody", at(9))
    with storage.reading() as database:
        assert [one.revoked_at for one in database.tokens.all()] == [None, at(5)]
        assert database.tokens.by_digest(DIGEST) is not None


def test_entries_are_numbered_in_the_order_they_were_stored(storage: Storage):
    with storage.transaction() as database:
        assert [database.audit.add(entry(name)).number for name in "ab"] == [1, 2]
    with storage.transaction() as database:
        database.audit.add(entry("c"))
    with storage.reading() as database:
        assert [(one.number, one.name) for one in database.audit.newest()] == [(3, "c"), (2, "b"), (1, "a")]
        assert [one.number for one in database.audit.newest(limit=1, before=3)] == [2]


def test_entries_are_found_by_kind_and_name(storage: Storage):
    with storage.transaction() as database:
        for name, kind in (("a", "Objective"), ("a", "Cycle"), ("b", "Objective")):
            database.audit.add(entry(name, kind=kind))
    with storage.reading() as database:
        assert [one.number for one in database.audit.newest(kind="Objective")] == [3, 1]
        assert [one.number for one in database.audit.newest(kind="Cycle", name="a")] == [2]
        assert database.audit.newest(name="c") == []
        assert database.audit.newest(name="\x00\ud800") == []


def test_an_entry_comes_back_as_it_was(storage: Storage):
    whole = entry(
        before={"title": "Größe", "list": [1, 2.5, None, True, {"deep": "x"}], "empty": {}},
        after={},
        why="a typo",
        request_id="req-1",
    )
    with storage.transaction() as database:
        stored = database.audit.add(whole)
    with storage.reading() as database:
        assert database.audit.newest() == [stored]
    assert (stored.before, stored.after, stored.why) == (whole.before, {}, "a typo")


def test_odd_texts_in_an_entry_fail_nothing(storage: Storage):
    with storage.transaction() as database:
        stored = database.audit.add(entry("a", before={"\x00": ["\ud800"]}, why="\x00"))
    with storage.reading() as database:
        assert database.audit.newest() == [stored]
    assert (stored.before, stored.why) == ({"\ufffd": ["?"]}, "\ufffd")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_not_stored(storage: Storage, number: float):
    with pytest.raises(ValueError, match="not stored"), storage.transaction() as database:
        database.audit.add(entry(after={"deep": [number]}))
    with storage.reading() as database:
        assert database.audit.newest() == []


def test_an_answer_comes_back_with_the_fingerprint_of_its_request(storage: Storage):
    with storage.transaction() as database:
        database.idempotency.put(keyed(), ANSWER, at(0))
    with storage.reading() as database:
        assert database.idempotency.get("maria", "k") == (DIGEST, ANSWER)
        assert database.idempotency.get("maria", "K") is None
        assert database.idempotency.get("ada", "k") is None


def test_answers_expire(storage: Storage):
    with storage.transaction() as database:
        for minute in range(3):
            database.idempotency.put(keyed(f"k{minute}"), ANSWER, at(minute))
        assert database.idempotency.expire(at(1)) == 1
    with storage.reading() as database:
        assert [database.idempotency.get("maria", f"k{minute}") is None for minute in range(3)] == [True, False, False]


def test_a_caller_keeps_only_so_many_answers_and_takes_no_room_of_others(storage: Storage):
    with storage.transaction() as database:
        database.idempotency.put(keyed(caller="ada"), ANSWER, at(0))
        for minute in range(5):
            database.idempotency.put(keyed(f"k{minute}"), ANSWER, at(minute))
        assert database.idempotency.trim("maria", 2) == 3
        assert database.idempotency.trim("maria", 2) == 0
    with storage.reading() as database:
        kept = [minute for minute in range(5) if database.idempotency.get("maria", f"k{minute}")]
        assert kept == [3, 4]
        assert database.idempotency.get("ada", "k") is not None


def _write_and_break_off(storage: Storage) -> None:
    with storage.transaction() as database:
        database.tokens.add(token(), DIGEST)
        database.audit.add(entry())
        database.idempotency.put(keyed(), ANSWER, at(0))
        raise LookupError


def test_a_transaction_that_raises_keeps_no_token_no_entry_and_no_answer(storage: Storage):
    with pytest.raises(LookupError):
        _write_and_break_off(storage)
    with storage.reading() as database:
        assert database.tokens.all() == []
        assert database.audit.newest() == []
        assert database.idempotency.get("maria", "k") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda database: database.tokens.add(token(), DIGEST),
        lambda database: database.tokens.revoke("t_maria", at(0)),
        lambda database: database.audit.add(entry()),
        lambda database: database.idempotency.put(keyed(), ANSWER, at(0)),
        lambda database: database.idempotency.expire(at(0)),
    ],
)
def test_writing_who_may_do_what_while_reading_is_an_error(storage: Storage, change: Any):
    with pytest.raises(StorageError, match="while only reading"), storage.reading() as database:
        change(database)


def test_instants_are_kept_to_the_microsecond(storage: Storage):
    made: datetime = at(0) + timedelta(microseconds=999_999)
    with storage.transaction() as database:
        database.tokens.add(token(created_at=made, expires_at=made), DIGEST)
        found = database.tokens.by_digest(DIGEST)
    assert found is not None
    assert (found.created_at, found.expires_at) == (made, made)
