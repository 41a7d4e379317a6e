"""What a storage object remembers of its ledger between transactions: numbers of SLIs, decoded blocks, sums.

A cache is true for one state of the database, named by the number of the transaction that wrote last. Readers at that
state share it. A transaction that writes works on a fork, which takes the cache's place when it is committed and is
dropped when it is not. Arrays are never changed once they are in a cache, so a fork costs a few dictionaries.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.storage.blocks import BLOCK_SLOTS, HourBlock
from okrbridge.storage.ledger_rows import LedgerRows, LedgerState, RegisteredSli
from okrbridge.storage.packing import Numbers
from okrbridge.storage.tables import SECONDS_PER_HOUR

Blocks = npt.NDArray[np.bool_]
"""Which blocks something is true for."""

_Element = TypeVar("_Element", bound=np.generic)

SECONDS_PER_DAY = 86400

_NOTHING: IntArray = np.zeros(0, dtype=np.int64)
_NOTHING_ASKED: tuple[dict[str, int], tuple[str, ...], IntArray, IntArray] = ({}, (), _NOTHING, _NOTHING)

_CHANGES_AT_MOST = 50_000
_BLOCK_BYTES_AT_MOST = 64 * 2**20
_DAY_BYTES_AT_MOST = 32 * 2**20
_RANGE_BYTES_AT_MOST = 16 * 2**20
_RANGES_AT_MOST = 200


@dataclass(frozen=True, slots=True, eq=False)
class DaySums:
    """Sums over one day, a row a block.

    Attributes:
        known: which blocks have been summed; the others hold zeros.
        whole: which blocks hold whole numbers only.
        counts: good and total events; shape (2, blocks, 256).
        slices: by origin, slices answered for and measured; shape (2, blocks, 256).
    """

    known: Blocks
    whole: Blocks
    counts: FloatArray
    slices: dict[str, Numbers]

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self.counts.nbytes + sum(array.nbytes for array in self.slices.values())


@dataclass(frozen=True, slots=True, eq=False)
class RangeSums:
    """Good, total, measured and answered over a range of whole hours; shape (4, blocks, 256)."""

    known: Blocks
    whole: Blocks
    values: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LastEnds:
    """End of the last measured slice before an hour, by block and slot; -1 for none."""

    hour: int
    known: Blocks
    ends: npt.NDArray[np.int64]


@dataclass(slots=True)
class LedgerCache:
    """True for one state of the ledger. Whoever uses it holds its lock."""

    state: LedgerState = field(default_factory=LedgerState)
    numbers: dict[str, int] = field(default_factory=dict)
    """By SLI key."""
    steps: frozenset[int] = frozenset()
    """Every length of slices that an SLI is counted in, in seconds."""
    highest: int = 0
    """The highest number of an SLI."""
    blocks: dict[tuple[int, int], dict[str, HourBlock]] = field(default_factory=dict)
    """By hour and block, what each origin counted."""
    days: dict[int, DaySums] = field(default_factory=dict)
    ranges: dict[tuple[int, int], RangeSums] = field(default_factory=dict)
    last_ends: dict[str | None, LastEnds] = field(default_factory=dict)
    block_bytes: int = 0
    asked: tuple[dict[str, int], tuple[str, ...], IntArray, IntArray] = field(default_factory=lambda: _NOTHING_ASKED)
    """The keys that were asked about last, with what ``numbers`` was then: their numbers, and which are known."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def forked(self) -> LedgerCache:
        """A cache that can go another way."""
        with self.lock:
            return replace(
                self,
                blocks=dict(self.blocks),
                days=dict(self.days),
                ranges=dict(self.ranges),
                last_ends=dict(self.last_ends),
                lock=threading.RLock(),
            )

    def keep_block(self, hour: int, block: int, held: dict[str, HourBlock]) -> None:
        """Remember the slices of a block's hour; the ones used longest ago go when there is too much."""
        self.drop_block(hour, block)
        self.blocks[hour, block] = held
        self.block_bytes += sum(one.nbytes for one in held.values())
        while self.block_bytes > _BLOCK_BYTES_AT_MOST and len(self.blocks) > 1:
            self.drop_block(*next(iter(self.blocks)))

    def drop_block(self, hour: int, block: int) -> None:
        """Forget the slices of a block's hour."""
        held = self.blocks.pop((hour, block), None)
        if held is not None:
            self.block_bytes -= sum(one.nbytes for one in held.values())

    def used_block(self, hour: int, block: int) -> dict[str, HourBlock] | None:
        """The slices of a block's hour, if remembered, now used last."""
        held = self.blocks.pop((hour, block), None)
        if held is not None:
            self.blocks[hour, block] = held
        return held

    def keep_day(self, day: int, sums: DaySums) -> None:
        """Remember a day; the oldest days go when there is too much."""
        self.days[day] = sums
        while sum(one.nbytes for one in self.days.values()) > _DAY_BYTES_AT_MOST and len(self.days) > 1:
            del self.days[min(self.days)]

    def keep_range(self, start: int, end: int, sums: RangeSums) -> None:
        """Remember a range; the one made longest ago goes when there are too many."""
        self.ranges.pop((start, end), None)
        self.ranges[start, end] = sums
        at_most = min(_RANGES_AT_MOST, max(1, _RANGE_BYTES_AT_MOST // sums.values.nbytes))
        while len(self.ranges) > at_most:
            del self.ranges[next(iter(self.ranges))]

    def changed(self, written: Iterable[tuple[int, int]]) -> None:
        """Forget the sums that hold hours which were written anew, given as (block, hour)."""
        by_hour: dict[int, set[int]] = {}
        for block, hour in written:
            by_hour.setdefault(hour, set()).add(block)
        for hour, blocks in by_hour.items():
            self._sums_changed(hour, sorted(blocks))

    def _sums_changed(self, hour: int, blocks: list[int]) -> None:
        day = hour - hour % SECONDS_PER_DAY
        if day in self.days:
            self.days[day] = replace(self.days[day], known=without(self.days[day].known, blocks))
        for (start, end), sums in self.ranges.items():
            if start <= hour < end:
                self.ranges[start, end] = replace(sums, known=without(sums.known, blocks))
        for origin, ends in self.last_ends.items():
            if hour < ends.hour:
                self.last_ends[origin] = replace(ends, known=without(ends.known, blocks))

    def expired(self, state: LedgerState) -> None:
        """Forget what is no longer held."""
        for hour, block in [place for place in self.blocks if place[0] < state.slices_from]:
            self.drop_block(hour, block)
        for day in [day for day in self.days if day < state.hours_from]:
            del self.days[day]
        for place in [place for place in self.ranges if place[0] < state.hours_from]:
            del self.ranges[place]
        self.last_ends.clear()

    def caught_up(self, rows: LedgerRows, state: LedgerState) -> LedgerCache:
        """A cache for a newer state of the ledger, which forgets what others wrote since."""
        if self.state.written == 0:
            return LedgerCache.fresh(rows, state)
        changes = rows.changed_since(self.state.written, _CHANGES_AT_MOST)
        if changes is None:
            return LedgerCache.fresh(rows, state)
        newer = self.forked()
        newer.changed(changes)
        for block, hour in changes:
            newer.drop_block(hour, block)
        if state.expired > self.state.expired:
            newer.expired(state)
        newer.state = state
        newer.load_numbers(rows)
        return newer

    @classmethod
    def fresh(cls, rows: LedgerRows, state: LedgerState) -> LedgerCache:
        """Nothing but the SLIs is known."""
        cache = cls(state)
        cache.load_numbers(rows)
        return cache

    def load_numbers(self, rows: LedgerRows) -> None:
        """Learn of SLIs that were registered since."""
        self.learn(rows.slis_from(self.highest + 1))

    def learn(self, slis: Iterable[RegisteredSli]) -> None:
        """Know more SLIs."""
        more = list(slis)
        if more:
            self.numbers = self.numbers | {sli.key: sli.number for sli in more}
            self.steps = self.steps | {sli.step_seconds for sli in more}
            self.highest = max(self.highest, *(sli.number for sli in more))


class LedgerCaches:
    """The cache of a storage object's newest known state; usable from any thread."""

    def __init__(self) -> None:
        self._newest = LedgerCache()
        self._lock = threading.Lock()

    def at(self, rows: LedgerRows, state: LedgerState) -> LedgerCache:
        """The cache for the state that a transaction sees; one of its own when the ledger has moved on since."""
        with self._lock:
            if self._newest.state.written < state.written:
                self._newest = self._newest.caught_up(rows, state)
            return self._newest if self._newest.state == state else LedgerCache.fresh(rows, state)

    def committed(self, fork: LedgerCache) -> None:
        """Put the fork of a transaction that was kept in the place of the cache."""
        with self._lock:
            if fork.state.written >= self._newest.state.written:
                self._newest = fork


def without(known: Blocks, blocks: Iterable[int]) -> Blocks:
    """Known for all but some blocks."""
    fewer = known.copy()
    fewer[[block for block in blocks if block < len(known)]] = False
    return fewer


def grown(array: npt.NDArray[_Element], blocks: int, axis: int = 0) -> npt.NDArray[_Element]:
    """An array with at least so many blocks along an axis, the new ones zero; a copy, to be filled."""
    missing = blocks - array.shape[axis]
    if missing <= 0:
        return array.copy()
    shape = list(array.shape)
    shape[axis] = missing
    return np.concatenate([array, np.zeros(shape, dtype=array.dtype)], axis=axis)


def empty_day(blocks: int) -> DaySums:
    """Nothing is known of so many blocks."""
    nothing = np.zeros(blocks, dtype=np.bool_)
    return DaySums(nothing, nothing, np.zeros((2, blocks, BLOCK_SLOTS)), {})


def floor_hour(second: int) -> int:
    """Start of the hour an instant is in."""
    return second - second % SECONDS_PER_HOUR
