"""Which questions read the series of many SLIs: one for each metric, as narrow as its selectors allow. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.promql.terms import Term, parse_terms

PART, TOTAL = 0, 1
_MOST_REMEMBERED = 200_000
_MOST_VALUES, _LONGEST_PATTERN = 1000, 64_000
"""Servers look literal alternatives up in their index; beyond some number a scan of the metric is cheaper."""


class Texts:
    """Reads the sums of selectors in SLIs, each text once."""

    def __init__(self) -> None:
        self._terms: dict[str, tuple[Term, ...]] = {}

    def terms(self, text: str) -> tuple[Term, ...]:
        """The terms of a sum.

        Raises:
            ValueError: it is no sum of plain selectors.
        """
        if text not in self._terms:
            if len(self._terms) >= _MOST_REMEMBERED:
                self._terms.clear()
            self._terms[text] = parse_terms(text)
        return self._terms[text]


@dataclass(frozen=True, eq=False)
class Layout:
    """The selectors of some SLIs, and the reads that hold their series.

    Attributes:
        slis: a row each.
        reads: one selector for each metric, that takes in all that is selected of it.
        selectors: of each term.
        rows, parts, signs, groups: of each term: its SLI's row, PART or TOTAL, 1 or -1, the index of its read.
        faults: what is wrong with an SLI, by row; it has no terms.
    """

    slis: tuple[Sli, ...]
    reads: tuple[Selector, ...]
    selectors: tuple[Selector, ...]
    rows: IntArray
    parts: IntArray
    signs: IntArray
    groups: IntArray
    faults: Mapping[int, str] = field(default_factory=dict)

    def touched(self, group: int) -> Sequence[int]:
        """The SLIs that need a read."""
        return [int(row) for row in np.unique(self.rows[self.groups == group])]


def layout(slis: tuple[Sli, ...], texts: Texts) -> Layout:
    """Lay out the terms of some SLIs; those that do not count counters have none."""
    terms: list[tuple[int, int, Term]] = []
    faults: dict[int, str] = {}
    for row, sli in enumerate(slis):
        if sli.kind is not SliKind.COUNTERS:
            continue
        try:
            found = [(PART, term) for term in texts.terms(sli.part)] + [
                (TOTAL, term) for term in texts.terms(sli.total)
            ]
        except ValueError as error:
            faults[row] = str(error)
            continue
        terms += [(row, part, term) for part, term in found]
    selectors = tuple(term.selector for _, _, term in terms)
    reads = common_reads(selectors)
    places = {read.metric: place for place, read in enumerate(reads)}
    columns = np.array(
        [(row, part, term.sign, places[term.selector.metric]) for row, part, term in terms], dtype=np.int64
    ).reshape(-1, 4)
    rows, parts, signs, groups = columns.T
    return Layout(slis, reads, selectors, rows, parts, signs, groups, faults)


def takes_in(read: Selector, selector: Selector) -> bool:
    """Whether a read surely gives every series of a selector: each of its conditions follows from the selector's."""
    if read.metric != selector.metric:
        return False
    own, values = set(selector.matchers), selector.equalities
    return all(one in own or (one.label in values and one.accepts(values[one.label])) for one in read.matchers)


def common_reads(selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """For each metric one selector that takes in all of them, and little else."""
    by_metric: dict[str, dict[Selector, None]] = defaultdict(dict)
    for selector in selectors:
        by_metric[selector.metric][selector] = None
    return tuple(_common(metric, list(by_metric[metric])) for metric in sorted(by_metric))


def _common(metric: str, selectors: Sequence[Selector]) -> Selector:
    """The matchers that all have; and for labels that all fix, the set of values, where it is small."""
    shared = set(selectors[0].matchers).intersection(*(set(one.matchers) for one in selectors[1:]))
    fixed = set(selectors[0].equalities).intersection(*(one.equalities for one in selectors[1:]))
    sets = [_value_set(label, {one.equalities[label] for one in selectors}) for label in sorted(fixed)]
    return Selector(metric, tuple(sorted({*shared, *filter(None, sets)})))


def _value_set(label: str, values: set[str]) -> Matcher | None:
    if not 1 < len(values) <= _MOST_VALUES:
        return None
    pattern = "|".join(re.escape(value) for value in sorted(values))
    return Matcher(label, "=~", pattern) if len(pattern) <= _LONGEST_PATTERN else None
