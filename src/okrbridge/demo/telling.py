"""What the demo tells okrbridge: what happened before it was started, and what people said week by week."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from okrbridge.application.okr_records import CheckIn
from okrbridge.demo.feed import Feed
from okrbridge.demo.happenings import Happening
from okrbridge.sources.simulated.source import MINUTES
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations.runner import ensure_ready

SOURCE = "demo"
_AT_ONCE = 500


def tell_happenings(feed: Feed, told: Sequence[Happening]) -> None:
    """Post everything that happened. Raises DemoError."""
    for first in range(0, len(told), _AT_ONCE):
        feed.post("events", [event_of(one) for one in told[first : first + _AT_ONCE]])


def event_of(one: Happening) -> dict[str, Any]:
    """An event as the API takes it; what is empty is left out."""
    body = {
        "source": SOURCE,
        "id": one.id,
        "kind": one.kind,
        "start": _text(one.start),
        "end": _text(one.end),
        "detected_at": _text(one.detected_at),
        "service": one.service,
        "severity": one.severity,
        "subject": one.subject,
        "title": one.title,
        "attributes": dict(one.attributes),
    }
    return {key: value for key, value in body.items() if value}


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody said about a key result in a weekly check-in.

    Attributes:
        days_ago: 0 for what is said now, over the API; older ones stand in the database when okrbridge starts.
    """

    key_result: str
    days_ago: int
    by: str
    confidence: int
    value: float | None = None
    blockers: str = ""
    next_change: str = ""


_LATENCY, _MOOD = "rock-solid-api/p99-latency", "lean-platform/on-call-mood"
SAYINGS = (
    Saying(_LATENCY, 21, "maria", 8, next_change="Answer the partners' list from the replica."),
    Saying(_LATENCY, 14, "maria", 7, blockers="The replica lags in the evening."),
    Saying(
        _LATENCY,
        0,
        "maria",
        4,
        blockers="The slowest calls wait for the tax service, which is not ours.",
        next_change="Ask the tax service's team for a batch call.",
    ),
    Saying(_MOOD, 36, "sam", 6, value=6.2),
    Saying(_MOOD, 29, "sam", 7, value=6.6),
    Saying(_MOOD, 22, "sam", 7, value=6.9),
    Saying("lean-platform/cost-per-order", 5, "lin", 9, next_change="Move search to smaller nodes."),
    Saying("trusted-shop/incidents", 4, "ines", 7),
    Saying("trusted-shop/activation", 4, "tom", 8, next_change="Keep the short form for everybody."),
)
"""Confidence in the latency falls from 8 over 7 to 4; nobody has asked the people on call for weeks."""


def keep_sayings(database_url: str, now: datetime, said: Sequence[Saying] = SAYINGS) -> None:
    """Put the check-ins of earlier weeks into a new database: the API takes them as of now alone."""
    ensure_ready(database_url)
    with closing(open_database(database_url, grid=MINUTES)) as storage, storage.transaction() as transaction:
        for number, one in enumerate(said):
            if one.days_ago:
                transaction.check_ins.add(
                    CheckIn(
                        id=f"{SOURCE}-{number}",
                        key_result=one.key_result,
                        at=now - timedelta(days=one.days_ago),
                        by=one.by,
                        confidence=one.confidence,
                        blockers=one.blockers,
                        next_change=one.next_change,
                        override_value=one.value,
                    )
                )


def tell_sayings(feed: Feed, said: Sequence[Saying] = SAYINGS) -> None:
    """Post the check-ins of now. Raises DemoError."""
    for one in said:
        if not one.days_ago:
            body = {"confidence": one.confidence, "blockers": one.blockers, "next_change": one.next_change}
            feed.post(f"key-results/{one.key_result}/check-ins", body)


def _text(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
