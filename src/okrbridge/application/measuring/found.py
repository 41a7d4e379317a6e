"""From what a measure gives to a measurement: units, populations, run rates, enough samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from okrbridge.application.measuring.populations import of_population
from okrbridge.application.measuring.subjects import Subject
from okrbridge.application.okr_records import JsonValue
from okrbridge.application.records import Measurement, Quality
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.run_rate import CountingWindow, run_rate
from okrbridge.domain.sample_mean import mean_interval
from okrbridge.domain.units import Unit, convert, parse_unit
from okrbridge.domain.windows import Interval
from okrbridge.errors import UnitError

_MONTH = timedelta(days=30)
MEAN_INTERVAL = "mean_interval"
"""The key of the details under which a mean stands with its interval."""
FEWEST_SAMPLES = 2
"""One sample says nothing of how far others lie apart."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a measure gives at an instant, in its own unit.

    Attributes:
        members: value by name of a population's members, None for one that cannot be judged yet; then there is no
            ``value``.
        so_far: of members that cannot be judged yet: what their value has come to, and can only exceed.
        unit: of the value, where it is not the measure's.
        deviation: standard deviation of the samples of which the value is the mean; None where it is none.
        details: for people.
    """

    window: Interval
    query: str
    value: float | None = None
    quality: Quality = Quality.OK
    error: str = ""
    sample_count: float | None = None
    coverage_ratio: float | None = None
    is_filled: bool = True
    members: Mapping[str, float | None] | None = None
    so_far: Mapping[str, float] = field(default_factory=dict)
    unit: Unit | None = None
    deviation: float | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)

    def missing(self, quality: Quality, error: str) -> Found:
        """The same without a value, and why."""
        return replace(self, value=None, quality=quality, error=error)


def measurement_of(subject: Subject, found: Found, at: datetime, evaluation_id: str) -> Measurement:
    """The measurement in the subject's unit.

    A population becomes the share of its good members, or the worst of them; a count per period its run rate. What is
    too early to judge, or rests on too few samples, has no value: it stands in the details. A number that is too large
    for floats, as it is or in the subject's unit, is an error.
    """
    try:
        found = _in_unit(subject, _judged_members(subject, found))
    except UnitError as error:
        found = found.missing(Quality.ERROR, str(error))
    return Measurement(
        key_result=subject.id,
        at=at,
        window=found.window,
        value=found.value,
        quality=found.quality,
        sample_count=found.sample_count,
        coverage_ratio=found.coverage_ratio,
        error=found.error,
        query=found.query,
        evaluation_id=evaluation_id,
        is_filled=found.is_filled,
        details=found.details,
    )


def _judged_members(subject: Subject, found: Found) -> Found:
    if found.members is None or subject.key_result is None:
        return found
    judged = of_population(subject.key_result, found.members, found.value, subject.measure.unit, found.so_far)
    if judged is None:
        if found.value is not None or found.error:
            return found
        error = "the measure gives a number for each member; only a share or a threshold can use that"
        return found.missing(Quality.ERROR, error)
    if subject.key_result.kind is KeyResultKind.SHARE or found.sample_count != judged.total:
        # The value is no mean, or not that of all who are judged.
        found = replace(found, deviation=None)
    found = replace(found, details={**found.details, **judged.details}, sample_count=float(judged.total))
    if judged.value is None:
        return found.missing(Quality.NO_DATA, found.error or "the population has no member that can be judged")
    if found.quality is Quality.NO_DATA:
        # Nothing had ended yet, and what still lasts is beyond the limit already.
        found = replace(found, quality=Quality.OK, error="")
    return replace(found, value=judged.value, unit=judged.unit)


def _in_unit(subject: Subject, found: Found) -> Found:
    if found.value is None:
        return found
    if subject.counting is not None:
        return _enough(subject, _run_rate(subject, subject.counting, found, _finite(found.value)))
    value = _converted(subject, found, _finite(found.value))
    deviation = None if found.deviation is None else _converted(subject, found, found.deviation)
    return _enough(subject, _of_samples(subject, replace(found, value=value, deviation=deviation), value))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise UnitError("the numbers are too large: what they make is no finite number")
    return value


def _converted(subject: Subject, found: Found, value: float) -> float:
    return converted(value, found.unit or subject.measure.unit, subject.unit, found.window)


def _of_samples(subject: Subject, found: Found, mean: float) -> Found:
    """With the interval of the mean in its details, where the value is one."""
    count = int(found.sample_count or 0)
    if found.deviation is None or count < FEWEST_SAMPLES:
        return found
    low, high = mean_interval(mean, found.deviation, count)
    if not (math.isfinite(low) and math.isfinite(high)):
        return found
    told: dict[str, JsonValue] = {
        "mean": mean,
        "deviation": found.deviation,
        "n": count,
        "low": low,
        "high": high,
        "unit": subject.unit.symbol,
    }
    return replace(found, details={**found.details, MEAN_INTERVAL: told})


def told_deviation(measurement: Measurement) -> float | None:
    """The deviation of the samples of which a measurement tells the mean, in its unit; None for any other."""
    told = measurement.details.get(MEAN_INTERVAL)
    deviation = told.get("deviation") if isinstance(told, dict) else None
    return deviation if isinstance(deviation, float) else None


def _run_rate(subject: Subject, counting: CountingWindow, found: Found, count: float) -> Found:
    """A count as it would be for a whole period (formula A6)."""
    counted = parse_unit(subject.unit.symbol.partition("/")[0])
    count = convert(count, found.unit or subject.measure.unit, counted)
    share = subject.key_result.too_early_share if subject.key_result else 0.0
    rate = run_rate(count, counting.elapsed_ratio, share)
    value = None if rate.value is None else _finite(rate.value)
    told: dict[str, JsonValue] = {"count": count, "elapsed_ratio": counting.elapsed_ratio, "run_rate": value}
    found = replace(found, value=value, details={**found.details, **told})
    if not rate.too_early:
        return found
    return found.missing(Quality.TOO_EARLY, f"too early: {counting.elapsed_ratio:.3g} of the period has passed")


def converted(value: float, source: Unit, target: Unit, window: Interval) -> float:
    """A value in another unit; a count becomes a rate by the length of its window, a month having 30 days.

    Worked example: 14 in a window of 7 days are 2/day.

    Raises:
        UnitError: the units measure different things, or the number is then too large.
    """
    seconds = window.length.total_seconds()
    if seconds > 0 and target.dimension == f"{source.dimension}/time":
        return _finite(value * source.factor / seconds / target.factor)
    if seconds > 0 and target.dimension == f"{source.dimension}/months":
        return _finite(value * source.factor / (window.length / _MONTH) / target.factor)
    return convert(value, source, target)


def _enough(subject: Subject, found: Found) -> Found:
    """Without its value when there are fewer samples than the key result asks for."""
    least = subject.key_result.min_samples if subject.key_result else 0
    if found.value is None or found.sample_count is None or found.sample_count >= least:
        return found
    error = f"{found.sample_count:g} samples are fewer than the {least} asked for"
    kept = replace(found, details={**found.details, "insufficient_value": found.value})
    return kept.missing(Quality.INSUFFICIENT_SAMPLES, error)
