"""What counters grew by, from their levels and samples. Slices are 60 s long unless a case says otherwise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from okrbridge.sources.prometheus.carry.increase import START_NOISE, Memory, growth, merged, remembered, walk, was_away

NAN = float("nan")
DAY_OLD = -86_400.0


def memory(level: list[float], start: list[float], seen: list[float], end: int = 0) -> Memory:
    levels, starts, ends = (np.array(one, dtype=float) for one in (level, start, seen))
    return Memory(end, levels, starts, ends, copies=levels.copy(), fallen=np.zeros(len(level), dtype=bool))


def none(count: int) -> np.ndarray:
    return np.zeros(count, dtype=bool)


def test_a_level_that_rose_counts_its_rise_and_one_that_is_absent_counts_nothing():
    known = memory([100, 7, 5], [DAY_OLD] * 3, [0, 0, 0])
    found = growth(known, np.array([130, 7, NAN]), np.full(3, DAY_OLD), none(3), 60)
    assert found.counted.tolist() == [30, 0, 0]
    assert not found.odd.any()
    assert not found.new.any()


def test_a_fall_a_restart_and_a_flag_are_odd_and_left_to_the_samples():
    # Fell; restarted at 30 with the same value; flagged by the server.
    known = memory([100, 1, 50], [DAY_OLD] * 3, [0, 0, 0])
    found = growth(known, np.array([4.0, 1, 60]), np.array([DAY_OLD, 30, DAY_OLD]), np.array([False, False, True]), 60)
    assert found.odd.tolist() == [True, True, True]
    # What the levels alone tell, for when the samples are not to be had.
    assert found.counted.tolist() == [4, 1, 10]


@pytest.mark.parametrize(
    ("before", "seen", "now", "is_odd"),
    [
        (DAY_OLD, 0, DAY_OLD + 1, False),  # wavers by a second
        (DAY_OLD, 0, DAY_OLD + 3600, False),  # the clock was set; the process is older than the sample
        (DAY_OLD, 0, 20, True),
        (DAY_OLD, 0, -30, True),  # started before the boundary, after the last sample in the slice before
        (DAY_OLD, 0, NAN, False),  # not told
        (NAN, 0, 20, True),  # not told before, but later than the last sample
        (NAN, 0, -20, False),  # not told before, and perhaps the process of the last sample
    ],
)
def test_only_a_later_start_is_a_restart(before, seen, now, is_odd):
    found = growth(memory([5], [before], [seen]), np.array([9.0]), np.array([float(now)]), none(1), 60)
    assert found.odd.tolist() == [is_odd]


def test_a_series_is_new_only_when_it_was_never_seen():
    # Known but with no usable level; never seen.
    known = memory([NAN, NAN], [NAN, NAN], [-600, -np.inf])
    found = growth(known, np.array([9.0, 9.0]), np.full(2, NAN), none(2), 60)
    assert found.new.tolist() == [False, True]
    assert found.odd.tolist() == [True, True]
    assert found.counted.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("samples", "starts", "before", "first", "grown"),
    [
        # 10 + 20, then a reset to 2, then 2 more.
        ([110, 130, 2, 4], [DAY_OLD] * 4, 100, 0, 34),
        # Two resets: 20, then 5 + 25, then 7.
        ([120, 5, 30, 7], [DAY_OLD] * 4, 100, 0, 57),
        # A restart that no value shows: 10, then all of 130, then 10.
        ([110, 130, 140], [DAY_OLD, 20, 20], 100, 0, 150),
        # Restarted between the slices, to the same value: 1 is new.
        ([1, 1], [10, 10], 1, 0, 1),
        # Nothing known before: 10 is the first value, then 10 more, a reset and 3.
        ([10, 20, 3], [DAY_OLD] * 3, NAN, 10, 13),
    ],
)
def test_samples_one_by_one_tell_every_reset(samples, starts, before, first, grown):
    points = [(15.0 * (number + 1), float(value)) for number, value in enumerate(samples)]
    told = walk(points, starts, (before, DAY_OLD, 0.0), 60)
    assert (told.first, told.grown, told.start) == (first, grown, starts[-1])


def test_the_highest_copy_is_the_level_and_a_lagging_copy_is_held():
    # Row 0 has copies 0 and 1: copy 0, at 110, is gone, and copy 1 lags at 105. Row 1 has one copy, and it fell.
    known = Memory(0, np.array([110.0, 50]), np.full(2, NAN), np.zeros(2), np.array([110.0, 100, 50]), none(2))
    level, kept = merged(known, np.array([NAN, 105.0, 3]), np.array([0, 0, 1]))
    assert level.tolist() == [110, 3]
    assert kept.fallen.tolist() == [False, True]


def test_a_reset_of_one_copy_counts_when_the_other_is_gone():
    # Copy 0 falls to 4 while copy 1 still shows 105; in the next slice only copy 0 is left, at 9.
    known = Memory(0, np.array([100.0]), np.full(1, NAN), np.zeros(1), np.array([100.0, 100]), none(1))
    rows = np.array([0, 0])
    level, known = merged(known, np.array([4.0, 105]), rows)
    found = growth(known, level, np.full(1, NAN), none(1), 60)
    assert found.counted.tolist() == [5]
    known = remembered(known, 60, found, np.full(1, NAN), np.array([4.0, 105]))
    level, known = merged(known, np.array([9.0, NAN]), rows)
    assert level.tolist() == [9]
    assert growth(known, level, np.full(1, NAN), none(1), 60).odd.tolist() == [True]


# A step of time, how much the counter grew in it, whether the process started anew before, whether it was hidden.
_STEPS = st.lists(
    st.tuples(st.integers(1, 90), st.integers(0, 50), st.booleans(), st.booleans()), min_size=1, max_size=60
)


# Away for a slice, and reset meanwhile: the fall lies before the time in which the server looks for resets.
@example(steps=[(1, 1, False, False), (20, 0, True, False), (1, 1, False, False)], step=10, has_start=False)
@given(steps=_STEPS, step=st.sampled_from([10, 30, 60, 300]), has_start=st.booleans())
def test_any_slicing_adds_up_to_what_the_samples_tell(steps, step, has_start):
    samples, truth = _scraped(steps, has_start=has_start)
    assert sum(_sliced(samples, step)) == pytest.approx(truth)


def _scraped(steps, *, has_start: bool) -> tuple[list[tuple[float, float, float]], float]:
    """Instants, values and process starts; and what a reader of all samples knows to have grown after the first."""
    at, value, start = 0, 0.0, DAY_OLD
    samples: list[tuple[float, float, float]] = []
    truth = 0.0
    for seconds, grown, restarts, is_hidden in steps:
        if restarts:
            value, start = 0.0, at + seconds / 2
        at, value = at + seconds, value + grown
        if is_hidden:
            continue
        told = start if has_start else NAN
        if samples:
            _, before, started = samples[-1]
            # Processes that start less than two seconds apart look like one whose start wavers.
            is_known_reset = value < before or (has_start and start > started + START_NOISE)
            truth += value if is_known_reset else value - before
        samples.append((float(at), value, told))
    return samples, truth


def _sliced(samples: list[tuple[float, float, float]], step: int) -> list[float]:
    """Count slice by slice as carrying does; the server flags a fall between neighbours in two slices."""
    known, found = memory([NAN], [NAN], [-np.inf]), []
    for end in range(step, int(samples[-1][0] if samples else 0) + 2 * step, step):
        inside = [one for one in samples if end - step < one[0] <= end]
        flagged = _falls([value for at, value, _ in samples if end - 2 * step < at <= end])
        level = np.array([inside[-1][1] if inside else NAN])
        start = np.array([inside[-1][2] if inside else NAN])
        slice_ = growth(known, level, start, np.array([flagged]) | was_away(known, step, 2 * step), step)
        after = remembered(known, end, slice_, start, level)
        grown = float(slice_.counted[0])
        if slice_.odd[0]:
            before = (float(known.level[0]), float(known.start[0]), float(known.seen[0]))
            grown = walk([one[:2] for one in inside], [one[2] for one in inside], before, step).grown
        found.append(grown)
        known = after
    return found


def _falls(values: list[float]) -> bool:
    return any(after < before for before, after in pairwise(values))
