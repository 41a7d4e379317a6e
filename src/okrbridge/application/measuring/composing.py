"""Key results that others make up: composites, progress of another one, either-or, and guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from okrbridge.application.measuring.judging import is_fresh
from okrbridge.application.okr_records import JsonValue
from okrbridge.application.records import Measurement, Quality
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.composition import composed, is_breached
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import KeyResultMeasure
from okrbridge.domain.units import RATIO, convert

Reports = Mapping[str, KeyResultReport]


def in_order(definitions: DefinitionSet) -> list[KeyResult]:
    """All key results, each after those that it depends on.

    Definitions in which they depend on each other in a circle are refused when they are loaded.
    """
    placed: dict[str, KeyResult] = {}
    entered: set[str] = set()

    def place(one: KeyResult) -> None:
        if one.id in entered:
            return
        entered.add(one.id)
        for needed in depends_on(one):
            if needed in definitions.key_result_by_id:
                place(definitions.key_result_by_id[needed])
        placed[one.id] = one

    for one in definitions.key_results:
        place(one)
    return list(placed.values())


def depends_on(key_result: KeyResult) -> list[str]:
    """Ids of the key results whose progress or value this one reads."""
    measured = [key_result.measure.key_result] if isinstance(key_result.measure, KeyResultMeasure) else []
    return [*measured, *(part.key_result for part in key_result.parts), *key_result.guards, *key_result.best_of]


def is_made_up(key_result: KeyResult) -> bool:
    """Whether its value comes from other key results."""
    return key_result.kind is KeyResultKind.COMPOSITE or isinstance(key_result.measure, KeyResultMeasure)


def made_up(key_result: KeyResult, measurement: Measurement, reports: Reports) -> Measurement:
    """The measurement of a key result that others make up, from their reports of this evaluation.

    Args:
        measurement: its own, which has no value.
    """
    if isinstance(key_result.measure, KeyResultMeasure):
        return _followed(key_result, key_result.measure.key_result, measurement, reports)
    return _composed(key_result, measurement, reports)


def _followed(key_result: KeyResult, name: str, measurement: Measurement, reports: Reports) -> Measurement:
    ratio, query = _ratio(reports, name), f"kr/{name}"
    if ratio is None:
        return replace(measurement, query=query, error=f"{name} has no progress yet")
    if not _is_current(reports, name):
        return replace(measurement, query=query, quality=Quality.STALE, error=f"{name} is not measured now")
    return replace(measurement, value=convert(ratio, RATIO, key_result.unit), quality=Quality.OK, error="", query=query)


def _composed(key_result: KeyResult, measurement: Measurement, reports: Reports) -> Measurement:
    ratios = [_ratio(reports, part.key_result) for part in key_result.parts]
    whole = composed(ratios, [part.weight for part in key_result.parts])
    told: list[JsonValue] = [
        {"key_result": part.key_result, "weight": part.weight, "progress_ratio": ratio}
        for part, ratio in zip(key_result.parts, ratios, strict=True)
    ]
    details = {**measurement.details, "parts": told}
    if whole.ratio is None:
        return replace(measurement, query="parts", error="no part was measured yet", details=details)
    lacking = [part.key_result for part in key_result.parts if not _is_current(reports, part.key_result)]
    told_lacking = f"not measured now: {', '.join(lacking)}" if lacking else ""
    known = replace(
        measurement, query="parts", coverage_ratio=whole.coverage_ratio, error=told_lacking, details=details
    )
    if len(lacking) == len(key_result.parts):
        return replace(known, quality=Quality.STALE)
    value = convert(whole.ratio, RATIO, key_result.unit) if key_result.unit.dimension == "ratio" else whole.ratio
    return replace(known, value=value, quality=Quality.PARTIAL if lacking else Quality.OK)


def _ratio(reports: Reports, name: str) -> float | None:
    report = reports.get(name)
    return report.progress.progress_ratio if report else None


def _is_current(reports: Reports, name: str) -> bool:
    report = reports.get(name)
    return report is not None and is_current(report, reports)


def is_current(report: KeyResultReport, reports: Reports) -> bool:
    """Whether its progress is from a fresh measurement, its own or that of one that would do as well."""
    known = [report, *alternatives(report.key_result, reports)]
    is_measured = any(is_fresh(one.key_result, one.progress) for one in known)
    return is_measured and report.progress.progress_ratio is not None


def breached_guards(key_result: KeyResult, reports: Reports) -> list[str]:
    """Ids of the guards that do not hold at their value now; one that is not measured now breaches nothing."""
    return [name for name in key_result.guards if name in reports and _is_breached(reports[name])]


def _is_breached(guard: KeyResultReport) -> bool:
    value = guard.progress.value
    if value is None or not is_fresh(guard.key_result, guard.progress):
        return False
    try:
        return is_breached(guard.key_result, value)
    except ValueError:
        # A guard whose limit waits for its baseline holds nothing back yet.
        return False


def alternatives(key_result: KeyResult, reports: Reports) -> Sequence[KeyResultReport]:
    """The key results of which one is enough, beside this one."""
    return [reports[name] for name in key_result.best_of if name in reports]
