"""Which series each selector takes in. Worked out once for every series, by the equal labels first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from okrbridge.domain.ledger import IntArray
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.increase import BoolArray
from okrbridge.sources.prometheus.carry.series import SeriesBook

_Index = dict[tuple[str, ...], dict[tuple[str, ...], list[int]]]


class Members:
    """Pairs of selectors and rows, kept up with the book of series."""

    def __init__(self, book: SeriesBook) -> None:
        self._book = book
        self._numbers: dict[tuple[int, Selector], int] = {}
        self._selectors: list[Selector] = []
        self._indexes: dict[int, _Index] = {}
        self._matched = 0
        self._pairs: list[tuple[IntArray, IntArray]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]

    def number(self, group: int, selector: Selector) -> int:
        """The number of a selector on the series of a read; entered when it is new."""
        key = (group, selector)
        if key not in self._numbers:
            number = self._numbers[key] = len(self._selectors)
            self._selectors.append(selector)
            index = self._indexes.setdefault(group, {})
            _enter(index, selector, number)
            if self._matched:
                alone: _Index = {}
                _enter(alone, selector, number)
                rows = np.flatnonzero(self._book.groups[: self._matched] == group)
                self._add(self._matches(rows.tolist(), {group: alone}))
        return self._numbers[key]

    def pairs(self) -> tuple[IntArray, IntArray]:
        """Selector numbers and rows, a pair for each series that a selector takes in, in no certain order."""
        if self._matched < len(self._book):
            rows = range(self._matched, len(self._book))
            self._matched = len(self._book)
            self._add(self._matches(rows, self._indexes))
        if len(self._pairs) > 1:
            self._pairs = [
                (np.concatenate([one[0] for one in self._pairs]), np.concatenate([one[1] for one in self._pairs]))
            ]
        return self._pairs[0]

    def forget(self, kept: BoolArray) -> None:
        """Keep only some rows; call it before the book forgets the others."""
        selectors, rows = self.pairs()
        chosen = kept[rows]
        self._pairs = [(selectors[chosen], (np.cumsum(kept) - 1)[rows[chosen]])]
        self._matched = int(kept.sum())

    def _add(self, found: Iterable[tuple[int, int]]) -> None:
        both = np.array(list(found), dtype=np.int64).reshape(-1, 2)
        self._pairs.append((both[:, 0], both[:, 1]))

    def _matches(self, rows: Iterable[int], indexes: Mapping[int, _Index]) -> Iterator[tuple[int, int]]:
        groups = self._book.groups
        for row in rows:
            labels = self._book.labels(row)
            for names, by_values in indexes.get(int(groups[row]), {}).items():
                for number in by_values.get(tuple(labels.get(name, "") for name in names), ()):
                    selector = self._selectors[number]
                    if len(selector.matchers) == len(names) or selector.matches(labels):
                        yield number, row


def _enter(index: _Index, selector: Selector, number: int) -> None:
    names = tuple(sorted(selector.equalities))
    by_values = index.setdefault(names, defaultdict(list))
    by_values[tuple(selector.equalities[name] for name in names)].append(number)
