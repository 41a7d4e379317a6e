"""Baselines that are measured once from history, before a key result starts, and then stand for good."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.measuring.by_event import EventValues
from okrbridge.application.measuring.by_slo import DAY, cut
from okrbridge.application.measuring.found import converted
from okrbridge.application.measuring.requests import Asked, answers, request_of, tells_times_apart
from okrbridge.application.measuring.subjects import Subject, adds_up
from okrbridge.application.okr_records import FrozenBaseline
from okrbridge.application.parts import Parts
from okrbridge.application.period_budgets import period_consumed_ratio
from okrbridge.application.ports import Reading, Transaction
from okrbridge.application.slo_counts import CountMemory, SloCounts
from okrbridge.application.slo_evaluation import FILLED
from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import (
    CsvMeasure,
    EventMeasure,
    IncidentMeasure,
    IndicatorMeasure,
    Measure,
    PromqlMeasure,
    SloMeasure,
    SloQuantity,
    SqlMeasure,
)
from okrbridge.domain.objectives import INDICATOR_WINDOW
from okrbridge.domain.target_history import noise_of
from okrbridge.domain.units import RATIO, Unit
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval, format_duration
from okrbridge.errors import UnitError


def baseline_window(key_result: KeyResult) -> Interval | None:
    """The time before the start that the baseline is measured over; None where it is declared."""
    if key_result.baseline_from is None:
        return None
    start = key_result.period.start
    return Interval(start - key_result.baseline_from.over, start)


def baseline_question(key_result: KeyResult) -> str:
    """What a baseline is measured by: the measure, the window and the unit. Another one needs another baseline."""
    window = baseline_window(key_result)
    over = format_duration(window.length) if window else ""
    start = key_result.period.start
    return f"{key_result.measure!r} over {over} before {start:%Y-%m-%dT%H:%MZ} in {key_result.unit.symbol or 'number'}"


def resolved(
    key_result: KeyResult, frozen: Mapping[tuple[str, str], FrozenBaseline]
) -> tuple[KeyResult, FrozenBaseline | None, str]:
    """A key result with its frozen baseline and what follows from it; and why nothing can, where that is so."""
    if key_result.baseline_from is None or key_result.baseline is not None:
        return key_result, None, ""
    found = frozen.get((key_result.id, baseline_question(key_result)))
    if found is None:
        return key_result, None, ""
    try:
        return resolve_baseline(key_result, found.value), found, ""
    except ValueError as error:
        return replace(key_result, baseline=found.value), found, str(error)


@dataclass(frozen=True)
class Frozen:
    """How freezing went.

    Attributes:
        made: baselines that were frozen.
        waiting: ids of key results whose baseline could not be measured yet.
    """

    made: int
    waiting: tuple[str, ...]


def freeze_baselines(
    parts: Parts, definitions: DefinitionSet, at: datetime, keep_going: Callable[[], bool] = lambda: True
) -> Frozen:
    """Measure and keep the baselines that are still missing of the key results that have started.

    Args:
        keep_going: asked before each key result; False leaves the rest waiting.
    """
    made, waiting = 0, []
    freezing = _Freezing(parts, definitions, at)
    for one in _without_baseline(parts, definitions, at):
        found = freezing.baseline(one) if keep_going() else None
        if found is None:
            waiting.append(one.id)
            continue
        with parts.storage.transaction() as transaction:
            transaction.baselines.save(found)
        made += 1
    return Frozen(made, tuple(waiting))


def _without_baseline(parts: Parts, definitions: DefinitionSet, at: datetime) -> list[KeyResult]:
    """The key results that have started and whose baseline is to be measured and is not known."""
    wanted = [
        one
        for one in definitions.key_results
        if one.baseline_from is not None and one.baseline is None and one.period.start <= at
    ]
    if not wanted:
        return []
    with parts.storage.reading() as database:
        known = {(one.key_result, one.question) for one in database.baselines.all()}
    return [one for one in wanted if (one.id, baseline_question(one)) not in known]


@dataclass(frozen=True, slots=True)
class _Sample:
    """What history says: the value in the measure's unit, from how many days or events, and the value of each day."""

    value: float
    count: float | None
    days: Sequence[float] = ()
    unit: Unit | None = None


@dataclass(frozen=True)
class _Freezing:
    parts: Parts
    definitions: DefinitionSet
    at: datetime

    def baseline(self, key_result: KeyResult) -> FrozenBaseline | None:
        """The baseline from history; None while history cannot be had."""
        window = baseline_window(key_result)
        measure = self._followed(key_result.measure)
        if window is None:
            return None
        with self.parts.storage.reading() as database:
            sample = self._sample(measure, window, database)
        if sample is None:
            return None
        try:
            return self._frozen(key_result, measure, sample, window)
        except UnitError:
            # Definitions are checked for units; what slips through stays without a baseline and says so.
            return None

    def _frozen(
        self, key_result: KeyResult, measure: Measure, sample: _Sample, window: Interval
    ) -> FrozenBaseline | None:
        """The baseline in the key result's unit; None where it is too large a number."""

        def own(value: float) -> float:
            if key_result.kind is KeyResultKind.COUNT_PER_PERIOD and key_result.per:
                return value / (window.length / _length_of(key_result.per))
            share = _share_of(key_result, measure, window)
            return converted(value * share, sample.unit or measure.unit, key_result.unit, window)

        value = own(sample.value) + 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            noise = noise_of(np.array([own(value) for value in sample.days]))
        if not math.isfinite(value):
            return None
        return FrozenBaseline(
            key_result=key_result.id,
            question=baseline_question(key_result),
            value=value,
            window=window,
            sample_count=sample.count,
            frozen_at=self.at,
            noise=noise if noise is not None and math.isfinite(noise) else None,
        )

    def _followed(self, measure: Measure) -> Measure:
        """The measure that is asked; an indicator is asked by its own."""
        if isinstance(measure, IndicatorMeasure):
            return next(one.measure for one in self.definitions.indicators if one.name == measure.indicator)
        return measure

    def _sample(self, measure: Measure, window: Interval, database: Transaction) -> _Sample | None:
        match measure:
            case SloMeasure():
                return self._of_slo(measure, window, database)
            case PromqlMeasure():
                return self._of_days(measure, window)
            case SqlMeasure() | CsvMeasure():
                return self._of_window(measure, window)
            case IncidentMeasure() | EventMeasure():
                return self._of_events(measure, window, database)
        return None

    def _of_slo(self, measure: SloMeasure, window: Interval, database: Transaction) -> _Sample | None:
        """What the measure says of the whole window, from the ledger's sums, once it was asked for."""
        slo, grid = self.definitions.slo_by_name[measure.slo], self.parts.grid
        counts = SloCounts(database.ledger, grid, self.definitions.maintenance, CountMemory())
        whole = grid.covering(window)
        [asked] = counts.put_together([(slo, None)])
        [sums] = counts.sums(asked.batch, [whole])
        known = sums.counts(0, 0)
        if float(sums.asked_ratio[0, 0]) < FILLED or known.total <= 0 or not known.consistent:
            return None
        days = counts.along(slo, cut(whole, DAY))
        ratios = [
            good / total for good, total in zip(days.good.tolist(), days.total.tolist(), strict=True) if total > 0
        ]
        if measure.quantity is SloQuantity.BUDGET:
            return _Sample(period_consumed_ratio(slo, known, whole, whole.end), known.total, unit=RATIO)
        if measure.quantity is SloQuantity.COMPLIANCE:
            reached = [Operator.GE.holds(ratio, slo.target_ratio) for ratio in ratios]
            return _Sample(sum(reached) / len(reached), float(len(reached)), unit=RATIO)
        return _Sample(known.good / known.total, known.total, ratios, RATIO)

    def _of_days(self, measure: PromqlMeasure, window: Interval) -> _Sample | None:
        """The median of one value a day; None while a question fails."""
        instants = [day.end for day in cut(window, DAY, whole_only=window.length >= DAY)]
        asked = {
            str(instant): (measure.source, request_of(measure, Interval(instant - DAY, instant), instant))
            for instant in instants
        }
        readings = list(self._answers(asked).values())
        values = [one.value for one in readings if one.value is not None]
        if not values or any(one.failure for one in readings):
            return None
        return _Sample(float(np.median(values)), float(len(values)), values)

    def _of_window(self, measure: SqlMeasure | CsvMeasure, window: Interval) -> _Sample | None:
        """One answer for the window; None for a measure that cannot tell times apart."""
        if not tells_times_apart(measure):
            return None
        [reading] = self._answers({"": (measure.source, request_of(measure, window, window.end))}).values()
        return None if reading.value is None else _Sample(reading.value, reading.sample_count)

    def _of_events(
        self, measure: IncidentMeasure | EventMeasure, window: Interval, database: Transaction
    ) -> _Sample | None:
        subject = Subject("", measure, measure.unit, window)
        events = EventValues.read(database.events, [subject], self.at)
        if isinstance(measure, IncidentMeasure):
            found = events.incidents(subject, measure)
        else:
            found = events.events_of(subject, measure)
        return None if found.value is None else _Sample(found.value, found.sample_count)

    def _answers(self, asked: Mapping[str, Asked]) -> Mapping[str, Reading]:
        return answers(self.parts.askable, asked)


def _share_of(key_result: KeyResult, measure: Measure, window: Interval) -> float:
    """What adds up, over the time that the value speaks of, is that share of what the whole window holds.

    Worked example: 12 incidents in 90 days are 28 / 90 x 12 = 3.73 for a measure over 28 days.

    Args:
        measure: the key result's, or that of the indicator it follows.
    """
    if "/" in key_result.unit.dimension or not adds_up(measure):
        return 1.0
    over = getattr(measure, "over", None)
    own_length = key_result.period.length if measure is key_result.measure else INDICATOR_WINDOW
    return (own_length if over is None else over.length) / window.length


def _length_of(per: str) -> timedelta:
    """The nominal length of a period: 30 days a month, 91 a quarter."""
    return CalendarWindow(CalendarUnit(per), "UTC", datetime(2000, 1, 1)).length  # noqa: DTZ001 - only its length is read
