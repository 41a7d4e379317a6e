"""``Idempotency-Key``: a write that may be sent again and happens once.

A route takes ``once: Once`` and writes through it; without the header it is an ordinary transaction::

    def write(transaction: Transaction) -> StoredAnswer: ...

    return once.answer(services, caller, write)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request
from starlette.responses import Response

from okrbridge.api.dependencies import ApiServices
from okrbridge.api.responses import JSON
from okrbridge.application.access_ports import Caller, KeyedRequest, StoredAnswer
from okrbridge.application.idempotency import RequestsAtWork, answer_once
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item

Write = Callable[[Transaction], StoredAnswer]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Your own text for this request; sent again within 24 hours, it gets the first answer again.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]


def json_answer(item: Item | None, status: int = 200, headers: Mapping[str, str] | None = None) -> StoredAnswer:
    """An answer to a write; None has no body, as with status 204."""
    return StoredAnswer(status, b"" if item is None else orjson.dumps(item), dict(headers or {}))


@dataclass(frozen=True, slots=True)
class OnceOnly:
    """One request, with its key if it has one.

    Attributes:
        fingerprint: SHA-256 of method, path, query and body.
    """

    key: str | None
    fingerprint: bytes
    at_work: RequestsAtWork

    def answer(self, services: ApiServices, caller: Caller, write: Write) -> Response:
        """Write in one transaction and answer, or give the answer that was given before.

        Raises:
            KeyReusedError: the key belongs to another request of this caller.
            KeyInUseError: the first request with the key is still at work.
            StorageError: nothing was written.
        """
        if self.key is None:
            with services.storage.transaction() as transaction:
                answer = write(transaction)
            return _response(answer, is_replayed=False)
        request = KeyedRequest(caller.name, self.key, self.fingerprint)
        with self.at_work.alone(request), services.storage.transaction() as transaction:
            answer, is_replayed = answer_once(transaction, request, services.clock(), lambda: write(transaction))
        return _response(answer, is_replayed=is_replayed)


async def _once(request: Request, key: IdempotencyKey = None) -> OnceOnly:
    at_work: RequestsAtWork = request.app.state.requests_at_work
    digest = sha256()
    for part in (request.method.encode(), request.scope["path"].encode(), request.scope["query_string"]):
        digest.update(len(part).to_bytes(8) + part)
    digest.update(await request.body())
    return OnceOnly(key, digest.digest(), at_work)


Once = Annotated[OnceOnly, Depends(_once)]


def _response(answer: StoredAnswer, *, is_replayed: bool) -> Response:
    headers = {"Cache-Control": "no-store", **answer.headers}
    if is_replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, media_type=JSON if answer.body else None)
