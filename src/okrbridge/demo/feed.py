"""What the demo reads from okrbridge over HTTP, and tells it, as any client would."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from okrbridge.demo.errors import DemoError

Item = dict[str, Any]

_SECONDS_TO_ANSWER = 5.0
_SECONDS_TO_STORE = 30.0
_LISTS = ("slos", "key-results", "objectives", "cycles")


@dataclass(frozen=True)
class View:
    """One look at okrbridge; the lists are empty while it has not evaluated anything."""

    slos: list[Item] = field(default_factory=list)
    key_results: list[Item] = field(default_factory=list)
    objectives: list[Item] = field(default_factory=list)
    cycles: list[Item] = field(default_factory=list)
    problem: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether SLOs' windows are filled, and key results have progress, or say why not, and a past."""
        return bool(self.slos and self.key_results) and (
            all((item.get("coverage_ratio") or 0) > 0.99 for item in self.slos)
            and all(_is_told(item) for item in self.key_results)
            and any(item.get("forecast_p50") is not None for item in self.key_results)
        )


def _is_told(item: Item) -> bool:
    return item.get("progress_ratio") is not None or item.get("quality") in ("too_early", "stale")


class Feed:
    """A client of one okrbridge on loopback."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy from the environment does not reach loopback

    def is_ready(self) -> bool:
        """Whether ``/readyz`` answers 200."""
        try:
            return self._session.get(f"{self.address}/readyz", timeout=_SECONDS_TO_ANSWER).status_code == 200
        except requests.RequestException:
            return False

    def look(self) -> View:
        """All there is to see, as it is now."""
        try:
            slos, key_results, objectives, cycles = map(self._items, _LISTS)
        except (requests.RequestException, ValueError) as error:
            return View(problem=f"no answer from okrbridge: {error}")
        return View(slos, key_results, objectives, cycles)

    def history(self, slo: str, start: int, end: int, step: str) -> list[Item]:
        """Rows of an SLO's history between two instants in epoch seconds; empty when there is no answer."""
        span = {"from": _rfc3339(start), "to": _rfc3339(end), "step": step}
        try:
            return self._items(f"slos/{slo}/history", span)
        except (requests.RequestException, ValueError):
            return []

    def post(self, path: str, body: object) -> None:
        """Tell okrbridge something.

        Raises:
            DemoError: it was refused, or there was no answer.
        """
        try:
            answer = self._session.post(f"{self.address}/api/v1/{path}", json=body, timeout=_SECONDS_TO_STORE)
        except requests.RequestException as error:
            raise DemoError(f"okrbridge did not take {path}: {error}") from error
        if not answer.ok:
            raise DemoError(f"okrbridge refused {path} with {answer.status_code}: {answer.text[:500]}")

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _items(self, path: str, query: dict[str, str] | None = None) -> list[Item]:
        answer = self._session.get(f"{self.address}/api/v1/{path}", params=query, timeout=_SECONDS_TO_ANSWER)
        answer.raise_for_status()
        body = answer.json()
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise ValueError(f"{path} has no items")  # noqa: TRY004 - a wrong answer, as undecodable JSON is
        return [item for item in items if isinstance(item, dict)]


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
