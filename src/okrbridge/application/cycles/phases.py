"""Where cycles stand, once people have closed some."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from okrbridge.domain.cycles import Cycle, CyclePhase

SECOND_THOUGHTS = timedelta(days=14)
"""So long after the close scores may still be put right, should the retrospective be over before."""


def phase_of(cycle: Cycle, at: datetime, closed: Collection[str]) -> CyclePhase:
    """Where a cycle stands at an instant: closed as soon as it has scores, else as its dates say.

    Args:
        closed: names of the cycles that people closed: those that have scores, as ``ScoreRecords.cycles`` gives them,
            because nobody writes to a file over HTTP.
    """
    return CyclePhase.CLOSED if cycle.name in closed else cycle.phase(at)


def scores_change_until(cycle: Cycle, closed_at: datetime) -> datetime:
    """Until when scores may be changed: 14 days from the close, and until the retrospective is over."""
    return max(closed_at + SECOND_THOUGHTS, cycle.retrospective_until or cycle.interval.end)
