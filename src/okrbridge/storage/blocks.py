"""What one origin counted for the 256 SLIs of a block in one hour, and its sums.

A write never changes such a block in place: it makes a new one, so that readers and transactions that are rolled back
keep theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.domain.ledger import FloatArray, IntArray, SliceState
from okrbridge.storage.packing import FRACTIONS, TYPES, Numbers, narrowest, pack, unpack, unpack_alike, wider

BLOCK_SLOTS = 256
"""SLIs in a block: the SLI with the number n has slot n % 256 of block n // 256."""

MEASURED, GAP = int(SliceState.MEASURED), int(SliceState.GAP)


@dataclass(frozen=True, slots=True, eq=False)
class HourSums:
    """Sums over one hour, an entry a slot.

    Attributes:
        values: good and total events, measured slices, slices answered for; shape (4, 256).
        whole: whether all are whole numbers of moderate size, so that they can be taken out of a sum again exactly.
    """

    values: FloatArray
    whole: bool

    def packed(self) -> bytes:
        """As stored: answered, measured, total, and bad in the place of good where it gives good back exactly."""
        good, total, measured, asked = self.values
        as_bad = self.whole and bool((good <= total).all())
        arrays = [asked, measured, total, total - good if as_bad else good]
        return pack([array.astype(narrowest(array))[None, :] for array in arrays], marked=as_bad)

    @classmethod
    def of(cls, blob: bytes) -> HourSums:
        """As read."""
        values, whole = read_hour_sums([blob])
        return cls(values[0], whole=bool(whole[0]))


@dataclass(frozen=True, slots=True, eq=False)
class HourBlock:
    """Slices of one hour and origin; every array has shape (slices of the hour, 256).

    Attributes:
        states: SliceState of each, one byte.
        part: bad events when ``part_is_bad``, else good events.
        total: all events.
    """

    states: Numbers
    part: Numbers
    total: Numbers
    part_is_bad: bool = True

    @classmethod
    def empty(cls, slices: int) -> HourBlock:
        """Nothing is known."""
        nothing = np.zeros((slices, BLOCK_SLOTS), dtype=TYPES[0])
        return cls(nothing, nothing, nothing)

    @classmethod
    def of(cls, blob: bytes, slices: int, slots: Sequence[int] | None = None) -> HourBlock:
        """As read, for an hour of so many slices; with ``slots``, only these are sure to be there."""
        held = unpack(blob, slots)
        states, part, total = (_laid_out(array, held.first, slices) for array in held.arrays)
        return cls(states, part, total, held.marked)

    def packed(self, *, compress: bool) -> bytes:
        """As stored."""
        return pack([self.states, self.part, self.total], marked=self.part_is_bad, compress=compress)

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self.states.nbytes + self.part.nbytes + self.total.nbytes

    @property
    def is_over(self) -> bool:
        """Whether the hour's last slice is known of any SLI, so that little will be written any more."""
        return len(self.states) > 0 and bool(self.states[-1].any())

    def merged(self, places: IntArray, slots: IntArray, new: WrittenSlices) -> tuple[HourBlock, int]:
        """With slices written over these: measured ones replace anything, gaps only gaps and what is unknown.

        Args:
            places: index of each slice in the hour.
            slots: of each SLI.
            new: of shape (places, slots).

        Returns:
            The new block, and how many slices were taken.
        """
        at = np.ix_(places, slots)
        taken = (new.states == MEASURED) | ((new.states == GAP) & (self.states[at] != MEASURED))
        number = int(np.count_nonzero(taken))
        if number == 0:
            return self, 0
        good, total = np.where(taken, new.good, 0.0), np.where(taken, new.total, 0.0)
        good_type, total_type = narrowest(good), narrowest(total)
        as_bad = FRACTIONS not in (good_type, total_type, self.part.dtype, self.total.dtype)
        as_bad = as_bad and self.part_is_bad and bool((good <= total).all())
        part = total - good if as_bad else good
        block = HourBlock(
            _replaced(self.states, at, taken, new.states.astype(TYPES[0])),
            _replaced(self.part if as_bad or not self.part_is_bad else self._good_narrowed(), at, taken, part),
            _replaced(self.total, at, taken, total),
            as_bad,
        )
        return block, number

    def good(self, places: slice = slice(None)) -> FloatArray:
        """Good events of some of the slices; shape (slices, 256)."""
        if self.part_is_bad:
            return np.subtract(self.total[places], self.part[places], dtype=np.float64)
        return self.part[places].astype(np.float64)

    def sums(self, places: slice = slice(None)) -> FloatArray:
        """Good, total, measured and answered of some of the slices, each summed; shape (4, 256)."""
        values = np.empty((4, BLOCK_SLOTS))
        states = self.states[places]
        values[0] = _added(self.part[places])
        values[1] = _added(self.total[places])
        if self.part_is_bad:
            np.subtract(values[1], values[0], out=values[0])
        if states.size and states.min() == states.max() == MEASURED:
            values[2:] = len(states)  # nearly always, and it saves counting
        else:
            values[2] = np.add.reduce(states == MEASURED, axis=0, dtype=np.uint32)
            values[3] = np.add.reduce(states != 0, axis=0, dtype=np.uint32)
        return values

    def hour_sums(self) -> HourSums:
        """The sums over the hour."""
        values = self.sums()
        return HourSums(values, whole=narrowest(values[:2]) != FRACTIONS)

    def _good_narrowed(self) -> Numbers:
        good = self.good()
        return good.astype(narrowest(good))


@dataclass(frozen=True, slots=True, eq=False)
class WrittenSlices:
    """Slices to be written; every array has shape (slices, SLIs)."""

    states: Numbers
    good: FloatArray
    total: FloatArray


def read_hour_sums(blobs: Sequence[bytes]) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Many HourSums as read: their values, shape (blobs, 4, 256), and which are whole."""
    values, whole = np.zeros((len(blobs), 4, BLOCK_SLOTS)), np.zeros(len(blobs), dtype=np.bool_)
    for places, held in unpack_alike(blobs):
        asked, measured, total, part = held.arrays
        whole[places] = FRACTIONS not in (part.dtype, total.dtype)
        width = asked.shape[2]
        if asked.size:
            good = np.subtract(total, part, dtype=np.float64) if held.marked else part
            for row, array in enumerate((good, total, measured, asked)):
                values[places, row, :width] = array[:, 0]
    return values, whole


def counted_twice(blocks: Iterable[HourBlock]) -> FloatArray:
    """How many slices more than one origin measured, and answered: what their sums count too often; (2, 256)."""
    held = [block.states for block in blocks]
    measured = sum((states == MEASURED).astype(np.int64) for states in held)
    asked = sum((states != 0).astype(np.int64) for states in held)
    return np.array([np.maximum(measured - 1, 0).sum(axis=0), np.maximum(asked - 1, 0).sum(axis=0)], dtype=np.float64)


def _added(array: Numbers) -> Numbers:
    """Sums of the columns; an hour has at most 3600 slices, so those of one and two bytes fit into four."""
    sums: Numbers = np.add.reduce(array, axis=0, dtype=np.uint32 if array.dtype.itemsize <= 2 else np.float64)
    return sums


def _laid_out(array: Numbers, first: int, slices: int) -> Numbers:
    if array.shape == (slices, BLOCK_SLOTS):
        return array
    whole = np.zeros((slices, BLOCK_SLOTS), dtype=array.dtype)
    whole[first : first + array.shape[0], : array.shape[1]] = array
    return whole


def _replaced(
    old: Numbers, at: tuple[npt.NDArray[np.intp], ...], taken: npt.NDArray[np.bool_], new: Numbers
) -> Numbers:
    array = old.astype(wider(old.dtype, narrowest(new)), copy=True)
    array[at] = np.where(taken, new, array[at])
    return array
