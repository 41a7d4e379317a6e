"""Measures everything at one instant: each measure by what it is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from okrbridge.application.measuring.by_event import EventValues
from okrbridge.application.measuring.by_people import manual_value
from okrbridge.application.measuring.by_slo import SloValues
from okrbridge.application.measuring.found import MEAN_INTERVAL, Found, measurement_of, told_deviation
from okrbridge.application.measuring.memory import MeasuringMemory
from okrbridge.application.measuring.requests import question_text, rendered, tells_times_apart
from okrbridge.application.measuring.said import NOTHING_SAID, Said
from okrbridge.application.measuring.subjects import Subject, indicator_subjects, subjects
from okrbridge.application.ports import Reading, Transaction
from okrbridge.application.records import Measurement, Quality
from okrbridge.application.slo_counts import SloCounts
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import (
    AskedMeasure,
    EventMeasure,
    IncidentMeasure,
    IndicatorMeasure,
    ManualMeasure,
    PromqlMeasure,
    SloMeasure,
)
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.stated import stated_value
from okrbridge.domain.units import PLAIN
from okrbridge.domain.windows import Grid, Interval


@dataclass(frozen=True)
class Measuring:
    """Measures key results and indicators at one slice boundary.

    Attributes:
        readings: answers to ``value_requests``, by id.
        evaluation_id: put on every measurement.
        said: what people said of each key result, by id.
        memory: what was kept at the instant before.
    """

    definitions: DefinitionSet
    transaction: Transaction
    grid: Grid
    at: datetime
    readings: Mapping[str, Reading]
    evaluation_id: str
    said: Mapping[str, Said]
    memory: MeasuringMemory

    def measure(self, key_result: KeyResult) -> Measurement:
        """The key result's value now, or why there is none; of those that others make up, nothing yet."""
        subject = self._subjects.get(key_result.id)
        if subject is None:
            before = self.at < key_result.period.start
            return self._outside(key_result, "not started yet" if before else "measuring has ended")
        return self._measured(replace(subject, key_result=key_result))

    def indicator(self, indicator: Indicator) -> list[Measurement]:
        """The indicator's value now, and that of each measure that it is compared with."""
        return [self._measured(one) for one in indicator_subjects(indicator, self.at)]

    @cached_property
    def of_indicators(self) -> Mapping[str, Measurement]:
        """The measurements of all indicators, by name; each is evaluated once, whoever follows it."""
        return {one.name: self.indicator(one)[0] for one in self.definitions.indicators}

    @cached_property
    def slo_values(self) -> SloValues:
        """What the ledger says."""
        ledger = self.transaction.ledger
        counts = SloCounts(ledger, self.grid, self.definitions.maintenance, self.memory.counts)
        asking, slos = list(self._subjects.values()), self.definitions.slo_by_name
        return SloValues(asking, slos, ledger, counts, self.grid, self.at, self.memory.settled)

    @cached_property
    def events(self) -> EventValues:
        """What was sent in."""
        return EventValues.read(self.transaction.events, self._subjects.values(), self.at, self.memory.events)

    @cached_property
    def _subjects(self) -> Mapping[str, Subject]:
        return {one.id: one for one in subjects(self.definitions, self.at)}

    def _measured(self, subject: Subject) -> Measurement:
        return measurement_of(subject, self._found(subject), self.at, self.evaluation_id)

    def _found(self, subject: Subject) -> Found:  # noqa: PLR0911 - one for each type of measure
        match subject.measure:
            case SloMeasure() as measure:
                return self.slo_values.found(subject, measure)
            case IncidentMeasure() as measure:
                return self.events.incidents(subject, measure)
            case EventMeasure() as measure:
                return self.events.events_of(subject, measure)
            case IndicatorMeasure(indicator=name):
                return self._by_indicator(name)
            case ManualMeasure() as measure:
                return replace(
                    manual_value(measure, self.said.get(subject.id, NOTHING_SAID).value, self.at), unit=subject.unit
                )
            case measure if isinstance(measure, AskedMeasure):
                return _by_reading(subject, measure, self.readings.get(subject.id), self.at)
        return self._stated(subject)

    def _by_indicator(self, name: str) -> Found:
        measured = self.of_indicators[name]
        unit = next(one.unit for one in self.definitions.indicators if one.name == name)
        return Found(
            window=measured.window,
            query=f"indicator/{name}",
            value=measured.value,
            quality=measured.quality,
            error=measured.error,
            sample_count=measured.sample_count,
            coverage_ratio=measured.coverage_ratio,
            is_filled=measured.is_filled,
            unit=unit,
            deviation=told_deviation(measured),
            details={key: one for key, one in measured.details.items() if key != MEAN_INTERVAL},
        )

    def _stated(self, subject: Subject) -> Found:
        """What people say in the definition itself; without it there is no measure."""
        found = Found(Interval(self.at, self.at), "")
        value = stated_value(subject.key_result, self.at) if subject.key_result else None
        if value is None:
            return found.missing(Quality.NO_DATA, "unmapped: the key result has no measure")
        return replace(found, query="as declared", value=value, unit=PLAIN)

    def _outside(self, key_result: KeyResult, error: str) -> Measurement:
        now = Interval(self.at, self.at)
        return Measurement(
            key_result.id, self.at, now, None, Quality.NO_DATA, error=error, evaluation_id=self.evaluation_id
        )


def _by_reading(subject: Subject, measure: AskedMeasure, reading: Reading | None, at: datetime) -> Found:
    """From a source's answer."""
    window = subject.window if tells_times_apart(measure) else Interval(at, at)
    query = rendered(measure.query, subject.window) if isinstance(measure, PromqlMeasure) else question_text(measure)
    found = Found(window, query)
    if reading is None:
        return found.missing(Quality.NO_DATA, "the source was not asked at this instant")
    if reading.failure is not None:
        return found.missing(Quality.ERROR, f"{reading.failure.reason}: {reading.failure.message}")
    if reading.value is None and not reading.members:
        return found.missing(Quality.NO_DATA, reading.note or "no value")
    return replace(
        found,
        value=reading.value,
        members=dict(reading.members) if reading.members is not None else None,
        sample_count=reading.sample_count,
        deviation=reading.deviation,
        quality=Quality.PARTIAL if reading.warnings else Quality.OK,
        error="; ".join(reading.warnings),
    )
