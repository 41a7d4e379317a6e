"""The series of one set of reads: which row each has, and which target it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

import numpy as np
import orjson

from okrbridge.domain.ledger import IntArray
from okrbridge.sources.prometheus.carry.increase import BoolArray

NAME_LABEL = "__name__"


class Targets:
    """Numbers scraped targets, known by job and instance. Series without these labels share one."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self.names: list[tuple[str, str]] = []
        """Job and instance of each, by number."""

    def __len__(self) -> int:
        return len(self.names)

    def number(self, labels: Mapping[str, str]) -> int:
        """The target of a series."""
        name = (labels.get("job", ""), labels.get("instance", ""))
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]

    def forget(self, kept: BoolArray) -> IntArray:
        """Keep only some; returns the new number of each, -1 where it is forgotten."""
        self.names = list(compress(self.names, kept))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        return np.where(kept, np.cumsum(kept) - 1, -1)


class SeriesBook:
    """Gives every series a row, for good. Copies of a series, which differ only in replica labels, share one.

    Args:
        replica_labels: labels that tell copies apart.
    """

    def __init__(self, targets: Targets, replica_labels: Iterable[str] = ()) -> None:
        self._targets, self._dropped = targets, frozenset({NAME_LABEL, *replica_labels})
        self._rows: dict[tuple[int, bytes], int] = {}
        self._copies: dict[tuple[int, bytes], int] = {}
        self._last: dict[int, tuple[Sequence[bytes], IntArray]] = {}
        self.texts: list[bytes] = []
        """The labels of each row that tell it apart, as JSON without braces."""
        self.copy_rows: list[int] = []
        """The row of each copy; as many as rows when no series has copies."""
        self._groups: list[int] = []
        self._target_numbers: list[int] = []
        self._arrays: tuple[IntArray, IntArray] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._copy_array = np.zeros(0, np.int64)
        self.version = 0
        """Grows whenever rows are entered or forgotten."""

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def has_copies(self) -> bool:
        """Whether some series was seen more than once beside itself."""
        return len(self.copy_rows) > len(self.texts)

    @property
    def row_of_copies(self) -> IntArray:
        """The row of each copy."""
        if len(self._copy_array) != len(self.copy_rows):
            self._copy_array = np.array(self.copy_rows, dtype=np.int64)
        return self._copy_array

    @property
    def groups(self) -> IntArray:
        """The read that each row came with."""
        return self._columns()[0]

    @property
    def targets(self) -> IntArray:
        """The target of each row."""
        return self._columns()[1]

    def labels(self, row: int) -> dict[str, str]:
        """The labels of a row, without the metric's name."""
        found: dict[str, str] = orjson.loads(b"{" + self.texts[row] + b"}")
        return found

    def own_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Those of a series' labels that tell it apart, as ``labels`` gives them."""
        return {name: value for name, value in labels.items() if name not in self._dropped}

    def copies(self, group: int, texts: Sequence[bytes], *, once: bool = False) -> IntArray:
        """The copy that each label text stands for; new ones are entered.

        Args:
            once: the same texts are not expected again soon.
        """
        known = self._last.get(group)
        if known is not None and known[0] == texts:
            return known[1]
        found = [self._copies.get((group, text), -1) for text in texts]
        if -1 in found:
            found = [self._entered(group, text) if copy < 0 else copy for copy, text in zip(found, texts, strict=True)]
        numbers = np.array(found, dtype=np.int64)
        if not once:
            self._last[group] = (texts, numbers)
        return numbers

    def row(self, group: int, labels: Mapping[str, str]) -> int:
        """The row of the series with these labels; -1 for one that was never entered."""
        copy = self.copy(group, labels)
        return -1 if copy < 0 else self.copy_rows[copy]

    def copy(self, group: int, labels: Mapping[str, str]) -> int:
        """The copy of the series with these labels; -1 for one that was never entered."""
        return self._copies.get((group, _text(labels, frozenset({NAME_LABEL}))), -1)

    def forget(self, kept: BoolArray, targets: IntArray) -> BoolArray:
        """Keep only some rows, in order; returns which copies are kept.

        Args:
            targets: the new number of each target.
        """
        kept_copies = kept[self.row_of_copies]
        rows, copies = (np.cumsum(kept) - 1).tolist(), (np.cumsum(kept_copies) - 1).tolist()
        self._rows = {key: rows[row] for key, row in self._rows.items() if kept[row]}
        self._copies = {key: copies[copy] for key, copy in self._copies.items() if kept_copies[copy]}
        self.copy_rows = [rows[row] for row in compress(self.copy_rows, kept_copies)]
        self.texts = list(compress(self.texts, kept))
        self._groups = list(compress(self._groups, kept))
        self._target_numbers = [int(targets[target]) for target in compress(self._target_numbers, kept)]
        self._last.clear()
        self._arrays, self._copy_array = (np.zeros(0, np.int64), np.zeros(0, np.int64)), np.zeros(0, np.int64)
        self.version += 1
        return kept_copies

    def _entered(self, group: int, text: bytes) -> int:
        labels: dict[str, str] = orjson.loads(b"{" + text + b"}")
        bare = _text(labels, frozenset({NAME_LABEL}))
        if (group, bare) not in self._copies:
            self._copies[group, bare] = len(self.copy_rows)
            self.copy_rows.append(self._row(group, labels))
        self._copies[group, text] = self._copies[group, bare]
        return self._copies[group, text]

    def _row(self, group: int, labels: Mapping[str, str]) -> int:
        identity = _text(labels, self._dropped)
        if (group, identity) not in self._rows:
            self._rows[group, identity] = len(self.texts)
            self.version += 1
            self.texts.append(identity)
            self._groups.append(group)
            self._target_numbers.append(self._targets.number(labels))
        return self._rows[group, identity]

    def _columns(self) -> tuple[IntArray, IntArray]:
        if len(self._arrays[0]) != len(self.texts):
            self._arrays = np.array(self._groups, dtype=np.int64), np.array(self._target_numbers, dtype=np.int64)
        return self._arrays


def _text(labels: Mapping[str, str], without: frozenset[str]) -> bytes:
    kept = {name: value for name, value in labels.items() if name not in without}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)[1:-1]
