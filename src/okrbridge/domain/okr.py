"""Cycles, objectives and key results, as declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isclose

from okrbridge.domain.units import PLAIN, RATIO, Quantity, Unit
from okrbridge.domain.windows import Interval, RollingWindow


@dataclass(frozen=True, slots=True)
class Cycle:
    """A time box of OKRs.

    Attributes:
        interval: start and end in UTC, half-open; the declared dates are midnights of ``timezone``.
        measure_until: measuring goes on until then, the cycle's end at the earliest.
    """

    name: str
    interval: Interval
    timezone: str
    cadence: str
    measure_until: datetime
    title: str = ""

    def elapsed_ratio(self, at: datetime) -> float:
        """Share of the cycle that has passed at an instant, 0..1."""
        return elapsed_ratio(self.interval, at)


def elapsed_ratio(interval: Interval, at: datetime) -> float:
    """Share of an interval that has passed at an instant, 0..1.

    Worked example: on 15 February 00:00, 45 of the 90 days from 1 January to 1 April have passed: 0.5.
    """
    if at <= interval.start:
        return 0.0
    return 1.0 if at >= interval.end else (at - interval.start) / interval.length


class KeyResultKind(StrEnum):
    """How a value becomes progress."""

    INCREASE = "increase"
    DECREASE = "decrease"
    THRESHOLD = "threshold"
    ERROR_BUDGET = "errorBudget"


class Commitment(StrEnum):
    """What is expected of a key result: all of it, or about 0.7 of it."""

    COMMITTED = "committed"
    ASPIRATIONAL = "aspirational"


class Operator(StrEnum):
    """How a threshold is compared."""

    GE = "ge"
    GT = "gt"
    LE = "le"
    LT = "lt"

    @property
    def wants_high(self) -> bool:
        """Whether larger values are better."""
        return self in (Operator.GE, Operator.GT)

    def holds(self, value: float, limit: float) -> bool:
        """Whether the value is on the good side of the limit; equality counts for ``ge`` and ``le``.

        Values that differ by float noise, as a conversion of units leaves it, are equal.
        """
        if isclose(value, limit, rel_tol=1e-12):
            return self in (Operator.GE, Operator.LE)
        return value > limit if self.wants_high else value < limit

    @property
    def sign(self) -> str:
        """The mathematical sign, for people."""
        return {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}[self.value]


class SloQuantity(StrEnum):
    """Which number of an SLO a key result follows."""

    SLI = "sli"
    """The SLI ratio over the measure's window."""
    BUDGET = "budget"
    """The share of the period's error budget that is consumed."""


@dataclass(frozen=True, slots=True)
class SloMeasure:
    """A key result measured by an SLO.

    Attributes:
        over: a rolling window; None means the key result's period to date, the only one a budget is counted over.
    """

    slo: str
    quantity: SloQuantity = SloQuantity.SLI
    over: RollingWindow | None = None
    unit: Unit = RATIO


@dataclass(frozen=True, slots=True)
class PromqlMeasure:
    """A key result measured by a PromQL expression with one result.

    Attributes:
        unit: unit of the expression's value.
    """

    query: str
    source: str
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class IncidentMeasure:
    """A key result measured by counting incidents; no intake feeds it yet, so it is never measured."""

    severities: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    unit: Unit = PLAIN


@dataclass(frozen=True, slots=True)
class NoMeasure:
    """A key result that nothing measures yet: it shows no data, and the instrumentation list names it."""

    unit: Unit = PLAIN


Measure = SloMeasure | PromqlMeasure | IncidentMeasure | NoMeasure


@dataclass(frozen=True)
class KeyResult:
    """A measurable outcome of an objective.

    Attributes:
        unit: the unit of ``baseline``, ``target``, ``critical`` and every reported value.
        baseline: where it starts; None for thresholds and error budgets.
        target: where it should be; for an error budget, the allowance.
        declared_baseline, declared_target: as written, for people and for explain.
        operator: for thresholds.
        critical: how far beyond the target is at risk rather than off track.
        period: from its start, the cycle's unless declared later, to its due date.
        checkpoints: planned progress at instants inside the period.
    """

    name: str
    title: str
    objective: str
    kind: KeyResultKind
    measure: Measure
    unit: Unit
    target: float
    period: Interval
    baseline: float | None = None
    declared_baseline: Quantity | None = None
    declared_target: Quantity | None = None
    operator: Operator | None = None
    critical: float | None = None
    weight: float = 1.0
    commitment: Commitment = Commitment.COMMITTED
    owner: str = ""
    checkpoints: tuple[tuple[datetime, float], ...] = ()

    @property
    def id(self) -> str:
        """Unique name: ``OBJECTIVE/NAME``."""
        return f"{self.objective}/{self.name}"


@dataclass(frozen=True)
class OkrObjective:
    """A qualitative goal of a cycle, with the key results that show it was reached."""

    name: str
    title: str
    cycle: str
    team: str
    owner: str
    key_results: tuple[KeyResult, ...]
    why: str = ""
    parent: str = ""
    weight: float = 1.0
    commitment: Commitment = Commitment.COMMITTED
