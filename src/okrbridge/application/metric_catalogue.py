"""Every metric okrbridge exports: name, type, labels, help. The exposition, the docs page and the tests read it here.

Descriptive labels live in ``…_info`` metrics. A state metric has one series a subject, the current state, with value 1.
A value that is unknown is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class MetricType(StrEnum):
    """Types of the Prometheus text format."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"
    """Quantiles alone, without count and sum: the format allows it."""


class Origin(StrEnum):
    """Where the values come from."""

    SNAPSHOT = "snapshot"
    """The last evaluation; the values stand until the next one."""
    PROCESS = "process"
    """The running process itself, at the scrape."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family."""

    name: str
    type: MetricType
    labels: tuple[str, ...]
    help: str
    origin: Origin = Origin.SNAPSHOT


_GAUGE, _COUNTER, _HISTOGRAM = MetricType.GAUGE, MetricType.COUNTER, MetricType.HISTOGRAM
_SLO = ("slo",)
_KEY_RESULT = ("okr_objective", "key_result")
_OBJECTIVE = ("okr_objective",)

SLO_METRICS = (
    Metric(
        "okrbridge_slo_info",
        _GAUGE,
        ("slo", "slo_service", "window", "budgeting"),
        "What an SLO is about; always 1. Join it on slo.",
    ),
    Metric("okrbridge_slo_target_ratio", _GAUGE, _SLO, "Promised share of good events, 0..1."),
    Metric(
        "okrbridge_slo_events_total",
        _COUNTER,
        ("slo", "outcome"),
        "Events counted live since this process started; outcome is good or bad. Backfilled history is not in it.",
    ),
    Metric(
        "okrbridge_slo_error_ratio",
        _GAUGE,
        ("slo", "window"),
        "Bad events over all events in a window, 0..1; absent without events.",
    ),
    Metric(
        "okrbridge_slo_burn_rate",
        _GAUGE,
        ("slo", "window"),
        "How many times faster than evenly the error budget is spent in a window; 0 without events.",
    ),
    Metric(
        "okrbridge_slo_error_budget_remaining_ratio",
        _GAUGE,
        _SLO,
        "Share of the error budget of the SLO's window that is left; below 0 when overspent.",
    ),
    Metric(
        "okrbridge_slo_error_budget_consumed_ratio",
        _GAUGE,
        _SLO,
        "Share of the error budget of the SLO's window that is spent; above 1 when overspent.",
    ),
    Metric(
        "okrbridge_slo_error_budget_expected_ratio",
        _GAUGE,
        _SLO,
        "Share of a calendar window's budget that even spending had consumed by now; absent for rolling windows.",
    ),
    Metric(
        "okrbridge_slo_error_budget_exhausted_timestamp_seconds",
        _GAUGE,
        _SLO,
        "When a calendar window's budget is spent at the burn rate of the last day, in seconds since 1970; "
        "absent when it lasts.",
    ),
    Metric(
        "okrbridge_slo_coverage_ratio", _GAUGE, _SLO, "Measured share of the SLO's window, without excluded time, 0..1."
    ),
    Metric(
        "okrbridge_slo_alerts_frozen",
        _GAUGE,
        _SLO,
        "1 while maintenance or missing data holds burn alerts of the SLO back; absent otherwise.",
    ),
    Metric("okrbridge_slo_state", _GAUGE, ("slo", "state"), "The current state; always 1."),
    Metric(
        "okrbridge_slo_evaluated_timestamp_seconds",
        _GAUGE,
        _SLO,
        "The slice boundary the SLO's numbers speak of, in seconds since 1970.",
    ),
    Metric(
        "okrbridge_slo_measured_timestamp_seconds",
        _GAUGE,
        _SLO,
        "End of the newest measured slice, in seconds since 1970; its distance from now is the age of the data.",
    ),
)

KEY_RESULT_METRICS = (
    Metric(
        "okrbridge_key_result_info",
        _GAUGE,
        (*_KEY_RESULT, "cycle", "team", "kind", "unit"),
        "What a key result is about; always 1. Join it on okr_objective and key_result.",
    ),
    Metric("okrbridge_key_result_value", _GAUGE, _KEY_RESULT, "Last good value, in the unit of the info metric."),
    Metric("okrbridge_key_result_baseline", _GAUGE, _KEY_RESULT, "Where it starts, in the unit of the info metric."),
    Metric("okrbridge_key_result_target", _GAUGE, _KEY_RESULT, "Where it should be, in the unit of the info metric."),
    Metric("okrbridge_key_result_progress_ratio", _GAUGE, _KEY_RESULT, "Share of the way to the target, 0..1."),
    Metric(
        "okrbridge_key_result_raw_progress_ratio",
        _GAUGE,
        _KEY_RESULT,
        "Share of the way, below 0 after a regression and above 1 beyond the target.",
    ),
    Metric("okrbridge_key_result_expected_ratio", _GAUGE, _KEY_RESULT, "Progress planned for now, 0..1."),
    Metric(
        "okrbridge_key_result_gap_ratio", _GAUGE, _KEY_RESULT, "Planned progress minus progress; above 0 is behind."
    ),
    Metric("okrbridge_key_result_status", _GAUGE, (*_KEY_RESULT, "status"), "The current status; always 1."),
    Metric(
        "okrbridge_key_result_quality",
        _GAUGE,
        (*_KEY_RESULT, "quality"),
        "How good the last measurement is: ok, partial, stale, no_data, error, insufficient_samples or too_early; "
        "always 1.",
    ),
    Metric(
        "okrbridge_key_result_measurement_age_seconds",
        _GAUGE,
        _KEY_RESULT,
        "Age of the last good value when it was evaluated.",
    ),
    Metric(
        "okrbridge_key_result_confidence",
        _GAUGE,
        _KEY_RESULT,
        "What people said last: 0 to 10; absent before the first check-in that tells it.",
    ),
    Metric(
        "okrbridge_key_result_machine_confidence",
        _GAUGE,
        _KEY_RESULT,
        "The forecast's probability to reach the goal on the scale of people, 0 to 10.",
    ),
    Metric(
        "okrbridge_key_result_forecast_ratio",
        MetricType.SUMMARY,
        (*_KEY_RESULT, "quantile"),
        "Raw progress when it is due, as forecast; quantile is 0.1, 0.5 or 0.9. Absent with fewer than four points.",
    ),
    Metric(
        "okrbridge_key_result_hit_probability_ratio",
        _GAUGE,
        _KEY_RESULT,
        "Probability to reach the goal when it is due, 0..1.",
    ),
    Metric(
        "okrbridge_key_result_velocity_ratio",
        _GAUGE,
        _KEY_RESULT,
        "Raw progress a week over the velocity that the goal needs; below 1 is too slow.",
    ),
    Metric(
        "okrbridge_key_result_velocity_progress_per_week",
        _GAUGE,
        _KEY_RESULT,
        "Raw progress a week.",
    ),
    Metric(
        "okrbridge_key_result_guard_breached",
        _GAUGE,
        _KEY_RESULT,
        "1 while a guard does not hold, 0 while all hold; absent without guards.",
    ),
    Metric(
        "okrbridge_key_result_check_in_overdue",
        _GAUGE,
        _KEY_RESULT,
        "1 while a check-in is overdue, else 0; absent when none is wanted.",
    ),
)

OKR_METRICS = (
    Metric(
        "okrbridge_objective_info",
        _GAUGE,
        (*_OBJECTIVE, "cycle", "team"),
        "What an objective is about; always 1. Join it on okr_objective.",
    ),
    Metric(
        "okrbridge_objective_progress_ratio",
        _GAUGE,
        _OBJECTIVE,
        "Weighted progress of an objective's key results, 0..1; one never measured counts 0.",
    ),
    Metric("okrbridge_objective_expected_ratio", _GAUGE, _OBJECTIVE, "Elapsed share of the objective's cycle, 0..1."),
    Metric(
        "okrbridge_objective_coverage_ratio",
        _GAUGE,
        _OBJECTIVE,
        "Weight of the freshly measured key results over the weight of all, 0..1.",
    ),
    Metric("okrbridge_objective_status", _GAUGE, (*_OBJECTIVE, "status"), "The current status; always 1."),
    Metric("okrbridge_cycle_elapsed_ratio", _GAUGE, ("cycle",), "Elapsed share of a cycle, 0..1."),
)

EVALUATION_METRICS = (
    Metric(
        "okrbridge_source_up", _GAUGE, ("source",), "Whether a source answered in the last tick; absent if unasked."
    ),
    Metric(
        "okrbridge_source_last_success_timestamp_seconds",
        _GAUGE,
        ("source",),
        "When a source last answered, in seconds since 1970.",
    ),
    Metric("okrbridge_history_filled_ratio", _GAUGE, (), "Share of the wanted history that is filled, 0..1."),
    Metric(
        "okrbridge_evaluation_timestamp_seconds",
        _GAUGE,
        (),
        "The slice boundary evaluated last, in seconds since 1970.",
    ),
    Metric("okrbridge_metrics_series", _GAUGE, (), "Series of SLOs, key results, objectives and cycles on this page."),
    Metric(
        "okrbridge_metrics_series_dropped",
        _GAUGE,
        (),
        "Series left out of this page because of the cap on series.",
    ),
)

BUILD_INFO = Metric(
    "okrbridge_build_info", _GAUGE, ("version", "pythonversion"), "The running version; always 1.", Origin.PROCESS
)
TICKS = Metric("okrbridge_ticks_total", _COUNTER, (), "Ticks finished, good or not.", Origin.PROCESS)
TICK_FAILURES = Metric("okrbridge_tick_failures_total", _COUNTER, (), "Ticks that failed as a whole.", Origin.PROCESS)
TICK_DURATION = Metric(
    "okrbridge_tick_duration_seconds",
    _HISTOGRAM,
    ("phase",),
    "Duration of a tick's phases: query, compute, write.",
    Origin.PROCESS,
)
TICK_LATENESS = Metric(
    "okrbridge_tick_lateness_seconds",
    _GAUGE,
    (),
    "How long after its slice boundary the last tick began.",
    Origin.PROCESS,
)
SOURCE_FAILURES = Metric(
    "okrbridge_source_failures_total",
    _COUNTER,
    ("source", "reason"),
    "Questions to a source that got no usable answer.",
    Origin.PROCESS,
)
RELOAD_SUCCESSFUL = Metric(
    "okrbridge_definitions_last_reload_successful",
    _GAUGE,
    (),
    "1 when the last load of the definitions succeeded, 0 when they were refused.",
    Origin.PROCESS,
)
RELOAD_TIMESTAMP = Metric(
    "okrbridge_definitions_last_reload_success_timestamp_seconds",
    _GAUGE,
    (),
    "When definitions were last loaded successfully, in seconds since 1970.",
    Origin.PROCESS,
)
PROCESS_METRICS = (
    BUILD_INFO,
    TICKS,
    TICK_FAILURES,
    TICK_DURATION,
    TICK_LATENESS,
    SOURCE_FAILURES,
    RELOAD_SUCCESSFUL,
    RELOAD_TIMESTAMP,
)

CATALOGUE = (*SLO_METRICS, *KEY_RESULT_METRICS, *OKR_METRICS, *EVALUATION_METRICS, *PROCESS_METRICS)
BY_NAME: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in CATALOGUE})
"""The catalogue by name, for those who keep the values."""
