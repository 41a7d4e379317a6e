"""Shares of a population: how many members are good, who is missing, and how bad the worst is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from okrbridge.domain.key_results import Operator


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a population and its value."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a population is good.

    Attributes:
        good, total: numbers of members; those pending are in neither.
        ratio: good over total; None for an empty population.
        missing: names of the members that are not good, ascending.
        pending: names of the members that cannot be judged yet, ascending.
        worst: the member furthest on the bad side; None for an empty population.
    """

    good: int
    total: int
    ratio: float | None
    missing: tuple[str, ...]
    pending: tuple[str, ...]
    worst: Member | None


def share_of(
    members: Mapping[str, float | None], operator: Operator | None = None, limit: float | None = None
) -> Share:
    """Share of the members that are good (formula A1 for a share).

    Worked example: incidents restored after 9, 14 and 22 minutes, under 15: 2 of 3, ratio 0.6667, the worst at 22.

    Args:
        members: value by name; None for one that cannot be judged yet, such as a postmortem not yet due.
        operator, limit: what each member's value is compared with, in the unit of the values; without a limit a member
            is good when its value is at least 1.
    """
    operator = operator or Operator.GE
    limit = 1.0 if limit is None else limit
    judged = {name: value for name, value in members.items() if value is not None}
    missing = sorted(name for name, value in judged.items() if not operator.holds(value, limit))
    good, total = len(judged) - len(missing), len(judged)
    return Share(
        good=good,
        total=total,
        ratio=good / total if total else None,
        missing=tuple(missing),
        pending=tuple(sorted(set(members) - set(judged))),
        worst=_worst(judged, operator),
    )


def _worst(judged: Mapping[str, float], operator: Operator) -> Member | None:
    """The member furthest on the bad side; of several equal ones the first by name."""
    sign = 1 if operator.wants_high else -1
    found = min(judged.items(), key=lambda item: (sign * item[1], item[0]), default=None)
    return None if found is None else Member(*found)
