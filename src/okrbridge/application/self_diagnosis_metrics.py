"""Self-diagnosis of metrics: outcomes that do not move, two truths for one metric, alerts nobody heeds (F2, F6, F7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.okr_records import Event, Finding, JsonValue
from okrbridge.application.self_diagnosis import noticed
from okrbridge.application.snapshot import IndicatorReport
from okrbridge.domain.anomalies import typical_deviation
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, Visibility
from okrbridge.domain.ledger import FloatArray
from okrbridge.domain.measures import NoMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.target_history import noise_band
from okrbridge.domain.units import format_quantity

MOVED = 0.7
"""Progress of a key result from which on its outcome should have moved."""
FEWEST_DAYS = 7
"""Fewer days of an outcome tell nothing."""
ALERT = "alert"
"""Kind of the events that tell of alerts; the attribute ``dismissed`` says that nobody acted on one."""
ALERT_DAYS = timedelta(days=14)
TOO_MANY_DISMISSED = 0.5
SHIFT = timedelta(hours=12)
TOO_MANY_A_SHIFT = 10
_NOISIEST = 3


@dataclass(frozen=True, slots=True)
class Movement:
    """How far a metric moved.

    Attributes:
        change: median of its last third less median of its first third.
        band: the change that is no more than noise.
        correlation: of its days with the key result's; None when either stood still.
    """

    change: float
    band: float
    correlation: float | None


def movement(outcome: FloatArray, progress: FloatArray) -> Movement | None:
    """How far an outcome moved while a key result did; None with fewer than seven days.

    The band is one standard deviation of the days around the median of their third.

    Worked example: the thirds of 40, 41, 40, 41, 40, 41, 40, 41, 40 have the medians 40, 41 and 40, and three of the
    nine days lie 1 off: a change of 0 in a band of 1.4826 x 3/9 = 0.494. It stood still.

    Args:
        outcome, progress: a value for each day that both have; shape (days,).
    """
    if len(outcome) < FEWEST_DAYS:
        return None
    third = len(outcome) // 3
    first, last = outcome[:third], outcome[-third:]
    around = np.concatenate([part - np.median(part) for part in (first, outcome[third:-third], last)])
    moves = float(np.ptp(outcome)) > 0 and float(np.ptp(progress)) > 0
    return Movement(
        change=float(np.median(last) - np.median(first)) + 0.0,
        band=noise_band(typical_deviation(around)),
        correlation=float(np.corrcoef(outcome, progress)[0, 1]) if moves else None,
    )


def misaligned(
    key_result: KeyResult, progress_ratio: float | None, indicator: Indicator, moved: Movement | None, at: datetime
) -> Iterator[Finding]:
    """F2: a key result that is nearly there while the outcome that it should move stays inside its noise."""
    if progress_ratio is None or progress_ratio < MOVED or moved is None or abs(moved.change) > moved.band:
        return
    message = (
        f"is {progress_ratio:.0%} done while {indicator.name} moved by {format_quantity(moved.change, indicator.unit)} "
        "only, which is noise; ask whether this key result is the right one"
    )
    evidence: dict[str, JsonValue] = {
        "outcome": indicator.name,
        "progress_ratio": progress_ratio,
        "change": moved.change,
        "noise_band": moved.band,
        "correlation": moved.correlation,
    }
    yield noticed("F2", key_result.id, message, at, evidence)


def differing_sources(report: IndicatorReport, at: datetime) -> Iterator[Finding]:
    """F6: measures of one metric that differ by more than its tolerance; the one furthest off is told.

    Worked example: 99.91 % from probes and 99.97 % from the load balancer's logs are 0.06 points apart.
    """
    indicator, value = report.indicator, report.record.value
    if not report.disagrees or value is None:
        return
    known = [(abs(other - value), place, other) for place, other in enumerate(report.others) if other is not None]
    _, place, other = max(known)
    told, others, apart = (format_quantity(each, indicator.unit) for each in (value, other, other - value))
    message = (
        f"its measure says {told} and also[{place}] says {others}, {apart} apart; find out which one counts right, "
        "and keep that"
    )
    evidence: dict[str, JsonValue] = {"value": value, "other": other, "delta": other - value, "also": place}
    yield noticed("F6", indicator.id, message, at, evidence)


def several_queries(definitions: DefinitionSet, at: datetime) -> Iterator[Finding]:
    """F6: key results of one metric name, or of one indicator, that are measured by different questions."""
    named: dict[str, list[KeyResult]] = defaultdict(list)
    for one in definitions.key_results:
        # Findings name the others: those that not everybody may see are left out.
        is_told = one.state.counts and one.visibility is Visibility.PUBLIC
        if is_told and not isinstance(one.measure, NoMeasure) and one.metric_name.strip():
            named[one.metric_name.strip().casefold()].append(one)
    for held in named.values():
        if len({repr(one.measure) for one in held}) > 1:
            first, *rest = sorted(held, key=lambda one: one.id)
            others: list[JsonValue] = [one.id for one in rest]
            message = (
                f"calls its metric {first.metric_name!r}, as {rest[0].id} does, and asks another question; make it one "
                "Indicator that both refer to"
            )
            yield noticed("F6", first.id, message, at, {"metric": first.metric_name, "others": others})


def alert_fatigue(events: Iterable[Event], at: datetime) -> Iterator[Finding]:
    """F7: more than half of the alerts of two weeks dismissed and rising, or more than ten in a shift of 12 hours.

    Worked example: 40 fired, 25 dismissed is 62.5 %, after 40 % in the two weeks before.

    Args:
        events: alerts of the last four weeks.
    """
    alerts = [one for one in events if one.kind == ALERT and one.start < at]
    recent = [one for one in alerts if one.start >= at - ALERT_DAYS]
    before = [one for one in alerts if at - 2 * ALERT_DAYS <= one.start < at - ALERT_DAYS]
    if not recent:
        return
    dismissed, dismissed_before = _dismissed_ratio(recent), _dismissed_ratio(before)
    a_shift = len(recent) / (ALERT_DAYS / SHIFT)
    is_rising = dismissed > TOO_MANY_DISMISSED and dismissed > dismissed_before
    if not is_rising and a_shift <= TOO_MANY_A_SHIFT:
        return
    noisiest = Counter(filter(None, map(rule_of, recent))).most_common(_NOISIEST)
    listed = ", ".join(f"{name} ({count})" for name, count in noisiest)
    message = (
        f"{len(recent)} alerts in two weeks, {dismissed:.0%} of them dismissed; raise the thresholds of, or remove, "
        f"the noisiest: {listed or 'none says its rule'}"
    )
    names: dict[str, JsonValue] = dict(noisiest)
    yield noticed("F7", "alerts", message, at, {"fired": len(recent), "dismissed_ratio": dismissed, "noisiest": names})


def rule_of(event: Event) -> str:
    """What an alert is about: its key result or rule, where it says so, or else its title."""
    return str(event.attributes.get("key_result") or event.attributes.get("rule") or event.title or event.service)


def _dismissed_ratio(alerts: Sequence[Event]) -> float:
    dismissed = sum(str(one.attributes.get("dismissed", "")).casefold() in ("true", "1", "1.0") for one in alerts)
    return dismissed / len(alerts) if alerts else 0.0


def paired(outcome: Mapping[str, float], progress: Mapping[str, float]) -> tuple[FloatArray, FloatArray]:
    """The values of the days that both have, ascending by day."""
    days = sorted(outcome.keys() & progress.keys())
    return np.array([outcome[day] for day in days]), np.array([progress[day] for day in days])
