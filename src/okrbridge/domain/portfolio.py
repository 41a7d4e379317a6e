"""Portfolios: many key results as one number."""

from __future__ import annotations

from collections.abc import Iterable

from okrbridge.domain.pacing import KeyResultStatus

_ON_TRACK = (KeyResultStatus.ON_TRACK, KeyResultStatus.ACHIEVED)
_OFF_TRACK = (KeyResultStatus.OFF_TRACK, KeyResultStatus.MISSED)
_SKIPPED = (KeyResultStatus.NOT_STARTED, KeyResultStatus.TOO_EARLY)


def net_confidence_ratio(statuses: Iterable[KeyResultStatus]) -> float | None:
    """Net confidence score (formula A16): the share on track minus the share off track, -1..1.

    Achieved is on track and missed is off track. At risk, stale and no data are in the whole and on neither side; not
    started and too early are left out. Source: Tability.

    Worked example: 3 on track, 1 at risk and 1 off track: 3/5 - 1/5 = 0.4.

    Returns:
        None when there is nothing to judge.
    """
    judged = [status for status in statuses if status not in _SKIPPED]
    if not judged:
        return None
    on_track = sum(status in _ON_TRACK for status in judged)
    off_track = sum(status in _OFF_TRACK for status in judged)
    return (on_track - off_track) / len(judged)
