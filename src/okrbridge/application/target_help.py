"""A target beside what was achieved before: how often so much was gained in as much time, and what that suggests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.daily_progress import is_fresh
from okrbridge.application.ports import ProgressRecords
from okrbridge.application.reports import Item, finite
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.measures import IndicatorMeasure
from okrbridge.domain.target_history import TargetDifficulty, past_improvements, target_difficulty
from okrbridge.domain.units import Unit, convert

LOOKED_BACK = timedelta(weeks=104)
"""So much history is compared with."""
FEWEST_WINDOWS = 4
"""Fewer past windows say nothing of what is usual."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class _History:
    """One value a week, ascending, in the key result's unit; both of shape (weeks,)."""

    of: str
    weeks: FloatArray
    values: FloatArray


def target_help(
    report: KeyResultReport, definitions: DefinitionSet, progress: ProgressRecords, until: datetime
) -> Item:
    """How the improvement that a target asks for stands among those that were made in as much time before.

    The history is that of the key result's indicator, which goes on from cycle to cycle; without one it is its own.
    A threshold, which has no baseline, is compared with the newest value.

    Args:
        until: no later value is looked at.
    """
    key_result = report.key_result
    is_limit = key_result.kind is KeyResultKind.THRESHOLD
    if key_result.target is None or (key_result.baseline is None and not is_limit):
        return _item("its kind has no way from a value to a target, or its baseline is not measured yet")
    history = _history(key_result, definitions, progress, until)
    return _compared(key_result, key_result.target, history)


def _compared(key_result: KeyResult, target: float, history: _History) -> Item:
    length = key_result.period.length / _WEEK
    if not len(history.values):
        return _item("there is no history yet", history, length)
    start = key_result.baseline if key_result.baseline is not None else float(history.values[-1])
    wants_high = key_result.operator.wants_high if key_result.operator else target > start
    if target == start or (target > start) != wants_high:
        return _item("nothing is left to improve: the target holds already", history, length)
    gained = past_improvements(history.weeks, history.values, length, wants_high=wants_high)
    if len(gained) < FEWEST_WINDOWS:
        reason = (
            f"the history holds {len(gained)} windows of {length:.3g} weeks, and {FEWEST_WINDOWS} are needed; "
            "let the key result move an Indicator, whose history goes on from cycle to cycle"
        )
        return _item(reason, history, length)
    return _item("", history, length, target_difficulty(start, target, gained))


def _history(key_result: KeyResult, definitions: DefinitionSet, progress: ProgressRecords, until: datetime) -> _History:
    identity, unit = _followed(key_result, definitions)
    instants = [until - _WEEK * week for week in range(LOOKED_BACK // _WEEK, -1, -1)]
    sampled = progress.sampled([identity], instants).get(identity, [])
    fresh = [(one.at, one.value) for one in sampled if one.value is not None and is_fresh(one)]
    weeks = [(at - fresh[0][0]) / _WEEK for at, _ in fresh]
    values = [convert(value, unit, key_result.unit) for _, value in fresh]
    return _History(identity, np.array(weeks, dtype=np.float64), np.array(values, dtype=np.float64))


def _followed(key_result: KeyResult, definitions: DefinitionSet) -> tuple[str, Unit]:
    """Under which name values are kept, and their unit."""
    if isinstance(key_result.measure, IndicatorMeasure):
        for one in definitions.indicators:
            if one.name == key_result.measure.indicator:
                return one.id, one.unit
    return key_result.id, key_result.unit


def _item(
    reason: str,
    history: _History | None = None,
    length: float | None = None,
    found: TargetDifficulty | None = None,
) -> Item:
    return {
        "history_of": history.of if history else None,
        "history_weeks": float(history.weeks[-1]) if history and len(history.weeks) else 0.0,
        "window_weeks": finite(length),
        "windows_count": found.windows if found else 0,
        "needed": finite(found.needed) if found else None,
        "percentile_ratio": finite(found.percentile) if found else None,
        "typical": finite(found.typical) if found else None,
        "stretch": finite(found.stretch) if found else None,
        "reason": reason or None,
    }
