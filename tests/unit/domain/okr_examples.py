"""Key results, cycles and objectives for the tests of this folder, with the defaults that most of them share."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.domain.units import finer, parse_quantity
from okrbridge.domain.windows import Interval

START = datetime(2026, 1, 1, tzinfo=UTC)
DUE = datetime(2026, 4, 1, tzinfo=UTC)
HALF_WAY = datetime(2026, 2, 15, tzinfo=UTC)  # 45 of 90 days
PERIOD = Interval(START, DUE)
Known = TypeVar("Known")
MEASURE = PromqlMeasure(query="up", source="prometheus")


def week(number: float, of_cycle: datetime = START) -> datetime:
    """The instant so many weeks into the cycle."""
    return of_cycle + timedelta(weeks=number)


def known(value: Known | None) -> Known:
    """A value that must be there."""
    assert value is not None
    return value


def progress_at(declared: KeyResult, value: float | None, compliance: float | None = None) -> Progress:
    """Progress of a key result that has some."""
    return known(progress_of(declared, known(value), compliance))


def key_result(**changes: Any) -> KeyResult:
    """An increasing key result from 0 to 100, changed as wanted."""
    fields: dict[str, Any] = {
        "name": "signups",
        "title": "Signups",
        "objective": "grow",
        "kind": KeyResultKind.INCREASE,
        "measure": MEASURE,
        "unit": parse_quantity("1").unit,
        "baseline": 0.0,
        "target": 100.0,
        "period": PERIOD,
    }
    return KeyResult(**fields | changes)


def from_to(baseline: str, target: str, **changes: Any) -> KeyResult:
    """An increasing or decreasing key result as people write it, in the finer of the two units."""
    start, end = parse_quantity(baseline), parse_quantity(target)
    unit = finer(start.unit, end.unit)
    kind = KeyResultKind.INCREASE if end.to(unit) > start.to(unit) else KeyResultKind.DECREASE
    return key_result(kind=kind, unit=unit, baseline=start.to(unit), target=end.to(unit), **changes)


def threshold(operator: Operator, target: float, **changes: Any) -> KeyResult:
    """A threshold without a start value."""
    return key_result(kind=KeyResultKind.THRESHOLD, operator=operator, baseline=None, target=target, **changes)


def error_budget(allowance: float, **changes: Any) -> KeyResult:
    """An error-budget key result."""
    return key_result(kind=KeyResultKind.ERROR_BUDGET, baseline=None, target=allowance, **changes)


def definitions(*key_results: KeyResult, measure_until: datetime = DUE, **changes: Any) -> DefinitionSet:
    """One cycle with one objective that holds the key results."""
    cycle = Cycle("2026-q1", PERIOD, "UTC", "weekly", measure_until)
    objective = OkrObjective("grow", "Grow", cycle.name, "backend", "maria", key_results)
    return DefinitionSet(cycles=(cycle,), objectives=(objective,), **changes)
