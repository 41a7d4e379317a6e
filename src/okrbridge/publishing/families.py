"""The samples of key results, objectives, cycles and the evaluation; unknown and not finite values are left out."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

from okrbridge.application.metric_catalogue import BUILD_INFO
from okrbridge.application.snapshot import KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.domain.forecast import Forecast
from okrbridge.domain.windows import EPOCH
from okrbridge.publishing.text_format import label

Sample = tuple[str, str, float]
"""Metric name, labels with their braces, value."""
Valued = tuple[str, float | None]
"""Labels beside the subject's own, value."""

Subject = TypeVar("Subject")
Family = tuple[str, Callable[[Subject], Iterable[Valued]]]


def samples(snapshot: Snapshot) -> Iterator[Sample]:
    """What counts against the cap after the SLOs, one family after another.

    The page knows no reader, so restricted key results and objectives are not on it.
    """
    key_results = [one for one in snapshot.key_results if not one.is_restricted]
    objectives = [one for one in snapshot.objectives if not one.is_restricted]
    return chain(
        _of_family(_KEY_RESULT_FAMILIES, key_results, _key_result_labels),
        _of_family(_OBJECTIVE_FAMILIES, objectives, _objective_labels),
        _finite("okrbridge_cycle_elapsed_ratio", _cycles(snapshot)),
    )


def about_evaluation(snapshot: Snapshot) -> Iterator[Sample]:
    """The few series about the evaluation itself."""
    sources = [(label("source", one.name), one) for one in snapshot.sources]
    up = [(labels, None if one.is_up is None else float(one.is_up)) for labels, one in sources]
    answered = [(labels, _seconds(one.last_success_at)) for labels, one in sources]
    yield from _finite("okrbridge_source_up", up)
    yield from _finite("okrbridge_source_last_success_timestamp_seconds", answered)
    yield from _finite("okrbridge_history_filled_ratio", [("", snapshot.history_filled_ratio)])
    yield from _finite("okrbridge_evaluation_timestamp_seconds", [("", _seconds(snapshot.at))])


def build_info(version: str) -> Sample:
    """The running version of okrbridge and of Python."""
    labels = f"{label('version', version)},{label('pythonversion', platform.python_version())}"
    return BUILD_INFO.name, f"{{{labels}}}", 1.0


def _of_family(
    families: Sequence[Family[Subject]], subjects: Sequence[Subject], labels_of: Callable[[Subject], str]
) -> Iterator[Sample]:
    own_labels = [labels_of(subject) for subject in subjects]
    for name, values_of in families:
        for own, subject in zip(own_labels, subjects, strict=True):
            more = ((f"{own},{labels}" if labels else own, value) for labels, value in values_of(subject))
            yield from _finite(name, more)


def _finite(name: str, values: Iterable[Valued]) -> Iterator[Sample]:
    for labels, value in values:
        if value is not None and math.isfinite(value):
            yield name, f"{{{labels}}}" if labels else "", value + 0.0


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - EPOCH).total_seconds()


def _key_result_labels(report: KeyResultReport) -> str:
    return f"{label('okr_objective', report.key_result.objective)},{label('key_result', report.key_result.name)}"


def _key_result_info(report: KeyResultReport) -> str:
    return ",".join(
        (
            label("cycle", report.cycle.name),
            label("team", report.team),
            label("kind", report.key_result.kind),
            label("unit", report.key_result.unit.symbol),
        )
    )


def _quantiles(found: Forecast | None) -> list[Valued]:
    if found is None:
        return []
    pairs = (("0.1", found.p10), ("0.5", found.p50), ("0.9", found.p90))
    return [(label("quantile", name), value) for name, value in pairs]


def _hit(found: Forecast | None) -> float | None:
    return found.hit_probability if found else None


def _overdue(report: KeyResultReport) -> float | None:
    people = report.outlook.check_ins
    return float(people.is_overdue) if people.due_at is not None else None


_KEY_RESULT_FAMILIES: tuple[Family[KeyResultReport], ...] = (
    ("okrbridge_key_result_info", lambda it: [(_key_result_info(it), 1.0)]),
    ("okrbridge_key_result_status", lambda it: [(label("status", it.status), 1.0)]),
    ("okrbridge_key_result_value", lambda it: [("", it.progress.value)]),
    ("okrbridge_key_result_progress_ratio", lambda it: [("", it.progress.progress_ratio)]),
    ("okrbridge_key_result_expected_ratio", lambda it: [("", it.progress.expected_ratio)]),
    ("okrbridge_key_result_gap_ratio", lambda it: [("", it.progress.gap_ratio)]),
    ("okrbridge_key_result_raw_progress_ratio", lambda it: [("", it.progress.raw_ratio)]),
    ("okrbridge_key_result_baseline", lambda it: [("", it.key_result.baseline)]),
    ("okrbridge_key_result_target", lambda it: [("", it.key_result.target)]),
    ("okrbridge_key_result_quality", lambda it: [(label("quality", it.quality), 1.0)]),
    (
        "okrbridge_key_result_measurement_age_seconds",
        lambda it: [("", it.measurement_age_seconds(it.progress.at))],
    ),
    ("okrbridge_key_result_confidence", lambda it: [("", it.outlook.check_ins.confidence)]),
    ("okrbridge_key_result_machine_confidence", lambda it: [("", it.outlook.machine_confidence)]),
    ("okrbridge_key_result_forecast_ratio", lambda it: _quantiles(it.outlook.forecast)),
    ("okrbridge_key_result_hit_probability_ratio", lambda it: [("", _hit(it.outlook.forecast))]),
    ("okrbridge_key_result_velocity_ratio", lambda it: [("", it.outlook.velocity_ratio)]),
    ("okrbridge_key_result_velocity_progress_per_week", lambda it: [("", it.outlook.velocity)]),
    ("okrbridge_key_result_guard_breached", lambda it: [("", it.outlook.guard_breached)]),
    ("okrbridge_key_result_check_in_overdue", lambda it: [("", _overdue(it))]),
)


def _objective_labels(report: ObjectiveReport) -> str:
    return label("okr_objective", report.objective.name)


def _objective_info(report: ObjectiveReport) -> str:
    return f"{label('cycle', report.objective.cycle)},{label('team', report.objective.team)}"


_OBJECTIVE_FAMILIES: tuple[Family[ObjectiveReport], ...] = (
    ("okrbridge_objective_info", lambda it: [(_objective_info(it), 1.0)]),
    ("okrbridge_objective_status", lambda it: [(label("status", it.status), 1.0)]),
    ("okrbridge_objective_progress_ratio", lambda it: [("", it.progress_ratio)]),
    ("okrbridge_objective_expected_ratio", lambda it: [("", it.expected_ratio)]),
    ("okrbridge_objective_coverage_ratio", lambda it: [("", it.coverage_ratio)]),
)


def _cycles(snapshot: Snapshot) -> Iterator[Valued]:
    return ((label("cycle", one.cycle.name), one.elapsed_ratio) for one in snapshot.cycles)
