"""Flat items for people and programs, made from the snapshot: the API answers them and the commands print them.

Every key is always there; what is unknown is None. Ratios are 0..1, times are RFC 3339 in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from okrbridge.application.key_result_outlook import CheckInState, Outlook
from okrbridge.application.records import ProgressRecord
from okrbridge.application.slo_reports import SloReport
from okrbridge.application.snapshot import CycleReport, KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.confidence import colour_of
from okrbridge.domain.error_budget import budget_ratio

Item = dict[str, Any]


def finite(value: float | None) -> float | None:
    """The number, or None when it is unknown, NaN or infinite; -0.0 becomes 0.0."""
    if value is None or not math.isfinite(value):
        return None
    return float(value) + 0.0


def rfc3339(at: datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC with ``Z``."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def slo_item(report: SloReport, now: datetime, evaluation_id: str = "") -> Item:
    """An SLO in the form of ``GET /slos``; counts are None while nothing of the window was measured.

    The share of events that may be bad is None where the budget is a count.
    """
    slo = report.slo
    coverage = finite(report.counts.coverage_ratio)
    counts = report.counts if coverage else None
    return {
        "slo": slo.name,
        "service": slo.service,
        "display_name": slo.display_name or slo.name,
        "description": slo.description,
        "owner": slo.owner or None,
        "target_ratio": slo.target_ratio,
        "window": str(slo.window),
        "window_start": rfc3339(report.window.start),
        "window_end": rfc3339(report.window.end),
        "budgeting": slo.budgeting,
        "state": str(report.state),
        "sli_ratio": finite(report.sli_ratio),
        "good": finite(counts.good) if counts else None,
        "bad": finite(counts.bad) if counts else None,
        "total": finite(counts.total) if counts else None,
        "budget_ratio": finite(budget_ratio(slo.target_ratio)) if slo.count_budget is None else None,
        "budget_consumed_ratio": finite(report.budget_consumed_ratio),
        "budget_remaining_ratio": finite(report.budget_remaining_ratio),
        **{f"burn_rate_{name}": finite(report.burn_rates.get(name)) for name in BURN_WINDOWS},
        "budget_expected_ratio": finite(report.budget_expected_ratio),
        "budget_exhausted_at": rfc3339(report.budget_exhausted_at),
        "count_budget": finite(slo.count_budget),
        "coverage_ratio": coverage,
        "excluded_seconds": finite(report.excluded.total_seconds()),
        "method": report.details.method or None,
        "alerts_frozen": report.details.alerts_frozen or None,
        "is_low_traffic": report.details.is_low_traffic,
        "evaluated_at": rfc3339(report.evaluated_at),
        "last_measured_at": rfc3339(report.last_measured_end),
        "data_age_seconds": finite(report.data_age_seconds(now)),
        "failure": report.details.failure or None,
        "evaluation_id": evaluation_id or None,
    }


def key_result_item(report: KeyResultReport, now: datetime, origin: str | None = None) -> Item:
    """A key result in the form of ``GET /key-results``; value, baseline and target are in ``unit``.

    Args:
        origin: ``file`` or ``http``; None when it is declared no longer.
    """
    key_result, progress = report.key_result, report.progress
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "title": key_result.title,
        "kind": str(key_result.kind),
        "commitment": str(key_result.commitment),
        "cycle": report.cycle.name,
        "team": report.team or None,
        "owner": report.owner or None,
        "value": finite(progress.value),
        "unit": key_result.unit.symbol,
        "baseline": finite(key_result.baseline),
        "target": finite(key_result.target),
        "stretch": finite(key_result.stretch),
        "low": finite(key_result.low),
        "high": finite(key_result.high),
        "critical": finite(key_result.critical),
        "operator": str(key_result.operator) if key_result.operator else None,
        "raw_ratio": finite(progress.raw_ratio),
        "progress_ratio": finite(progress.progress_ratio),
        "expected_ratio": finite(progress.expected_ratio),
        "gap_ratio": finite(progress.gap_ratio),
        "status": str(report.status),
        "status_policy": report.policy.name,
        "status_policy_revision": report.policy.revision,
        "state": str(key_result.state),
        "visibility": "restricted" if report.is_restricted else "public",
        "origin": origin,
        **_outlook_item(report.outlook),
        **_check_in_state(report.outlook.check_ins),
        "guards": list(key_result.guards),
        "indicator": key_result.indicator or None,
        "quality": str(report.quality),
        "measured_at": rfc3339(progress.measured_at),
        "measurement_age_seconds": finite(report.measurement_age_seconds(now)),
        "coverage_ratio": finite(report.measurement.coverage_ratio),
        "starts_at": rfc3339(key_result.period.start),
        "due_at": rfc3339(key_result.period.end),
        "weight": finite(key_result.weight),
        "error": report.measurement.error or None,
        "details": dict(report.measurement.details),
        "evaluated_at": rfc3339(progress.at),
        "evaluation_id": progress.evaluation_id or None,
    }


def _outlook_item(outlook: Outlook) -> Item:
    """What is to be expected of a key result, and what its definition leaves open."""
    told = outlook.forecast
    return {
        "forecast_p10": finite(told.p10) if told else None,
        "forecast_p50": finite(told.p50) if told else None,
        "forecast_p90": finite(told.p90) if told else None,
        "hit_probability_ratio": finite(told.hit_probability) if told else None,
        "velocity": finite(outlook.velocity),
        "required_velocity": finite(outlook.required_velocity),
        "velocity_ratio": finite(outlook.velocity_ratio),
        "value_needed": finite(outlook.value_needed),
        "best_value": finite(outlook.best_value),
        "is_stalled": outlook.is_stalled,
        "is_anomalous": outlook.is_anomalous,
        "guard_breached": outlook.guard_breached,
        "breached_guards": list(outlook.breached_guards),
        "definition_complete": outlook.definition_complete,
        "definition_missing": list(outlook.definition_missing),
        "machine_confidence": outlook.machine_confidence,
        "confidence_divergence": outlook.divergence,
        "is_divergent": outlook.is_divergent,
    }


def _check_in_state(state: CheckInState) -> Item:
    """What people last said, and when they should say more."""
    direction = state.trend.direction if state.trend else None
    return {
        "confidence": state.confidence,
        "confidence_colour": str(colour_of(state.confidence)) if state.confidence is not None else None,
        "confidence_direction": str(direction) if direction else None,
        "checked_in_at": rfc3339(state.latest.at) if state.latest else None,
        "check_in_due_at": rfc3339(state.due_at),
        "is_check_in_due": state.is_due,
        "is_check_in_overdue": state.is_overdue,
        "is_check_in_stale": state.is_stale,
    }


def progress_row(record: ProgressRecord) -> Item:
    """A key result's progress at one evaluation, a row of its history."""
    return {
        "time": rfc3339(record.at),
        "value": finite(record.value),
        "raw_ratio": finite(record.raw_ratio),
        "progress_ratio": finite(record.progress_ratio),
        "expected_ratio": finite(record.expected_ratio),
        "gap_ratio": finite(record.gap_ratio),
        "status": str(record.shown),
        "quality": str(record.quality),
        "measured_at": rfc3339(record.measured_at),
        "is_backfilled": record.is_backfilled,
        "evaluation_id": record.evaluation_id or None,
    }


def objective_item(report: ObjectiveReport, origin: str | None = None) -> Item:
    """An objective rolled up from its key results, in the form of ``GET /objectives``.

    Args:
        origin: ``file`` or ``http``; None when it is declared no longer.
    """
    objective = report.objective
    return {
        "objective": objective.name,
        "title": objective.title,
        "why": objective.why or None,
        "cycle": objective.cycle,
        "team": objective.team or None,
        "owner": objective.owner or None,
        "co_owners": list(objective.co_owners),
        "parent": objective.parent or None,
        "parent_key_result": objective.parent_key_result or None,
        "alignment": str(objective.alignment),
        "serves": objective.serves or None,
        "state": str(objective.state),
        "rollup": str(objective.rollup),
        "visibility": str(objective.visibility),
        "origin": origin,
        "commitment": str(objective.commitment),
        "weight": finite(objective.weight),
        "progress_ratio": finite(report.progress_ratio),
        "measured_only_ratio": finite(report.measured_only_ratio),
        "coverage_ratio": finite(report.coverage_ratio),
        "expected_ratio": finite(report.expected_ratio),
        "status": str(report.status),
        "contributing": list(report.contributing),
        "key_results_count": len(report.key_results),
    }


def objective_detail(report: ObjectiveReport, now: datetime, origin: str | None = None) -> Item:
    """An objective with the items of its key results, which are declared where it is."""
    key_results = [key_result_item(one, now, origin) for one in report.key_results]
    return {**objective_item(report, origin), "key_results": key_results}


def cycle_item(report: CycleReport) -> Item:
    """A cycle in the form of ``GET /cycles``."""
    cycle = report.cycle
    return {
        "cycle": cycle.name,
        "title": cycle.title or cycle.name,
        "starts_at": rfc3339(cycle.interval.start),
        "ends_at": rfc3339(cycle.interval.end),
        "measure_until": rfc3339(cycle.measure_until),
        "timezone": cycle.timezone,
        "cadence": cycle.cadence,
        "elapsed_ratio": finite(report.elapsed_ratio),
        "phase": report.phase,
    }


def slo_items(snapshot: Snapshot, now: datetime) -> list[Item]:
    """All SLOs, in the order declared."""
    return [slo_item(report, now, snapshot.evaluation_id) for report in snapshot.slos]


def key_result_items(snapshot: Snapshot, now: datetime) -> list[Item]:
    """All key results, in the order declared."""
    return [key_result_item(report, now) for report in snapshot.key_results]


def objective_tree(snapshot: Snapshot, now: datetime, origins: Mapping[str, str]) -> list[Item]:
    """Objectives with their key results, each under its parent as ``children``.

    An objective whose parent is not evaluated stands at the top; so does the first of a circle of parents,
    because no objective may vanish from the tree.

    Args:
        origins: of objectives, by name.
    """
    children: dict[str, list[ObjectiveReport]] = {}
    known = snapshot.objective_by_name
    for report in snapshot.objectives:
        parent = report.objective.above
        children.setdefault(parent if parent in known else "", []).append(report)
    placed: set[str] = set()

    def node(report: ObjectiveReport) -> Item:
        placed.add(report.objective.name)
        below = [one for one in children.get(report.objective.name, []) if one.objective.name not in placed]
        origin = origins.get(report.objective.name)
        return {**objective_detail(report, now, origin), "children": _nodes(below, node, placed)}

    roots = _nodes(children.get("", []), node, placed)
    return roots + _nodes(snapshot.objectives, node, placed)


def _nodes(reports: Iterable[ObjectiveReport], node: Callable[[ObjectiveReport], Item], placed: set[str]) -> list[Item]:
    return [node(report) for report in reports if report.objective.name not in placed]
