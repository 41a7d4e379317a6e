"""What is known of the scraped targets: which are up, and when their processes started. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import orjson

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.sources.prometheus.carry.increase import BoolArray
from okrbridge.sources.prometheus.carry.series import NAME_LABEL, Targets
from okrbridge.sources.prometheus.http.levels import Levels

UP, PROCESS_START = "up", "process_start_time_seconds"


@dataclass(frozen=True, slots=True, eq=False)
class UpMemory:
    """The last value of each ``up`` and the end of the slice it was seen in; -inf where never.

    Attributes:
        since: epoch seconds; what was seen before is not known.
    """

    value: FloatArray
    seen: FloatArray
    since: float

    @classmethod
    def empty(cls, since: float) -> UpMemory:
        """Nothing is known."""
        return cls(np.zeros(0), np.zeros(0), since)

    def grown(self, rows: int) -> UpMemory:
        """With room for series that were entered since."""
        more = rows - len(self.value)
        if not more:
            return self
        seen = np.concatenate([self.seen, np.full(more, -np.inf)])
        return UpMemory(np.concatenate([self.value, np.zeros(more)]), seen, self.since)

    def after(self, values: FloatArray, end: int) -> UpMemory:
        """With what a slice showed; NaN where it showed nothing."""
        live = ~np.isnan(values)
        return UpMemory(np.where(live, values, self.value), np.where(live, float(end), self.seen), self.since)

    def recalled(self, values: FloatArray, at: float) -> UpMemory:
        """With what was in view at an instant, of those that were not seen since."""
        older = ~np.isnan(values) & (self.seen < at)
        return UpMemory(np.where(older, values, self.value), np.where(older, at, self.seen), self.since)


@dataclass(frozen=True, slots=True, eq=False)
class TargetFacts:
    """What one slice tells of each target, by number.

    Attributes:
        start: when its only process started; NaN where none or several are told, or the clock is ahead.
        latest_start: the latest start that is told; NaN where none is.
        up_seen: until when it was known to be up before the slice; -inf where it was not.
        newcomer_seen: since when the ``up`` series in the slice that was absent the longest had been absent; +inf where
            there is no ``up`` in the slice.
    """

    start: FloatArray
    latest_start: FloatArray
    up_seen: FloatArray
    newcomer_seen: FloatArray


class FactReader:
    """Sorts the series of ``up`` and ``process_start_time_seconds`` by target."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._entries: dict[bytes, tuple[bool, int]] = {}
        self._up_targets: list[int] = []

    @property
    def up_rows(self) -> int:
        """How many series of ``up`` were ever seen."""
        return len(self._up_targets)

    def sorted(self, levels: Levels) -> tuple[FloatArray, tuple[IntArray, FloatArray]]:
        """The values of every known ``up``, and the targets and values of the process starts that are told."""
        entries = [self._entry(text) for text in levels.texts]
        columns = levels.values.shape[1]
        ups = np.full((self.up_rows, columns), np.nan)
        is_up = np.array([up for up, _ in entries], dtype=np.bool_)
        numbers = np.array([number for _, number in entries], dtype=np.int64)
        ups[numbers[is_up]] = levels.values[is_up]
        return ups, (numbers[~is_up], levels.values[~is_up])

    def facts(self, memory: UpMemory, ups: FloatArray, starts: tuple[IntArray, FloatArray], end: int) -> TargetFacts:
        """What a slice tells.

        Args:
            ups: value of each ``up`` in the slice; NaN where it has none.
            starts: targets and starts told in the slice.
        """
        count, targets = len(self._targets), self.up_targets
        numbers, told = starts
        usable = np.isfinite(told) & (told <= end)
        processes = np.bincount(numbers[~np.isnan(told)], minlength=count)
        latest = np.full(count, np.nan)
        np.fmax.at(latest, numbers[usable], told[usable])
        up_seen = np.full(count, -np.inf)
        was_up = memory.value == 1
        np.maximum.at(up_seen, targets[was_up], memory.seen[was_up])
        newcomer = np.full(count, np.inf)
        live = ~np.isnan(ups)
        np.minimum.at(newcomer, targets[live], memory.seen[live])
        return TargetFacts(np.where(processes == 1, latest, np.nan), latest, up_seen, newcomer)

    def forget(self, kept: BoolArray, targets: IntArray) -> None:
        """Keep only some ``up`` series, renumbered in order.

        Args:
            targets: the new number of each target; -1 where it is forgotten.
        """
        places, entries = np.cumsum(kept) - 1, self._entries
        self._entries = {}
        for text, (is_up, number) in entries.items():
            if is_up and kept[number]:
                self._entries[text] = (True, int(places[number]))
            elif not is_up and targets[number] >= 0:
                self._entries[text] = (False, int(targets[number]))
        self._up_targets = [int(targets[target]) for target, one in zip(self._up_targets, kept, strict=True) if one]

    @property
    def up_targets(self) -> IntArray:
        """The target of each ``up``."""
        return np.array(self._up_targets, dtype=np.int64)

    def _entry(self, text: bytes) -> tuple[bool, int]:
        if text not in self._entries:
            labels = orjson.loads(b"{" + text + b"}")
            is_up = labels.get(NAME_LABEL) == UP
            number = self._targets.number(labels)
            if is_up:
                self._up_targets.append(number)
            self._entries[text] = (is_up, len(self._up_targets) - 1 if is_up else number)
        return self._entries[text]
