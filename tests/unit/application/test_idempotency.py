from datetime import UTC, datetime, timedelta

import pytest

from okrbridge.application import idempotency
from okrbridge.application.access_ports import KeyedRequest, StoredAnswer
from okrbridge.application.idempotency import (
    LONGEST_ANSWER,
    KeyInUseError,
    KeyReusedError,
    RequestsAtWork,
    answer_once,
)
from okrbridge.domain.windows import Grid
from okrbridge.storage.memory import MemoryStorage

AT = datetime(2026, 2, 15, tzinfo=UTC)
ANSWER = StoredAnswer(201, b"{}", {})


def request(key: str = "k", caller: str = "maria", body: bytes = b"a") -> KeyedRequest:
    return KeyedRequest(caller, key, body * 32)


def ask(storage: MemoryStorage, keyed: KeyedRequest, answer: StoredAnswer = ANSWER, minutes: float = 0) -> bool:
    """Whether the answer was given before."""
    with storage.transaction() as transaction:
        return answer_once(transaction, keyed, AT + timedelta(minutes=minutes), lambda: answer)[1]


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage(Grid(timedelta(minutes=1)))


def test_the_first_answer_is_given_again(storage: MemoryStorage):
    later = StoredAnswer(200, b"other", {})
    assert [ask(storage, request()), ask(storage, request(), later)] == [False, True]
    with storage.reading() as database:
        assert database.idempotency.get("maria", "k") == (b"a" * 32, ANSWER)


def test_another_request_under_the_key_is_refused(storage: MemoryStorage):
    ask(storage, request())
    with pytest.raises(KeyReusedError, match="use a new key"):
        ask(storage, request(body=b"b"))


def test_the_oldest_keys_of_a_caller_go_first(storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(idempotency, "MOST_KEYS", 2)
    for minute in range(3):
        ask(storage, request(f"k{minute}"), minutes=minute)
    assert [ask(storage, request(key), minutes=3) for key in ("k2", "k1", "k0")] == [True, True, False]


def test_an_answer_that_is_too_long_to_keep_keeps_nothing(storage: MemoryStorage):
    with pytest.raises(ValueError, match="is not kept"):
        ask(storage, request(), StoredAnswer(200, b"x" * (LONGEST_ANSWER + 1), {}))
    assert ask(storage, request()) is False


def test_a_key_is_held_by_one_request_at_a_time_and_let_go_when_it_fails():
    at_work = RequestsAtWork()
    with pytest.raises(LookupError), at_work.alone(request()):  # noqa: PT012 - the lock must outlast the failure inside
        with pytest.raises(KeyInUseError), at_work.alone(request()):
            pass
        with at_work.alone(request(caller="ada")), at_work.alone(request("other")):
            raise LookupError
    with at_work.alone(request()):
        pass
