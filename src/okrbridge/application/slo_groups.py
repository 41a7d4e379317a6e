"""SLOs that are counted in the same manner, so that they are summed together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.sli import CompositeMode, SliKind
from okrbridge.domain.slo import Budgeting, NoDataPolicy, Slo
from okrbridge.domain.time_slices import SliceRule, SliceTargets

Question = TypeVar("Question")


@dataclass(frozen=True, slots=True)
class Manner:
    """How the windows of an SLO are counted.

    Attributes:
        excluding: names of the maintenance windows whose time is left out.
        no_data: what unmeasured time counts as.
        members: how many indicators are counted; 1 for an indicator that is no composite.
        mode: how they are put together; None for an indicator that is no composite.
        rule: how time slices are judged before they are summed; None where events are summed.
    """

    excluding: tuple[str, ...]
    no_data: NoDataPolicy
    members: int
    mode: CompositeMode | None
    rule: SliceRule | None

    @classmethod
    def of(cls, slo: Slo, excluding: Iterable[MaintenanceWindow], step_seconds: int) -> Manner:
        """The manner of an SLO on a grid, given the maintenance that it leaves out."""
        mode = slo.sli.mode if slo.sli.kind is SliKind.COMPOSITE else None
        is_judged = slo.budgeting is not Budgeting.OCCURRENCES or mode is CompositeMode.ALL
        rule = SliceRule.of(slo, step_seconds) if is_judged else None
        names = tuple(window.name for window in excluding)
        return cls(names, slo.no_data, len(slo.sli.members) or 1, mode, rule)

    @property
    def is_plain(self) -> bool:
        """Whether the ledger's own sums are the counts."""
        return self == Manner((), NoDataPolicy.UNKNOWN, 1, None, None)


@dataclass(frozen=True, eq=False)
class SloGroup:
    """SLOs of one manner."""

    slos: tuple[Slo, ...]
    manner: Manner

    @cached_property
    def members(self) -> Sequence[Sequence[str]]:
        """Keys of the indicators that are counted, by SLO."""
        return [[member.sli.key for member in slo.sli.members] or [slo.sli.key] for slo in self.slos]

    @cached_property
    def targets(self) -> SliceTargets:
        """What tells the SLOs apart when their time slices are judged."""
        return SliceTargets.of(self.slos)

    @cached_property
    def judged_alike(self) -> tuple[object, ...]:
        """Equal for groups whose judged slices are the same."""
        return (self.manner.rule, self.manner.excluding, tuple((one.sli.key, one.time_slices) for one in self.slos))


@dataclass(frozen=True, eq=False)
class SloBatch:
    """Groups whose indicators are read from the ledger together, because they leave out the same time.

    Attributes:
        excluding: the maintenance that they leave out.
    """

    groups: tuple[SloGroup, ...]
    excluding: tuple[MaintenanceWindow, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The indicators that are counted, each once."""
        return tuple({key: None for group in self.groups for members in group.members for key in members})

    @cached_property
    def places(self) -> tuple[IntArray, ...]:
        """Where the members of each SLO stand in ``keys``, by group; shape (members, SLOs)."""
        place_of = {key: place for place, key in enumerate(self.keys)}
        return tuple(
            np.array([[place_of[key] for key in members] for members in group.members], dtype=np.int64).T
            for group in self.groups
        )

    @property
    def block_seconds(self) -> int:
        """Length of the blocks in which the judged slices of its groups can be kept."""
        return math.lcm(*(group.manner.rule.block_seconds for group in self.groups if group.manner.rule))

    @cached_property
    def judged(self) -> tuple[SloBatch, ...]:
        """The groups whose time slices are judged, those with one length of a block together."""
        together: dict[int, list[SloGroup]] = defaultdict(list)
        for group in self.groups:
            if group.manner.rule:
                together[group.manner.rule.block_seconds].append(group)
        return tuple(SloBatch(tuple(groups), self.excluding) for groups in together.values())


@dataclass(frozen=True, eq=False)
class Asked(Generic[Question]):
    """SLOs about which the same is asked, and which can be answered for together.

    Attributes:
        rows: the places of each group's SLOs in what was sorted.
    """

    question: Question
    batch: SloBatch
    rows: tuple[IntArray, ...]


def put_together(
    asked: Sequence[tuple[Slo, Question]],
    excluding: Callable[[Slo], tuple[MaintenanceWindow, ...]],
    step_seconds: int,
) -> list[Asked[Question]]:
    """Put together what can be summed together.

    Args:
        asked: SLOs, each with a question.
        excluding: the maintenance that an SLO leaves out.
        step_seconds: of the grid.
    """
    together: dict[tuple[Question, tuple[str, ...]], dict[Manner, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, (slo, question) in enumerate(asked):
        manner = Manner.of(slo, excluding(slo), step_seconds)
        together[question, manner.excluding][manner].append(row)
    answers = []
    for (question, _), by_manner in together.items():
        groups = [SloGroup(tuple(asked[row][0] for row in rows), manner) for manner, rows in by_manner.items()]
        batch = SloBatch(tuple(groups), excluding(groups[0].slos[0]))
        answers.append(Asked(question, batch, tuple(np.array(rows, dtype=np.int64) for rows in by_manner.values())))
    return answers
