"""Announced time inside a window, as items: what it was for, and whether it is left out."""

from __future__ import annotations

from collections.abc import Sequence

from okrbridge.application.recurrence import occurrences
from okrbridge.application.reports import Item, rfc3339
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Interval


def maintenance_items(windows: Sequence[MaintenanceWindow], slo: Slo, interval: Interval) -> list[Item]:
    """The times of an interval that were announced for an SLO, ascending; those that count are among them."""
    found = [(time, window) for window in windows if window.applies_to(slo) for time in occurrences(window, interval)]
    return [_item(window, time) for time, window in sorted(found, key=lambda one: (one[0], one[1].name))]


def _item(window: MaintenanceWindow, time: Interval) -> Item:
    return {
        "name": window.name,
        "title": window.title,
        "reason": str(window.reason),
        "is_excluded": window.is_excluded,
        "from": rfc3339(time.start),
        "to": rfc3339(time.end),
    }
