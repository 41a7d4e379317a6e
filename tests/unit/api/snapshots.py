"""A hand-made snapshot of three SLOs, one cycle, two objectives and four key results, for tests of what reads one."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from okrbridge.application.key_result_outlook import CheckInState, Outlook
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.slo_reports import (
    NEVER,
    STATES,
    SloColumns,
    SloDetails,
    SloDirectory,
    SloReport,
    SloReports,
)
from okrbridge.application.snapshot import (
    CycleReport,
    KeyResultReport,
    ObjectiveReport,
    Snapshot,
    SourceReport,
)
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.forecast import Forecast, ForecastMethod
from okrbridge.domain.key_results import Commitment, KeyResult, KeyResultKind, Operator
from okrbridge.domain.ledger import FloatArray, WindowCounts
from okrbridge.domain.measures import PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo, SloState
from okrbridge.domain.units import RATIO, parse_quantity, parse_unit
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Grid, Interval, RollingWindow, epoch_seconds

AT = datetime(2026, 2, 15, 0, 0, tzinfo=UTC)
"""45 of the 90 days from 1 January to 1 April have passed."""
NOW = AT + timedelta(seconds=10)
EVALUATION = "20260215T000000Z-a1"

CYCLE = Cycle(
    name="2026-q1",
    interval=Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
    timezone="UTC",
    cadence="weekly",
    measure_until=datetime(2026, 4, 1, tzinfo=UTC),
)
MONTH = RollingWindow(timedelta(days=30))
CHECKOUT = Slo(
    name="checkout-availability",
    service="checkout",
    sli=Sli("checkout-requests", "prometheus", total="requests_total", bad='requests_total{code=~"5.."}'),
    target_ratio=0.999,
    window=MONTH,
    display_name="Checkout works",
)
SEARCH = Slo(
    name="search-latency",
    service="search",
    sli=Sli("search-requests", "prometheus", total="search_count", good='search_bucket{le="0.3"}'),
    target_ratio=0.99,
    window=MONTH,
)


def checkout_report() -> SloReport:
    """9995 good of 10000 at 0.999: 5 of the 10 bad events allowed have happened, so half of the budget is spent."""
    window = MONTH.at(AT)
    return SloReport(
        slo=CHECKOUT,
        window=window,
        counts=WindowCounts(9995.0, 10000.0, window.length, window.length),
        sli_ratio=0.9995,
        budget_consumed_ratio=0.5,
        budget_remaining_ratio=0.5,
        error_ratios={**dict.fromkeys(BURN_WINDOWS, 0.0), "1h": 0.002},
        burn_rates={**dict.fromkeys(BURN_WINDOWS, 0.0), "1h": 2.0},
        state=SloState.OK,
        evaluated_at=AT,
        last_measured_end=AT - timedelta(seconds=60),
        events_good_total=190.0,
        events_bad_total=10.0,
        details=SloDetails(query='sum(requests_total{code=~"5.."})', method="exact increase of counters"),
    )


MONTHLY = Slo(
    name="invoices-monthly",
    service="billing",
    sli=Sli("invoices", "prometheus", total="invoices_total", bad="invoices_failed_total"),
    target_ratio=0.99,
    window=CalendarWindow(CalendarUnit.MONTH, "UTC", datetime(2026, 1, 1)),  # noqa: DTZ001 - wall clock of the zone
)


def monthly_report() -> SloReport:
    """Half of February has passed and 0.25 % of 1 % allowed were bad: 0.5 x 0.25 of the budget is spent, 0.5 expected.

    A day burns at 4, so the 0.875 that is left of 28 days lasts 28 x 0.875 / 4 = 6.125 days, to 21 February 03:00.
    """
    window = Interval(datetime(2026, 2, 1, tzinfo=UTC), AT)
    return SloReport(
        slo=MONTHLY,
        window=window,
        counts=WindowCounts(3990.0, 4000.0, window.length - timedelta(hours=1), window.length - timedelta(hours=1)),
        sli_ratio=0.9975,
        budget_consumed_ratio=0.125,
        budget_remaining_ratio=0.875,
        error_ratios=dict.fromkeys(BURN_WINDOWS, 0.04),
        burn_rates=dict.fromkeys(BURN_WINDOWS, 4.0),
        state=SloState.OK,
        evaluated_at=AT,
        last_measured_end=AT,
        budget_expected_ratio=0.5,
        budget_exhausted_at=datetime(2026, 2, 21, 3, tzinfo=UTC),
        details=SloDetails(alerts_frozen="maintenance db-upgrade is active", is_low_traffic=False),
    )


def slo_reports(*reports: SloReport) -> SloReports:
    """Reports made by hand as an evaluation would hold them."""

    def column(values: Iterable[float | None]) -> FloatArray:
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)

    def windows(rows: Iterable[Mapping[str, float | None]]) -> FloatArray:
        return np.array([column(row[name] for name in BURN_WINDOWS) for row in rows]).reshape(-1, len(BURN_WINDOWS))

    def instant(at: datetime | None) -> float | None:
        return None if at is None else epoch_seconds(at)

    columns = SloColumns(
        good=column(one.counts.good for one in reports),
        total=column(one.counts.total for one in reports),
        measured_seconds=column(one.counts.measured.total_seconds() for one in reports),
        in_force_seconds=column(one.counts.in_force.total_seconds() for one in reports),
        sli_ratio=column(one.sli_ratio for one in reports),
        consumed=column(one.budget_consumed_ratio for one in reports),
        remaining=column(one.budget_remaining_ratio for one in reports),
        error_ratios=windows(one.error_ratios for one in reports),
        burn_rates=windows(one.burn_rates for one in reports),
        states=np.array([STATES.index(one.state) for one in reports], dtype=np.int8),
        measured_until=np.array([instant(one.last_measured_end) or NEVER for one in reports], dtype=np.int64),
        events_good=column(one.events_good_total for one in reports),
        events_bad=column(one.events_bad_total for one in reports),
        expected=column(one.budget_expected_ratio for one in reports),
        exhausted_at=column(instant(one.budget_exhausted_at) for one in reports),
        alerts_frozen=np.array([bool(one.details.alerts_frozen) for one in reports], dtype=np.bool_),
    )
    directory = SloDirectory(tuple(one.slo for one in reports))
    return SloReports(directory, columns, AT, Grid(timedelta(minutes=1)), lambda row: reports[row].details)


def search_report() -> SloReport:
    """Nothing measured: every number is unknown."""
    window = MONTH.at(AT)
    nothing = dict.fromkeys(BURN_WINDOWS)
    return SloReport(
        slo=SEARCH,
        window=window,
        counts=WindowCounts(0.0, 0.0, timedelta(0), window.length),
        sli_ratio=None,
        budget_consumed_ratio=None,
        budget_remaining_ratio=None,
        error_ratios=nothing,
        burn_rates=nothing,
        state=SloState.NO_DATA,
        evaluated_at=AT,
        last_measured_end=None,
    )


UPTIME = KeyResult(
    name="uptime",
    title="Increase uptime from 99.2% to 99.95%",
    objective="reliable-checkout",
    kind=KeyResultKind.INCREASE,
    measure=SloMeasure("checkout-availability"),
    unit=RATIO,
    baseline=0.992,
    target=0.9995,
    declared_baseline=parse_quantity("99.2%"),
    declared_target=parse_quantity("99.95%"),
    period=CYCLE.interval,
)
BUDGET = KeyResult(
    name="budget",
    title="Spend at most half of the budget",
    objective="reliable-checkout",
    kind=KeyResultKind.ERROR_BUDGET,
    measure=SloMeasure("checkout-availability", SloQuantity.BUDGET),
    unit=RATIO,
    target=0.5,
    declared_target=parse_quantity("50%"),
    period=CYCLE.interval,
)
LATENCY = KeyResult(
    name="p99-latency",
    title="Cut p99 from 800ms to 200ms",
    objective="fast-search",
    kind=KeyResultKind.DECREASE,
    measure=PromqlMeasure("p99_seconds", "prometheus", parse_unit("s")),
    unit=parse_unit("ms"),
    baseline=800.0,
    target=200.0,
    declared_baseline=parse_quantity("800ms"),
    declared_target=parse_quantity("200ms"),
    period=CYCLE.interval,
    commitment=Commitment.ASPIRATIONAL,
)
ERRORS = KeyResult(
    name="errors",
    title="Keep errors at most 2%",
    objective="fast-search",
    kind=KeyResultKind.THRESHOLD,
    measure=PromqlMeasure("errors_ratio", "prometheus", RATIO),
    unit=RATIO,
    target=0.02,
    declared_target=parse_quantity("2%"),
    operator=Operator.LE,
    period=CYCLE.interval,
    weight=2.0,
)
CHECKOUT_OBJECTIVE = OkrObjective(
    "reliable-checkout", "Make checkout reliable", CYCLE.name, "payments", "maria", (UPTIME, BUDGET)
)
SEARCH_OBJECTIVE = OkrObjective(
    "fast-search", "Make search fast", CYCLE.name, "search", "li", (LATENCY, ERRORS), parent="reliable-checkout"
)


OUTLOOK = Outlook(
    forecast=Forecast(0.1, 0.0, 0.9, 1.1, 1.3, 0.75, ForecastMethod.TREND, 6),
    velocity=0.1,
    required_velocity=0.05,
    velocity_ratio=2.0,
    machine_confidence=8,
    divergence=-1,
    value_needed=0.99575,
    best_value=0.9972,
    guard_breached=False,
    check_ins=CheckInState(confidence=7, due_at=AT + timedelta(days=3)),
)


def uptime_report() -> KeyResultReport:
    """99.72 % is (0.9972 - 0.992) / (0.9995 - 0.992) = 0.6933 of the way; expected 0.5, gap -0.1933."""
    report = _report(UPTIME, 0.9972, raw=0.6933333333333334, gap=-0.19333333333333336, sample_count=25000.0)
    return replace(report, outlook=OUTLOOK)


def budget_report() -> KeyResultReport:
    """0.2 consumed is within allowance x elapsed = 0.25: on track, full progress, gap 0.5 - 1."""
    return _report(BUDGET, 0.2, raw=1.0, gap=-0.5, sample_count=25000.0)


def latency_report() -> KeyResultReport:
    """The source failed; the last good 500 ms, 120 s old, is half the way: aspirational gap 0.7 x 0.5 - 0.5."""
    good = _measurement(LATENCY, 500.0, at=AT - timedelta(seconds=120))
    failed = Measurement(
        LATENCY.id, AT, Interval(AT, AT), None, Quality.ERROR, error="timeout: no answer in 10 s", query="p99_seconds"
    )
    progress = ProgressRecord(
        key_result=LATENCY.id,
        at=AT,
        value=500.0,
        raw_ratio=0.5,
        progress_ratio=0.5,
        expected_ratio=0.5,
        gap_ratio=-0.15,
        status=SteadyStatus(KeyResultStatus.ON_TRACK, KeyResultStatus.AT_RISK, 1),
        quality=Quality.ERROR,
        measured_at=good.at,
        evaluation_id=EVALUATION,
    )
    return KeyResultReport(LATENCY, CYCLE, "search", "li", progress, failed, good)


def errors_report() -> KeyResultReport:
    """Never measured: no value, no progress, no gap."""
    nothing = Measurement(ERRORS.id, AT, Interval(AT, AT), None, Quality.NO_DATA, error="empty result")
    progress = ProgressRecord(
        key_result=ERRORS.id,
        at=AT,
        value=None,
        raw_ratio=None,
        progress_ratio=None,
        expected_ratio=0.5,
        gap_ratio=None,
        status=SteadyStatus(KeyResultStatus.NO_DATA),
        quality=Quality.NO_DATA,
        measured_at=None,
        evaluation_id=EVALUATION,
    )
    return KeyResultReport(ERRORS, CYCLE, "search", "li", progress, nothing, None)


def _measurement(key_result: KeyResult, value: float, at: datetime, samples: float | None = None) -> Measurement:
    return Measurement(
        key_result=key_result.id,
        at=at,
        window=Interval(CYCLE.interval.start, at),
        value=value,
        quality=Quality.OK,
        sample_count=samples,
        coverage_ratio=1.0,
        query="slo/checkout-availability",
        evaluation_id=EVALUATION,
    )


def _report(key_result: KeyResult, value: float, *, raw: float, gap: float, sample_count: float) -> KeyResultReport:
    measurement = _measurement(key_result, value, AT, sample_count)
    progress = ProgressRecord(
        key_result=key_result.id,
        at=AT,
        value=value,
        raw_ratio=raw,
        progress_ratio=raw,
        expected_ratio=0.5,
        gap_ratio=gap,
        status=SteadyStatus(KeyResultStatus.ON_TRACK),
        quality=Quality.OK,
        measured_at=AT,
        evaluation_id=EVALUATION,
    )
    return KeyResultReport(key_result, CYCLE, "payments", "maria", progress, measurement, measurement)


def rich_snapshot() -> Snapshot:
    """The whole of it."""
    checkout = ObjectiveReport(
        CHECKOUT_OBJECTIVE,
        progress_ratio=0.8466666666666667,
        measured_only_ratio=0.8466666666666667,
        coverage_ratio=1.0,
        expected_ratio=0.5,
        status=KeyResultStatus.ON_TRACK,
        key_results=(uptime_report(), budget_report()),
    )
    search = ObjectiveReport(
        SEARCH_OBJECTIVE,
        progress_ratio=0.16666666666666666,
        measured_only_ratio=0.5,
        coverage_ratio=1 / 3,
        expected_ratio=0.5,
        status=KeyResultStatus.NO_DATA,
        key_results=(latency_report(), errors_report()),
    )
    return Snapshot(
        evaluation_id=EVALUATION,
        at=AT,
        published_at=AT + timedelta(seconds=5),
        slos=slo_reports(search_report(), checkout_report(), monthly_report()),
        objectives=(checkout, search),
        cycles=(CycleReport(CYCLE, 0.5, "delivery"),),
        sources=(SourceReport("prometheus", "Prometheus", is_up=True, last_success_at=AT),),
    )


def definitions() -> DefinitionSet:
    """What the snapshot was evaluated from."""
    return DefinitionSet(
        slos=(SEARCH, CHECKOUT, MONTHLY),
        cycles=(CYCLE,),
        objectives=(CHECKOUT_OBJECTIVE, SEARCH_OBJECTIVE),
        documents=(
            DeclaredDocument("SLO", "checkout-availability", "{}", "config/slos.yaml:1"),
            DeclaredDocument("Objective", "reliable-checkout", "{}", "config/okrs.yaml:9"),
        ),
    )
