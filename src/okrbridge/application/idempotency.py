"""Requests that may be sent again: the first answer is kept in the transaction of its write, and given again.

Follows the IETF draft "The Idempotency-Key HTTP Header Field", except that refusals are not kept: a request that was
refused changed nothing, so the same key may try again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from okrbridge.application.access_ports import KeyedRequest, StoredAnswer
from okrbridge.application.ports import Transaction
from okrbridge.errors import OkrbridgeError

KEPT_FOR = timedelta(hours=24)
MOST_KEYS = 10_000
"""Of one caller; the oldest go first."""
LONGEST_ANSWER = 2**20
"""Bytes of an answer that is kept."""


class KeyReusedError(OkrbridgeError):
    """An idempotency key came back with another request."""


class KeyInUseError(OkrbridgeError):
    """The first request with an idempotency key is still at work."""


class RequestsAtWork:
    """The keys whose first request is being answered by this process.

    Other processes need no such list: one process writes at a time, so a second one finds the first one's answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def alone(self, request: KeyedRequest) -> Iterator[None]:
        """Hold a key while its request is at work.

        Raises:
            KeyInUseError: somebody else holds it.
        """
        key = request.caller, request.key
        with self._lock:
            if key in self._keys:
                raise KeyInUseError("a request with this Idempotency-Key is still at work; ask again in a moment")
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def answer_once(
    transaction: Transaction, request: KeyedRequest, at: datetime, write: Callable[[], StoredAnswer]
) -> tuple[StoredAnswer, bool]:
    """The answer to a request, and whether it was given before; ``write`` is called only the first time.

    Raises:
        KeyReusedError: the key belongs to another request of this caller.
    """
    transaction.idempotency.expire(at - KEPT_FOR)
    known = transaction.idempotency.get(request.caller, request.key)
    if known is not None:
        fingerprint, answer = known
        if fingerprint != request.fingerprint:
            raise KeyReusedError("this Idempotency-Key belongs to another request; use a new key for a new request")
        return answer, True
    answer = write()
    if len(answer.body) > LONGEST_ANSWER:
        raise ValueError(f"an answer of {len(answer.body)} bytes is not kept under an idempotency key")
    transaction.idempotency.put(request, answer, at)
    transaction.idempotency.trim(request.caller, MOST_KEYS)
    return answer, False
