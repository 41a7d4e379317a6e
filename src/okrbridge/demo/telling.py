"""What the demo tells okrbridge: what happened before it was started, and what people said week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from okrbridge.demo.feed import Feed
from okrbridge.demo.happenings import Happening

SOURCE = "demo"
_AT_ONCE = 500


def tell_happenings(feed: Feed, told: Sequence[Happening]) -> None:
    """Post everything that happened. Raises DemoError."""
    for first in range(0, len(told), _AT_ONCE):
        feed.post("/api/v1/events", {"events": [event_of(one) for one in told[first : first + _AT_ONCE]]})


def event_of(one: Happening) -> dict[str, Any]:
    """An event as the API takes it; what is empty is left out."""
    body = {
        "source": SOURCE,
        "external_id": one.id,
        "kind": one.kind,
        "start": _text(one.start),
        "end": _text(one.end),
        "detected_at": _text(one.detected_at),
        "service": one.service,
        "severity": one.severity,
        "subject": one.subject,
        "title": one.title,
    }
    return {key: value for key, value in body.items() if value}


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody said about a key result in a weekly check-in."""

    key_result: str
    days_ago: int
    confidence: int
    value: float | None = None
    blockers: str = ""
    next_change: str = ""


SAYINGS = (
    Saying("rock-solid-api/p99-latency", 22, 8, next_change="Answer the partners' list from the replica."),
    Saying("rock-solid-api/p99-latency", 15, 7, blockers="The replica lags in the evening."),
    Saying(
        "rock-solid-api/p99-latency",
        5,
        4,
        blockers="The slowest calls wait for the tax service, which is not ours.",
        next_change="Ask the tax service's team for a batch call.",
    ),
    Saying("lean-platform/on-call-mood", 36, 6, value=6.2),
    Saying("lean-platform/on-call-mood", 29, 7, value=6.6),
    Saying("lean-platform/on-call-mood", 19, 7, value=6.9),
    Saying("lean-platform/cost-per-order", 6, 9, next_change="Move search to smaller nodes."),
    Saying("trusted-shop/incidents", 4, 7),
    Saying("trusted-shop/activation", 4, 8, next_change="Keep the short form for everybody."),
)
"""Confidence in the latency falls from 8 over 7 to 4; nobody has asked the people on call for weeks."""


def tell_sayings(feed: Feed, now: datetime, said: Sequence[Saying] = SAYINGS) -> None:
    """Post the check-ins. Raises DemoError."""
    for one in said:
        feed.post(f"/api/v1/key-results/{one.key_result}/check-ins", check_in_of(one, now))


def check_in_of(one: Saying, now: datetime) -> dict[str, Any]:
    """A check-in as the API takes it; what is empty is left out."""
    body = {
        "at": _text(now - timedelta(days=one.days_ago)),
        "confidence": one.confidence,
        "override_value": one.value,
        "blockers": one.blockers,
        "next_change": one.next_change,
    }
    return {key: value for key, value in body.items() if value not in (None, "")}


def _text(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
