"""What is measured at an instant: key results and indicators, each with the window that its value speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from okrbridge.domain.cycles import Cycle, elapsed_ratio
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import (
    Aggregation,
    CsvMeasure,
    EventMeasure,
    IncidentMeasure,
    IncidentQuantity,
    Measure,
)
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
    period = key_result.period
    window, counting = window_of(key_result.measure, period, at), None
    if key_result.kind is KeyResultKind.COUNT_PER_PERIOD and key_result.per:
        counting = counting_window(period.start, at, key_result.per, cycle.timezone)
        window = counting.window
    elif compares_whole_periods(key_result):
        counting = CountingWindow(window, elapsed_ratio(period, at))
    return Subject(key_result.id, key_result.measure, key_result.unit, window, key_result, counting)


def compares_whole_periods(key_result: KeyResult) -> bool:
    """Whether a count to date is on a way between counts of whole periods, so that its run rate is the value (A6).

    From 12 incidents to 3 without a word on the period means the key result's own. On its first day 0 would be far
    beyond the target. What starts at 0 adds up towards its target, and its count is the value.

    Different ones come less and less often, so a rate of them is too high: it may speak against a fall, and not for a
    rise.
    """
    measure = key_result.measure
    is_way = key_result.kind in (KeyResultKind.INCREASE, KeyResultKind.DECREASE, KeyResultKind.RELATIVE)
    is_rate = "/" in key_result.unit.dimension
    is_count = adds_up(measure) or (_falls(key_result) and _tells_apart(measure))
    return is_way and is_count and not is_rate and key_result.baseline != 0 and getattr(measure, "over", None) is None


def _falls(key_result: KeyResult) -> bool:
    return key_result.kind is KeyResultKind.DECREASE or (key_result.relative_change or 0.0) < 0


def _tells_apart(measure: Measure) -> bool:
    """Whether a measure counts the different ones of what happened in its window."""
    match measure:
        case EventMeasure(per="", aggregation=Aggregation.DISTINCT):
            return True
        case CsvMeasure(divisor_column="", member_column="", aggregation=Aggregation.DISTINCT):
            return bool(measure.time_column)
    return False


def adds_up(measure: Measure) -> bool:
    """Whether a measure adds up what happened in its window, so that twice the time holds about twice as much."""
    match measure:
        case IncidentMeasure(quantity=IncidentQuantity.COUNT):
            return True
        case EventMeasure(per="", aggregation=Aggregation.COUNT | Aggregation.SUM):
            return True
        case CsvMeasure(divisor_column="", aggregation=Aggregation.COUNT | Aggregation.SUM):
            return bool(measure.time_column) and not measure.member_column
    return False


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
