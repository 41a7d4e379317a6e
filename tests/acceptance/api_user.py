"""Somebody who uses the API with a token, as a person's program does."""

from dataclasses import dataclass
from typing import Any

import requests
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge


@dataclass(frozen=True)
class ApiUser:
    """A caller of one server.

    Attributes:
        token: sent with every request; nobody is known without one.
    """

    server: OkrbridgeServer
    token: str = ""

    def send(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        """Ask for a path below /api/v1; underscores of header names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        return requests.request(method, f"{self.server.url}/api/v1{path}", json=body, headers=named, timeout=30)

    def done(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Ask for what must be granted; the answer's JSON, None without a body."""
        answer = self.send(method, path, body, **headers)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """A JSON answer."""
        return self.done("GET", path)

    def refused(self, status: int, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        """Ask for what must be refused; the problem that the answer tells."""
        answer = self.send(method, path, body, **headers)
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        assert answer.headers["content-type"].startswith("application/problem+json")
        problem: dict[str, Any] = answer.json()
        return problem

    def tag(self, path: str) -> str:
        """The ETag of a document as it is now."""
        answer = self.send("GET", path)
        assert answer.ok, answer.text
        return answer.headers["ETag"]


def made_token(database_url: str, role: str, name: str, *options: str) -> str:
    """A token made by the command."""
    made = okrbridge("token", "create", "--role", role, "--name", name, "--database-url", database_url, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()
