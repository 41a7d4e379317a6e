"""An API that takes definitions: a file beside a storage in memory, and a clock that tests set."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient
from tests.fakes.scripted_source import SettableClock
from tests.unit.api.fakes import MINUTE, services
from tests.unit.api.snapshots import NOW
from tests.unit.api.tokens import Tokens, every_token

from okrbridge.api.app import create_app
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.definitions.loader import Loaded
from okrbridge.definitions.stored import LoadedTogether, load_together
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Grid

FILE = """
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2025-q4}
spec: {}
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2026-q1}
spec: {}
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2026-q2}
spec: {}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: from-a-file}
spec:
  title: Written down
  cycle: 2026-q1
  owner: maria
  team: backend
  keyResults:
    - {name: latency, from: 800ms, to: 200ms, measure: {promql: p99, unit: ms}}
"""
"""On 15 February 2026: one cycle is over, one is in delivery, one is in preparation."""


def objective(name: str = "growth", cycle: str = "2026-q2", **spec: Any) -> dict[str, Any]:
    """A document of an objective with one key result."""
    key_result = {"name": "users", "from": 10, "to": 20, "measure": {"promql": "users"}}
    return {
        "metadata": {"name": name},
        "spec": {"title": "Grow", "cycle": cycle, "owner": "li", "keyResults": [key_result], **spec},
    }


class WritingApi:
    """The API over a folder and a storage."""

    def __init__(self, folder: Path, snapshot: Snapshot | None = None) -> None:
        self.config = folder / "okrs.yaml"
        self.config.write_text(FILE)
        self.grid = Grid(MINUTE)
        self.tokens: Tokens = every_token()
        self.storage = self.tokens.storage
        self.clock = SettableClock(NOW)
        self.snapshots = SnapshotHolder(snapshot)
        self.loaded = load_together(self.config, [], self.grid)
        self.swaps = 0
        self.loads_while_writing: list[bool] = []
        self.app = create_app(
            dataclasses.replace(
                services(),
                storage=self.storage,
                clock=self.clock,
                snapshots=self.snapshots,
                definitions=lambda: self.definitions,
                prepare=self.prepare,
            )
        )

    @property
    def definitions(self) -> DefinitionSet:
        """Those in force."""
        return self.loaded.definitions

    def prepare(self, stored: Sequence[StoredDocument]) -> LoadedTogether:
        """As bootstrap does it; notes whether the database was held meanwhile."""
        self.loads_while_writing.append(self.storage._writer.locked())
        return LoadedTogether(load_together(self.config, stored, self.grid), self._adopt)

    def _adopt(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.swaps += 1

    def client(self, kind: str = "editor") -> TestClient:
        """A client with the token of that kind; paths are below /api/v1."""
        return TestClient(
            self.app,
            base_url="http://testserver/api/v1",
            headers=self.tokens.headers(kind),
            raise_server_exceptions=False,
        )

    def made(self, document: dict[str, Any] | None = None, path: str = "/objectives", kind: str = "editor") -> str:
        """Make a document and return its tag."""
        answer = self.client(kind).post(path, json=document or objective())
        assert answer.status_code == 201, answer.text
        return str(answer.headers["etag"])

    def move_to(self, at: datetime) -> None:
        """Set the clock."""
        self.clock.now = at


def codes(answer: httpx2.Response) -> list[str]:
    """The codes of the faults that an answer names."""
    return [one["code"] for one in answer.json()["errors"]]


def slug(answer: httpx2.Response) -> str:
    """The kind of a problem."""
    return str(answer.json()["type"]).rpartition(":")[2]
