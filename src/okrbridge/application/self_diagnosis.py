"""Self-diagnosis of key results: missing instrumentation, hidden members, open ends, goals out of reach (F1, F3 to F5).

Each function looks at one key result as the last tick left it, and says nothing where nothing is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import NormalDist, median

from okrbridge.application.key_result_outlook import Outlook
from okrbridge.application.measuring.by_event import INCIDENT
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Finding, JsonValue, ScoreRecord
from okrbridge.application.records import Quality
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.forecast import Forecast
from okrbridge.domain.measures import EventMeasure, IncidentMeasure, ManualMeasure, Measure, NoMeasure
from okrbridge.domain.pacing import KeyResultStatus

SILENT_AFTER = timedelta(hours=1)
"""How long a query may return nothing before its instrumentation is called missing."""
LEAST_COVERAGE = 0.8
OPEN_AFTER = timedelta(days=14)
"""How long an ask may stand open."""
LOW_REACH = 0.3
"""The end of the red band: a score below it is as good as nothing."""
HARDLY_LIKELY = 0.1
JUDGED_FROM = 1 / 3
"""Share of the period from which on reach is judged."""
LOW_CYCLES = 2

_STANDS = (KeyResultStatus.ON_TRACK, KeyResultStatus.ACHIEVED)
_P90 = NormalDist().inv_cdf(0.9)


def noticed(code: str, subject: str, message: str, at: datetime, evidence: Mapping[str, JsonValue]) -> Finding:
    """A finding that is seen now."""
    return Finding(code, subject, message, first_seen=at, last_seen=at, evidence=evidence)


def without_instrumentation(
    report: KeyResultReport, measure: Measure, at: datetime, *, is_sent: Callable[[str], bool]
) -> Iterator[Finding]:
    """F1: nothing measures it, its query returns nothing for an hour, or less than 80 % of its window is known.

    That none happened in its window is no missing instrumentation; that nobody ever sent one of a kind is.

    Args:
        measure: what it is measured by in the end: that of its indicator, where it follows one.
        is_sent: whether any event of a kind was ever sent.
    """
    one, measurement = report.key_result, report.measurement
    if isinstance(one.measure, ManualMeasure) or not one.state.counts or at < one.period.start:
        return
    if isinstance(one.measure, NoMeasure):
        if not _is_stated(report):
            message = "nothing measures it; say with measure where its value comes from"
            yield noticed("F1", one.id, message, at, {"first_missing": _shown(one.period.start)})
        return
    if isinstance(measure, IncidentMeasure | EventMeasure):
        yield from _never_sent(report, measure, at, is_sent)
        return
    since = report.last_good.at if report.last_good is not None else one.period.start
    if measurement.quality in (Quality.NO_DATA, Quality.STALE) and at - since >= SILENT_AFTER:
        message = f"its query returns nothing since {_shown(since)}; check that the metric is still exported"
        evidence: dict[str, JsonValue] = {"first_missing": _shown(since), "query": measurement.query}
        yield noticed("F1", one.id, message, at, evidence)
    coverage = measurement.coverage_ratio
    if measurement.is_filled and coverage is not None and 0 < coverage < LEAST_COVERAGE:
        message = f"only {coverage:.1%} of its window is known; look for gaps in the metric"
        yield noticed("F1", one.id, message, at, {"coverage_ratio": coverage, "query": measurement.query})


def _never_sent(
    report: KeyResultReport,
    measure: IncidentMeasure | EventMeasure,
    at: datetime,
    is_sent: Callable[[str], bool],
) -> Iterator[Finding]:
    one = report.key_result
    is_missing = (
        report.measurement.quality in (Quality.NO_DATA, Quality.STALE) and at - one.period.start >= SILENT_AFTER
    )
    kinds = (INCIDENT,) if isinstance(measure, IncidentMeasure) else (measure.kind, measure.per)
    unsent = [kind for kind in kinds if kind and not is_sent(kind)]
    if is_missing and unsent:
        message = f"no event of kind {unsent[0]} was ever sent; check what should send them"
        evidence: dict[str, JsonValue] = {
            "first_missing": _shown(one.period.start),
            "query": report.measurement.query,
        }
        yield noticed("F1", one.id, message, at, evidence)


def _is_stated(report: KeyResultReport) -> bool:
    """Whether people or parts say where it stands, so that nothing has to measure it."""
    return report.measurement.value is not None or report.progress.value is not None


def hidden_by_the_aggregate(report: KeyResultReport, at: datetime) -> Iterator[Finding]:
    """F3: a member breaches the target while the aggregate holds.

    Worked example: an error rate of 0.5 % overall, under 1 %, with 8 % on /pay: /pay is named.
    """
    details = report.measurement.details
    worst, missing = details.get("worst"), details.get("missing_total")
    is_hidden = bool(missing) and not details.get("is_for_all") and report.status in _STANDS
    if (
        is_hidden
        and isinstance(worst, dict)
        and "share_met_ratio" in details
        and report.key_result.operator is not None
    ):
        message = (
            f"holds as a whole while {worst.get('name')} breaches the target; judge each member, or make a key result "
            "for the worst"
        )
        evidence: dict[str, JsonValue] = {"value": report.measurement.value, "worst": worst, "breaching": missing}
        yield noticed("F3", report.key_result.id, message, at, evidence)


def without_ownership(report: KeyResultReport, check_ins: Sequence[CheckIn], at: datetime) -> Iterator[Finding]:
    """F4: off track without an owner of its own, or an ask that stands open for more than two weeks.

    Args:
        check_ins: the latest, ascending; a later one without an ask closes an earlier ask.
    """
    one = report.key_result
    if not one.owner and report.status is KeyResultStatus.OFF_TRACK:
        message = "is off track and has no owner of its own; name who drives it with owner"
        yield noticed("F4", one.id, message, at, {"status": "off_track", "objective_owner": report.owner or None})
    ask = _open_ask(check_ins)
    if ask is not None and at - ask.at > OPEN_AFTER:
        days = (at - ask.at).days
        message = f"an ask stands open for {days} days: {ask.output_note or 'without a note'}; answer or withdraw it"
        yield noticed("F4", one.id, message, at, {"asked_at": _shown(ask.at), "asked_by": ask.by, "days": days})


def _open_ask(check_ins: Sequence[CheckIn]) -> CheckIn | None:
    """The first of the asks that were repeated to the last; None when the last check-in asked for nothing."""
    found: CheckIn | None = None
    for one in check_ins:
        found = (found or one) if one.output is CheckInOutput.ASK else None
    return found


def reach_probability(forecast: Forecast, ratio: float) -> float:
    """Chance to end at a share of the way or beyond, 0..1, from a forecast of raw progress.

    Worked example: a median of 0.2 with p90 at 0.3 has a chance of 0.1 to reach 0.3.
    """
    side = forecast.p10 if ratio < forecast.p50 else forecast.p90
    deviation = abs(side - forecast.p50) / _P90
    if deviation == 0 or not math.isfinite(deviation):
        return 1.0 if forecast.p50 >= ratio else 0.0
    return NormalDist().cdf((forecast.p50 - ratio) / deviation)


def out_of_reach(report: KeyResultReport, outlook: Outlook, at: datetime) -> Iterator[Finding]:
    """F5: a third of the period is over, and even 0.3 of the way is hardly likely; the target stays as it is."""
    one = report.key_result
    elapsed = (at - one.period.start) / one.period.length
    if outlook.forecast is None or not one.counts or not JUDGED_FROM < elapsed <= 1:
        return
    chance = reach_probability(outlook.forecast, LOW_REACH)
    if chance < HARDLY_LIKELY:
        message = (
            f"reaches {LOW_REACH:.0%} of the way with a chance of {chance:.0%} only; leave the target, say what was "
            "learnt, and calibrate the next cycle"
        )
        evidence: dict[str, JsonValue] = {"probability": chance, "forecast_p50": outlook.forecast.p50}
        yield noticed("F5", one.id, message, at, {**evidence, "elapsed_ratio": elapsed})


def low_scores(
    team: str, scores: Sequence[ScoreRecord], cycles: Mapping[str, Cycle], at: datetime
) -> Iterator[Finding]:
    """F5: a team whose median score was below 0.3 in each of its last two cycles. No person is scored.

    Args:
        scores: of the team's key results.
        cycles: by name.
    """
    by_cycle: dict[str, list[float]] = {}
    for one in scores:
        if one.score is not None and one.cycle in cycles:
            by_cycle.setdefault(one.cycle, []).append(one.score)
    last = sorted(by_cycle, key=lambda name: cycles[name].interval.end)[-LOW_CYCLES:]
    medians: dict[str, JsonValue] = {name: median(by_cycle[name]) for name in last}
    if len(last) == LOW_CYCLES and all(median(by_cycle[name]) < LOW_REACH for name in last):
        message = f"scored less than {LOW_REACH} in the median of two cycles; calibrate the next cycle"
        yield noticed("F5", f"team:{team}", message, at, {"median_scores": medians})


def without_attention(report: KeyResultReport, outlook: Outlook, at: datetime) -> Iterator[Finding]:
    """``stale_checkin``: no check-in for two cadences; ``stalled``: nothing moved for four weeks, half time gone."""
    one = report.key_result
    if outlook.check_ins.is_stale:
        latest = outlook.check_ins.latest
        since = "since it started" if latest is None else f"since {latest.at:%d %b}"
        message = f"nobody checked in {since}; say how it stands, or drop it"
        yield noticed("stale_checkin", one.id, message, at, {"last": _shown(latest.at) if latest else None})
    if outlook.is_stalled:
        message = "did not move for four weeks and half of its time is over; change the initiative, or drop it"
        yield noticed("stalled", one.id, message, at, {"velocity": outlook.velocity})


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
