"""Objectives, teams, indicators and initiatives, as declared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from okrbridge.domain.key_results import Commitment, KeyResult, KeyResultState, Visibility
from okrbridge.domain.measures import Measure
from okrbridge.domain.units import Unit


class RollUpMode(StrEnum):
    """How key results, and children, become the objective's progress."""

    WEIGHTED_MEAN = "weightedMean"
    WORST = "worst"
    MANUAL = "manual"


class Alignment(StrEnum):
    """What an objective does for its parent."""

    CONTRIBUTES = "contributes"
    """Its progress is part of the parent's."""
    SUPPORTS = "supports"
    """It helps; the parent's progress does not depend on it."""


@dataclass(frozen=True)
class OkrObjective:
    """A qualitative goal of a cycle, with the key results that show that it was reached.

    Attributes:
        parent: name of the objective it is aligned with; empty for none.
        parent_key_result: ``OBJECTIVE/NAME`` of the key result it is aligned with; empty for none.
        manual_progress: with roll-up ``manual``: what people say, 0..1.
        customer_facing: whether it promises something to customers.
        serves: how it serves the North Star.
    """

    name: str
    title: str
    cycle: str
    team: str
    owner: str
    key_results: tuple[KeyResult, ...]
    why: str = ""
    parent: str = ""
    parent_key_result: str = ""
    alignment: Alignment = Alignment.CONTRIBUTES
    weight: float = 1.0
    commitment: Commitment = Commitment.COMMITTED
    state: KeyResultState = KeyResultState.ACTIVE
    rollup: RollUpMode = RollUpMode.WEIGHTED_MEAN
    manual_progress: float | None = None
    customer_facing: bool = False
    visibility: Visibility = Visibility.PUBLIC
    serves: str = ""
    co_owners: tuple[str, ...] = ()
    layer: str = ""

    @property
    def above(self) -> str:
        """Name of the objective it is aligned with, itself or by one of its key results; empty for none."""
        return self.parent or self.parent_key_result.partition("/")[0]


class TeamLevel(StrEnum):
    """Where a team stands."""

    ORGANIZATION = "organization"
    DIVISION = "division"
    TEAM = "team"
    INDIVIDUAL = "individual"


@dataclass(frozen=True, slots=True)
class Team:
    """Who sets objectives.

    Attributes:
        champion: the local point of contact for OKRs; empty for none.
        visibility: of objectives that do not say their own.
    """

    name: str
    title: str = ""
    level: TeamLevel = TeamLevel.TEAM
    parent: str = ""
    champion: str = ""
    lead: str = ""
    sponsor: str = ""
    okr_lead: str = ""
    members: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC


INDICATOR_WINDOW = timedelta(days=30)
"""What an indicator speaks of when its measure does not say so: it has no period that it could be counted from."""


@dataclass(frozen=True)
class Indicator:
    """A standing metric (KPI) without an end; key results move it for a time.

    Attributes:
        low, high: the healthy range, in ``unit``; None where it is open.
        is_north_star: whether every objective should say how it serves it.
        tolerance_ratio: two sources of this metric may differ by so much of the value.
        also: other measures of the same metric, to compare with.
    """

    name: str
    title: str
    measure: Measure
    unit: Unit
    owner: str = ""
    low: float | None = None
    high: float | None = None
    is_north_star: bool = False
    also: tuple[Measure, ...] = ()
    tolerance_ratio: float = 0.0

    @property
    def id(self) -> str:
        """The name under which its measurements are kept; no key result's id has a colon."""
        return f"indicator:{self.name}"


class InitiativeState(StrEnum):
    """Where work stands; never progress."""

    PLANNED = "planned"
    ACTIVE = "active"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Initiative:
    """Work that should move key results; it may change at any time without changing them."""

    name: str
    title: str
    key_results: tuple[str, ...]
    url: str = ""
    owner: str = ""
    state: InitiativeState = InitiativeState.PLANNED
    stopped_reason: str = ""
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetrospectiveAction:
    """What is to be done after a retrospective."""

    title: str
    owner: str = ""
    due: datetime | None = None
    done: bool = False
    carried_to: str = ""


@dataclass(frozen=True, slots=True)
class Retrospective:
    """What a team learnt in a cycle."""

    name: str
    cycle: str
    team: str
    learnings: tuple[str, ...] = ()
    actions: tuple[RetrospectiveAction, ...] = ()
