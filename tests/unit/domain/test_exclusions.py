from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.exclusions import merged, on_grid, remaining, time_in_force
from okrbridge.domain.windows import Grid, Interval

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def minutes(start: float, end: float) -> Interval:
    return Interval(NOON + start * MINUTE, NOON + end * MINUTE)


@pytest.mark.parametrize(
    ("intervals", "union"),
    [
        ([], []),
        ([minutes(0, 10), minutes(5, 20)], [minutes(0, 20)]),
        ([minutes(5, 20), minutes(0, 5)], [minutes(0, 20)]),
        ([minutes(0, 20), minutes(5, 10)], [minutes(0, 20)]),
        ([minutes(0, 5), minutes(6, 7)], [minutes(0, 5), minutes(6, 7)]),
        ([minutes(3, 3)], []),
    ],
)
def test_time_named_twice_is_one_stretch(intervals, union):
    assert merged(intervals) == union


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ([], [minutes(0, 60)]),
        ([minutes(10, 20)], [minutes(0, 10), minutes(20, 60)]),
        ([minutes(-5, 20)], [minutes(20, 60)]),
        ([minutes(50, 90)], [minutes(0, 50)]),
        ([minutes(-5, 90)], []),
        ([minutes(70, 90)], [minutes(0, 60)]),
        ([minutes(10, 30), minutes(20, 40)], [minutes(0, 10), minutes(40, 60)]),
    ],
)
def test_what_is_left_lies_outside_every_exclusion(excluded, left):
    assert remaining(minutes(0, 60), excluded) == left


def test_overlapping_exclusions_are_never_taken_away_twice():
    # 10-30 and 20-40 are 30 minutes, not 40.
    assert time_in_force(minutes(0, 60), [minutes(10, 30), minutes(20, 40)]) == 30 * MINUTE


def test_an_exclusion_covers_every_slice_it_touches():
    assert on_grid(minutes(1.5, 2.25), Grid(MINUTE)) == minutes(1, 3)
    assert on_grid(minutes(1, 3), Grid(MINUTE)) == minutes(1, 3)


_INTERVALS = st.lists(st.tuples(st.integers(-20, 80), st.integers(0, 40)).map(lambda it: minutes(it[0], it[0] + it[1])))


@given(_INTERVALS)
def test_the_time_in_force_is_what_no_exclusion_holds(excluded: list[Interval]):
    window = minutes(0, 60)
    free = [minute for minute in range(60) if not any(NOON + minute * MINUTE in each for each in excluded)]
    assert time_in_force(window, excluded) == len(free) * MINUTE
    parts = remaining(window, excluded)
    assert parts == sorted(parts)
    assert all(part.length > timedelta(0) for part in parts)


@given(_INTERVALS)
def test_exclusions_in_any_order_and_any_number_are_the_same(excluded: list[Interval]):
    assert remaining(minutes(0, 60), excluded) == remaining(minutes(0, 60), [*reversed(excluded), *excluded])
