"""How much counters grew in one slice, given their levels before it: the arithmetic of carrying. Pure.

For each series, with L its last value in the slice and P its last value before it:

- L >= P: it grew by ``L - P``. Slices telescope: nothing is extrapolated, and nothing counted twice.
- **odd**: L < P, or its process started anew, or the server tells a reset nearby, or was not asked as far back as P.
  Only its samples one by one tell what it grew by.
- no P: it is odd too, and whether it was born or merely came into view is decided elsewhere.

Worked example: P = 100 and L = 130 grew by 30. P = 100 and L = 4 is odd; the samples 110, 130, 2, 4 tell
10 + 20 + 2 + 2 = 34.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.domain.ledger import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

START_NOISE = 2.0
"""Seconds by which the start that a process tells may waver, as it does where it is derived from the boot time."""
CLOCK_SKEW = 60.0
"""Seconds by which a process' clock may be behind the server's."""


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What is known of every series at a slice's end.

    Attributes:
        end: epoch seconds.
        level: the last value; NaN where none may be subtracted from.
        start: when the process that gave the level had started, epoch seconds; NaN where unknown.
        seen: end of the slice with the last sample; -inf where there was none.
        copies: the last value of each copy of a series; NaN where unknown.
        fallen: series of which some copy was reset, and the series as a whole not yet.
    """

    end: int
    level: FloatArray
    start: FloatArray
    seen: FloatArray
    copies: FloatArray
    fallen: BoolArray

    @classmethod
    def empty(cls, end: int) -> Memory:
        """Nothing is known."""
        none = np.zeros(0)
        return cls(end, none, none, none, none, np.zeros(0, dtype=np.bool_))

    def chosen(self, rows: BoolArray, copies: BoolArray) -> Memory:
        """Of some series and copies."""
        return Memory(
            self.end, self.level[rows], self.start[rows], self.seen[rows], self.copies[copies], self.fallen[rows]
        )

    def grown(self, rows: int, copies: int) -> Memory:
        """With room for series that were entered since."""
        if rows == len(self.level) and copies == len(self.copies):
            return self
        return Memory(
            self.end,
            _padded(self.level, rows, np.nan),
            _padded(self.start, rows, np.nan),
            _padded(self.seen, rows, -np.inf),
            _padded(self.copies, copies, np.nan),
            np.concatenate([self.fallen, np.zeros(rows - len(self.fallen), dtype=np.bool_)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """What one slice brought.

    Attributes:
        level: the level of each series in the slice; NaN where it has no sample.
        counted: by how much each series grew; of the odd what the level alone tells, and 0 where none was known.
        odd: series whose samples tell more than their level.
        new: series of which nothing is known.
    """

    level: FloatArray
    counted: FloatArray
    odd: BoolArray
    new: BoolArray


def growth(memory: Memory, level: FloatArray, start: FloatArray, flagged: BoolArray, step: int) -> Growth:
    """Compare the levels in a slice with those before it.

    Args:
        level, start, flagged: of each series: its level, its process' start (NaN: not told), whether the server tells
            a reset near the slice, or cannot tell.
        step: the slice's length in seconds.
    """
    live = ~np.isnan(level)
    known = live & ~np.isnan(memory.level)
    with np.errstate(invalid="ignore"):
        difference = level - memory.level
        restarted = known & is_restart(memory.start, memory.seen, start, step)
        odd = (known & (difference < 0)) | restarted | (live & flagged)
        counted = np.where(restarted | (difference < 0), level, difference)
    new = live & np.isneginf(memory.seen)
    return Growth(level, np.where(known, counted, 0.0), odd | (live & ~known), new)


def was_away(memory: Memory, step: int, window: int) -> BoolArray:
    """Whether the last sample of each series may lie before the time in which the server looks for resets.

    Args:
        step: the slice's length in seconds.
        window: how many seconds before the end of the slice after the memory's the server looks for them.
    """
    away: BoolArray = memory.seen < memory.end + 2 * step - window
    return away


def is_restart(before: FloatArray, seen: FloatArray, start: FloatArray, step: float) -> BoolArray:
    """Whether a process is another one than the one that was seen last.

    Args:
        before: when the process seen last had started; NaN where it was not told.
        seen: the end of the slice in which it was seen.
        start: what is told now.
    """
    changed = (start > before + START_NOISE) & (start > seen - step - CLOCK_SKEW)
    return changed | (np.isnan(before) & (start > seen))


def remembered(memory: Memory, end: int, found: Growth, start: FloatArray, copies: FloatArray) -> Memory:
    """What is known after a slice, walked series aside."""
    live = ~np.isnan(found.level)
    return Memory(
        end,
        np.where(live, found.level, memory.level),
        np.where(live, start, memory.start),
        np.where(live, float(end), memory.seen),
        np.where(np.isnan(copies), memory.copies, copies),
        memory.fallen & ~(live & (found.level < memory.level)),
    )


def merged(memory: Memory, copies: FloatArray, copy_rows: IntArray) -> tuple[FloatArray, Memory]:
    """One level for each series out of its copies': the highest. A copy that lags behind another is no reset.

    A fall of the highest level counts as a reset only once some copy itself fell; until then the level is held.
    """
    level = np.full(len(memory.level), np.nan)
    np.fmax.at(level, copy_rows, copies)
    fallen = memory.fallen.copy()
    fallen[copy_rows[copies < memory.copies]] = True
    held = (level < memory.level) & ~fallen
    kept = Memory(memory.end, memory.level, memory.start, memory.seen, memory.copies, fallen)
    return np.where(held, memory.level, level), kept


@dataclass(frozen=True, slots=True)
class Walk:
    """What the samples of one series in one slice tell.

    Attributes:
        first: the first value, where nothing was known before it; else 0.
        grown: by how much it grew after that.
        start: when the process of the last sample had started; NaN where not told.
    """

    first: float
    grown: float
    start: float


def walk(
    samples: Sequence[tuple[float, float]],
    starts: Sequence[float],
    before: tuple[float, float, float],
    step: float,
    created: tuple[float, Sequence[float]] | None = None,
) -> Walk:
    """Add up a series sample by sample: after a reset or a restart the new value counts.

    Args:
        samples: instants and values in the slice, ascending; at least one.
        starts: when the process behind each sample had started; NaN where not told.
        before: level, start and end of the slice when last seen, as in Memory; the level NaN where nothing is known.
        step: the slice's length in seconds.
        created: when the series was created as told with the last sample before, and with each of these; NaN where not.
    """
    level, start, seen = before
    birth, births = (float("nan"), [float("nan")] * len(samples)) if created is None else created
    first = grown = 0.0
    for (at, value), now, born in zip(samples, starts, births, strict=True):
        if np.isnan(level):
            first = value
        elif value < level or born > birth + START_NOISE or _is_new_process(start, seen, now, step):
            grown += value
        else:
            grown += value - level
        level, start, seen, step, birth = value, now, at, 0.0, born
    return Walk(first, grown, start)


def _is_new_process(before: float, seen: float, start: float, step: float) -> bool:
    return bool(is_restart(np.array(before), np.array(seen), np.array(start), step))


def _padded(values: FloatArray, length: int, filler: float) -> FloatArray:
    return np.concatenate([values, np.full(length - len(values), filler)])
