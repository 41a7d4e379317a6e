"""Indicators: standing metrics whose history goes on before and after every cycle."""

from __future__ import annotations

from collections.abc import Sequence

from okrbridge.application.records import Measurement, ProgressRecord
from okrbridge.application.snapshot import IndicatorReport
from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus


def indicator_report(
    indicator: Indicator, measurements: Sequence[Measurement], last_good: Measurement | None
) -> IndicatorReport:
    """An indicator at an instant.

    Args:
        measurements: its own, and then those of the other measures of the same metric.
        last_good: its last measurement with a value before.
    """
    own, others = measurements[0], tuple(one.value for one in measurements[1:])
    good = own if own.value is not None else last_good
    return IndicatorReport(
        indicator, indicator_record(indicator, own, good), own, good, others, _disagrees(indicator, own.value, others)
    )


def indicator_record(indicator: Indicator, measurement: Measurement, good: Measurement | None) -> ProgressRecord:
    """The value in the indicator's history; it has no way to go, so there is no progress."""
    value = good.value if good else None
    return ProgressRecord(
        key_result=indicator.id,
        at=measurement.at,
        value=value,
        raw_ratio=None,
        progress_ratio=None,
        expected_ratio=0.0,
        gap_ratio=None,
        status=SteadyStatus(_health(indicator, value)),
        quality=measurement.quality,
        measured_at=good.at if good else None,
        evaluation_id=measurement.evaluation_id,
    )


def _health(indicator: Indicator, value: float | None) -> KeyResultStatus:
    """On track inside the healthy range, off track outside of it."""
    if value is None:
        return KeyResultStatus.NO_DATA
    is_low = indicator.low is not None and value < indicator.low
    is_high = indicator.high is not None and value > indicator.high
    return KeyResultStatus.OFF_TRACK if is_low or is_high else KeyResultStatus.ON_TRACK


def _disagrees(indicator: Indicator, value: float | None, others: Sequence[float | None]) -> bool | None:
    """Whether another measure of the same metric lies further off than the tolerance allows."""
    known = [one for one in others if one is not None]
    if value is None or not known:
        return None
    tolerance = indicator.tolerance_ratio * abs(value) * (1 + NOISE)
    return any(abs(one - value) > tolerance for one in known)
