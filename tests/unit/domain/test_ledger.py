from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.ledger import Slices, SliceState, WindowCounts, sum_window
from okrbridge.domain.windows import Interval, from_epoch

STEP = timedelta(seconds=60)
MEASURED, GAP = SliceState.MEASURED, SliceState.GAP


def minutes(start: int, end: int) -> Interval:
    return Interval(from_epoch(60 * start), from_epoch(60 * end))


def counts(good: float, total: float, *, measured: int = 1, in_force: int = 1) -> WindowCounts:
    return WindowCounts(good, total, measured * STEP, in_force * STEP)


def test_a_window_is_the_plain_sum_of_its_slices():
    slices = Slices.of([(0, 9, 10, MEASURED), (60, 10, 10, MEASURED)])
    # 9 + 10 good of 10 + 10, both minutes measured.
    assert sum_window(slices, minutes(0, 2), STEP) == counts(19, 20, measured=2, in_force=2)


def test_only_slices_that_start_inside_the_half_open_interval_count():
    slices = Slices.of([(0, 1, 1, MEASURED), (60, 2, 2, MEASURED), (120, 4, 4, MEASURED), (180, 8, 8, MEASURED)])
    # Minutes 1 and 2: 2 + 4; the slice at 0 is before, the one at 180 begins where the interval ends.
    assert sum_window(slices, minutes(1, 3), STEP).total == 6


def test_a_gap_is_in_force_and_not_measured():
    slices = Slices.of([(0, 9, 10, MEASURED), (60, 0, 0, GAP), (120, 10, 10, MEASURED)])
    summed = sum_window(slices, minutes(0, 4), STEP)
    # Two of four minutes: one is a gap, one was never asked for.
    assert (summed.total, summed.coverage_ratio) == (20, 0.5)


def test_what_a_gap_holds_is_never_counted():
    slices = Slices.of([(0, np.nan, 99, GAP), (60, 10, 10, MEASURED)])
    assert sum_window(slices, minutes(0, 2), STEP) == counts(10, 10, measured=1, in_force=2)


def test_a_measured_empty_slice_is_covered_and_adds_nothing():
    summed = sum_window(Slices.of([(0, 0, 0, MEASURED)]), minutes(0, 1), STEP)
    assert (summed.total, summed.coverage_ratio) == (0, 1)


def test_an_empty_ledger_has_no_coverage():
    summed = sum_window(Slices.empty(), minutes(0, 5), STEP)
    assert (summed.good, summed.total, summed.coverage_ratio) == (0, 0, 0)


def test_a_window_without_time_has_no_coverage():
    assert sum_window(Slices.empty(), minutes(3, 3), STEP).coverage_ratio == 0


@pytest.mark.parametrize(
    ("good", "total", "consistent"),
    [
        (10, 10, True),
        (0, 0, True),
        (0, 10, True),
        (11, 10, False),
        (-1, 10, False),
        (0, -1, False),
        (0.1 + 0.2, 0.3, True),  # 0.30000000000000004: float noise
        (float("nan"), 10, False),
    ],
)
def test_good_above_total_is_a_contradiction(good, total, consistent):
    assert counts(good, total).consistent is consistent


def test_bad_is_total_minus_good():
    assert counts(9, 10).bad == 1


def test_arrays_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Slices(np.array([0, 60]), np.array([1.0]), np.array([1.0]), np.array([1], dtype=np.int8))


_ROWS = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([MEASURED, GAP])), min_size=1, max_size=60
)


def _slices(rows: list[tuple[int, int, SliceState]]) -> Slices:
    return Slices.of(
        [(60 * index, min(one, other), max(one, other), state) for index, (one, other, state) in enumerate(rows)]
    )


@given(_ROWS, st.integers(0, 60))
def test_splitting_a_window_never_changes_its_sums(rows: list[tuple[int, int, SliceState]], cut: int):
    slices, cut = _slices(rows), min(cut, len(rows))
    whole = sum_window(slices, minutes(0, len(rows)), STEP)
    left = sum_window(slices, minutes(0, cut), STEP)
    right = sum_window(slices, minutes(cut, len(rows)), STEP)
    assert left.good + right.good == whole.good
    assert left.total + right.total == whole.total
    assert left.measured + right.measured == whole.measured
    assert left.in_force + right.in_force == whole.in_force


@given(_ROWS)
def test_merging_measured_slices_into_one_never_changes_the_sums(rows: list[tuple[int, int, SliceState]]):
    measured = _slices([(one, other, MEASURED) for one, other, _ in rows])
    merged = Slices.of([(0, measured.good.sum(), measured.total.sum(), MEASURED)])
    long_step = len(rows) * STEP
    assert sum_window(merged, minutes(0, len(rows)), long_step) == sum_window(measured, minutes(0, len(rows)), STEP)


@given(_ROWS)
def test_honest_slices_give_consistent_windows(rows: list[tuple[int, int, SliceState]]):
    summed = sum_window(_slices(rows), minutes(0, len(rows)), STEP)
    assert summed.consistent
    assert 0 <= summed.coverage_ratio <= 1
