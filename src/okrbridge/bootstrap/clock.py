"""The clock of a running okrbridge; whatever computes is given its instants."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The current instant."""
    return datetime.now(UTC)
