"""Tokens of every kind, in a storage in memory, for tests of who may do what."""

import dataclasses
from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient
from tests.unit.api.fakes import MINUTE, services
from tests.unit.api.snapshots import NOW

from okrbridge.api.app import create_app
from okrbridge.api.dependencies import ApiServices
from okrbridge.application.access import LOCAL, AccessRules, NewToken, create_token, revoke_token
from okrbridge.application.access_ports import Role
from okrbridge.domain.windows import Grid
from okrbridge.storage.memory import MemoryStorage

GARBAGE = "okrb_" + "x" * 43
KINDS = ("anonymous", "viewer", "seeing", "ingest", "editor", "admin", "expired", "revoked", "garbage")
"""``seeing`` is a viewer that sees restricted objects."""
ROLE_OF: dict[str, Role] = {
    "viewer": Role.VIEWER,
    "seeing": Role.VIEWER,
    "ingest": Role.INGEST,
    "editor": Role.EDITOR,
    "admin": Role.ADMIN,
}


@dataclasses.dataclass(frozen=True)
class Tokens:
    """A storage, and the texts of the tokens in it by kind."""

    storage: MemoryStorage
    texts: dict[str, str]

    def headers(self, kind: str) -> dict[str, str]:
        """What a caller of that kind sends."""
        return {} if kind == "anonymous" else {"Authorization": f"Bearer {self.texts[kind]}"}

    def services(self, *, anonymous_read: bool = True, **changes: Any) -> ApiServices:
        """Services over the storage."""
        rules = AccessRules(anonymous_read=anonymous_read)
        return dataclasses.replace(services(), storage=self.storage, **{"access": rules, **changes})

    def client(self, kind: str = "admin", **changes: Any) -> TestClient:
        """A client that sends a token of that kind."""
        app = create_app(self.services(**changes))
        return TestClient(app, headers=self.headers(kind), raise_server_exceptions=False)


def every_token() -> Tokens:
    """One token of each kind; the expired and the revoked one were an admin's."""
    storage, texts = MemoryStorage(Grid(MINUTE)), {"garbage": GARBAGE}
    made = NOW - timedelta(days=10)
    with storage.transaction() as transaction:
        for kind, role in ROLE_OF.items():
            new = NewToken(kind, role, restricted=kind == "seeing")
            texts[kind], _ = create_token(transaction, new, LOCAL, made)
        gone = NewToken("expired", Role.ADMIN, NOW - made)
        texts["expired"], _ = create_token(transaction, gone, LOCAL, made)
        texts["revoked"], _ = create_token(transaction, NewToken("revoked", Role.ADMIN), LOCAL, made)
        revoke_token(transaction, "revoked", LOCAL, NOW - timedelta(seconds=1))
    return Tokens(storage, texts)
