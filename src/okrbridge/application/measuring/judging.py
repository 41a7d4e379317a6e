"""From a measurement to progress and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.domain.composition import best_of, capped
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.pacing import (
    DEFAULT_POLICY,
    KeyResultStatus,
    Pace,
    StatusPolicy,
    SteadyStatus,
    pace_of,
    steady,
)
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.domain.rollup import best

KEY_RESULT_STALE_AFTER = timedelta(minutes=15)
"""A last good value older than this no longer speaks for now; until then a failing source changes no status."""

_FINAL = (KeyResultStatus.ACHIEVED, KeyResultStatus.MISSED)


@dataclass(frozen=True, slots=True)
class Beside:
    """What counts beside a key result's own value.

    Attributes:
        compliance: of a maintain key result: the good share of its qualified time.
        alternatives: progress of the key results of which one is enough.
        guard_breached: whether a guard does not hold now.
    """

    compliance: float | None = None
    alternatives: Sequence[ProgressRecord] = ()
    guard_breached: bool = False


def progress_record(
    key_result: KeyResult,
    measurement: Measurement,
    last_good: Measurement | None,
    previous: ProgressRecord | None,
    *,
    policy: StatusPolicy = DEFAULT_POLICY,
    beside: Beside | None = None,
) -> ProgressRecord:
    """Progress at a measurement's instant, from its value or, without one, from the last good value.

    Args:
        previous: the record before this one, for the status' hysteresis; one too old to speak for now has no say.
            What it said when the key result was due stays, whatever is measured afterwards.
        policy: of the key result's cycle.
        beside: what else counts.
    """
    beside = beside or Beside()
    source = measurement if measurement.value is not None else last_good
    value = source.value if source is not None else None
    own = None if source is None or value is None else own_progress(key_result, value, source, beside.compliance)
    progress = best_of((own, *map(_progress_in, beside.alternatives))) if beside.alternatives else own
    pace = _judged(key_result, measurement, source, own, policy)
    if beside.alternatives and progress is not None:
        pace = _either(pace, progress, key_result, beside.alternatives, policy)
    return ProgressRecord(
        key_result=key_result.id,
        at=measurement.at,
        value=value,
        raw_ratio=progress.raw_ratio if progress else None,
        progress_ratio=progress.ratio if progress else None,
        expected_ratio=pace.expected_ratio,
        gap_ratio=pace.gap_ratio,
        status=_in_force(key_result, measurement, previous, pace.status, policy, guarded=beside.guard_breached),
        quality=measurement.quality,
        measured_at=source.at if source else None,
        evaluation_id=measurement.evaluation_id,
    )


def own_progress(key_result: KeyResult, value: float, source: Measurement, compliance: float | None) -> Progress | None:
    """Progress at a value; None where its kind has none, or what it needs is not known.

    A threshold over all members of a population moves by the share of them that meet it.
    """
    share_met = source.details.get("share_met_ratio")
    # What a person says in place of the measured value says nothing of single members.
    is_for_all = source.details.get("is_for_all") and "override" not in source.details
    if key_result.kind is KeyResultKind.THRESHOLD and is_for_all and isinstance(share_met, float):
        return Progress.of(share_met)
    try:
        return progress_of(key_result, value, compliance)
    except ValueError:
        # A target that equals a measured baseline leaves no way to go; ``missing_reason`` says so.
        return None


def is_fresh(key_result: KeyResult, record: ProgressRecord) -> bool:
    """Whether a value was measured just before its record's instant, or just before the key result was due.

    The status does not tell: it changes only after a while, and a breached guard covers that a value is stale.
    """
    if record.measured_at is None or record.at < key_result.period.start:
        return False
    return min(record.at, key_result.period.end) - record.measured_at <= KEY_RESULT_STALE_AFTER


def missing_reason(key_result: KeyResult) -> str:
    """Why a key result that is measured has no progress; empty where its kind has none, and where nothing is amiss."""
    if key_result.kind in (KeyResultKind.BASELINE, KeyResultKind.HYPOTHESIS):
        return ""
    if key_result.baseline is None and key_result.baseline_from is not None:
        return "the baseline is not measured yet"
    needs = (KeyResultKind.INCREASE, KeyResultKind.DECREASE, KeyResultKind.RELATIVE)
    if key_result.kind in needs and key_result.baseline is None:
        return "no baseline is declared"
    return ""


def _judged(
    key_result: KeyResult,
    measurement: Measurement,
    source: Measurement | None,
    progress: Progress | None,
    policy: StatusPolicy,
) -> Pace:
    """Expected progress, gap, and the status found now."""
    at, is_over = measurement.at, measurement.at >= key_result.period.end
    has_started = at >= key_result.period.start
    value = source.value if source is not None else None
    pace = pace_of(key_result, at, value or 0.0, progress, policy)
    if measurement.quality is Quality.TOO_EARLY and has_started and not is_over:
        return replace(pace, status=KeyResultStatus.TOO_EARLY)
    if source is None or value is None:
        return replace(pace, status=KeyResultStatus.NO_DATA if has_started else KeyResultStatus.NOT_STARTED)
    if progress is None:
        return pace
    if not source.is_filled:
        return replace(pace, status=KeyResultStatus.TOO_EARLY)
    if at - source.at > KEY_RESULT_STALE_AFTER and not is_over:
        return replace(pace, status=KeyResultStatus.STALE)
    return pace


def _progress_in(record: ProgressRecord) -> Progress | None:
    return None if record.raw_ratio is None else Progress.of(record.raw_ratio)


def _either(
    pace: Pace, progress: Progress, key_result: KeyResult, others: Sequence[ProgressRecord], policy: StatusPolicy
) -> Pace:
    """The pace of the furthest of several of which one is enough, under the best of their statuses."""
    gap = policy.goal_factor(key_result.commitment) * pace.expected_ratio - progress.ratio + 0.0
    status = best((pace.status, *(one.shown for one in others))) or pace.status
    return Pace(pace.expected_ratio, gap, status, progress.ratio - pace.expected_ratio + 0.0)


def _in_force(
    key_result: KeyResult,
    measurement: Measurement,
    previous: ProgressRecord | None,
    found: KeyResultStatus,
    policy: StatusPolicy,
    *,
    guarded: bool,
) -> SteadyStatus:
    """The status with its hysteresis; as it was when due, and under a breached guard at once."""
    if previous is not None and previous.at >= key_result.period.end and previous.shown in _FINAL:
        return SteadyStatus(previous.shown)
    is_fresh = previous is not None and measurement.at - previous.at <= KEY_RESULT_STALE_AFTER
    before = previous.status if previous is not None and is_fresh else None
    status = steady(before, capped(found, guard_breached=guarded), policy)
    return replace(status, shown=capped(status.shown, guard_breached=guarded))
