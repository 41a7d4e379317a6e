"""Which slices are asked again, and with which reach. Slices are a minute long and start at 600 s."""

from datetime import timedelta

import numpy as np
import pytest

from okrbridge.domain.windows import Interval, from_epoch
from okrbridge.sources.prometheus.push_down.counters import NEAR, NO_RESTARTS, Reach
from okrbridge.sources.prometheus.push_down.settlements import (
    RETURN_LOOK_BACK,
    Settlement,
    gap_settlements,
    interval_of,
    odd_settlements,
    return_settlements,
)

MINUTE = timedelta(minutes=1)


def minutes(first: int, last: int) -> Interval:
    return Interval(from_epoch(60 * first), from_epoch(60 * last))


def flags(*rows: str) -> np.ndarray:
    """Rows such as ``.xx``: a point for no."""
    return np.array([[one != "." for one in row] for row in rows])


@pytest.mark.parametrize(
    ("live", "measured_until", "expected"),
    [
        ("xxx", 600, {}),
        ("xxx", None, {}),
        ("..x", None, {}),
        # Minute 12 begins 2 minutes after the last measured slice: look-back 2 + 5 min and a second. That slice may
        # have been live by a sample 5 minutes old, so what started in the 2 + 5 minutes is new.
        ("..x", 600, {2: Reach(timedelta(seconds=421), timedelta(minutes=7))}),
        ("x.x", 600, {2: Reach(timedelta(seconds=361), timedelta(minutes=6))}),
        # Unmeasured for 9 minutes before the interval; from then on all is ordinary.
        ("xxx", 60, {0: Reach(timedelta(seconds=841), timedelta(minutes=14))}),
    ],
)
def test_the_first_live_slice_after_unmeasured_time_reaches_back_over_it(live, measured_until, expected):
    until = None if measured_until is None else from_epoch(measured_until)
    found = gap_settlements(minutes(10, 13), MINUTE, flags(live), until)
    assert {one.columns[0]: one.reach for one in found} == expected
    assert all(one.columns[1] == one.columns[0] + 1 for one in found)


def test_slis_with_the_same_gap_are_settled_together():
    found = gap_settlements(minutes(10, 13), MINUTE, flags("x.x", "xxx", "x.x", "..x"), from_epoch(600))
    assert [one.rows.tolist() for one in found] == [[0, 2], [3]]


def test_the_look_back_is_capped_at_thirty_days():
    interval = Interval(from_epoch(60 * 86_400), from_epoch(60 * 86_400 + 60))
    [settlement] = gap_settlements(interval, MINUTE, flags("x"), from_epoch(0))
    assert settlement.reach.look_back == timedelta(days=30)


@pytest.mark.parametrize(
    ("is_measured_before", "unmeasured"),
    [
        (True, [5, 5]),
        # Births must not look into slices before the interval: two minutes of it lie before column 2.
        (False, [2, 0]),
    ],
)
def test_series_that_came_into_view_beside_others_are_looked_for_in_the_day_before_newest_first(
    is_measured_before, unmeasured
):
    arrived, live = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 1.0]]), np.array([[3.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    settlements = return_settlements(arrived, live, MINUTE, is_measured_before=is_measured_before)
    assert [(one.columns, one.rows.tolist()) for one in settlements] == [((2, 3), [0, 1]), ((0, 1), [0])]
    assert [one.reach for one in settlements] == [Reach(RETURN_LOOK_BACK, time * MINUTE) for time in unmeasured]


@pytest.mark.parametrize(("is_measured_before", "columns"), [(True, []), (False, [(2, 3)])])
def test_the_first_live_slice_of_all_looks_for_its_series_in_the_day_before(is_measured_before, columns):
    # Both series are live for the first time in minute 12; two minutes of the interval lie before it.
    only = np.array([[0.0, 0.0, 2.0]])
    settlements = return_settlements(only, only, MINUTE, is_measured_before=is_measured_before)
    assert [one.columns for one in settlements] == columns
    assert {one.reach for one in settlements} <= {Reach(RETURN_LOOK_BACK, 2 * MINUTE)}


def test_odd_slices_near_each_other_are_asked_together_and_restarts_are_looked_for_where_there_are_some():
    # Blocks of 16 slices: 1 and 3 are in the first, 20 in the second; only row 2 restarted.
    odd, restarted = np.zeros((3, 40), dtype=bool), np.zeros((3, 40), dtype=bool)
    odd[0, [1, 20]], odd[1, 2], odd[2, 3], restarted[2, 3] = True, True, True, True
    found = odd_settlements(odd, restarted)
    assert [(one.columns, one.rows.tolist(), one.reach) for one in found] == [
        ((3, 4), [2], NEAR),
        ((1, 3), [0, 1], NO_RESTARTS),
        ((20, 21), [0], NO_RESTARTS),
    ]


def test_columns_are_counted_from_the_start_of_the_interval():
    assert interval_of((1, 3), minutes(10, 20), MINUTE) == minutes(11, 13)


def test_a_settlement_keeps_the_slis_that_are_odd_in_its_slices():
    settlement = Settlement(np.array([0, 2, 3]), (1, 3))
    left = settlement.where(flags("xxxx", "xxxx", "x..x", "..x."))
    assert left is not None
    assert (left.rows.tolist(), left.columns) == ([0, 3], (1, 3))
    assert settlement.where(flags("....", "xxxx", "....", "....")) is None
