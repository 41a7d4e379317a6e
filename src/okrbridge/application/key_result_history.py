"""Key results have a past on day one: their progress at each day of the cycle, from the ledger and the sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.measuring.composing import depends_on
from okrbridge.application.measuring.evaluation import Before, KeyResultEvaluation, is_worth_keeping
from okrbridge.application.measuring.indicators import indicator_record
from okrbridge.application.measuring.machine import Measuring
from okrbridge.application.measuring.requests import Asked, answers, tells_times_apart, value_requests
from okrbridge.application.parts import Parts
from okrbridge.application.records import Measurement, ProgressRecord, Quality, history_evaluation_id
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import (
    CsvMeasure,
    HttpMeasure,
    IndicatorMeasure,
    Measure,
    NoMeasure,
    SqlMeasure,
)
from okrbridge.domain.windows import Grid

EVERY = timedelta(days=1)
NEAR = timedelta(hours=1)
"""A record this soon after a day's instant stands for the day."""

BEFORE_CYCLES = timedelta(days=90)
"""How far back an indicator's past is measured."""


@dataclass(frozen=True, slots=True)
class Past:
    """How filling the past went.

    Attributes:
        made: measurements made.
        is_complete: whether nothing failed, was interrupted, or waits for history still to be filled.
    """

    made: int
    is_complete: bool


def speaks_of_past(measure: Measure, definitions: DefinitionSet) -> bool:
    """Whether a measure can be asked as of a day that has gone: not a JSON document, nor a table as it is.

    What people said is dated, so it speaks of its day.
    """
    match measure:
        case HttpMeasure() | NoMeasure():
            return False
        case CsvMeasure() | SqlMeasure():
            return tells_times_apart(measure)
        case IndicatorMeasure(indicator=name):
            own = next((one for one in definitions.indicators if one.name == name), None)
            return own is not None and speaks_of_past(own.measure, definitions)
    return True


def fill_key_result_history(
    parts: Parts, definitions: DefinitionSet, at: datetime, keep_going: Callable[[], bool]
) -> Past:
    """Measure every key result and indicator at the days of its past that have no record.

    Instants are whole days after the period's start; of an indicator, the days before now. Asking again measures only
    what is missing.

    Args:
        keep_going: asked before each day; False ends it early.
    """
    missing = _missing(parts, definitions, at)
    evaluation = KeyResultEvaluation(definitions, parts.grid)
    made, is_complete = 0, True
    for instant in sorted(missing):
        if not keep_going():
            return Past(made, is_complete=False)
        ids = missing[instant]
        readings = answers(parts.askable, _asked(definitions, instant, ids))
        with parts.storage.transaction() as transaction:
            before = Before.read(evaluation, transaction, instant)
            measuring = Measuring(
                definitions,
                transaction,
                parts.grid,
                instant,
                readings,
                history_evaluation_id(),
                before.said,
                evaluation.memory,
            )
            day = _measure_one_day(evaluation, measuring, before, ids)
        made += day.made
        is_complete &= day.is_complete
    return Past(made, is_complete)


def _missing(parts: Parts, definitions: DefinitionSet, at: datetime) -> Mapping[datetime, set[str]]:
    """The ids of what has no record, by day."""
    missing: dict[datetime, set[str]] = defaultdict(set)
    with parts.storage.reading() as database:
        for days, names in _days(definitions, parts.grid, at).items():
            for name, day in database.progress.lacking(names, days, NEAR):
                missing[day].add(name)
    return missing


def _days(definitions: DefinitionSet, grid: Grid, at: datetime) -> Mapping[tuple[datetime, ...], list[str]]:
    """The days that should have a record, with the ids of those that should have it."""
    found: dict[tuple[datetime, ...], list[str]] = defaultdict(list)
    for key_result in definitions.key_results:
        if speaks_of_past(key_result.measure, definitions):
            start = grid.ceil(key_result.period.start)
            found[_each_day(start, min(at, key_result.period.end))].append(key_result.id)
    day_before = at.replace(hour=0, minute=0, second=0, microsecond=0) - BEFORE_CYCLES
    for indicator in definitions.indicators:
        if speaks_of_past(indicator.measure, definitions):
            found[_each_day(day_before, at)].append(indicator.id)
    return found


def _each_day(start: datetime, end: datetime) -> tuple[datetime, ...]:
    return tuple(start + (day + 1) * EVERY for day in range(int((end - start) / EVERY)))


def _asked(definitions: DefinitionSet, instant: datetime, ids: set[str]) -> dict[str, Asked]:
    """What sources are asked for a day: for those that lack it, and for the indicators that key results follow."""
    return {
        name: asked
        for name, asked in value_requests(definitions, instant).items()
        if name in ids or name.startswith("indicator:")
    }


def _measure_one_day(evaluation: KeyResultEvaluation, measuring: Measuring, before: Before, ids: set[str]) -> Past:
    reports: dict[str, KeyResultReport] = {}
    kept: list[tuple[Measurement, ProgressRecord]] = []
    is_complete = True
    needed = _needed(evaluation, ids)
    for key_result in evaluation.order:
        if key_result.id not in needed:
            continue
        report = evaluation.report(key_result, measuring, before, reports)
        reports[key_result.id] = report
        if key_result.id not in ids:
            continue
        is_complete &= _is_settled(key_result, report.measurement)
        if is_worth_keeping(report.measurement):
            kept.append((report.measurement, report.progress))
    for indicator in evaluation.definitions.indicators:
        own = measuring.of_indicators[indicator.name]
        if indicator.id in ids and is_worth_keeping(own):
            kept.append((own, indicator_record(indicator, own, own)))
    measuring.transaction.progress.save([one for one, _ in kept], [one for _, one in kept])
    return Past(len(kept), is_complete)


def _needed(evaluation: KeyResultEvaluation, ids: set[str]) -> set[str]:
    """Those that are wanted, and those that they are made of."""
    needed = set(ids)
    for key_result in reversed(evaluation.order):
        if key_result.id in needed:
            needed.update(depends_on(key_result))
    return needed


def _is_settled(key_result: KeyResult, measurement: Measurement) -> bool:
    """Whether asking again would tell nothing new."""
    return measurement.at < key_result.period.start or (
        measurement.is_filled and measurement.quality is not Quality.ERROR
    )
