"""Service level indicators: what is counted, and where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from okrbridge.domain.error_budget import Number


class SliKind(StrEnum):
    """How an indicator's slices are made."""

    COUNTERS = "counters"
    """Exact increases of counters; ``total`` and ``good`` or ``bad`` are sums of plain selectors."""
    EXPRESSIONS = "expressions"
    """The values of expressions at the slice's end are the counts, as written: gauges, or what cannot be reduced."""
    RATIO = "ratio"
    """A ratio that was computed elsewhere; each slice weighs 1, so the indicator is weighted by time."""
    THRESHOLD = "threshold"
    """A value is compared with a limit; each slice is one good or one bad event."""
    SAMPLES = "samples"
    """A gauge of 0 and 1, as probes give; every sample in the slice is one event."""
    COMPOSITE = "composite"
    """Derived from other indicators when it is read; it has no slices of its own."""


class CompositeMode(StrEnum):
    """How the members of a composite make one error ratio."""

    WEIGHTED = "weighted"
    """The weighted mean of the members' error ratios."""
    WORST = "worst"
    """The highest of the members' error ratios."""
    ALL = "all"
    """A slice is good when every member keeps its own target in it."""


@dataclass(frozen=True)
class Member:
    """One part of a composite."""

    sli: Sli
    target_ratio: float
    weight: float = 1.0


@dataclass(frozen=True)
class Sli:
    """One question to one source, or a composite of such questions.

    Attributes:
        name: as declared; not unique, two SLOs may declare equal indicators under different names.
        source: name of the data source; empty for a composite.
        total: for COUNTERS and EXPRESSIONS all events; for RATIO, THRESHOLD and SAMPLES the one query.
        good, bad: for COUNTERS and EXPRESSIONS exactly one of them; for RATIO and SAMPLES the part that the query
            tells is marked by ``good == total`` or ``bad == total``; None otherwise.
        op, limit: for THRESHOLD: good when ``value op limit``; op is lt, lte, gt or gte.
        members, mode: for COMPOSITE.
        written: the queries as the user wrote them, where they differ from what is asked: (part, query) pairs.
        note: what the user should know of how it is counted; empty when there is nothing.
    """

    name: str
    source: str
    total: str
    good: str | None = None
    bad: str | None = None
    kind: SliKind = SliKind.COUNTERS
    op: str = ""
    limit: float = 0.0
    members: tuple[Member, ...] = ()
    mode: CompositeMode = CompositeMode.WEIGHTED
    written: tuple[tuple[str, str], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind in (SliKind.THRESHOLD, SliKind.COMPOSITE):
            return
        if (self.good is None) == (self.bad is None):
            raise ValueError(f"SLI {self.name!r} needs exactly one of good and bad")

    @cached_property
    def key(self) -> str:
        """Identity in the ledger: equal questions to one source share their counts, other questions never mix."""
        parts = [self.source, self.total, self.good or "", self.bad or ""]
        if self.kind is not SliKind.COUNTERS:
            parts += [self.kind, self.op, repr(self.limit), self.mode if self.members else ""]
            parts += [f"{member.sli.key} {member.target_ratio!r} {member.weight!r}" for member in self.members]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:20]

    @property
    def leaves(self) -> tuple[Sli, ...]:
        """The indicators that are counted: itself, or the members of a composite."""
        if self.kind is not SliKind.COMPOSITE:
            return (self,)
        return tuple({leaf.key: leaf for member in self.members for leaf in member.sli.leaves}.values())

    @property
    def part(self) -> str:
        """The query counted beside the total."""
        return self.good if self.good is not None else self.bad or ""

    def good_events(self, part: Number, total: Number) -> Number:
        """Good events, given the count of ``part`` and of ``total``: of one slice, or of several as arrays."""
        return part if self.good is not None else total - part
