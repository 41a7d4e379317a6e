"""The SLIs of a request as sums of selectors: which selector counts for which SLI. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.domain.sli import Sli
from okrbridge.promql.terms import Term, parse_terms
from okrbridge.sources.prometheus.push_down.fusion import Fused, Summand, fuse

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layout:
    """The terms of several SLIs, those of one SLI behind each other.

    Attributes:
        slis: in the order of the request.
        summands: each selector once.
        owner: for each term, the index of its SLI.
        summand: for each term, the index of its selector.
        sign: for each term, 1 or -1.
        of_total: for each term, whether it is a part of the total; if not, of the good or bad events.
        faults: why an SLI cannot be counted, by index; it has no terms.
    """

    slis: tuple[Sli, ...]
    summands: tuple[Summand, ...]
    owner: IntArray
    summand: IntArray
    sign: FloatArray
    of_total: BoolArray
    faults: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def fused(self) -> Sequence[Fused]:
        """All selectors, fused."""
        return fuse(self.summands)

    def rows_of(self, summands: Iterable[Summand]) -> set[int]:
        """The indexes of the SLIs that any of these selectors counts for."""
        return {row for summand in summands for row in self._users[summand]}

    @cached_property
    def _users(self) -> Mapping[Summand, list[int]]:
        found: dict[Summand, list[int]] = {summand: [] for summand in self.summands}
        for owner, summand in zip(self.owner.tolist(), self.summand.tolist(), strict=True):
            found[self.summands[summand]].append(owner)
        return found

    @cached_property
    def first_terms(self) -> IntArray:
        """The first term of each selector; all its terms are counted alike."""
        return np.unique(self.summand, return_index=True)[1]

    def terms_of(self, rows: IntArray) -> IntArray:
        """The indexes of the terms of these SLIs."""
        return np.flatnonzero(np.isin(self.owner, rows))

    def events(self, counts: FloatArray, *, of_total: bool) -> FloatArray:
        """The events of each SLI, from the counts of each term: added or taken away."""
        return self._added(self.sign[:, None] * counts, of_total=of_total)

    def series(self, counts: FloatArray, *, of_total: bool) -> FloatArray:
        """How many series the terms of each SLI have together, from the number of each term."""
        return self._added(counts, of_total=of_total)

    def any_of_total(self, flags: BoolArray) -> BoolArray:
        """Whether any term of each SLI's total has a flag."""
        return self._any(flags, self.of_total)

    def any_of(self, flags: BoolArray) -> BoolArray:
        """Whether any term of each SLI has a flag."""
        return self._any(flags, np.ones_like(self.of_total))

    def _added(self, counts: FloatArray, *, of_total: bool) -> FloatArray:
        chosen = self.of_total == of_total
        added = np.zeros((len(self.slis), counts.shape[1]))
        np.add.at(added, self.owner[chosen], counts[chosen])
        return added

    def _any(self, flags: BoolArray, chosen: BoolArray) -> BoolArray:
        found = np.zeros((len(self.slis), flags.shape[1]), dtype=bool)
        np.logical_or.at(found, self.owner[chosen], flags[chosen])
        return found


def lay_out(slis: Sequence[Sli]) -> Layout:
    """Read the queries of SLIs; those that are no sums of plain selectors are faults."""
    summands: dict[Summand, int] = {}
    rows: list[tuple[int, int, int, bool]] = []
    faults: dict[int, str] = {}
    read: dict[str, tuple[Term, ...]] = {}
    for owner, sli in enumerate(slis):
        try:
            part, total = (read.setdefault(text, parse_terms(text)) for text in (sli.part, sli.total))
        except ValueError as error:
            faults[owner] = str(error)
            continue
        totals = tuple(dict.fromkeys(term.selector for term in total))
        for terms, of_total in ((part, False), (total, True)):
            for term in terms:
                place = summands.setdefault(Summand(term.selector, totals), len(summands))
                rows.append((owner, place, term.sign, of_total))
    owners, places, signs, of_totals = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Layout(
        tuple(slis),
        tuple(summands),
        np.array(owners, dtype=np.int64),
        np.array(places, dtype=np.int64),
        np.array(signs, dtype=np.float64),
        np.array(of_totals, dtype=bool),
        faults,
    )
