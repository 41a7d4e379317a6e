"""What is measured at an instant: key results and indicators, each with the window that its value speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import Measure
from okrbridge.domain.objectives import INDICATOR_WINDOW, Indicator
from okrbridge.domain.run_rate import CountingWindow, counting_window
from okrbridge.domain.units import Unit
from okrbridge.domain.windows import Interval


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that has a measure, at one instant.

    Attributes:
        id: under which its measurements are kept.
        unit: of its values.
        window: what the value speaks of, where the measure can tell times apart.
        key_result: None for an indicator.
        counting: for counts per period: the window with its share of a period.
    """

    id: str
    measure: Measure
    unit: Unit
    window: Interval
    key_result: KeyResult | None = None
    counting: CountingWindow | None = None

    @property
    def kind(self) -> KeyResultKind | None:
        """The key result's kind; None for an indicator."""
        return self.key_result.kind if self.key_result else None


def subjects(definitions: DefinitionSet, at: datetime) -> Iterator[Subject]:
    """All that is measured at an instant: indicators first, because key results read them."""
    for indicator in definitions.indicators:
        yield from indicator_subjects(indicator, at)
    for key_result in definitions.key_results:
        cycle = cycle_of(key_result, definitions)
        if is_measured_at(key_result, cycle, at):
            yield key_result_subject(key_result, cycle, at)


def indicator_subjects(indicator: Indicator, at: datetime) -> Iterator[Subject]:
    """The indicator, and then each of the other measures that it is compared with."""
    for measure, own_id in zip((indicator.measure, *indicator.also), subject_ids(indicator), strict=True):
        yield Subject(own_id, measure, indicator.unit, window_of(measure, None, at))


def subject_ids(indicator: Indicator) -> list[str]:
    """The indicator's id, and one for each of the other measures; only the first is kept in the database."""
    return [indicator.id, *(f"{indicator.id}:{place}" for place in range(len(indicator.also)))]


def key_result_subject(key_result: KeyResult, cycle: Cycle, at: datetime) -> Subject:
    """A key result at an instant."""
    counting, period = None, key_result.period
    if key_result.kind is KeyResultKind.COUNT_PER_PERIOD and key_result.per:
        counting = counting_window(period.start, at, key_result.per, cycle.timezone)
    window = counting.window if counting else window_of(key_result.measure, period, at)
    return Subject(key_result.id, key_result.measure, key_result.unit, window, key_result, counting)


def window_of(measure: Measure, period: Interval | None, at: datetime) -> Interval:
    """The measure's own rolling window, or the period to date; without a period the last 30 days."""
    over = getattr(measure, "over", None)
    if over is not None:
        return Interval(at - over.length, at)
    if period is None:
        return Interval(at - INDICATOR_WINDOW, at)
    return Interval(period.start, max(period.start, min(at, period.end)))


def is_measured_at(key_result: KeyResult, cycle: Cycle, at: datetime) -> bool:
    """Whether a key result is measured at an instant: from its start until its cycle's ``measureUntil``."""
    return key_result.period.start <= at <= cycle.measure_until


def cycle_of(key_result: KeyResult, definitions: DefinitionSet) -> Cycle:
    """The cycle of a key result's objective."""
    return definitions.cycle_by_name[definitions.objective_by_name[key_result.objective].cycle]
