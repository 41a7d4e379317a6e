"""Key results, as declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isclose

from okrbridge.domain.measures import Measure
from okrbridge.domain.units import Quantity, Unit
from okrbridge.domain.windows import Interval


class KeyResultKind(StrEnum):
    """How a value becomes progress."""

    INCREASE = "increase"
    DECREASE = "decrease"
    REACH = "reach"
    """From nothing to the target."""
    THRESHOLD = "threshold"
    """At least, or at most, a limit."""
    MAINTAIN = "maintain"
    """A limit held over time."""
    BAND = "band"
    """Between two limits."""
    RELATIVE = "relative"
    """A share of a frozen baseline more, or less."""
    SHARE = "share"
    """A share of a population."""
    COUNT_PER_PERIOD = "countPerPeriod"
    """So many in each period, from the declared baseline to the target."""
    ERROR_BUDGET = "errorBudget"
    BINARY = "binary"
    """Done or not."""
    MILESTONE = "milestone"
    """Done, with evidence."""
    ORDINAL = "ordinal"
    """One of the zones fail, commit, target, stretch."""
    COMPOSITE = "composite"
    """A weighted mean of parts."""
    BASELINE = "baseline"
    """A baseline is looked for; no progress, outside every roll-up."""
    HYPOTHESIS = "hypothesis"
    """An effect is looked for; ends validated, refuted or inconclusive."""


class Commitment(StrEnum):
    """What is expected of a key result: all of it, or about 0.7 of it."""

    COMMITTED = "committed"
    ASPIRATIONAL = "aspirational"


class IndicatorTiming(StrEnum):
    """Whether a metric tells what comes, tells what came, or stands for something else."""

    LEADING = "leading"
    LAGGING = "lagging"
    PROXY = "proxy"


class KeyResultState(StrEnum):
    """Whether a key result counts."""

    DRAFT = "draft"
    ACTIVE = "active"
    POSTPONED = "postponed"
    DROPPED = "dropped"
    CLOSED = "closed"

    @property
    def counts(self) -> bool:
        """Whether it takes part in its objective's progress and status."""
        return self is KeyResultState.ACTIVE


class Visibility(StrEnum):
    """Who may see title and value."""

    PUBLIC = "public"
    RESTRICTED = "restricted"


class RevisionReason(StrEnum):
    """Why a definition was changed while its cycle was running."""

    MEASUREMENT_ERROR = "measurement_error"
    SCOPE_CHANGE = "scope_change"
    BASELINE_SET = "baseline_set"
    TYPO = "typo"


class Operator(StrEnum):
    """How a limit is compared."""

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


@dataclass(frozen=True, slots=True)
class BaselineFromHistory:
    """A baseline that is measured once and then frozen: over so long a time before the key result starts."""

    over: timedelta


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a composite: another key result, by ``OBJECTIVE/NAME``, with its weight."""

    key_result: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """What is counted, what is left out, where it comes from, and what it does for the objective."""

    counted: str = ""
    excluded: str = ""
    source_note: str = ""
    contribution_note: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Which of the four are empty, as they are written in documents."""
        given = {
            "counted": self.counted,
            "excluded": self.excluded,
            "sourceNote": self.source_note,
            "contributionNote": self.contribution_note,
        }
        return tuple(key for key, text in given.items() if not text)


@dataclass(frozen=True, slots=True)
class Revision:
    """Why the definition stands as it does, when it was changed while the cycle was running."""

    reason: RevisionReason
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that a milestone was reached."""

    url: str
    reached_at: datetime


@dataclass(frozen=True)
class KeyResult:
    """A measurable outcome of an objective.

    Attributes:
        unit: the unit of ``baseline``, ``target``, ``critical`` and every reported value.
        baseline: where it starts; None for kinds without one, and while it waits to be frozen from history.
        baseline_from: the history a baseline is frozen from.
        target: where it should be; for an error budget the allowance, for a share the share to reach, for a
            hypothesis the smallest effect; None where there is none, and while a relative one waits for its baseline.
        stretch: beyond the target; seen, not required.
        relative_change: signed share of the baseline, for ``relative``, and for a band around a baseline.
        absolute_change: signed way from the baseline, in ``unit``, of an increase or decrease that is declared by it.
        low, high: limits of a band, both inside it.
        declared_baseline, declared_target: as written, for people and for explain.
        operator: for thresholds, maintain and members of a share.
        critical: how far beyond the target is at risk rather than off track.
        limit: for a share: what each member is compared with; None where members are 1 or 0.
        required_share: for maintain: share of the time that must be good.
        qualifying: for maintain: only this time counts; empty for all.
        per: for countPerPeriod: the period that the counts are of.
        too_early_share: for countPerPeriod: no status before so much of the period has passed.
        period: from its start, the cycle's unless declared later, to its due date.
        checkpoints: planned progress at instants inside the period.
        parts: of a composite.
        guards: key results, by ``OBJECTIVE/NAME``, that must hold as well.
        best_of: other key results by id; the best progress of all counts (either-or).
        done: of a binary or milestone that people set.
        zone: of an ordinal: fail, commit, target or stretch.
        min_samples: below it a measurement is insufficient.
        indicator: name of the standing metric it moves; empty for none.
        outcome: name of the indicator that should move when this does.
    """

    name: str
    title: str
    objective: str
    kind: KeyResultKind
    measure: Measure
    unit: Unit
    target: float | None
    period: Interval
    baseline: float | None = None
    baseline_from: BaselineFromHistory | None = None
    stretch: float | None = None
    relative_change: float | None = None
    absolute_change: float | None = None
    low: float | None = None
    high: float | None = None
    declared_baseline: Quantity | None = None
    declared_target: Quantity | None = None
    operator: Operator | None = None
    critical: float | None = None
    limit: float | None = None
    required_share: float = 1.0
    qualifying: tuple[Interval, ...] = ()
    per: str = ""
    too_early_share: float = 0.2
    weight: float = 1.0
    commitment: Commitment = Commitment.COMMITTED
    owner: str = ""
    checkpoints: tuple[tuple[datetime, float], ...] = ()
    parts: tuple[Part, ...] = ()
    guards: tuple[str, ...] = ()
    guard_required_share: float = 1.0
    best_of: tuple[str, ...] = ()
    done: bool | None = None
    evidence: Evidence | None = None
    zone: str = ""
    zones: tuple[tuple[str, str], ...] = ()
    min_samples: int = 0
    precision: int | None = None
    verb: str = ""
    metric_name: str = ""
    definition: MetricDefinition = MetricDefinition()
    timing: IndicatorTiming | None = None
    proxy_note: str = ""
    indicator: str = ""
    outcome: str = ""
    visibility: Visibility = Visibility.PUBLIC
    state: KeyResultState = KeyResultState.ACTIVE
    revision: Revision | None = None
    stakeholders: tuple[str, ...] = ()
    runbook: str = ""
    layer: str = ""

    @property
    def id(self) -> str:
        """Unique name: ``OBJECTIVE/NAME``."""
        return f"{self.objective}/{self.name}"

    @property
    def counts(self) -> bool:
        """Whether it takes part in its objective's progress and status."""
        return self.state.counts and self.kind not in (KeyResultKind.BASELINE, KeyResultKind.HYPOTHESIS)
