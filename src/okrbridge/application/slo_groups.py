"""SLOs that are counted in the same manner, so that they are summed together."""

from __future__ import annotations

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
    """SLOs of one manner.

    Attributes:
        excluding: the maintenance that they leave out.
    """

    slos: tuple[Slo, ...]
    manner: Manner
    excluding: tuple[MaintenanceWindow, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The indicators that are counted, each once."""
        return tuple({key: None for members in self._members for key in members})

    @cached_property
    def places(self) -> IntArray:
        """Where the members of each SLO stand in ``keys``; shape (members, SLOs)."""
        place_of = {key: place for place, key in enumerate(self.keys)}
        return np.array([[place_of[key] for key in members] for members in self._members], dtype=np.int64).T

    @cached_property
    def targets(self) -> SliceTargets:
        """What tells the SLOs apart when their time slices are judged."""
        return SliceTargets.of(self.slos)

    @cached_property
    def judged_alike(self) -> tuple[object, ...]:
        """Equal for groups whose judged slices are the same."""
        return (self.manner.rule, self.manner.excluding, tuple((one.sli.key, one.time_slices) for one in self.slos))

    @cached_property
    def _members(self) -> Sequence[Sequence[str]]:
        return [[member.sli.key for member in slo.sli.members] or [slo.sli.key] for slo in self.slos]


@dataclass(frozen=True, eq=False)
class Asked(Generic[Question]):
    """SLOs of one manner about which the same is asked.

    Attributes:
        rows: their places in what was sorted.
    """

    question: Question
    rows: IntArray
    group: SloGroup


def sorted_by_manner(
    asked: Sequence[tuple[Slo, Question]],
    group_of: Callable[[Sequence[Slo]], SloGroup],
    manner_of: Callable[[Slo], Manner],
) -> list[Asked[Question]]:
    """Put together what can be summed together: one manner, one question."""
    together: dict[tuple[Question, Manner], list[int]] = defaultdict(list)
    for row, (slo, question) in enumerate(asked):
        together[question, manner_of(slo)].append(row)
    return [
        Asked(question, np.array(rows, dtype=np.int64), group_of([asked[row][0] for row in rows]))
        for (question, _), rows in together.items()
    ]
