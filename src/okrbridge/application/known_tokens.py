"""Which tokens were shown lately, so that a request with one need not ask the database each time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.access_ports import Token
from okrbridge.application.ports import Clock, Storage
from okrbridge.errors import StorageError

FRESH_FOR = timedelta(seconds=5)
"""How long a token is taken as it was read; so long a token revoked elsewhere may still be let in."""
TRUSTED_FOR = timedelta(minutes=5)
"""How long while the database does not answer: a token cannot be revoked in it then either."""
MOST_TOKENS = 1_000


@dataclass(frozen=True, slots=True)
class _Read:
    token: Token
    at: datetime


class KnownTokens:
    """Tokens by the SHA-256 of their text. Only tokens that exist are remembered. Any thread may use it."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._read: OrderedDict[bytes, _Read] = OrderedDict()

    def remembered(self, digest: bytes) -> Token | None:
        """The token, if it is in force and was read so lately that no question is needed."""
        return self._known(digest, FRESH_FOR)

    def look_up(self, digest: bytes) -> Token | None:
        """The token in force, from the database.

        Raises:
            StorageError: the database does not answer, and the token was not shown lately.
        """
        try:
            with self._storage.reading() as database:
                token = database.tokens.by_digest(digest)
        except StorageError:
            known = self._known(digest, TRUSTED_FOR)
            if known is None:
                raise
            return known
        self._remember(digest, token)
        return token if token is not None and token.is_in_force(self._clock()) else None

    def _known(self, digest: bytes, age: timedelta) -> Token | None:
        now = self._clock()
        with self._lock:
            read = self._read.get(digest)
        is_good = read is not None and now - read.at < age and read.token.is_in_force(now)
        return read.token if read is not None and is_good else None

    def _remember(self, digest: bytes, token: Token | None) -> None:
        with self._lock:
            self._read.pop(digest, None)
            if token is not None:
                self._read[digest] = _Read(token, self._clock())
            if len(self._read) > MOST_TOKENS:
                self._read.popitem(last=False)
